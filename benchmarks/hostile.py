"""What strangers cost a stream that is on: the longest gap between its pictures at a receiver, and memory.

A room is published to by ffmpeg and sends its stream on by RTMP to a server that notes when each picture comes. Beside
it, one after another and from eight addresses of this machine, strangers without a key: RTMP messages of one byte,
connections that break off, messages that never end, idle HTTP connections, wrong keys. They run in a process of their
own, bounded in number and in time. The baseline, in the same run: the same stream with nobody else there.

    python benchmarks/hostile.py [--seconds 12]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import itertools
import multiprocessing
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import common

from livefoley.core.media import MediaKind, Packet, SourceItem
from livefoley.media.rtmp import RtmpServer

sys.path.insert(0, str(common.ROOT))

from tests.support.strangers import EMPTY_SOUND, HALF_A_HEAD, endless_message, shake_hands

TARGET_MS = 200.0
ADDRESSES = [f"127.0.0.{number}" for number in range(1, 9)]
QUIET_S = 4.0


# ---- strangers: each a function that a process runs until its time is over ----


@dataclass(frozen=True, slots=True)
class Order:
    """What a process of strangers shall do: ``connections`` at once, for ``seconds``."""

    rtmp: int
    http: int
    connections: int
    seconds: float


def connect(port: int, number: int) -> socket.socket:
    """Return a connection from one of the addresses."""
    return socket.create_connection(("127.0.0.1", port), 5, source_address=(ADDRESSES[number % len(ADDRESSES)], 0))


def greeted(port: int, number: int) -> socket.socket:
    """Return an RTMP connection past its handshake."""
    return shake_hands(connect(port, number))


def one_byte_messages(order: Order, number: int, until_s: float) -> None:
    """Send empty audio messages, a byte each, at 4 Mbit/s for all together; come again when cut."""
    rate = 4e6 / 8 / order.connections
    with contextlib.closing(greeted(order.rtmp, number)) as made:
        made.sendall(EMPTY_SOUND)
        began, sent = time.monotonic(), 0
        while time.monotonic() < until_s:
            if sent > rate * (time.monotonic() - began):
                time.sleep(0.02)
                continue
            sent += made.send(b"\xc4" * 8192)


def come_and_go(order: Order, number: int, until_s: float) -> None:
    """Connect and hang up, as fast as it goes."""
    while time.monotonic() < until_s:
        connect(order.rtmp, number).close()


def endless_messages(order: Order, number: int, until_s: float) -> None:
    """Announce messages of 8 MB on many chunk streams and send as much of them as is taken."""
    with contextlib.closing(greeted(order.rtmp, number)) as made:
        made.settimeout(0.5)
        made.sendall(b"".join(map(endless_message, range(4, 60))))
        while time.monotonic() < until_s:
            made.sendall(bytes(65_536))


def ask_for_nothing(order: Order, number: int, until_s: float) -> None:
    """Send half the head of a request."""
    with contextlib.closing(connect(order.http, number)) as made:
        made.sendall(HALF_A_HEAD)
        made.settimeout(max(0.1, until_s - time.monotonic()))
        made.recv(1)


def wrong_keys(order: Order, number: int, until_s: float) -> None:
    """Try keys by WHIP."""
    made = http.client.HTTPConnection("127.0.0.1", order.http, 5, source_address=(ADDRESSES[number % 8], 0))
    while time.monotonic() < until_s:
        made.request("POST", "/stage/whip", b"v=0", {"Authorization": "Bearer no", "Content-Type": "application/sdp"})
        made.getresponse().read()
        time.sleep(0.02)


Stranger = Callable[[Order, int, float], None]


def strangers(act: Stranger, order: Order) -> None:
    """Act with as many threads as there are connections; whoever is cut comes again."""
    until_s = time.monotonic() + order.seconds

    def run(number: int) -> None:
        while time.monotonic() < until_s:
            with contextlib.suppress(OSError, http.client.HTTPException):
                act(order, number, until_s)
            time.sleep(0.01)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(order.connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until_s + 2 - time.monotonic()))


# ---- the stream, and what becomes of it ----


class Arrivals:
    """When each picture arrived, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def take(self, item: SourceItem) -> None:
        """Note a picture."""
        if isinstance(item, Packet) and item.kind is MediaKind.VIDEO:
            self.times.append(time.monotonic())

    def longest_gap_s(self, since_s: float) -> float:
        """Return the longest time without a picture from ``since_s`` until now."""
        edges = [since_s, *(at for at in self.times if at >= since_s), time.monotonic()]
        return max(later - earlier for earlier, later in itertools.pairwise(edges))


