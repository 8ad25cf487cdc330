"""Which sound a movement gets: what the picture shows, times what the words say, or something quiet, or nothing.

Each candidate has a likelihood: how surely the eyes see its family where something moved, and how much the room's words
(and what has been learned of the room) speak for it. The reason is kept in a few words for whoever asks why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from livefoley.core.cues import ActionPrompts
from livefoley.core.events import MotionKind, MotionOnset, Sight
from livefoley.core.families import LASTING, Family, family_of, usual_effect

NAMED, UNNAMED, NOT_SAID = 1.0, 0.35, 0.6
"""How much the words speak for a family: one they name, another one, and any where they name none."""

UNSEEN = 0.3
"""How likely what moves is what the words name, all families together, though the eyes do not see it: they know a
thousand things, and not all."""
APART = 1.2  # the likeliest is that much likelier than the next, or nobody can say
LEAST, LEAST_UNSAID = 0.12, 0.25  # below it nothing is known of what moves: what the words name, and what they do not
SURE = 0.5  # from here on it sounds in full
QUIET_DB = -9.0  # of what is hardly known
PERSON = 0.1  # from here on somebody is there
STRONG = 0.5  # a movement so sure and strong sounds, quietly, though nobody knows what it is
NEUTRAL, NEUTRAL_DB = "OBJMisc_SoftHit", -3.0
LIFTED = 0.6  # no surer than this does a leaning make anything: it sounds, and not loudly
KINDRED = 0.9  # of what is seen of a family's kin is that family, where somebody names it
UNWANTED = 0.5  # believed less than that, what nobody knows makes no sound
SWEPT = 0.3  # so surely a ball is seen that flies
LOW = 0.6  # feet are in the lower part of the picture
KIN = (frozenset({Family.GLASS, Family.CERAMIC, Family.PLASTIC}), frozenset({Family.WOOD, Family.STONE, Family.METAL}))
"""Families no picture tells apart for sure: words that name one of them speak for the others, too."""
SILENT = frozenset({Family.ANIMAL, Family.VEHICLE, Family.POUR})
"""Families that make no sound by landing."""

THERE, NOBODY = 0.5, 0.3
"""From here on somebody is taken to talk, to walk, or to have a hand there; below it not."""
HANDLED = frozenset(
    {Family.GLASS, Family.CERAMIC, Family.PLASTIC, Family.METAL, Family.WOOD, Family.STONE, Family.PAPER, Family.SOFT}
    | {Family.TYPING, Family.CHOP}
)
"""What lies still unless a hand is there."""
BODILY = frozenset({Family.FOOTSTEP, Family.BLOW})
"""What nobody does where nobody is."""
LEFT_ALONE = 0.12
"""How likely a thing is what moves though no hand is there, beside one that a hand holds."""
FALLS_ALONE, STANDS = 0.5, 0.1
"""And what the words name, where it is not seen to stand there: it may fall, or be struck by a tool; and hands that are
drawn are not known for such."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to ask for: words or an effect's name, None for nothing; how much quieter than usual, and why."""

    prompt: str | None
    family: Family | None
    confidence: float
    gain_db: float
    reason: str


@dataclass(frozen=True, slots=True)
class Leaning:
    """What speaks for families beside the words, each 1 where nothing does; closed and bounded.

    ``effects`` is what a family sounds like by what was named of it, ``reasons`` who speaks for it or against it, in a
    few words. None stands for what nobody knows.
    """

    weights: Mapping[Family | None, float] = field(default_factory=dict)
    effects: Mapping[Family | None, str] = field(default_factory=dict)
    reasons: Mapping[Family | None, str] = field(default_factory=dict)

    def of(self, family: Family | None) -> float:
        """Return the weight of a family, 0.25 to 4."""
        return min(4.0, max(0.25, self.weights.get(family, 1.0)))

    def why(self, family: Family | None) -> str:
        """Return what to add to the reason of a choice."""
        return f"; {self.reasons[family]}" if family in self.reasons else ""

    def joined(self, other: Leaning) -> Leaning:
        """Return what both say together."""
        weights, reasons = dict(self.weights), dict(self.reasons)
        for family, weight in other.weights.items():
            weights[family] = weights.get(family, 1.0) * weight
        for family, reason in other.reasons.items():
            reasons[family] = f"{reasons[family]}, {reason}" if family in reasons else reason
        return Leaning(weights, {**other.effects, **self.effects}, reasons)


