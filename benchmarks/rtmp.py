"""How many rooms one core can relay by RTMP, video untouched: 1080p30 at 6 Mb/s, H.264 High with B-frames, AAC.

Each room is published by a real ffmpeg at its own pace, comes in through `RtmpServer` and goes out through
`RtmpSink` to a server that throws it away. The relay is a process of its own, and only its CPU time counts. The
baseline, in the same run and with the same stream: ``ffmpeg -listen 1 ... -c copy -f flv``, a process for each room.

    python benchmarks/rtmp.py [--rooms 8] [--seconds 20]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import structlog

from livefoley.core.media import Disconnected, SourceItem, TrackInfo, Unit
from livefoley.core.ticks import ticks_from_stamp
from livefoley.media.rtmp import RtmpServer, RtmpSink

TARGET_RATIO = 1.5
"""How many times as many rooms as ffmpeg; in the same run, since a busy machine slows both."""

WARM_UP_S = 3.0


def make_clip(path: Path) -> None:
    """Encode 8 s of moving noise at 6 Mb/s, constant bit rate."""
    source = "testsrc2=size=1920x1080:rate=30:duration=8,noise=alls=12:allf=t"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source]
    command += ["-f", "lavfi", "-i", "sine=frequency=330:sample_rate=48000:duration=8"]
    command += ["-c:v", "libx264", "-preset", "superfast", "-profile:v", "high", "-bf", "2", "-g", "60"]
    command += ["-pix_fmt", "yuv420p", "-b:v", "6M", "-minrate", "6M", "-maxrate", "6M", "-bufsize", "6M"]
    command += ["-x264-params", "nal-hrd=cbr", "-c:a", "aac", "-b:a", "160k", "-ac", "2", str(path)]
    subprocess.run(command, check=True)


# ---- the relay, in its own process ----


class Relay:
    """What a room does with a stream when it does nothing."""

    def __init__(self, publisher: RtmpSink) -> None:
        self._publisher = publisher

    def feed(self, item: SourceItem) -> None:
        """Send ``item`` on."""
        if isinstance(item, TrackInfo):
            self._publisher.write_nowait(item)
        elif not isinstance(item, Disconnected):
            pts, dts = (ticks_from_stamp(stamp, item.time_base) for stamp in (item.pts, item.dts))
            self._publisher.write_nowait(Unit(item, pts, dts, 0))


async def relay(rooms: int, sink: str) -> None:
    """Relay ``rooms`` streams to ``sink``; say the port, and go on until standard input ends."""
    server = RtmpServer("127.0.0.1", 0)
    await server.start()
    async with asyncio.TaskGroup() as group:
        tasks = []
        for number in range(rooms):
            publisher = RtmpSink(f"{sink}/{number}")
            tasks.append(group.create_task(publisher.run()))
            tasks.append(group.create_task(server.register(str(number)).run(Relay(publisher).feed)))
        print(server.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for task in tasks:
            task.cancel()
    await server.close()


# ---- the measurement ----


@dataclass
class Sinks:
    """Servers that throw away what they get, in this process, which is not measured."""

    server: RtmpServer
    bytes: int = 0

    def feed(self, item: SourceItem) -> None:
        """Count and forget."""
        if not isinstance(item, (TrackInfo, Disconnected)):
            self.bytes += len(item.data)


async def measure(processes: list[psutil.Process], sinks: Sinks, seconds: float) -> tuple[float, float]:
    """Return the CPU seconds per second of ``processes``, and the megabits per second that arrived."""
    await asyncio.sleep(WARM_UP_S)
    began, cpu_s, received = time.monotonic(), cpu(processes), sinks.bytes
    await asyncio.sleep(seconds)
    wall_s = time.monotonic() - began
    return (cpu(processes) - cpu_s) / wall_s, (sinks.bytes - received) * 8e-6 / wall_s


def cpu(processes: list[psutil.Process]) -> float:
    """Return the CPU seconds used so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def start(*command: object, **pipes: int) -> subprocess.Popen[bytes]:
    """Start a process."""
    return subprocess.Popen([str(part) for part in command], **{"stdin": subprocess.DEVNULL, **pipes})


def publish(clip: Path, url: str) -> subprocess.Popen[bytes]:
    """Start an ffmpeg that publishes ``clip`` over and over at its own pace."""
    return start("ffmpeg", "-v", "error", "-re", "-stream_loop", -1, "-i", clip, "-c", "copy", "-f", "flv", url)


async def run_ours(clip: Path, sink: str, sinks: Sinks, rooms: int, seconds: float) -> tuple[float, float]:
    """Measure our relay; see `measure`."""
    command = [sys.executable, __file__, "--relay", sink, "--rooms", rooms]
    process = start(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    port = int(await asyncio.to_thread(process.stdout.readline))
    encoders = [publish(clip, f"rtmp://127.0.0.1:{port}/live/{number}") for number in range(rooms)]
    try:
        return await measure([psutil.Process(process.pid)], sinks, seconds)
    finally:
        stop([*encoders, process])


async def run_ffmpeg(clip: Path, sink: str, sinks: Sinks, rooms: int, seconds: float) -> tuple[float, float]:
    """Measure ffmpeg's relay; see `measure`."""
    ports = [free_port() for _ in range(rooms)]
    relays = []
    for number, port in enumerate(ports):
        source = ("-listen", 1, "-i", f"rtmp://127.0.0.1:{port}/live/x")
        relays.append(start("ffmpeg", "-v", "error", *source, "-c", "copy", "-f", "flv", f"{sink}/{number}"))
    await asyncio.sleep(1)
    encoders = [publish(clip, f"rtmp://127.0.0.1:{port}/live/x") for port in ports]
    try:
        return await measure([psutil.Process(process.pid) for process in relays], sinks, seconds)
    finally:
        stop(encoders + relays)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """End the processes given."""
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()


async def main(rooms: int, seconds: float) -> None:
    """Measure both and print a table and the result."""
    server = RtmpServer("127.0.0.1", 0)
    await server.start()
    sinks = Sinks(server)
    sink = f"rtmp://127.0.0.1:{server.port}/live"
    tasks = [asyncio.create_task(server.register(str(number)).run(sinks.feed)) for number in range(rooms)]
    with tempfile.TemporaryDirectory() as place:
        clip = Path(place) / "clip.mp4"
        make_clip(clip)
        few = min(rooms, 2)
        ours, ours_mbps = await run_ours(clip, sink, sinks, rooms, seconds)
        theirs, theirs_mbps = await run_ffmpeg(clip, sink, sinks, few, seconds)
    for task in tasks:
        task.cancel()
    await server.close()
    print(f"{'relay':28}{'rooms':>6}{'Mb/s a room':>13}{'core a room':>13}{'rooms a core':>14}")
    for name, count, cores, mbps in (
        ("livefoley", rooms, ours, ours_mbps),
        ("ffmpeg -c copy", few, theirs, theirs_mbps),
    ):
        print(f"{name:28}{count:6}{mbps / count:13.2f}{cores / count:13.4f}{count / cores:14.1f}")
    value, baseline = round(rooms / ours, 1), round(few / theirs, 1)
    target = round(TARGET_RATIO * baseline, 1)
    passed = value >= target and ours_mbps / rooms > 5.5  # all of it must have arrived
    result = {"name": "rtmp", "value": value, "unit": "rooms per core", "baseline": baseline}
    print(json.dumps({**result, "target": target, "pass": passed}))


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--relay", metavar="SINK", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.relay:
        asyncio.run(relay(options.rooms, options.relay))
    else:
        asyncio.run(main(options.rooms, options.seconds))
