"""What WebRTC costs: 720p30 in by WHIP and out by WHEP, encoded all the way, beside aiortc's own decode and encode.

    python benchmarks/webrtc.py [--seconds 15]

A publisher in this process sends H.264 (3 Mb/s, no B-frames) and Opus by WHIP; viewers in this process receive. Only
the processor time of what is between them counts: a running sidecar with foley off, then a relay in a process of its
own made of aiortc as its documentation shows (decoded, MediaRelay, encoded again). The value is how many times less
the sidecar takes with one viewer. Beside it: no, 5 and 20 viewers, and how long a viewer waits for the first picture.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import aioice.ice
import av
import common
import httpx
import numpy as np
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

from livefoley.formats import nal
from livefoley.media.audio_codecs import OpusEncoder
from livefoley.media.webrtc.aiortc_overrides import EncodedPeer
from livefoley.media.webrtc.ice import IceSettings
from livefoley.media.webrtc.rtp.reassembly import Frame

ROOM, KEY, FPS, CLIP_S = "bench", "bench-key", 30, 10
WARM_UP_S = 5.0
VIEWERS = (0, 1, 5, 20)
FIRST_PICTURES = 8
TARGET = 6.0
SDP = {"Content-Type": "application/sdp"}


def clip() -> tuple[list[bytes], list[bytes]]:
    """Return the access units (Annex B) and the Opus packets of a clip."""
    rate = ("-b:v", "3M", "-minrate", "3M", "-maxrate", "3M", "-bufsize", "3M", "-x264-params", "nal-hrd=cbr")
    coder = ("-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", "60", *rate)
    source = f"testsrc2=size=1280x720:rate={FPS}:duration={CLIP_S},noise=alls=8:allf=t"
    path = common.encode("whip-720p30.mp4", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", *coder)
    with av.open(str(path)) as container:
        sets = nal.sets_of("h264", bytes(container.streams.video[0].codec_context.extradata))
        packets = [(bytes(packet), packet.is_keyframe) for packet in container.demux(video=0) if packet.size]
    pictures = [nal.join_annex_b((sets if key else []) + nal.split_length_prefixed(data, 4)) for data, key in packets]
    noise = np.random.default_rng(1).normal(0, 0.05, (2, 48_000 * CLIP_S)).astype(np.float32)
    return pictures, [packet.data for packet in OpusEncoder().encode(noise, 48_000)]


def prefer_h264(peer: RTCPeerConnection) -> None:
    """Offer no other video."""
    known = RTCRtpSender.getCapabilities("video").codecs
    for transceiver in peer.getTransceivers():
        if transceiver.kind == "video":
            transceiver.setCodecPreferences([codec for codec in known if codec.name in ("H264", "rtx")])


class Encoded(MediaStreamTrack):
    """Gives packets at their own pace, over and over."""

    def __init__(self, kind: str, packets: list[bytes], rate: int, base: Fraction) -> None:
        super().__init__()
        self.kind = kind
        self._packets, self._rate, self._base = packets, rate, base
        self._count, self._began_s = 0, time.monotonic()

    async def recv(self) -> Any:
        """Return the next packet when its time has come."""
        await asyncio.sleep(max(0.0, self._began_s + self._count / self._rate - time.monotonic()))
        packet = av.Packet(self._packets[self._count % len(self._packets)])
        packet.pts, packet.time_base = round(self._count / self._rate / self._base), self._base
        self._count += 1
        return packet


class Viewer:
    """Counts what it receives; also a ``Receiving``."""

    def __init__(self) -> None:
        self.peer = EncodedPeer(IceSettings(loopback=True), self)
        self.began_s = time.monotonic()
        self.first_s: float | None = None
        self.pictures = 0

    def on_frame(self, kind: str, codec: str, frame: Frame) -> None:
        """Count a frame."""
        if kind == "video":
            self.pictures += 1
            if self.first_s is None:
                self.first_s = time.monotonic() - self.began_s

    def on_report(self, kind: str, ntp_s: float, timestamp: int) -> None:
        """Leave a report alone."""

    def be_light(self) -> None:
        """Count the ends of pictures from now on without decrypting: many viewers fit into one process."""
        video = next(t for t in self.peer.getTransceivers() if t.kind == "video")
        kinds = {codec.payloadType for codec in video._codecs if codec.name == "H264"}

        async def count(data: bytes, arrival_time_ms: int) -> None:
            self.pictures += bool(data[1] & 0x80) and data[1] & 0x7F in kinds

        transport: Any = video.receiver.transport
        transport._rx_srtp = _Clear()
        transport._handle_rtp_data = count

    async def offer(self) -> str:
        """Return an offer to receive picture and sound."""
        for kind in ("video", "audio"):
            self.peer.addTransceiver(kind, direction="recvonly")
        prefer_h264(self.peer)
        await self.peer.setLocalDescription(await self.peer.createOffer())
        return str(self.peer.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        """Take the answer."""
        await self.peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def wait_picture(self) -> float:
        """Return the seconds it took from the offer to the first picture."""
        async with asyncio.timeout(20):
            while self.first_s is None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        return self.first_s


class _Clear:
    """Stands where packets are decrypted; the headers of SRTP are in the clear."""

    def unprotect(self, data: bytes) -> bytes:
        """Leave a packet as it is."""
        return data

    def unprotect_rtcp(self, data: bytes) -> bytes:
        """Make nothing of a report."""
        return b""


class Ours:
    """The sidecar, by WHIP and WHEP."""

    def __init__(self, running: common.Sidecar) -> None:
        self.tree = running.tree
        self._http = httpx.AsyncClient(base_url=running.http_url, trust_env=False)

    async def publish(self, offer: str) -> str:
        """Return the answer to a publisher."""
        headers = SDP | {"Authorization": f"Bearer {KEY}"}
        return (await self._http.post(f"/{ROOM}/whip", content=offer, headers=headers)).raise_for_status().text

    async def watch(self, offer: str) -> str:
        """Return the answer to a viewer, once there is something to watch."""
        while True:
            response = await self._http.post(f"/{ROOM}/whep", content=offer, headers=SDP)
            if response.status_code != 409:
                return response.raise_for_status().text
            await asyncio.sleep(0.2)


class Relay:
    """aiortc's default in a process of its own, spoken to by lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.tree = common.Tree(process.pid)
        self._process = process

    async def publish(self, offer: str) -> str:
        """Return the answer to a publisher."""
        return await self._ask("publish", offer)

    async def watch(self, offer: str) -> str:
        """Return the answer to a viewer."""
        return await self._ask("watch", offer)

    async def _ask(self, what: str, offer: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([what, offer]).encode() + b"\n")
        return str(json.loads(await self._process.stdout.readline()))