EVEN = Leaning()
"""Nothing speaks for anything."""


def choose(onset: MotionOnset, prompts: ActionPrompts, turn: int, leaning: Leaning = EVEN) -> Choice:
    """Return what a movement sounds like. ``turn`` chooses among words where nobody looked."""
    sight, sweep = onset.sight, onset.kind is MotionKind.SWEEP
    if sight is None:
        words = prompts.sweeps if sweep else _favoured(prompts.impacts, leaning)
        prompt = words[turn % len(words)]
        family = family_of(prompt)
        return Choice(prompt, family, 1.0, 0.0, f"the words alone: nobody looked{leaning.why(family)}")
    if sweep:
        return _sweep(sight, prompts)
    if silent := _silent(onset, sight):
        return _nothing(f"{silent} ({_seen(sight)})")
    if prompts.fixed:
        return Choice(prompts.impacts[0], family_of(prompts.impacts[0]), 1.0, 0.0, "the room's own sound of actions")
    named = _named(prompts)
    found = _candidates(onset, sight, named, prompts, leaning)
    seen = _seen(sight)
    if not found:
        return _unknown(onset, sight, f"not known what moves ({seen})", leaning)
    ((family, prompt), likelihood), *others = sorted(found.items(), key=lambda pair: -pair[1])
    least = LEAST if prompt in prompts.impacts else LEAST_UNSAID
    if likelihood < least:
        return _unknown(onset, sight, f"not known what moves ({seen})", leaning)
    if others and others[0][1] * APART > likelihood and {prompt, others[0][0][1]} <= set(prompts.impacts):
        return _unknown(onset, sight, f"{prompt} or {others[0][0][1]} ({seen})", leaning)
    confidence = sureness(likelihood, leaning.of(family) if family is not None else 1.0)
    said = f"; words: {prompt}" if prompt in prompts.impacts else "; not in the words" if named else ""
    told = leaning.why(family) if family is not None else ""
    reason = f"{family.value if family is not None else prompt} {min(1.0, likelihood):.2f} of {seen}{said}{told}"
    return Choice(prompt, family, confidence, QUIET_DB * (1.0 - confidence), reason)


def _named(prompts: ActionPrompts) -> dict[Family, str]:
    """Return the first effect that the words name of each family."""
    named: dict[Family, str] = {}
    for prompt in prompts.impacts:
        family = family_of(prompt)
        if family is not None:
            named.setdefault(family, prompt)
    return named


def _candidates(
    onset: MotionOnset, sight: Sight, named: Mapping[Family, str], prompts: ActionPrompts, leaning: Leaning
) -> dict[tuple[Family | None, str], float]:
    shown = {family: _believed(family, value, sight) for family, value in sight.families if family not in SILENT}
    step = 0.0 if onset.kind is MotionKind.STEP else _step(onset, sight)
    shown[Family.FOOTSTEP] = max(shown.get(Family.FOOTSTEP, 0.0), step)
    _take_for_kin(shown, leaning)
    kin = frozenset[Family]().union(*(group for group in KIN if group & set(named)))
    found: dict[tuple[Family | None, str], float] = {}
    for family, value in shown.items():
        prompt = named.get(family) or leaning.effects.get(family) or usual_effect(family)
        if prompt is not None and family not in named:
            weight = NAMED if family in kin else UNNAMED if named else NOT_SAID
            found[family, prompt] = weight * value * leaning.of(family)
    others = [prompt for prompt in prompts.impacts if family_of(prompt) is None and prompt != NEUTRAL]
    done = [prompt for prompt in (*named.values(), *others) if prompt not in prompts.about]
    unseen = UNSEEN / max(1, len(done))
    found |= {(None, prompt): unseen for prompt in others if prompt in done}
    for family, prompt in named.items():
        if family in LASTING and family in SILENT:
            continue  # it sounds as long as it moves, or not at all
        unseen_here = unseen if prompt in done else 0.0
        stands = dict(sight.families).get(family, 0.0) >= STANDS
        unseen_here = _believed(family, unseen_here, sight, LEFT_ALONE if stands else FALLS_ALONE)
        found[family, prompt] = NAMED * min(1.0, shown.get(family, 0.0) + unseen_here) * leaning.of(family)
    return found


