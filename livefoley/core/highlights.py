"""A room's highlights: the moments worth noticing, and the signals that say so. All of it placed on the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from livefoley.core.ticks import Tick


class Signal(StrEnum):
    """Who noticed something."""

    KEYWORD = "keyword"  # somebody said one of the room's phrases
    CHAT = "chat"  # the audience writes more than it does otherwise
    CROWD = "crowd"  # cheering or applause in the original sound
    LOUD = "loud"  # the original sound jumps up
    SCREEN = "screen"  # one of the room's phrases newly stands in the picture


@dataclass(frozen=True, slots=True)
class Reason:
    """One signal's part in a highlight: ``score`` in 0..1 is how much it alone says, ``detail`` why, in a few words."""

    signal: Signal
    at: Tick
    end: Tick
    score: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ChatBurst:
    """The audience of a room writes more than it does otherwise; told again, with the same ``id``, as it goes on.

    ``rate`` and ``usual`` are writers a second (somebody who writes twice within a second counts once), ``share`` in
    0..1 how much of what was read holds one of the room's chat words, ``score`` in 0..1 how unusual all that is.
    """

    id: int
    start_s: float  # on the clock of the caller's ``now``
    end_s: float
    rate: float
    usual: float
    share: float
    score: float
    over: bool = False


class HighlightState(StrEnum):
    """Where a highlight stands. The last revision of each is final or withdrawn."""

    SPOTTED = "spotted"  # one uncertain signal carries it
    CONFIRMED = "confirmed"  # what carries it will not be taken back
    WITHDRAWN = "withdrawn"  # what carried it was taken back: it was none
    FINAL = "final"  # over; nothing will be added


@dataclass(frozen=True, slots=True)
class Highlight:
    """A moment, as known by now. It is told several times: ``revision`` counts up, each tells the whole of it anew.

    ``kind`` names what it is about (a keyword's ``countdown``, ``discount``, ...; else its strongest signal's name).
    ``peak`` is where its strongest reason begins: a clip of it has its middle there.
    """

    id: int
    revision: int
    state: HighlightState
    kind: str
    start: Tick
    end: Tick
    peak: Tick
    score: float
    reasons: tuple[Reason, ...]
    transcript: str = ""
