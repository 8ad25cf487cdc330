"""A room's chat, live: counts what the audience writes, and tells of bursts: the feed, and as evidence of a highlight.

The audience sees the room a look-ahead late, seconds after that it writes: a burst's evidence lies where they saw what
they write about, at most ``lag`` before they wrote, and says how far off that may be.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from livefoley.core.highlights import ChatBurst, Evidence, Origin
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.engine.clock import Playout
from livefoley.engine.highlights.chat import ChatMessage, ChatMeter, ChatStatistics
from livefoley.engine.highlights.chat_lines import DEFAULT_WORDS
from livefoley.engine.timeline import ORIGIN
from livefoley.runtime.events import notices
from livefoley.runtime.events.event_feed import EventFeed

SIGNAL = "chat"
STEP_S = 0.5


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What excited people write in this room, and how long after a moment they do at most."""

    words: tuple[str, ...] = DEFAULT_WORDS
    lag: Tick = 6 * TICK_RATE


@dataclass(frozen=True, slots=True)
class RoomChatStatistics:
    """The meter's counts, and the messages left out on the way to it."""

    meter: ChatStatistics
    dropped: int


class RoomChat:
    """See the module. ``now`` (seconds, monotonic) is an argument; ``on_evidence`` gets it with the evidence."""

    def __init__(
        self,
        settings: ChatSettings,
        feed: EventFeed,
        clock: Playout,
        on_evidence: Callable[[Evidence, float], None],
    ) -> None:
        self._settings = settings
        self._feed = feed
        self._clock = clock
        self._on_evidence = on_evidence
        self._meter = ChatMeter(settings.words)
        self._told = self._dropped = 0

    async def run(self) -> None:
        """Let time pass, until cancelled: a burst ends when nobody writes any more."""
        while True:
            await asyncio.sleep(STEP_S)
            self.advance(time.monotonic())

    def write(self, messages: Iterable[ChatMessage], now: float, dropped: int = 0) -> None:
        """Take what the audience wrote; ``dropped`` were left out on the way."""
        self._dropped += dropped
        self._tell(self._meter.feed(messages, now), now)

    def advance(self, now: float) -> None:
        """Let time pass."""
        self._tell(self._meter.advance(now), now)

    def _tell(self, bursts: list[ChatBurst], now: float) -> None:
        for burst in bursts:
            if burst.over or burst.id != self._told:
                self._told = burst.id
                self._feed.publish(notices.chat(burst, f"{self._feed.session}-c{burst.id}"))
            if self._clock.started:
                self._on_evidence(self._evidence(burst, now), now)

    def _evidence(self, burst: ChatBurst, now: float) -> Evidence:
        seen, lag = self._clock.playhead(now), self._settings.lag
        begun, ended = (seen - ticks_from_s(now - moment_s) for moment_s in (burst.start_s, burst.end_s))
        at = max(ORIGIN, begun - lag)
        return Evidence(
            signal=SIGNAL,
            id=burst.id,
            origin=Origin.AUDIENCE,
            at=at,
            end=max(at, begun, ended - lag),
            score=burst.score,
            detail=f"{burst.writers} people: {burst.rate:.1f}/s, usually {burst.usual:.1f}/s",
            reach=lag,
            people=burst.writers,
        )

    def statistics(self) -> RoomChatStatistics:
        """Return a snapshot."""
        return RoomChatStatistics(self._meter.statistics(), self._dropped)
