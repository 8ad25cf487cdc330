"""What a movement that lasts sounds like: how surely the eyes have seen its family, times what the words say, times how
well the movement suits it (a car goes one way, a saw comes and goes)."""

from __future__ import annotations

from livefoley.core.cues import ActionPrompts
from livefoley.core.families import LASTING, Family
from livefoley.engine.choice import (
    EVEN,
    LEAST,
    LEAST_UNSAID,
    NAMED,
    NOT_SAID,
    THERE,
    UNNAMED,
    UNSEEN,
    Choice,
    Leaning,
    sureness,
)
from livefoley.engine.choosing.fit import fit
from livefoley.engine.choosing.reasons import NOBODY, PERSON, TELLING, words
from livefoley.engine.lasting.course import ALONE, Course

UNSAID = frozenset({Family.VEHICLE})
"""What sounds without words where it is seen. A spoon or a keyboard is in many pictures in which something moves."""
HINTED = 0.06  # a vehicle of which only the nose is in the picture is seen that surely
PLAIN = 0.03  # share of the picture from which on a thing may be what the words name, though the eyes do not see it
_HINTS = {Family.VEHICLE: (Family.VEHICLE,), Family.ROLL: (Family.ROLL, Family.BALL, Family.VEHICLE)}
"""What is seen of what goes by itself."""
_SEEN = frozenset({Family.POUR, Family.TYPING})
"""What must be seen: who speaks of milk, or of a game, does not pour or type whenever something moves."""


def choose_lasting(course: Course, prompts: ActionPrompts, leaning: Leaning = EVEN) -> Choice:
    """Return what a movement that lasts sounds like; a prompt of None: nothing, as far as is known by now."""
    named = dict(prompts.lasting)
    found: list[tuple[float, float, Family]] = []
    for family in LASTING:
        if (family not in named and family not in UNSAID) or not _can(family, course):
            continue
        shown = course.shown.get(family, 0.0)
        unseen = 0.0
        if family in named and _may_be(family, course):
            other = min(1.0, sum(course.shown.values()) - shown)
            unseen = min(1.0 - shown, UNSEEN * (1.0 - other) * min(1.0, course.largest / PLAIN))
        weight = _suits(family, course) * leaning.of(family) * (NAMED if family in named else NOT_SAID)
        moves = fit(LASTING[family], course.where) if course.where is not None else 1.0
        goes_after = UNNAMED / NOT_SAID if named and family not in named else 1.0
        found.append((goes_after * weight * (shown + unseen * moves), weight * (shown + unseen), family))
    _, likelihood, family = max(found, default=(0.0, 0.0, Family.VEHICLE))
    least = LEAST if family in named else LEAST_UNSAID
    if likelihood < least:
        return Choice(None, None, 0.0, 0.0, f"goes on moving, and is not known to sound ({_seen(course)})")
    prompt = named.get(family, LASTING[family])
    confidence = sureness(likelihood, leaning.of(family))
    told = f"{_of(family, course)}, goes on, {min(1.0, likelihood):.2f}{words(prompt, prompts)}{leaning.why(family)}"
    return Choice(prompt, family, confidence, -6.0 * (1.0 - confidence), told)


def _can(family: Family, course: Course) -> bool:
    """Say whether those who are there could be doing that: as far as somebody looked for them."""
    if family in ALONE:
        return course.walking < THERE and (course.hands or 0.0) < THERE
    return course.hands is None or course.hands >= NOBODY or (family is Family.POUR and course.talking < THERE)


def _may_be(family: Family, course: Course) -> bool:
    """Say whether a movement may be what the words name, though nothing of it is seen."""
    if family in ALONE and course.looked:
        hints = (course.shown.get(each, 0.0) for each in _HINTS[family])
        return max(hints) >= HINTED and course.person < PERSON
    return family not in _SEEN


def _suits(family: Family, course: Course) -> float:
    """Return how well a movement suits a family, 0 to 1."""
    match family:
        case Family.VEHICLE | Family.ROLL:
            return 1.0 if course.steadiness >= 0.7 else 0.3
        case Family.SAW | Family.STIR:
            return 1.0 if course.steadiness < 0.7 and 0.5 <= course.strokes_per_s <= 6.0 else 0.0
        case Family.TYPING:
            return 1.0 if course.steadiness < 0.8 else 0.3
    return 1.0


def _of(family: Family, course: Course) -> str:
    """Return what is seen that speaks for a family; else what is seen."""
    if course.shown.get(family, 0.0) < TELLING:
        return _seen(course)
    hand = (course.hands or 0.0) >= THERE and family not in ALONE
    return f"hand + {family.value}" if hand else family.value


def _seen(course: Course) -> str:
    likeliest = sorted(course.shown.items(), key=lambda pair: -pair[1])[:2]
    told = [f"{family.value} {value:.2f}" for family, value in likeliest if value >= 0.01]
    if course.person >= PERSON:
        told.append(f"a person {course.person:.2f}")
    return " + ".join(told) or ("nothing known" if course.looked else "what nobody looked at")
