"""A room's highlights, live: brings the signals to the fusion, lays the accents, tells the feed.

The room calls in with what it hears; nothing here waits, and nothing here can fail the room.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from livefoley.core.events import CrowdSound, HearingEvent, ScreenText, Transcript
from livefoley.core.highlights import ChatBurst, Highlight, HighlightState
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.engine.clock import PlayoutClock
from livefoley.engine.highlights.chat import DEFAULT_WORDS, ChatMessage, ChatMeter, ChatStatistics
from livefoley.engine.highlights.moments import Highlighter, HighlightSettings, accent_start
from livefoley.engine.timeline import ORIGIN
from livefoley.runtime.events import notices
from livefoley.runtime.events.event_feed import EventFeed, FeedStatistics
from livefoley.runtime.events.subtitles import SubtitleFile

STEP_S = 0.5


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
    chat_words: tuple[str, ...] = DEFAULT_WORDS


@dataclass(frozen=True, slots=True)
class HighlightStatistics:
    """Counts since the room began; ``highlights`` and ``keywords`` by what state they were told in."""

    chat: ChatStatistics
    feed: FeedStatistics
    chat_dropped: int
    highlights: Mapping[str, int]
    keywords: Mapping[str, int]


class HighlightService:
    """See the module. ``clock`` tells which tick leaves now; ``now`` (seconds, monotonic) is an argument."""

    def __init__(
        self,
        settings: HighlightServiceSettings,
        feed: EventFeed,
        clock: PlayoutClock,
        subtitles: SubtitleFile | None = None,
    ) -> None:
        self.feed = feed
        self.accents: Accents | None = None
        self.on_highlight: Callable[[Highlight], None] = lambda highlight: None
        self._settings = settings
        self._clock = clock
        self._subtitles = subtitles
        self._fusion = Highlighter(settings.fusion)
        self._meter = ChatMeter(settings.chat_words)
        self._session = f"{feed.last:x}"
        self._laid: dict[int, tuple[int, str]] = {}  # the cue and the sound of each open highlight
        self._burst_told = self._chat_dropped = 0
        self._highlights: Counter[str] = Counter()
        self._keywords: Counter[str] = Counter()

    async def run(self) -> None:
        """Let time pass for the moments, and write what was said, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self._subtitles is not None:
                tasks.create_task(self._subtitles.run())
            while True:
                await asyncio.sleep(STEP_S)
                self.advance(time.monotonic())

    # ---- signals ----

    def chat(self, messages: Iterable[ChatMessage], now: float, dropped: int = 0) -> None:
        """Take what the audience wrote; ``dropped`` were left out on the way."""
        self._chat_dropped += dropped
        self._burst(self._meter.feed(messages, now), now)

    def hear(self, event: HearingEvent, now: float) -> None:
        """Take what the recogniser reports."""
        if isinstance(event, Transcript):
            self._fusion.transcript(event)
            self.feed.publish(notices.transcript(event, f"{self._session}-t{event.utterance}"))
            if event.final and event.text and self._subtitles is not None:
                self._subtitles.take(event)
        else:
            self._keywords[event.state.value] += 1
            self.feed.publish(notices.keyword(event, f"{self._session}-k{event.id}"))
            self._tell(self._fusion.keyword(event, self._head(now)), now)

    def crowd(self, sound: CrowdSound, now: float) -> None:
        """Take what the room's original sound tells of its crowd."""
        self._tell(self._fusion.crowd(sound, self._head(now)), now)

    def screen(self, text: ScreenText, now: float) -> None:
        """Take a keyword that newly stands in the picture."""
        self._tell(self._fusion.screen(text, self._head(now)), now)

    def advance(self, now: float) -> None:
        """Let time pass."""
        self._burst(self._meter.advance(now), now)
        if self._clock.started:
            self._tell(self._fusion.advance(self._head(now)), now)

    def current(self) -> list[Highlight]:
        """Return the highlights that go on, as they are by now."""
        return self._fusion.current()

    def _burst(self, bursts: list[ChatBurst], now: float) -> None:
        for burst in bursts:
            if burst.over or burst.id != self._burst_told:
                self._burst_told = burst.id
                self.feed.publish(notices.chat(burst, f"{self._session}-c{burst.id}"))
            if self._clock.started:
                seen = self._clock.playhead(now)
                at, end = (seen - ticks_from_s(now - moment_s) for moment_s in (burst.start_s, burst.end_s))
                self._tell(self._fusion.chat(burst, at, end, self._head(now)), now)

    def _head(self, now: float) -> Tick:
        return self._clock.playhead(now) + self._clock.lookahead if self._clock.started else ORIGIN

    # ---- what becomes of a highlight ----

    def _tell(self, highlights: list[Highlight], now: float) -> None:
        for highlight in highlights:
            self._highlights[highlight.state.value] += 1
            self.on_highlight(highlight)
            airs_s = time.time() + self._clock.wall_s(highlight.start) - now
            accent = self._accent(highlight)
            self.feed.publish(notices.highlight(highlight, f"{self._session}-{highlight.id}", accent, airs_s))

    def _accent(self, highlight: Highlight) -> str:
        """Lay the accent of a highlight told for the first time, take it back when it was none; return its name."""
        sound = self._settings.accents.get(highlight.kind)
        if highlight.revision == 0 and sound and self.accents is not None:
            cue_id = self.accents.accent_at(accent_start(highlight), sound)
            if cue_id is not None:
                self._laid[highlight.id] = (cue_id, sound)
        cue_id, name = self._laid.get(highlight.id, (None, ""))
        if highlight.state in (HighlightState.WITHDRAWN, HighlightState.FINAL):
            self._laid.pop(highlight.id, None)
        if highlight.state is HighlightState.WITHDRAWN and cue_id is not None and self.accents is not None:
            self.accents.withdraw_accent(cue_id)
        return name

    def statistics(self) -> HighlightStatistics:
        """Return a snapshot."""
        feed, chat = self.feed.statistics(), self._meter.statistics()
        return HighlightStatistics(chat, feed, self._chat_dropped, dict(self._highlights), dict(self._keywords))
