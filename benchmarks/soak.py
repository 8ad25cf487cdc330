"""Does anything grow? Rooms that are on, viewers and publishers that come and go every second, strangers, for minutes.

Two rooms are published to all the time, one with foley and an output by RTMP, whose pictures are counted where they
arrive; to a third a publisher comes every second and goes. Viewers watch by HLS and by WHEP and leave again; strangers
do a little of everything. Descriptors, tasks of the event loop, threads and memory are looked at every few seconds.

    python benchmarks/soak.py [--minutes 15]

The value is by how much the worst of them grew from the tenth minute (of a shorter run: from the end of its first
third) to the end, in percent, each as the median over a tenth of the run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import common
import httpx
import psutil
from webrtc import SDP, Viewer

from livefoley.core.media import MediaKind, Packet, SourceItem
from livefoley.media.rtmp import RtmpServer

sys.path.insert(0, str(common.ROOT))

from tests.support import strangers

TARGET = 5.0
STEADY_MIN = 10.0
SAMPLE_S = 5.0
STRANGERS = (strangers.noise, strangers.wrong_tokens, strangers.requests, strangers.junk_sockets, strangers.junk_offers)
FIGURES = ("descriptors", "tasks", "threads", "memory of the rooms' process MB", "memory of all MB")


@dataclass(frozen=True, slots=True)
class Sample:
    """What there was at a moment: seconds since the beginning, then one figure for each of `FIGURES`."""

    at_s: float
    figures: tuple[float, ...]


class Pictures:
    """Counts pictures and the longest time between two."""

    def __init__(self) -> None:
        self.count = 0
        self.longest_s = 0.0
        self._last_s: float | None = None

    def take(self, item: SourceItem) -> None:
        """Count a picture."""
        if isinstance(item, Packet) and item.kind is MediaKind.VIDEO:
            now_s = time.monotonic()
            if self._last_s is not None:
                self.longest_s = max(self.longest_s, now_s - self._last_s)
            self._last_s = now_s
            self.count += 1


async def sample(ours: common.Sidecar, http: httpx.AsyncClient, began_s: float) -> Sample:
    """Look at the sidecar."""
    process = psutil.Process(ours.pid)
    family = [process, *process.children(recursive=True)]
    descriptors = threads = 0
    for member in family:
        with contextlib.suppress(psutil.Error):
            descriptors, threads = descriptors + member.num_fds(), threads + member.num_threads()
    said = (await http.get("/metrics")).text
    found = re.search(r"^livefoley_tasks (\S+)", said, re.M)
    tasks = float(found[1]) if found else 0.0
    parts = ours.tree.parts_mb()
    figures = (descriptors, tasks, threads, parts.get("room", 0.0), sum(parts.values()))
    return Sample(time.monotonic() - began_s, figures)


# ---- who comes and goes ----


async def publish_and_go(clip: Path, url: str) -> None:
    """Publish for less than a second."""
    child = await asyncio.create_subprocess_exec(*map(str, common.publisher(clip, url, "-t", 0.8)))
    try:
        await asyncio.wait_for(child.wait(), 20)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def watch_hls(http: httpx.AsyncClient) -> None:
    """Play the newest segment of a room, then leave."""
    playlist = await http.get("/stage/hls/index.m3u8")
    named = [line for line in playlist.text.splitlines() if line and not line.startswith("#")]
    if named:
        async with http.stream("GET", f"/stage/hls/{named[-1]}") as answer:
            async for _ in answer.aiter_bytes():
                if random.random() < 0.1:
                    break


async def watch_whep(http: httpx.AsyncClient) -> None:
    """Watch a room by WebRTC for some pictures, then leave, politely or not."""
    viewer = Viewer()
    try:
        answer = await http.post("/stage/whep", content=await viewer.offer(), headers=SDP)
        if answer.status_code == 201:
            await viewer.accept(answer.text)
            await viewer.wait_picture()
            if random.random() < 0.5:
                await http.delete(answer.headers["location"])
    finally:
        await viewer.peer.close()


async def again_and_again(work: Callable[[], Awaitable[object]], every_s: float) -> None:
    """Do it every so often, whatever becomes of it."""
    while True:
        began_s = time.monotonic()
        with contextlib.suppress(OSError, httpx.HTTPError, TimeoutError):
            await work()
        await common.until(began_s + every_s)


def do_harm(at: strangers.Target) -> None:
    """Do one kind of harm once."""
    with contextlib.suppress(OSError, strangers.http.client.HTTPException):
        random.choice(STRANGERS)(at)


# ---- the verdict ----


def around(samples: list[Sample], at_s: float, width_s: float) -> list[float]:
    """Return the medians of all figures over the samples of ``width_s`` that end at ``at_s``."""
    taken = [each.figures for each in samples if at_s - width_s <= each.at_s <= at_s] or [samples[-1].figures]
    return [statistics.median(figure) for figure in zip(*taken, strict=True)]


def report(samples: list[Sample], minutes: float, pictures: Pictures) -> None:
    """Print the figures over time, and by how much they grew."""
    steady_s = 60 * (STEADY_MIN if minutes > STEADY_MIN else minutes / 3)
    width_s = max(6 * minutes, 2 * SAMPLE_S)
    end_s = samples[-1].at_s
    moments = sorted({steady_s, *(end_s * part / 6 for part in range(1, 7))})
    rows = [(f"{at_s / 60:.1f}", *(f"{figure:.0f}" for figure in around(samples, at_s, width_s))) for at_s in moments]
    common.print_table(("minute", *FIGURES), rows)
    before, after = around(samples, steady_s, width_s), around(samples, end_s, width_s)
    growths = [100 * (now / was - 1) if was else 0.0 for was, now in zip(before, after, strict=True)]
    print(
        f"\nsince minute {steady_s / 60:.1f}: "
        + ", ".join(f"{n} {g:+.1f} %" for n, g in zip(FIGURES, growths, strict=True))
    )
    print(
        f"pictures a second where they arrive: {pictures.count / end_s:.2f}; "
        f"longest gap {1000 * pictures.longest_s:.0f} ms"
    )
    worst = max(growths)
    common.print_result(
        "soak", round(worst, 1), "% grown at most", None, TARGET, worst <= TARGET and pictures.count > 0
    )


async def main(minutes: float) -> None:
    """Let them all come and go, and look on."""
    clip = common.encode(
        "soak.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=20"),
        *("-f", "lavfi", "-i", "sine=frequency=330:sample_rate=48000:duration=20"),
        *("-c:v", "libx264", "-preset", "veryfast", "-bf", 0, "-g", 25, "-c:a", "aac"),
    )
    pictures, samples = Pictures(), []
    server = RtmpServer("127.0.0.1", 0)
    await server.start()
    receiving = asyncio.create_task(server.register("out").run(pictures.take))
    with tempfile.TemporaryDirectory() as place:
        rooms = {
            "stage": {
                "describe": "rain",
                "sinks": [{"rtmp": f"rtmp://127.0.0.1:{server.port}/live/out"}, {"hls": f"{place}/stage"}],
            },
            "side": {"describe": "wind", "sinks": [{"hls": f"{place}/side"}]},
            "door": {"on_drop": "audio", "sinks": [{"hls": f"{place}/door"}]},
        }
        async with (
            common.sidecar(Path(place), rooms) as ours,
            httpx.AsyncClient(base_url=ours.http_url, trust_env=False) as http,
        ):
            rtmp, port = int(ours.url("x").split(":")[2].split("/")[0]), int(ours.http_url.rpartition(":")[2])
            at = strangers.Target(
                rtmp, port, 60 * minutes, str(clip), room="stage", until_s=time.monotonic() + 60 * minutes
            )
            visits = [
                again_and_again(lambda: publish_and_go(clip, ours.url("door")), 1.0),
                *(again_and_again(lambda: watch_hls(http), 1.0) for _ in range(4)),
                again_and_again(lambda: watch_whep(http), 5.0),
                again_and_again(lambda: asyncio.to_thread(do_harm, at), 1.0),
            ]
            with contextlib.ExitStack() as stack:
                for room in ("stage", "side"):
                    stack.enter_context(common.process(*common.publisher(clip, ours.url(room), "-stream_loop", -1)))
                tasks = [asyncio.create_task(visit) for visit in visits]
                began_s = time.monotonic()
                while time.monotonic() < began_s + 60 * minutes:
                    await asyncio.sleep(SAMPLE_S)
                    samples.append(await sample(ours, http, began_s))
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    receiving.cancel()
    await asyncio.gather(receiving, return_exceptions=True)
    await server.close()
    report(samples, minutes, pictures)


if __name__ == "__main__":
    common.quiet()
    common.require("ffmpeg")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15.0)
    asyncio.run(main(parser.parse_args().minutes))
