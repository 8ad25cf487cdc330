"""A room's RTMP source: the one publisher of a stream key, whoever that is at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.ports import Feed, SourceStatistics
from livefoley.media.publisher_slot import OnDuplicate, PublisherSlot, Refusal
from livefoley.media.rtmp.counters import Counters
from livefoley.media.rtmp.limits import RtmpLimits
from livefoley.media.rtmp.protocol.chunks import Message
from livefoley.media.rtmp.protocol.read_tags import TagReader
from livefoley.media.token_bucket import Bucket

log = structlog.get_logger("livefoley.rtmp")

NOTHING = "the publisher is there, but sends no picture and no sound; look at what its encoder takes in"
PATIENCE_S = 5.0
"""How long a publisher may send other things before something is said."""


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
        takeovers = Bucket(limits.takeovers, limits.takeover_interval_s, now)
        self._slot: PublisherSlot[Publisher] = PublisherSlot(on_duplicate, takeovers, self._send_away)
        self._now = now
        self._reader = TagReader()
        self._skipped = 0
        self._packets = 0  # that had come when the publisher did
        self._since_s = 0.0  # it is here

    async def run(self, feed: Feed) -> None:
        """Take publishers, one at a time, until cancelled."""
        self._slot.open(feed)
        try:
            await asyncio.Event().wait()
        finally:
            self._slot.shut()
            self.dismiss("the room has ended")

    def admit(self, publisher: Publisher, counters: Counters) -> Refusal | None:
        """Take ``publisher`` on and return None, or return why not."""
        before = self._slot.taken_over
        refusal = self._slot.admit(publisher)
        counters.takeovers += self._slot.taken_over - before
        if refusal is None:
            self._reader = TagReader()
            self._packets, self._since_s = self._slot.packets, self._now()
            counters.published_total += 1
        return refusal

    def receive(self, publisher: Publisher, message: Message) -> None:
        """Take a media message of ``publisher``."""
        if not self._slot.hears(publisher):
            return
        for item in self._reader.read(message):
            if isinstance(item, UnsupportedCodec):
                log.warning("track cannot be used", room=self.room, problem=str(item))
            else:
                self._slot.take(item)

    def release(self, publisher: Publisher, reason: str) -> None:
        """Note that ``publisher`` is gone."""
        if self._slot.release(publisher, reason):
            self._skipped += self._reader.skipped
            log.info("publisher left", room=self.room, reason=reason)

    def dismiss(self, reason: str) -> None:
        """Send the present publisher away, if there is one."""
        if self._slot.publisher is not None:
            self._send_away(self._slot.publisher, reason)

    def _send_away(self, publisher: Publisher, reason: str) -> None:
        self.release(publisher, reason)
        publisher.dismiss(reason)

    @property
    def connected(self) -> bool:
        """Whether a publisher is here."""
        return self._slot.publisher is not None

    def statistics(self) -> SourceStatistics:
        """Return a snapshot."""
        slot = self._slot
        return SourceStatistics(
            kind="rtmp",
            connected=self.connected,
            connects=slot.published,
            takeovers=slot.taken_over,
            packets=slot.packets,
            bytes=slot.bytes,
            skipped_units=self._skipped + (self._reader.skipped if self.connected else 0),
            problem="; ".join(self._reader.problems.values()) or self._nothing(),
        )

    def _nothing(self) -> str:
        """Say that a publisher sends none of what a room is about; empty while it may still, and once it did."""
        late = self.connected and self._slot.packets == self._packets and self._now() - self._since_s > PATIENCE_S
        return NOTHING if late else ""
