"""A room's WHIP source: the one publisher of a room, whoever that is at the moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from livefoley.core.ports import Feed, SourceStatistics
from livefoley.media.access.admission import Refused
from livefoley.media.publisher_slot import TAKEOVER_INTERVAL_S, TAKEOVERS, OnDuplicate, PublisherSlot, Refusal
from livefoley.media.token_bucket import Bucket
from livefoley.media.webrtc.rtp.reassembly import Frame
from livefoley.media.webrtc.whip_session import WhipSession

log = structlog.get_logger("livefoley.webrtc")

RETRY_S = 2
STORM_RETRY_S = 5

_REFUSED: dict[Refusal, Callable[[], Refused]] = {
    Refusal.IDLE: lambda: Refused(503, "idle", "the room takes no publisher now; come back in a moment", RETRY_S),
    Refusal.DUPLICATE: lambda: Refused(409, "duplicate", "the room has a publisher; it must leave first"),
    Refusal.STORM: lambda: Refused(
        429, "storm", "publishers take the room from each other; wait a little", STORM_RETRY_S
    ),
}


class WhipSource:
    """Feeds a room what its publisher sends; made by `WhipServer.register`. Implements ``Source``.

    Items go straight from the connection's callback to ``feed``. Without a running ``run`` publishers are turned away.
    """

    def __init__(self, room: str, on_duplicate: OnDuplicate, now: Callable[[], float]) -> None:
        self.room = room
        self._now = now
        takeovers = Bucket(TAKEOVERS, TAKEOVER_INTERVAL_S, now)
        self._slot: PublisherSlot[WhipSession] = PublisherSlot(on_duplicate, takeovers, WhipSession.end)
        self._problem = ""
        self._skipped = self._reordered = self._lost = self._requests = 0

    async def run(self, feed: Feed) -> None:
        """Take publishers, one at a time, until cancelled."""
        self._slot.open(feed)
        try:
            await asyncio.Event().wait()
        finally:
            self._slot.shut()
            if self.session is not None:
                await self.session.close("the room has ended")

    @property
    def session(self) -> WhipSession | None:
        """The present publisher's."""
        return self._slot.publisher

    def check(self) -> None:
        """Raise ``Refused`` when no publisher is taken now."""
        refusal = self._slot.refusal()
        if refusal is not None:
            raise _REFUSED[refusal]()

    def admit(self, session: WhipSession) -> None:
        """Make ``session`` the publisher, in place of the one before it. Raises ``Refused`` as `check` does."""
        refusal = self._slot.admit(session)
        if refusal is not None:
            raise _REFUSED[refusal]()
        self._problem = ""

    def request_keyframe(self) -> None:
        """Ask the publisher, if there is one, for a keyframe; at most two a second get through."""
        if self.session is not None:
            self.session.request_keyframe()

    def receive(self, session: WhipSession, kind: str, codec: str, frame: Frame) -> None:
        """Take a frame of ``session``."""
        if not self._slot.hears(session):
            return
        reader = session.reader
        items = reader.read(kind, codec, frame, self._now())
        if reader.reordered and not self._problem:
            self._problem = "the publisher sends B-frames, which are left out: set B-frames to 0"
            log.warning(self._problem, room=self.room)
        for item in items:
            self._slot.take(item)

    def release(self, session: WhipSession, reason: str) -> None:
        """Note that ``session`` is over."""
        if self._slot.release(session, reason):
            self._skipped += session.reader.picture.skipped
            self._reordered += session.reader.reordered
            self._lost += session.lost_packets
            self._requests += session.keyframe_requests
            log.info(
                "publisher left", room=self.room, protocol="whip", reason=reason, lost_packets=session.lost_packets
            )

    def statistics(self) -> SourceStatistics:
        """Return a snapshot."""
        slot, here = self._slot, self.session
        return SourceStatistics(
            kind="whip",
            connected=here is not None,
            connects=slot.published,
            takeovers=slot.taken_over,
            packets=slot.packets,
            bytes=slot.bytes,
            skipped_units=self._skipped + (here.reader.picture.skipped if here else 0),
            reordered_units=self._reordered + (here.reader.reordered if here else 0),
            lost_packets=self._lost + (here.lost_packets if here else 0),
            keyframe_requests=self._requests + (here.keyframe_requests if here else 0),
            problem=self._problem,
        )
