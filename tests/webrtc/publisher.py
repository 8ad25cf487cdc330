"""A WHIP publisher made of aiortc that sends encoded packets: H.264 from a clip, Opus silence with a beep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from fractions import Fraction
from typing import Any

import av
import httpx
import numpy as np
from aiortc import MediaStreamTrack, RTCSessionDescription, clock
from av import AudioFrame, VideoFrame

from livefoley.media.webrtc.aiortc_overrides import VP8, EncodedPeer
from livefoley.media.webrtc.ice import IceSettings

RATE = 30


def video_packets(seconds: float, size: tuple[int, int] = (320, 240)) -> list[bytes]:
    """Return Annex B access units as OBS sends them: no B-frames, parameter sets before each keyframe."""
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = size
    encoder.pix_fmt, encoder.time_base, encoder.framerate = "yuv420p", Fraction(1, RATE), Fraction(RATE)
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "g": "15",
        "x264-params": "repeat-headers=1:sliced-threads=0",
    }
    packets: list[bytes] = []
    for index in range(round(seconds * RATE)):
        picture = np.full((size[1], size[0], 3), index * 3 % 256, np.uint8)
        frame = VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = index
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets + [bytes(packet) for packet in encoder.encode(None)]


def sound_packets(seconds: float) -> list[bytes]:
    """Return Opus packets of 20 ms."""
    encoder: Any = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48000, "stereo", "s16"
    packets: list[bytes] = []
    for index in range(round(seconds * 50)):
        frame = AudioFrame.from_ndarray(np.zeros((1, 1920), np.int16), format="s16", layout="stereo")
        frame.sample_rate, frame.pts = 48000, index * 960
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets


_DUE_S: ContextVar[float] = ContextVar("when the last packet of this task's track was due")


class OnTime:
    """Stands in for aiortc's clock: a sender's reports then say when its packets were due, however late it is."""

    def current_ntp_time(self) -> int:
        """Return the time, as NTP has it, at which the sender that asks should be."""
        return round((3_900_000_000 + _DUE_S.get(0.0)) * (1 << 32))

    current_datetime = staticmethod(clock.current_datetime)


class Encoded(MediaStreamTrack):
    """Sends packets at their own pace."""

    def __init__(self, kind: str, packets: Iterable[bytes], step: int, base: Fraction) -> None:
        super().__init__()
        self.kind = kind
        self._packets: Iterator[tuple[int, bytes]] = iter(enumerate(packets))
        self._step, self._base = step, base
        self._began: float | None = None
        self.done = asyncio.Event()

    async def recv(self) -> Any:
        """Return the next packet when its time has come; waits for ever after the last."""
        self._began = self._began if self._began is not None else time.monotonic()
        index, data = next(self._packets, (-1, b""))
        if index < 0:
            self.done.set()
            await asyncio.Event().wait()
        await asyncio.sleep(max(0.0, self._began + float(index * self._step * self._base) - time.monotonic()))
        packet = av.Packet(data)
        packet.pts, packet.time_base = index * self._step, self._base
        _DUE_S.set(float(index * self._step * self._base))
        return packet


class Publisher:
    """Publishes to a WHIP endpoint, like OBS: all candidates in the offer, never a PATCH."""

    def __init__(self, client: httpx.AsyncClient, room: str, key: str) -> None:
        self._client, self._path = client, f"/{room}/whip"
        self.headers = {"Authorization": f"Bearer {key}"}
        self.peer = EncodedPeer(IceSettings(loopback=True))
        self.location = ""

    async def offer(self, video: Iterable[bytes], sound: Iterable[bytes]) -> str:
        """Return the offer of a clip."""
        self.tracks = [
            Encoded("video", video, 90000 // RATE, Fraction(1, 90000)),
            Encoded("audio", sound, 960, Fraction(1, 48000)),
        ]
        for track in self.tracks:
            self.peer.addTrack(track)
        for transceiver in self.peer.getTransceivers():
            transceiver.direction = "sendonly"
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return self.peer.localDescription.sdp

    async def publish(self, video: Iterable[bytes], sound: Iterable[bytes]) -> httpx.Response:
        """Offer and take the answer."""
        offer = await self.offer(video, sound)
        response = await self._client.post(
            self._path, content=offer, headers=self.headers | {"Content-Type": "application/sdp"}
        )
        if response.status_code == 201:
            self.location = response.headers["location"]
            await self.peer.setRemoteDescription(RTCSessionDescription(response.text, "answer"))
        return response

    async def leave(self) -> httpx.Response:
        """Say goodbye as OBS does."""
        response = await self._client.delete(self.location, headers=self.headers)
        await self.peer.close()
        return response


class Vp8Publisher(Publisher):
    """Offers VP8 alone, as a browser without H.264 does."""

    async def offer(self, video: Iterable[bytes], sound: Iterable[bytes]) -> str:
        """Return the offer."""
        create = self.peer.createOffer

        async def of_vp8() -> Any:
            for transceiver in self.peer.getTransceivers():
                if transceiver.kind == "video":
                    transceiver.setCodecPreferences([VP8])
            return await create()

        self.peer.createOffer = of_vp8  # type: ignore[method-assign]
        return await super().offer(video, sound)


def vp8_packets(seconds: float) -> list[bytes]:
    """Return VP8 frames of 320x240, a keyframe each half second."""
    encoder: Any = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 240, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, RATE), Fraction(RATE), 15
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    made: list[bytes] = []
    for index in range(round(seconds * RATE)):
        picture = av.VideoFrame.from_ndarray(np.full((240, 320, 3), index * 5 % 256, np.uint8), format="rgb24")
        picture.pts = index
        made += [bytes(packet) for packet in encoder.encode(picture)]
    return made
