"""What each maker says of a request before it is asked: whether it has such a sound, how well that fits, what it costs.

Live the makers are other processes, offline they are here; they say the same in both: so a clip sounds like its room.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from livefoley.core.cues import HIT, CueKind, SoundRequest
from livefoley.core.ticks import s_from_ticks
from livefoley.foley.chain import Fit, Offer, Refusal
from livefoley.foley.description import lexicon

BANK_S = 0.25
"""What the bank needs when a cue is the first of its kind: its variants are rendered then."""

STUDENT_S = 0.15
"""A cue that is needed sooner is not worth asking the student for."""

RECORDINGS_S = BANK_S
"""What a recording needs that was not heard yet: it is looked for and decoded."""

_RECORDINGS_COST = 0.01
_STUDENT_COST = 0.06  # seconds of two threads for a second of sound
_USUAL_S = 2.2


def bank_offer(request: SoundRequest, is_named: Callable[[str], bool]) -> Offer | Refusal:
    """Return the bank's offer; ``is_named`` says whether there is an effect of that name.

    Of no words it has its own sound, and of an action that nobody knows a neutral hit.
    """
    if request.kind is CueKind.BED:
        return Refusal("makes no ambience")
    if not _is_plain(request):
        return Refusal("has its sounds as they are, with no curves")
    if request.effect is not None or not request.prompt or is_named(request.prompt):
        return Offer(Fit.NAMED, soon_s=BANK_S)
    if lexicon.covers(request.prompt):
        return Offer(Fit.EXACT, soon_s=BANK_S)
    if request.kind is CueKind.ACTION:
        return Offer(Fit.STAND_IN, soon_s=BANK_S)
    return Refusal("has no such sound")


def is_named(text: str, names: Collection[str]) -> bool:
    """Say whether ``text`` is the name of an effect or of one of its variants; ``names`` are in lower case."""
    key = text.strip().lower()
    return key in names or key.rpartition("_")[0] in names


def student_offer(request: SoundRequest) -> Offer | Refusal:
    """Return the student's offer: it makes of any words what they say, and an ambience of what is a place."""
    if request.effect is not None:
        return Refusal("makes sounds of words, not of an effect's name")
    if not request.prompt.strip():
        return Refusal("makes sounds of words, and there are none")
    if request.kind is CueKind.BED and not lexicon.is_place(request.prompt):
        return Refusal("makes ambience of places, and these words name none")
    seconds = s_from_ticks(request.length) or _USUAL_S
    return Offer(Fit.MADE, soon_s=STUDENT_S, cost_s=_STUDENT_COST * seconds)


def recordings_offer(request: SoundRequest, count: int) -> Offer | Refusal:
    """Return the offer of ``count`` recordings: they are looked for by any words. Whether there is one of it shows when
    it is asked for."""
    if not count:
        return Refusal("has no recordings")
    if request.effect is not None:
        return Refusal("looks for recordings by words, not by an effect's name")
    if not request.prompt.strip():
        return Refusal("looks for recordings by words, and there are none")
    return Offer(Fit.MADE, soon_s=RECORDINGS_S, cost_s=_RECORDINGS_COST)


def procedural_offer(request: SoundRequest) -> Offer | Refusal:
    """Return the synthesis' offer: the ambience of a place it knows, of no words, or a room's quiet for any other."""
    if request.kind is not CueKind.BED:
        return Refusal("makes ambience alone")
    if not _is_plain(request):
        return Refusal("has its sounds as they are, with no curves")
    return Offer(Fit.STAND_IN if lexicon.is_new_place(request.prompt) else Fit.EXACT)


def _is_plain(request: SoundRequest) -> bool:
    return request.envelope is None and request.onsets_s in (None, HIT)