@asynccontextmanager
async def published(system: Ours | Relay, pictures: list[bytes], sound: list[bytes]) -> AsyncIterator[None]:
    """Publish the clip into ``system``."""
    peer = EncodedPeer(IceSettings(loopback=True))
    peer.addTrack(Encoded("video", pictures, FPS, Fraction(1, 90_000)))
    peer.addTrack(Encoded("audio", sound, 50, Fraction(1, 48_000)))
    for transceiver in peer.getTransceivers():
        transceiver.direction = "sendonly"
    prefer_h264(peer)
    await peer.setLocalDescription(await peer.createOffer())
    answer = await system.publish(peer.localDescription.sdp)
    await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    try:
        yield
    finally:
        await peer.close()


@dataclass(frozen=True)
class Cost:
    """Processor seconds a second, and the frames a second that arrived at the worst-off viewer (0 without viewers)."""

    cores: float
    fps: float

    @property
    def of_stream(self) -> float:
        """Processor seconds per second of stream that arrived: less came where a process could not keep up."""
        return self.cores * FPS / (self.fps or FPS)


async def measure(system: Ours | Relay, count: int, seconds: float) -> Cost:
    """Measure with ``count`` viewers."""
    viewers = [await join(system) for _ in range(count)]
    for viewer in viewers[1:]:
        viewer.be_light()
    await asyncio.sleep(WARM_UP_S)
    before = [viewer.pictures for viewer in viewers]
    began_s, used_s = time.monotonic(), system.tree.cpu_s()
    await asyncio.sleep(seconds)
    wall_s, spent_s = time.monotonic() - began_s, system.tree.cpu_s() - used_s
    came = [viewer.pictures - was for viewer, was in zip(viewers, before, strict=True)]
    for viewer in viewers:
        await viewer.peer.close()
    return Cost(spent_s / wall_s, min(came, default=0) / wall_s)


