"""A room's highlights: the moments worth noticing, and the signals that say so. All of it placed on the timeline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from livefoley.core.ticks import Tick

SIGNAL_NAME = re.compile(r"[a-z0-9_-]{1,32}")  # as a kind of moment in a configuration: a signal may be one


class Origin(StrEnum):
    """What a signal was noticed in."""

    SPEECH = "speech"  # words that were said from ``at`` to ``end``
    SOUND = "sound"  # the original sound, words apart
    PICTURE = "picture"
    AUDIENCE = "audience"  # those who watch, and are late


class EvidenceState(StrEnum):
    """How sure a signal is; every id ends confirmed or withdrawn."""

    SPOTTED = "spotted"  # it may be taken back
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One signal's part in a highlight: something was noticed from ``at`` to ``end``. The one shape for all signals.

    It is told again, with the same ``signal`` and ``id``, as it goes on or settles. ``signal`` names who noticed it
    (``keyword``, ``chat``, ``crowd``, ``loud``, ``screen``, or a new one's name), ``score`` in 0..1 is how much of a
    highlight it is by itself, ``detail`` why, in a few words. ``kind`` is what the moment is about, if that is known.
    ``reach`` is how long before ``at`` its moment may lie: 0 for what is exact. ``people`` is about how many took part,
    None where nobody counts. Raises ``ValueError`` for a name or a span that is none.
    """

    signal: str
    id: int
    origin: Origin
    at: Tick
    end: Tick
    score: float
    detail: str = ""
    kind: str = ""
    state: EvidenceState = EvidenceState.CONFIRMED
    reach: Tick = 0
    people: int | None = None

    def __post_init__(self) -> None:
        if not SIGNAL_NAME.fullmatch(self.signal):
            raise ValueError(f"{self.signal!r} names no signal; 1 to 32 of a-z, 0-9, - and _ do")
        if self.end < self.at or self.reach < 0:
            raise ValueError(f"the evidence of {self.signal} ends before it begins")


@dataclass(frozen=True, slots=True)
class ChatBurst:
    """The audience of a room writes more than it does otherwise; told again, with the same ``id``, as it goes on.

    ``writers`` is how many people wrote in the window at its height, each counted once. The other figures are of that
    window, too: ``rate`` and ``usual`` are writers a second, ``share`` in 0..1 how much of what was read holds one of
    the room's chat words. ``score`` in 0..1 is how unusual it has been at most.
    """

    id: int
    start_s: float  # on the clock of the caller's ``now``
    end_s: float
    rate: float
    usual: float
    share: float
    score: float
    writers: int
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
    reasons: tuple[Evidence, ...]
    transcript: str = ""
