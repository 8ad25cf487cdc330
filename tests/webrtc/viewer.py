"""A WHEP viewer made of aiortc: keeps what it receives encoded, with the sender's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import av
import httpx
import numpy as np
from aiortc import RTCSessionDescription
from numpy.typing import NDArray

from livefoley.media.webrtc.aiortc_overrides import EncodedPeer
from livefoley.media.webrtc.ice import IceSettings
from livefoley.media.webrtc.rtp.reassembly import Frame
from tests.support.waiting import LIMIT_S, until

RATES = {"audio": 48_000, "video": 90_000}


@dataclass
class Viewer:
    """Watches a WHEP endpoint; also a ``Receiving``."""

    client: httpx.AsyncClient
    room: str
    key: str = ""
    frames: dict[str, list[Frame]] = field(default_factory=lambda: {"audio": [], "video": []})
    codecs: dict[str, str] = field(default_factory=dict)
    reports: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: {"audio": [], "video": []})
    location: str = ""
    answer: str = ""
    links: str = ""

    def __post_init__(self) -> None:
        self.headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        self.peer = EncodedPeer(IceSettings(loopback=True), self)

    def on_frame(self, kind: str, codec: str, frame: Frame) -> None:
        """Keep a frame."""
        self.codecs[kind] = codec
        self.frames[kind].append(frame)

    def on_report(self, kind: str, ntp_s: float, timestamp: int) -> None:
        """Keep a sender report."""
        self.reports[kind].append((ntp_s, timestamp))

    async def offer(self, kinds: tuple[str, ...] = ("video", "audio")) -> str:
        """Return an offer to receive ``kinds``."""
        for kind in kinds:
            self.peer.addTransceiver(kind, direction="recvonly")
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return str(self.peer.localDescription.sdp)

    async def watch(self, kinds: tuple[str, ...] = ("video", "audio")) -> httpx.Response:
        """Offer and take the answer."""
        headers = self.headers | {"Content-Type": "application/sdp"}
        response = await self.client.post(f"/{self.room}/whep", content=await self.offer(kinds), headers=headers)
        if response.status_code == 201:
            self.location, self.answer = response.headers["location"], response.text
            self.links = response.headers.get("link", "")
            await self.peer.setRemoteDescription(RTCSessionDescription(response.text, "answer"))
        return response

    async def leave(self) -> httpx.Response:
        """Say goodbye."""
        response = await self.client.delete(self.location, headers=self.headers)
        await self.peer.close()
        return response

    async def wait_frames(self, kind: str, count: int, timeout_s: float = LIMIT_S) -> None:
        """Wait until so many frames came."""
        await until(lambda: len(self.frames[kind]) >= count, timeout_s)

    def moments(self, kind: str) -> list[float]:
        """Return when each frame is to be played, by the sender's clock of its last report."""
        ntp_s, timestamp = self.reports[kind][-1]
        signed = [(frame.timestamp - timestamp + (1 << 31)) % (1 << 32) - (1 << 31) for frame in self.frames[kind]]
        return [ntp_s + ticks / RATES[kind] for ticks in signed]

    def pictures(self) -> list[Any]:
        """Decode the video; each picture has the index of its frame as pts."""
        decoder: Any = av.CodecContext.create(self.codecs["video"], "r")
        found: list[Any] = []
        for index, frame in enumerate(self.frames["video"]):
            packet = av.Packet(frame.data)
            packet.pts = index
            found += decoder.decode(packet)
        return found + decoder.decode(None)

    def sound(self) -> NDArray[np.float32]:
        """Decode the sound, ``[2, n]`` at 48 kHz; begins at the moment of its first frame."""
        decoder: Any = av.CodecContext.create("libopus", "r")
        decoder.sample_rate, decoder.layout, decoder.format = 48_000, "stereo", "flt"
        first = self.frames["audio"][0].timestamp
        parts = [
            ((frame.timestamp - first) % (1 << 32), made.to_ndarray().reshape(-1, 2).T)
            for frame in self.frames["audio"]
            for made in decoder.decode(av.Packet(frame.data))
        ]
        sound = np.zeros((2, max(start + part.shape[1] for start, part in parts)), np.float32)
        for start, part in parts:  # what was lost is silence
            sound[:, start : start + part.shape[1]] = part
        return sound