async def join(system: Ours | Relay) -> Viewer:
    """Return a viewer that has a picture."""
    viewer = Viewer()
    await viewer.accept(await system.watch(await viewer.offer()))
    await viewer.wait_picture()
    return viewer


async def first_pictures(system: Ours) -> list[float]:
    """Return how long viewers wait for a picture, one after the other."""
    waits = []
    for _ in range(FIRST_PICTURES):
        viewer = await join(system)
        waits.append(await viewer.wait_picture())
        await viewer.peer.close()
    return waits


# ---- aiortc's default, in a process of its own ----


async def relay() -> None:
    """Answer offers from standard input: decode what is published, encode it for each viewer."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tracks: list[MediaStreamTrack] = []
    spread, peers = MediaRelay(), []
    while line := await reader.readline():
        what, offer = json.loads(line)
        peer = RTCPeerConnection()
        peers.append(peer)
        if what == "publish":
            peer.on("track", tracks.append)
        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        if what == "watch":
            for track in tracks:
                peer.addTrack(spread.subscribe(track))
        await peer.setLocalDescription(await peer.createAnswer())
        print(json.dumps(peer.localDescription.sdp), flush=True)


async def main(seconds: float) -> None:
    """Measure everything and print it."""
    pictures, sound = clip()
    costs: dict[int, Cost] = {}
    with tempfile.TemporaryDirectory() as folder:
        room = {"source": {"whip": {"key": KEY}}, "foley": {"enabled": False}, "sinks": []}
        async with common.sidecar(Path(folder), {ROOM: room}) as running:
            ours = Ours(running)
            async with published(ours, pictures, sound):
                for count in VIEWERS:
                    costs[count] = await measure(ours, count, seconds)
                waits = await first_pictures(ours)
    command = (sys.executable, __file__, "--relay")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        default = Relay(process)
        async with published(default, pictures, sound):
            theirs = await measure(default, 1, seconds)
    finally:
        process.kill()
        await process.wait()
    report(costs, theirs, waits, seconds)


def report(costs: dict[int, Cost], theirs: Cost, waits: list[float], seconds: float) -> None:
    """Print the table and the result."""
    print(f"720p30 H.264 3 Mb/s and Opus by WHIP, out by WHEP; {seconds:.0f} s each\n")
    rows = [line(f"livefoley, viewers: {count}", cost) for count, cost in costs.items()]
    rows.append(line("aiortc decode and encode, viewers: 1", theirs))
    common.print_table(("", "cpu s / stream s", "fps"), rows)
    each = (costs[20].of_stream - costs[1].of_stream) / 19
    print(f"\neach further viewer: {each:.4f} cpu s / stream s")
    print(f"first picture: median {statistics.median(waits):.2f} s, longest {max(waits):.2f} s\n")
    times_less = theirs.of_stream / costs[1].of_stream
    passed = times_less >= TARGET and costs[1].fps > FPS - 1
    common.print_result("webrtc", round(times_less, 2), "times less CPU than aiortc's default", 1.0, TARGET, passed)


def line(name: str, cost: Cost) -> tuple[str, ...]:
    """Return a line of the table."""
    return name, f"{cost.of_stream:.3f}", f"{cost.fps:.1f}"


if __name__ == "__main__":
    common.quiet()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--relay", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.relay:
        asyncio.run(relay())
    else:
        common.require("ffmpeg")
        asyncio.run(main(given.seconds))
