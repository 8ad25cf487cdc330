"""What the chaos test needs: who plays a stream and notes when its pictures come, a relay nobody attacks, a place that
never reads, a sidecar whose log is read by a program that can be stopped, and somebody who harms its workers.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import psutil

from livefoley.demo.sidecar import Ports, Sidecar
from tests.support.peers import require
from tests.support.programs import process

# ---- the stream: who receives it, who relays it, who does not read it ----


class Arrivals:
    """When each picture of an FLV stream came, in seconds of the monotonic clock."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.times: list[float] = []
        self._pipe = pipe
        threading.Thread(target=self._read, daemon=True).start()

    def longest_gap(self, since_s: float) -> tuple[float, float]:
        """Return from when to when no picture came for longest, from ``since_s`` on."""
        gaps = itertools.pairwise(each for each in self.times if each >= since_s)
        return max(gaps, key=lambda gap: gap[1] - gap[0])

    def _read(self) -> None:
        self._pipe.read(13)
        while len(head := self._pipe.read(11)) == 11:
            size = int.from_bytes(head[1:4], "big")
            if len(self._pipe.read(size + 4)) == size + 4 and head[0] == 9:
                self.times.append(time.monotonic())


@contextmanager
def playing(url: str) -> Iterator[Arrivals]:
    """Play a stream with ffmpeg, and note when its pictures come."""
    command = [
        require("ffmpeg"),
        "-v",
        "error",
        "-probesize",
        "5000",
        "-analyzeduration",
        "500000",
        "-i",
        f"{url} live=1",
    ]
    command += ["-c", "copy", "-f", "flv", "-flush_packets", "1", "pipe:1"]
    player = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert player.stdout is not None
    try:
        yield Arrivals(player.stdout)
    finally:
        player.kill()
        player.wait()


RELAY = """
import asyncio, sys
from livefoley.core.media import Disconnected, TrackInfo, Unit
from livefoley.core.ticks import ticks_from_stamp
from livefoley.media.rtmp import RtmpServer, RtmpSink

async def main(port, to):
    server, sink = RtmpServer("127.0.0.1", port), RtmpSink(to)
    await server.start()

    def feed(item):
        if isinstance(item, TrackInfo):
            sink.write_nowait(item)
        elif not isinstance(item, Disconnected):
            pts, dts = (ticks_from_stamp(stamp, item.time_base) for stamp in (item.pts, item.dts))
            sink.write_nowait(Unit(item, pts, dts, 0))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sink.run())
        tasks.create_task(server.register("relayed").run(feed))

asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
"""


@contextmanager
def relaying(port: int, to: str) -> Iterator[str]:
    """Relay what is published to the URL given by what livefoley itself receives and sends with, and nothing else."""
    with process(sys.executable, "-c", RELAY, port, to):
        yield f"rtmp://127.0.0.1:{port}/live/relayed"


@contextmanager
def never_reading() -> Iterator[int]:
    """A place that takes connections and reads nothing from them; give its port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken.listen(64)
        yield taken.getsockname()[1]


class Waiting:
    """How long a process's main thread was ready to run and had no processor, as Linux counts it; elsewhere never."""

    def __init__(self, pid: int) -> None:
        self._path = Path(f"/proc/{pid}/task/{pid}/schedstat")
        self._moments: list[float] = []
        self._waited_s: list[float] = []

    async def watch(self) -> None:
        """Look again and again."""
        with contextlib.suppress(OSError):
            while True:
                self._waited_s.append(int(self._path.read_text().split()[1]) / 1e9)
                self._moments.append(time.monotonic())
                await asyncio.sleep(0.02)

    def between_s(self, begin_s: float, end_s: float) -> float:
        """Return how long it waited between two moments."""
        if len(self._moments) < 2:
            return 0.0
        begun, ended = np.interp([begin_s, end_s], self._moments, self._waited_s)
        return float(ended - begun)


# ---- the sidecar, whose log is read by a program that stops ----


@dataclass(frozen=True, slots=True)
class Watched:
    """A sidecar, its process, and the program that reads its log."""

    sidecar: Sidecar
    pid: int
    log_reader: subprocess.Popen[bytes]


@asynccontextmanager
async def watched(config: Path, ports: Ports, log: Path) -> AsyncIterator[Watched]:
    """Run a sidecar that says what it says to a program, which writes it to ``log``."""
    made = _started(config, ports, log)
    try:
        await made.sidecar.wait_ready()
        yield made
    finally:
        made.sidecar.kill()
        made.log_reader.kill()
        made.log_reader.wait()


def _started(config: Path, ports: Ports, log: Path) -> Watched:
    with log.open("wb") as file:
        reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file)
    command = [sys.executable, "-m", "livefoley", "run", str(config)]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=reader.stdin, stderr=reader.stdin)
    assert reader.stdin is not None
    reader.stdin.close()
    return Watched(Sidecar(child, ports, log), child.pid, reader)


async def harm_workers(of: int, until_s: float) -> int:
    """Kill a worker, or stop one for a while, again and again; return how often."""
    count = 0
    while time.monotonic() < until_s:
        await asyncio.sleep(2.5)
        workers = psutil.Process(of).children()
        if workers:
            count += 1
            with contextlib.suppress(psutil.Error):
                random.choice(workers).send_signal(signal.SIGSTOP if count % 3 == 0 else signal.SIGKILL)
    return count