def sureness(likelihood: float, weight: float) -> float:
    """Return how surely, and so how loudly, something sounds in 0..1; what a leaning's ``weight`` adds makes it no
    louder than ``LIFTED``."""
    plain = likelihood / max(1.0, weight)
    return min(1.0, likelihood / SURE, max(LIFTED, plain / SURE))


def _take_for_kin(shown: dict[Family, float], leaning: Leaning) -> None:
    """Take what is seen of a family's kin for it, where somebody names it: no picture tells these apart for sure."""
    for family in [each for each in leaning.effects if each is not None]:
        for group in KIN:
            if family in group:
                seen = max(shown.get(each, 0.0) for each in group)
                shown[family] = max(shown.get(family, 0.0), KINDRED * seen)


def _favoured(words: tuple[str, ...], leaning: Leaning) -> tuple[str, ...]:
    """Return those of the room's words that most speaks for; all of them where nothing does."""
    most = max(leaning.of(family_of(word)) for word in words)
    return tuple(word for word in words if leaning.of(family_of(word)) == most)


def _step(onset: MotionOnset, sight: Sight) -> float:
    """Return how likely a movement is a step: somebody is there, and it is where feet are."""
    if sight.person < PERSON:
        return 0.0
    return min(1.0, 2.0 * sight.person) * (1.0 if onset.y >= LOW else 0.3)


def _silent(onset: MotionOnset, sight: Sight) -> str:
    """Return why a movement makes no sound whatever it is, in a few words; empty where it may."""
    if onset.kind is MotionKind.STEP or sight.hands is None or sight.hands >= THERE:
        return ""
    if (sight.walking or 0.0) >= THERE:
        return "somebody walks: the steps sound"
    return "somebody talks, and no hand is there" if (sight.talking or 0.0) >= THERE else ""


def _left_alone(sight: Sight) -> bool:
    """Say whether somebody looked for a hand where it moves, and there is none."""
    return sight.hands is not None and sight.hands < NOBODY


def _believed(family: Family, value: float, sight: Sight, handled: float = LEFT_ALONE) -> float:
    """Return how likely a family is what moves, by whether a hand is there, or for steps and blows somebody at all."""
    nobody = max(sight.walking or 0.0, sight.talking or 0.0) < NOBODY and sight.person < PERSON
    if not _left_alone(sight):
        return value
    return value * (handled if family in HANDLED else LEFT_ALONE if family in BODILY and nobody else 1.0)


def _who(sight: Sight) -> list[str]:
    told = (("a hand", sight.hands), ("a face", sight.talking), ("somebody walks", sight.walking))
    return [f"{what} {value:.2f}" for what, value in told if value is not None and value >= NOBODY]


def _seen(sight: Sight) -> str:
    told = [*_who(sight), *(f"{family.value} {value:.2f}" for family, value in sight.families[:2])]
    if sight.person >= PERSON:
        told.append(f"a person {sight.person:.2f}")
    return " + ".join(told) or "nothing known"


def _sweep(sight: Sight, prompts: ActionPrompts) -> Choice:
    """A thing that starts or passes fast: a whoosh where the words speak of one; a hand that comes in makes none."""
    if prompts.sweeps_named:
        return Choice(prompts.sweeps[0], None, 1.0, 0.0, f"a sweep of {_seen(sight)}; words: {prompts.sweeps[0]}")
    if dict(sight.families).get(Family.BALL, 0.0) >= SWEPT:
        return Choice("SWSH_Swish", Family.BALL, 1.0, 0.0, f"a sweep of {_seen(sight)}")
    return _nothing(f"a sweep of {_seen(sight)}")


def _unknown(onset: MotionOnset, sight: Sight, reason: str, leaning: Leaning) -> Choice:
    """What clearly lands, is nobody who talks, and nothing that is seen to stand there without a hand, gets something
    neutral and quiet; all else nothing."""
    if leaning.of(None) < UNWANTED:
        return _nothing(f"{reason}{leaning.why(None)}")
    stands = _left_alone(sight) and any(value >= STANDS for family, value in sight.families if family in HANDLED)
    if onset.strength >= STRONG and sight.person < PERSON and not stands:
        return Choice(NEUTRAL, None, 0.0, NEUTRAL_DB, reason)
    return _nothing(reason)


def _nothing(reason: str) -> Choice:
    """Nothing speaks for any sound: none is better than a wrong one."""
    return Choice(None, None, 0.0, 0.0, reason)
