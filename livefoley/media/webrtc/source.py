"""A room's WHIP source: the one publisher of a room, whoever that is at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import structlog

from livefoley.core.media import Disconnected, Packet
from livefoley.core.ports import Feed
from livefoley.media.token_bucket import Bucket
from livefoley.media.webrtc.offer import Refused
from livefoley.media.webrtc.rtp.reassembly import Frame
from livefoley.media.webrtc.whip_session import WhipSession

log = structlog.get_logger("livefoley.webrtc")

TAKEOVERS = 5  # in a row, and then
TAKEOVER_INTERVAL_S = 10.0  # one in this time
RETRY_S = 2
STORM_RETRY_S = 5

OnDuplicate: TypeAlias = Literal["replace", "reject"]


@dataclass(frozen=True, slots=True)
class WhipSourceStatistics:
    """A `WhipSource`'s figures; all but the first only ever grow."""

    connected: bool
    published_total: int
    takeovers: int
    packets: int
    bytes: int  # of payload
    skipped_units: int
    reordered_units: int  # left out: the publisher sends B-frames
    lost_packets: int
    keyframe_requests: int


class WhipSource:
    """Feeds a room what its publisher sends; made by `WhipServer.register`. Implements ``Source``.

    Items go straight from the connection's callback to ``feed``. Without a running ``run`` publishers are turned away.
    """

    def __init__(self, room: str, on_duplicate: OnDuplicate, now: Callable[[], float]) -> None:
        self.room = room
        self.on_duplicate = on_duplicate
        self.session: WhipSession | None = None
        self._now = now
        self._takeovers = Bucket(TAKEOVERS, TAKEOVER_INTERVAL_S, now)
        self._feed: Feed | None = None
        self._warned = False
        self._published = self._taken_over = self._packets = self._bytes = 0
        self._skipped = self._reordered = self._lost = self._requests = 0

    async def run(self, feed: Feed) -> None:
        """Take publishers, one at a time, until cancelled."""
        if self._feed is not None:
            raise RuntimeError("this source is running already")
        self._feed = feed
        try:
            await asyncio.Event().wait()
        finally:
            self._feed = None
            if self.session is not None:
                await self.session.close("the room has ended")

    def check(self) -> None:
        """Raise ``Refused`` when no publisher is taken now."""
        if self._feed is None:
            raise Refused(503, "idle", "the room takes no publisher now; come back in a moment", RETRY_S)
        if self.session is not None and self.on_duplicate == "reject":
            raise Refused(409, "duplicate", "the room has a publisher; it must leave first")

    def admit(self, session: WhipSession) -> None:
        """Make ``session`` the publisher, in place of the one before it. Raises ``Refused`` as `check` does."""
        self.check()
        if self.session is not None:
            if not self._takeovers.take():
                raise Refused(429, "storm", "publishers take the room from each other; wait a little", STORM_RETRY_S)
            self._taken_over += 1
            self.session.end("another publisher took over")
        self.session = session
        self._warned = False
        self._published += 1

    def request_keyframe(self) -> None:
        """Ask the publisher, if there is one, for a keyframe; at most two a second get through."""
        if self.session is not None:
            self.session.request_keyframe()

    def receive(self, session: WhipSession, kind: str, codec: str, frame: Frame) -> None:
        """Take a frame of ``session``."""
        feed = self._feed
        if session is not self.session or feed is None:
            return
        reader = session.reader
        items = reader.read(kind, codec, frame, self._now())
        if reader.reordered and not self._warned:
            self._warned = True
            log.warning("the publisher sends B-frames, which are left out: set B-frames to 0", room=self.room)
        for item in items:
            if isinstance(item, Packet):
                self._packets += 1
                self._bytes += len(item.data)
            feed(item)

    def release(self, session: WhipSession, reason: str) -> None:
        """Note that ``session`` is over."""
        if session is self.session:
            self.session = None
            self._skipped += session.reader.picture.skipped
            self._reordered += session.reader.reordered
            self._lost += session.lost_packets
            self._requests += session.keyframe_requests
            log.info(
                "publisher left", room=self.room, protocol="whip", reason=reason, lost_packets=session.lost_packets
            )
            if self._feed is not None:
                self._feed(Disconnected(reason))

    def statistics(self) -> WhipSourceStatistics:
        """Return a snapshot."""
        here = self.session
        return WhipSourceStatistics(
            connected=here is not None,
            published_total=self._published,
            takeovers=self._taken_over,
            packets=self._packets,
            bytes=self._bytes,
            skipped_units=self._skipped + (here.reader.picture.skipped if here else 0),
            reordered_units=self._reordered + (here.reader.reordered if here else 0),
            lost_packets=self._lost + (here.lost_packets if here else 0),
            keyframe_requests=self._requests + (here.keyframe_requests if here else 0),
        )
