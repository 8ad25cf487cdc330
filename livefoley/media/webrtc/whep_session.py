"""A viewer's session: takes a room's frames into a bounded queue and sends them at the pace of its own network."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from livefoley.core.media import MediaKind
from livefoley.core.ticks import TICK_RATE
from livefoley.media.access.admission import Refused
from livefoley.media.webrtc.audience import WhepAudience
from livefoley.media.webrtc.ice import IceSettings
from livefoley.media.webrtc.offer import RECEIVES, check_offer
from livefoley.media.webrtc.rtp.payloads import CARRIED, RtpFrame, video_timestamp
from livefoley.media.webrtc.sender import EncodedSender
from livefoley.media.webrtc.session import PeerSession

MAX_QUEUED = 512  # frames, about four seconds
MAX_QUEUED_BYTES = 4 << 20
MAX_UNSENT = 128 << 10  # bytes the system may hold before we wait
UNSENT_PAUSE_S = 0.01
SETTLE_S = 0.05  # our side of the handshake is over first; what is sent at once, the viewer could not decrypt
STILL_AGAIN_S = 0.5
REPORT_INTERVAL_S = 1.0
STEREO = {"minptime": "10", "useinbandfec": "1", "stereo": "1", "sprop-stereo": "1"}


class WhepSession(PeerSession):
    """A viewer's connection; also a ``Viewer``."""

    def __init__(self, feed: WhepAudience, ice: IceSettings) -> None:
        super().__init__(ice)
        self.original = False
        self.on_connect: Callable[[], object] = lambda: None
        self.on_end: Callable[[], object] = lambda: None
        self._feed = feed
        self._senders: dict[MediaKind, EncodedSender] = {}
        self._frames: deque[RtpFrame] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._waiting = True  # for a keyframe
        self._origin_s = 0.0
        self._still_s = float("-inf")

    async def answer(self, offer: str) -> str:
        """Return the answer, with every candidate. Raises ``Refused`` for an offer that cannot be taken."""
        check_offer(offer, RECEIVES)
        sdp = await super().answer(offer)
        self.spawn(self._serve())
        return sdp

    # ---- Viewer ----

    def carries(self, codec: str) -> bool:
        """Say whether the viewer takes ``codec``; one that wants no picture takes any."""
        sender = self._senders.get(MediaKind.VIDEO)
        return sender is None or sender.carries(codec)

    def put_nowait(self, frame: RtpFrame) -> None:
        """Take a frame; a full queue is emptied, and the picture goes on at the next keyframe."""
        sender = self._senders.get(frame.kind)
        if sender is None or not sender.carries(frame.codec) or self.closed:
            return
        if frame.kind is MediaKind.VIDEO:
            if self._waiting and not frame.keyframe:
                return
            self._waiting = False
        if len(self._frames) >= MAX_QUEUED or self._bytes + frame.bytes > MAX_QUEUED_BYTES:
            self._drop()
        else:
            self._queue(frame)

    def _queue(self, frame: RtpFrame) -> None:
        self._frames.append(frame)
        self._bytes += frame.bytes
        self._wake.set()

    def _show_still(self) -> None:
        """Give the viewer something to look at while it waits for a keyframe; what follows begins with that."""
        still = self._feed.still()
        if still is not None and still.kind in self._senders:
            self._still_s = time.monotonic()
            self._queue(still)

    def _keyframe_wanted(self) -> None:
        self._feed.keyframe_wanted()
        if self._waiting and time.monotonic() - self._still_s > STILL_AGAIN_S:
            self._show_still()  # the one before was lost

    def _drop(self) -> None:
        self._feed.counters.dropped += len(self._frames) + 1
        self._frames.clear()
        self._bytes = 0
        self._waiting = True
        self._feed.keyframe_wanted()

    # ---- sending ----

    async def _serve(self) -> None:
        for sender in self._senders.values():
            await sender.started.wait()
        await asyncio.sleep(SETTLE_S)
        self._origin_s = self._feed.origin_s()
        await self._report()
        self.spawn(self._keep_reporting())
        self._feed.join(self)
        self._show_still()
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._frames:
                    await self._send(self._take())
        except ConnectionError:
            self.end("the viewer is gone")

    def _take(self) -> RtpFrame:
        frame = self._frames.popleft()
        self._bytes -= frame.bytes
        return frame

    async def _send(self, frame: RtpFrame) -> None:
        while self.peer.unsent_bytes > MAX_UNSENT:  # noqa: ASYNC110 - aioice passes no pause on
            await asyncio.sleep(UNSENT_PAUSE_S)
        await self._senders[frame.kind].send_frame(frame.codec, frame.timestamp, frame.payloads)
        self._feed.counters.frames += 1
        self._feed.counters.bytes += frame.bytes

    async def _keep_reporting(self) -> None:
        while True:
            await asyncio.sleep(REPORT_INTERVAL_S * random.uniform(0.5, 1.5))
            await self._report()

    async def _report(self) -> None:
        """Tell how the clocks of sound and picture belong together: both are the room's."""
        now_s = time.time()
        tick = round((now_s - self._origin_s) * TICK_RATE)
        for kind, sender in self._senders.items():
            await sender.report(now_s, video_timestamp(tick) if kind is MediaKind.VIDEO else tick)

    # ---- PeerSession ----

    def _prepare(self) -> None:
        """Put our senders in, and answer with what the room has first."""
        for transceiver in self.peer.getTransceivers():
            transceiver.direction = "sendonly"
            kind = MediaKind(transceiver.kind)
            wanted = ("opus",) if kind is MediaKind.AUDIO else (*CARRIED, "rtx")
            transceiver._codecs = _ordered(transceiver._codecs, wanted, self._feed.profile)
            if kind is MediaKind.VIDEO:
                self._check_codec({codec.name.lower() for codec in transceiver._codecs})
            sender = EncodedSender(transceiver.kind, transceiver.sender.transport, self._keyframe_wanted)
            self.peer.replace_sender(transceiver, sender)
            self._senders[kind] = sender
        if not self._senders:
            raise Refused(422, "offer", "the offer has neither a picture nor a sound to receive")

    def _check_codec(self, offered: set[str]) -> None:
        codec = self._feed.codec
        if codec and codec not in offered:
            how = " with packetization-mode=1" if codec == "h264" else ""
            raise Refused(406, "codec", f"the room's video is {codec}, and the offer does not have it{how}")

    def _came(self) -> None:
        self.on_connect()

    def _ended(self, reason: str) -> None:
        self._feed.leave(self)
        self.on_end()
        self._frames.clear()
        self._feed.counters.retransmitted += sum(sender.retransmitted for sender in self._senders.values())


def _ordered(codecs: list[Any], wanted: tuple[str, ...], profile: int | None) -> list[Any]:
    """Return the codecs among ``wanted``, those of the room's H.264 profile first, each before its retransmission.

    H.264 goes out in fragments, which packetization mode 0 does not have.
    """
    media = [codec for codec in codecs if codec.name.lower() in wanted and codec.name.lower() != "rtx"]
    media = [codec for codec in media if str(codec.parameters.get("packetization-mode", "1")) != "0"]
    resent = {codec.parameters.get("apt"): codec for codec in codecs if codec.name.lower() == "rtx"}
    media.sort(key=lambda codec: _rank(codec, profile))
    for codec in media:
        if codec.name.lower() == "opus":
            codec.parameters = dict(STEREO)
    return [part for codec in media for part in (codec, resent.get(codec.payloadType)) if part is not None]


def _rank(codec: Any, profile: int | None) -> int:
    if codec.name.upper() != "H264":
        return 2
    return 0 if profile is not None and str(codec.parameters.get("profile-level-id", ""))[:2] == f"{profile:02x}" else 1
