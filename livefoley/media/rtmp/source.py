"""A room's RTMP source: the one publisher of a stream key, whoever that is at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, Protocol, TypeAlias

import structlog

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import Disconnected, Packet
from livefoley.core.ports import Feed
from livefoley.media.rtmp.counters import Counters, RtmpSourceStatistics
from livefoley.media.rtmp.limits import RtmpLimits
from livefoley.media.rtmp.protocol.chunks import Message
from livefoley.media.rtmp.protocol.read_tags import TagReader
from livefoley.media.token_bucket import Bucket

log = structlog.get_logger("livefoley.rtmp")

OnDuplicate: TypeAlias = Literal["replace", "reject"]


class Publisher(Protocol):
    """A connection that publishes, as its source sees it."""

    def dismiss(self, reason: str) -> None:
        """Tell the publisher that it is over, and hang up."""
        ...


class RtmpSource:
    """Feeds a room what the publisher of its key sends; made by `RtmpServer.register`. Implements ``Source``.

    Items go straight from the connection's callback to ``feed``. Without a running ``run`` publishers are turned away.
    """

    def __init__(self, room: str, on_duplicate: OnDuplicate, limits: RtmpLimits, now: Callable[[], float]) -> None:
        self.room = room
        self._on_duplicate = on_duplicate
        self._takeovers = Bucket(limits.takeovers, limits.takeover_interval_s, now)
        self._feed: Feed | None = None
        self._publisher: Publisher | None = None
        self._reader = TagReader()
        self._problem: str | None = None
        self._published = self._taken_over = self._packets = self._bytes = self._skipped = 0

    async def run(self, feed: Feed) -> None:
        """Take publishers, one at a time, until cancelled."""
        if self._feed is not None:
            raise RuntimeError("this source is running already")
        self._feed = feed
        try:
            await asyncio.Event().wait()
        finally:
            self._feed = None
            self.dismiss("the room has ended")

    def admit(self, publisher: Publisher, counters: Counters) -> str | None:
        """Take ``publisher`` on and return None, or return why not: "idle", "duplicate" or "storm"."""
        if self._feed is None:
            return "idle"
        if self._publisher is not None:
            if self._on_duplicate == "reject":
                return "duplicate"
            if not self._takeovers.take():
                return "storm"
            self._taken_over += 1
            counters.takeovers += 1
            self.dismiss("another publisher took over")
        self._publisher = publisher
        self._reader = TagReader()
        self._problem = None
        self._published += 1
        counters.published_total += 1
        return None

    def receive(self, publisher: Publisher, message: Message) -> None:
        """Take a media message of ``publisher``."""
        feed = self._feed
        if publisher is not self._publisher or feed is None:
            return
        for item in self._reader.read(message):
            if isinstance(item, Packet):
                self._packets += 1
                self._bytes += len(item.data)
                feed(item)
            elif isinstance(item, UnsupportedCodec):
                self._problem = str(item)
                log.warning("track cannot be used", room=self.room, problem=self._problem)
            else:
                feed(item)

    def release(self, publisher: Publisher, reason: str) -> None:
        """Note that ``publisher`` is gone."""
        if publisher is self._publisher:
            self._publisher = None
            self._skipped += self._reader.skipped
            log.info("publisher left", room=self.room, reason=reason)
            if self._feed is not None:
                self._feed(Disconnected(reason))

    def dismiss(self, reason: str) -> None:
        """Send the present publisher away, if there is one."""
        publisher = self._publisher
        if publisher is not None:
            self.release(publisher, reason)
            publisher.dismiss(reason)

    @property
    def connected(self) -> bool:
        """Whether a publisher is here."""
        return self._publisher is not None

    def statistics(self) -> RtmpSourceStatistics:
        """Return a snapshot."""
        return RtmpSourceStatistics(
            connected=self.connected,
            published_total=self._published,
            takeovers=self._taken_over,
            packets=self._packets,
            bytes=self._bytes,
            skipped_tags=self._skipped + (self._reader.skipped if self.connected else 0),
            problem=self._problem,
        )
