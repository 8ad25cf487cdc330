"""A publisher's session: what it sends goes to its room's source."""

from __future__ import annotations

import asyncio
from typing import Protocol

from livefoley.media.webrtc.ice import IceSettings
from livefoley.media.webrtc.offer import SENDS, check_offer
from livefoley.media.webrtc.rtp.reassembly import Frame
from livefoley.media.webrtc.rtp.units import UnitReader
from livefoley.media.webrtc.session import CONNECT_TIMEOUT_S, PeerSession

READ_TIMEOUT_S = 10.0
LINGER_S = 0.6
QUIET_S = 0.15


class Owner(Protocol):
    """Who takes what a session receives, and is told of its end."""

    def receive(self, session: WhipSession, kind: str, codec: str, frame: Frame) -> None:
        """Take an encoded frame."""
        ...

    def release(self, session: WhipSession, reason: str) -> None:
        """Note the end."""
        ...


class WhipSession(PeerSession):
    """A publisher's connection; also a ``Receiving``."""

    def __init__(self, owner: Owner, ice: IceSettings) -> None:
        super().__init__(ice, self)
        self.reader = UnitReader()
        self._owner = owner
        self._frames = 0

    @property
    def keyframe_requests(self) -> int:
        """How often the publisher was asked for a keyframe."""
        return sum(receiver.keyframe_requests for receiver in self.peer.encoded.values())

    @property
    def lost_packets(self) -> int:
        """Packets that never came, in spite of all requests."""
        return sum(receiver.assembler.lost_packets for receiver in self.peer.encoded.values())

    async def answer(self, offer: str) -> str:
        """Return the answer, with every candidate. Raises ``Refused`` for an offer that cannot be taken."""
        sections = check_offer(offer, SENDS)
        self.reader = UnitReader(with_picture=any(section.kind == "video" for section in sections))
        sdp = await super().answer(offer)
        self.spawn(self._watch())
        return sdp

    def request_keyframe(self) -> None:
        """Ask the publisher for a keyframe; how often it is really asked is limited."""
        receiver = self.peer.encoded.get("video")
        if receiver is not None and not self.closed:
            self.spawn(receiver.request_keyframe())

    async def leave(self) -> None:
        """End the session once what was sent before the goodbye is here: media does not come by the request's way."""
        loop = asyncio.get_running_loop()
        end_s, seen = loop.time() + LINGER_S, -1
        while self._packets > seen and loop.time() < end_s and not self.closed:
            seen = self._packets
            await asyncio.sleep(QUIET_S)
        if not self.closed:
            for receiver in self.peer.encoded.values():
                receiver.flush()
        await super().leave()

    # ---- Receiving ----

    def on_frame(self, kind: str, codec: str, frame: Frame) -> None:
        """Pass a frame on; ask for a keyframe while the picture cannot begin or go on."""
        self._frames += 1
        self._owner.receive(self, kind, codec, frame)
        if kind == "video" and self.reader.needs_keyframe:
            self.request_keyframe()

    def on_report(self, kind: str, ntp_s: float, timestamp: int) -> None:
        """Take a sender report."""
        self.reader.sync.report(kind, ntp_s, timestamp)

    # ---- inside ----

    @property
    def _packets(self) -> int:
        return sum(receiver.packets for receiver in self.peer.encoded.values())

    async def _watch(self) -> None:
        """End the session when nothing comes any more, or nothing ever did."""
        await asyncio.sleep(CONNECT_TIMEOUT_S)
        seen = 0
        while self._frames > seen:
            seen = self._frames
            await asyncio.sleep(READ_TIMEOUT_S)
        self.end("nothing came from the publisher")

    def _ended(self, reason: str) -> None:
        self._owner.release(self, reason)
