"""Which sound a movement gets: what the picture shows, times what the words say, or something quiet, or nothing.

Each candidate has a likelihood: how surely the eyes see its family where something moved, and how much the room's words
(and what has been learned of the room) speak for it. The reason is kept in a few words for whoever asks why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from livefoley.core.cues import ActionPrompts
from livefoley.core.events import MotionKind, MotionOnset, Sight
from livefoley.core.families import LASTING, SILENT, Family, family_of, usual_effect
from livefoley.engine.choosing.fit import fit
from livefoley.engine.choosing.reasons import NOBODY, PERSON, because, seen, words

NAMED, UNNAMED, NOT_SAID = 1.0, 0.35, 0.6
"""How much the words speak for a family: one they name, another one, and any where they name none."""

UNSEEN = 0.3
"""How likely what moves is what the words name, of what the eyes leave open: they know a thousand things, and not all.
It is not shared out: that a picture does not tell which of many it is makes none of them quieter."""
APART = 1.2  # less likelier than that, two are alike, and what is named first goes first
LEAST, LEAST_UNSAID = 0.12, 0.25  # below it nothing is known of what moves: what the words name, and what they do not
SURE = 0.5  # from here on it sounds in full
QUIET_DB = -9.0  # of what is hardly known
LOUD = 0.9  # a movement no stronger than that is hardly one of a shot
STRONG = 0.5  # a movement so sure and strong sounds, quietly, though nobody knows what it is
NEUTRAL, NEUTRAL_DB = "OBJMisc_SoftHit", -3.0
LIFTED = 0.6  # no surer than this does a leaning make anything: it sounds, and not loudly
KINDRED = 0.9  # of what is seen of a family's kin is that family, where somebody names it
UNWANTED = 0.5  # believed less than that, what nobody knows makes no sound
SWEPT = 0.3  # so surely a ball is seen that flies
LOW = 0.6  # feet are in the lower part of the picture
KIN = (frozenset({Family.GLASS, Family.CERAMIC, Family.PLASTIC}), frozenset({Family.WOOD, Family.STONE, Family.METAL}))
"""Families no picture tells apart for sure: words that name one of them speak for the others, too."""

THERE = 0.5
"""From here on somebody is taken to talk, to walk, or to have a hand there."""
HANDLED = frozenset(
    {Family.GLASS, Family.CERAMIC, Family.PLASTIC, Family.METAL, Family.WOOD, Family.STONE, Family.PAPER, Family.SOFT}
    | {Family.TYPING, Family.CHOP}
)
"""What lies still unless a hand is there."""
BODILY = frozenset({Family.FOOTSTEP, Family.BLOW})
"""What nobody does where nobody is."""
HANDS = frozenset({Family.CLAP})
"""What hands do without a thing."""
STARTLING = frozenset({Family.GUN, Family.EXPLOSION})
"""What is so loud that the words alone do not do: the movement must suit it, or it must be seen."""
LEFT_ALONE = 0.12
"""How likely a thing is what moves though no hand is there, beside one that a hand holds."""
FALLS_ALONE, STANDS = 0.5, 0.1
"""And what the words name, where it is not seen to stand there and clearly lands: it may fall, or be struck by a tool;
and hands that are drawn are not known for such."""


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


def choose(onset: MotionOnset, prompts: ActionPrompts, leaning: Leaning = EVEN) -> Choice:
    """Return what a movement sounds like. Among what the picture does not tell apart the movement decides (``fit``)."""
    sight, sweep = onset.sight, onset.kind is MotionKind.SWEEP
    if sight is None:
        fitting = prompts.sweeps if sweep else tuple(each for each in prompts.impacts if not _startles(each, onset))
        if not fitting:
            return _nothing("nobody looked, and it is too weak for what the words name")
        prompt = _fitting(fitting if sweep else _favoured(fitting, leaning), onset)
        family = family_of(prompt)
        said = dict(prompts.said).get(prompt)
        told = f"nobody looked{f'; words: {said}' if said else ''}{leaning.why(family)}"
        return Choice(prompt, family, 1.0, 0.0, told)
    if (called := _call(sight, prompts)) is not None:
        return called
    if sweep:
        return _sweep(sight, prompts)
    if silent := _silent(onset, sight):
        return _nothing(f"{silent} ({seen(sight)})")
    if prompts.fixed:
        return Choice(prompts.impacts[0], family_of(prompts.impacts[0]), 1.0, 0.0, "the room's own sound of actions")
    named = _named(prompts)
    found = _audible(_candidates(onset, sight, named, prompts, leaning), prompts)
    if not found:
        return _unknown(onset, sight, f"not known what moves ({seen(sight)})", leaning)
    best = max(found, key=lambda each: each.rank)
    chosen = next(each for each in found if each is best or (each.rank * APART >= best.rank and _said(best, prompts)))
    family, prompt = chosen.family, chosen.prompt
    confidence = max(sureness(each.likelihood, leaning.of(each.family) if each.family else 1.0) for each in found)
    reason = because(sight, prompt, chosen.likelihood, prompts) + (leaning.why(family) if family is not None else "")
    quieter = QUIET_DB * (1.0 - confidence)
    if _said(chosen, prompts) and _lands(onset, sight):
        quieter = max(quieter, NEUTRAL_DB)  # it would be heard so if nobody had named anything
    return Choice(prompt, family, confidence, quieter, reason)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """What a movement may sound like. ``likelihood`` says whether and how loudly, ``rank`` goes before others."""

    family: Family | None
    prompt: str
    likelihood: float
    rank: float


def _said(candidate: _Candidate, prompts: ActionPrompts) -> bool:
    return candidate.prompt in prompts.impacts


def _audible(found: list[_Candidate], prompts: ActionPrompts) -> list[_Candidate]:
    """Return what is likely enough to be heard, in the order of the words."""
    order = {prompt: place for place, prompt in enumerate(prompts.impacts)}
    loud = [each for each in found if each.likelihood >= (LEAST if each.prompt in order else LEAST_UNSAID)]
    return sorted(loud, key=lambda each: order.get(each.prompt, len(order)))


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
) -> list[_Candidate]:
    """Return all that it may be. To name more adds to them, and makes none less likely."""
    shown = {family: _believed(family, value, sight) for family, value in sight.families if family not in SILENT}
    unseen = UNSEEN * (1.0 - min(1.0, sum(shown.values())))
    step = _step(onset, sight) if onset.kind in (MotionKind.IMPACT, MotionKind.SWEEP) else 0.0
    shown[Family.FOOTSTEP] = max(shown.get(Family.FOOTSTEP, 0.0), step)
    if onset.kind is MotionKind.SET_DOWN:
        named = {family: prompt for family, prompt in named.items() if family not in BODILY}
        shown = {family: value for family, value in shown.items() if family not in BODILY}
    _take_for_kin(shown, leaning)
    kin = frozenset[Family]().union(*(group for group in KIN if group & set(named)))
    found = []
    for family, value in shown.items():
        prompt = named.get(family) or leaning.effects.get(family) or usual_effect(family)
        if prompt is not None and family not in named:
            likelihood = (NAMED if family in kin else NOT_SAID) * value * leaning.of(family)
            goes_after = UNNAMED / NOT_SAID if named and family not in kin else 1.0
            found.append(_Candidate(family, prompt, likelihood, goes_after * likelihood))
    others = [(None, each) for each in prompts.impacts if family_of(each) is None and each != NEUTRAL]
    for family_or_none, prompt in (*named.items(), *others):
        if family_or_none in LASTING and family_or_none in SILENT:
            continue  # it sounds as long as it moves, or not at all
        value, may_be, weight = 0.0, unseen, 1.0
        if family_or_none is not None:
            value, weight = shown.get(family_or_none, 0.0), leaning.of(family_or_none)
            may_be = _may_be(family_or_none, unseen, onset, sight)
        may_be = 0.0 if prompt in prompts.about else may_be
        likelihood, rank = value + may_be, value + may_be * fit(prompt, onset)
        found.append(_Candidate(family_or_none, prompt, NAMED * min(1.0, likelihood) * weight, NAMED * rank * weight))
    return found


def _may_be(family: Family, unseen: float, onset: MotionOnset, sight: Sight) -> float:
    """Return how likely it is a family that the words name, and the eyes do not see: what no hand moves must clearly
    fall, and is not what is seen to stand there, or its kin."""
    kin = frozenset({family}).union(*(group for group in KIN if family in group))
    shown = sum(value for each, value in sight.families if each in kin)
    if shown >= STANDS:
        return _believed(family, unseen * (1.0 - min(1.0, shown)), sight)
    falls = FALLS_ALONE * min(1.0, onset.strength / STRONG) if family in HANDLED else 0.0
    if family in STARTLING:
        unseen *= fit(usual_effect(family) or "", onset) * min(1.0, onset.strength / LOUD)
    return _believed(family, unseen, sight, max(LEFT_ALONE, falls))


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
                likeliest = max(shown.get(each, 0.0) for each in group)
                shown[family] = max(shown.get(family, 0.0), KINDRED * likeliest)


def _startles(word: str, onset: MotionOnset) -> bool:
    """Say whether a word asks for something far too loud for a movement."""
    return family_of(word) in STARTLING and onset.strength < LOUD


def _fitting(words: tuple[str, ...], onset: MotionOnset) -> str:
    """Return the word that a movement suits best; of those that are alike the first."""
    fits = [fit(word, onset) for word in words]
    return next(word for word, how in zip(words, fits, strict=True) if how * APART >= max(fits))


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
    if family in HANDLED | HANDS:
        return value * handled
    return value * (LEFT_ALONE if family in BODILY and nobody else 1.0)


def _call(sight: Sight, prompts: ActionPrompts) -> Choice | None:
    """An animal that the words name, and that is what is seen to move, calls; its face is none of one who talks."""
    seen_as, value = max(sight.families, key=lambda pair: pair[1], default=(None, 0.0))
    if not prompts.calls or seen_as is not Family.ANIMAL or value < LEAST or sight.person >= PERSON:
        return None
    call, sure = prompts.calls[0], sureness(value, 1.0)
    told = f"animal, {value:.2f}{words(call, prompts)}"
    return Choice(call, Family.ANIMAL, sure, QUIET_DB * (1.0 - sure), told)


def _sweep(sight: Sight, prompts: ActionPrompts) -> Choice:
    """A thing that starts or passes fast: a whoosh where the words speak of one; a hand that comes in makes none."""
    if prompts.sweeps_named:
        said = dict(prompts.said).get(prompts.sweeps[0], prompts.sweeps[0])
        return Choice(prompts.sweeps[0], None, 1.0, 0.0, f"a sweep of {seen(sight)}; words: {said}")
    if dict(sight.families).get(Family.BALL, 0.0) >= SWEPT:
        return Choice("SWSH_Swish", Family.BALL, 1.0, 0.0, f"a sweep of {seen(sight)}")
    return _nothing(f"a sweep of {seen(sight)}")


def _unknown(onset: MotionOnset, sight: Sight, reason: str, leaning: Leaning) -> Choice:
    """What clearly lands, is nobody who talks, and nothing that is seen to stand there without a hand, gets something
    neutral and quiet; all else nothing."""
    if leaning.of(None) < UNWANTED:
        return _nothing(f"{reason}{leaning.why(None)}")
    return Choice(NEUTRAL, None, 0.0, NEUTRAL_DB, reason) if _lands(onset, sight) else _nothing(reason)


def _lands(onset: MotionOnset, sight: Sight) -> bool:
    """Say whether something clearly lands, whatever it is."""
    stands = _left_alone(sight) and any(value >= STANDS for family, value in sight.families if family in HANDLED)
    return onset.strength >= STRONG and sight.person < PERSON and not stands


def _nothing(reason: str) -> Choice:
    """Nothing speaks for any sound: none is better than a wrong one."""
    return Choice(None, None, 0.0, 0.0, reason)
