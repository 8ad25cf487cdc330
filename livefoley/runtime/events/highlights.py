"""A room's highlights, live: brings what the signals notice to the fusion, lays the accents, tells the feed.

The room calls in with each piece of evidence; nothing here waits, and nothing here can fail the room.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from livefoley.core.events import Transcript
from livefoley.core.highlights import Evidence, Highlight, HighlightState
from livefoley.core.ticks import Tick
from livefoley.engine.clock import Playout
from livefoley.engine.highlights.moments import Highlighter, HighlightSettings, accent_start
from livefoley.engine.timeline import ORIGIN
from livefoley.runtime.events import notices
from livefoley.runtime.events.event_feed import EventFeed

STEP_S = 0.5
MAX_SIGNALS = 32  # counted by name; what calls itself by one more is counted as "other"


class Accents(Protocol):
    """Where accents are laid."""

    def accent_at(self, start: Tick | None, prompt: str) -> int | None:
        """Ask for an accent on ``start`` (None: as soon as it can come); return its id, None without foley."""
        ...

    def withdraw_accent(self, cue_id: int) -> None:
        """Take an accent back, if it is not laid yet."""
        ...


@dataclass(frozen=True, slots=True)
class HighlightServiceSettings:
    """What the room wants: ``accents`` names the sound for each kind of moment; a kind without one is silent."""

    fusion: HighlightSettings = field(default_factory=HighlightSettings)
    accents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HighlightStatistics:
    """Counts since the room began: highlights by what state they were told in, evidence by its signal."""

    highlights: Mapping[str, int]
    evidence: Mapping[str, int]


class HighlightService:
    """See the module. ``clock`` tells which tick leaves now; ``now`` (seconds, monotonic) is an argument."""

    def __init__(self, settings: HighlightServiceSettings, feed: EventFeed, clock: Playout) -> None:
        self.feed = feed
        self._accents: Accents | None = None
        self._on_highlight: Callable[[Highlight], None] | None = None
        self._settings = settings
        self._clock = clock
        self._fusion = Highlighter(settings.fusion)
        self._laid: dict[int, tuple[int, str]] = {}  # the cue and the sound of each open highlight
        self._highlights: Counter[str] = Counter()
        self._evidence: Counter[str] = Counter()

    def connect(self, accents: Accents, on_highlight: Callable[[Highlight], None] | None = None) -> None:
        """Lay accents there, and tell ``on_highlight`` of every highlight."""
        self._accents, self._on_highlight = accents, on_highlight

    async def run(self) -> None:
        """Let time pass for the moments, until cancelled."""
        while True:
            await asyncio.sleep(STEP_S)
            self.advance(time.monotonic())

    def signal(self, evidence: Evidence, now: float) -> None:
        """Take what a signal noticed, whichever it is."""
        known = evidence.signal in self._evidence or len(self._evidence) < MAX_SIGNALS
        self._evidence[evidence.signal if known else "other"] += 1
        self._tell(self._fusion.take(evidence, self._head(now)), now)

    def quote(self, sentence: Transcript) -> None:
        """Take what was said, to quote it with the highlights it lies close to."""
        self._fusion.quote(sentence)

    def advance(self, now: float) -> None:
        """Let time pass."""
        if self._clock.started:
            self._tell(self._fusion.advance(self._head(now)), now)

    def current(self) -> list[Highlight]:
        """Return the highlights that go on, as they are by now."""
        return self._fusion.current()

    def _head(self, now: float) -> Tick:
        return self._clock.playhead(now) + self._clock.lookahead if self._clock.started else ORIGIN

    # ---- what becomes of a highlight ----

    def _tell(self, highlights: list[Highlight], now: float) -> None:
        for highlight in highlights:
            self._highlights[highlight.state.value] += 1
            if self._on_highlight is not None:
                self._on_highlight(highlight)
            airs_s = time.time() + self._clock.wall_s(highlight.start) - now
            accent = self._accent(highlight)
            self.feed.publish(notices.highlight(highlight, f"{self.feed.session}-{highlight.id}", accent, airs_s))

    def _accent(self, highlight: Highlight) -> str:
        """Lay the accent of a highlight told for the first time, take it back when it was none; return its name."""
        sound = self._settings.accents.get(highlight.kind)
        if highlight.revision == 0 and sound and self._accents is not None:
            cue_id = self._accents.accent_at(accent_start(highlight), sound)
            if cue_id is not None:
                self._laid[highlight.id] = (cue_id, sound)
        cue_id, name = self._laid.get(highlight.id, (None, ""))
        if highlight.state in (HighlightState.WITHDRAWN, HighlightState.FINAL):
            self._laid.pop(highlight.id, None)
        if highlight.state is HighlightState.WITHDRAWN and cue_id is not None and self._accents is not None:
            self._accents.withdraw_accent(cue_id)
        return name

    def statistics(self) -> HighlightStatistics:
        """Return a snapshot."""
        return HighlightStatistics(dict(self._highlights), dict(self._evidence))