async def livez_s(port: int) -> float:
    """Return how long a probe takes; 10 when it is not answered well."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
    except (OSError, TimeoutError):
        return 10.0
    return time.monotonic() - began if b"200 OK" in answer else 10.0


async def under(
    act: Stranger | None, connections: int, ours: common.Sidecar, ports: tuple[int, int], arrivals: Arrivals, s: float
) -> tuple[float, float, float]:
    """Return the longest gap and the slowest probe, in seconds, and the memory of the room's process, in MB."""
    spawn = multiprocessing.get_context("spawn")
    began = time.monotonic()
    process = None
    if act is not None:
        process = spawn.Process(target=strangers, args=(act, Order(*ports, connections, s)), daemon=True)
        process.start()
    slowest, most = 0.0, 0.0
    while time.monotonic() < began + s:
        await asyncio.sleep(1.0)
        slowest = max(slowest, await livez_s(ports[1]))
        most = max(most, ours.tree.parts_mb().get("room", 0.0))
    gap = arrivals.longest_gap_s(began)
    if process is not None:
        await asyncio.to_thread(process.join, 5)
        if process.is_alive():
            process.kill()
    return gap, slowest, most


ROUNDS: tuple[tuple[str, Stranger | None, int], ...] = (
    ("nobody else (baseline)", None, 0),
    ("messages of a byte, 8 connections", one_byte_messages, 8),
    ("messages of a byte, 30 connections", one_byte_messages, 30),
    ("messages of a byte, 256 connections", one_byte_messages, 256),
    ("connections that break off, 16 at once", come_and_go, 16),
    ("messages that never end, 120 connections", endless_messages, 120),
    ("HTTP connections that ask for nothing, 1100", ask_for_nothing, 1100),
    ("wrong keys, 8 connections", wrong_keys, 8),
    ("nobody else, afterwards", None, 0),
)


async def main(seconds: float) -> None:
    """Measure every round and print it."""
    clip = common.encode(
        "hostile.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=20"),
        *("-f", "lavfi", "-i", "sine=frequency=330:sample_rate=48000:duration=20"),
        *("-c:v", "libx264", "-preset", "superfast", "-g", 50, "-b:v", "2M", "-c:a", "aac"),
    )
    arrivals = Arrivals()
    server = RtmpServer("127.0.0.1", 0)
    await server.start()
    receiving = asyncio.create_task(server.register("out").run(arrivals.take))
    rooms = {"room": {"sinks": [{"rtmp": f"rtmp://127.0.0.1:{server.port}/live/out"}]}}
    rows, gaps = [], []
    with tempfile.TemporaryDirectory() as place:
        async with common.sidecar(Path(place), rooms) as ours:
            ports = int(ours.url("room").split(":")[2].split("/")[0]), int(ours.http_url.rpartition(":")[2])
            with common.process(*common.publisher(clip, ours.url("room"), "-stream_loop", -1)):
                await asyncio.sleep(QUIET_S + 4)
                for name, act, connections in ROUNDS:
                    gap, probe, memory = await under(act, connections, ours, ports, arrivals, seconds)
                    rows.append((name, f"{1000 * gap:.0f}", f"{1000 * probe:.0f}", f"{memory:.0f}"))
                    gaps.append((act, gap, probe))
                    await asyncio.sleep(QUIET_S)
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)
    await server.close()
    common.print_table(("strangers", "longest gap ms", "slowest /livez ms", "memory MB"), rows)
    worst = max(gap for act, gap, _ in gaps if act is not None)
    probes = max(probe for *_, probe in gaps)
    passed = 1000 * worst <= TARGET_MS and probes < 1.0
    baseline = round(1000 * gaps[0][1], 1)
    common.print_result("hostile", round(1000 * worst, 1), "longest gap in ms", baseline, TARGET_MS, passed)


if __name__ == "__main__":
    common.quiet()
    common.require("ffmpeg")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=12.0)
    asyncio.run(main(parser.parse_args().seconds))
