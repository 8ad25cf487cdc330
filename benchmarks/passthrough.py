"""What a room costs beside ``ffmpeg -c:v copy -c:a aac``: processor time and memory, foley off and on.

A real ffmpeg publishes 1080p30 H.264 (High, B-frames, 6 Mb/s, constant) with AAC at its own pace; it goes through a
running sidecar, or through ffmpeg, to an RTMP server that throws it away. Both run at the same time with streams of
their own, so a busy machine slows both; everything a room needs is counted, worker processes too. Beside them: the same
with everything on, on a usual and on a busy clip, and a re-encode of the picture with libx264 veryfast.

    python benchmarks/passthrough.py [--seconds 30]

The value is the ratio of processor time, foley off. The material is shared/footage when it lies beside the repository
(room.mp4; for the busy one tears_of_steel_fight.mp4), else ffmpeg's moving test picture with noise.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import common

CLIP_S, FPS = 46, 30
WARM_UP_S = 8.0
TARGET_OFF, TARGET_ON = 2.0, 4.0
_RATE = ("-b:v", "6M", "-minrate", "6M", "-maxrate", "6M", "-bufsize", "6M", "-x264-params", "nal-hrd=cbr")
_PICTURE = ("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-bf", "2", "-g", "60", *_RATE)
_SOUND = ("-c:a", "aac", "-b:a", "160k", "-ac", "2", "-ar", "48000")


@dataclass(frozen=True)
class Cost:
    """Processor seconds per second of stream that arrived, the largest memory (MB), and its rate (Mb/s)."""

    cores: float
    memory_mb: float
    mbps: float
    parts: dict[str, float] = field(default_factory=dict)


def clip(name: str) -> tuple[Path, str]:
    """Return the usual (``room``) or the busy clip (``fight``) at 1080p30, and what it is made of."""
    footage = common.FOOTAGE / {"room": "room.mp4", "fight": "tears_of_steel_fight.mp4"}[name]
    if not footage.exists():
        source = f"testsrc2=size=1920x1080:rate=30:duration={CLIP_S},noise=alls=12:allf=t"
        tone = f"sine=frequency=330:sample_rate=48000:duration={CLIP_S}"
        made = ("-f", "lavfi", "-i", source, "-f", "lavfi", "-i", tone, "-pix_fmt", "yuv420p", *_PICTURE, *_SOUND)
        return common.encode(f"testsrc2-{CLIP_S}.mp4", *made), "testsrc2 with noise"
    noise = {"room": "null", "fight": "noise=alls=3:allf=t"}[name]  # what a bad camera adds
    fit = f"scale=1920:1080:force_original_aspect_ratio=increase,crop=1920:1080,fps=30,{noise},setsar=1"
    made = ("-stream_loop", "-1", "-i", footage, "-t", CLIP_S, "-vf", fit, "-pix_fmt", "yuv420p", *_PICTURE, *_SOUND)
    return common.encode(f"{name}-{noise[:5]}-1080p30-{CLIP_S}.mp4", *made), footage.name


def room(sink: str, foley: bool) -> dict[str, Any]:
    """Return a room's configuration: everything on, or foley off."""
    return {
        "describe": "a busy cafe, bottles set down on a wooden table",
        "foley": {"enabled": foley},
        "audio": {"bitrate_kbps": 160},
        "sinks": [{"rtmp": sink}],
    }


async def watch(tree: common.Tree, drain: common.Drain, key: str, seconds: float) -> Cost:
    """Measure a process tree for ``seconds`` once the stream is steady."""
    await asyncio.sleep(WARM_UP_S)
    began_s, used_s, before = time.monotonic(), tree.cpu_s(), tree.parts_s()
    came, pictures = drain.bytes[key], drain.pictures[key]
    peak_mb = 0.0
    while time.monotonic() < began_s + seconds:
        peak_mb = max(peak_mb, tree.memory_mb())
        await asyncio.sleep(1.0)
    spent_s, wall_s = tree.cpu_s() - used_s, time.monotonic() - began_s
    stream_s = (drain.pictures[key] - pictures) / FPS  # less than the time that passed where a process cannot keep up
    parts = {role: (spent - before.get(role, 0.0)) / stream_s for role, spent in tree.parts_s().items()}
    return Cost(spent_s / stream_s, peak_mb, (drain.bytes[key] - came) * 8e-6 / wall_s, parts)


async def beside(place: Path, source: Path, foley: bool, seconds: float) -> tuple[Cost, Cost]:
    """Return what the sidecar and what ffmpeg cost, at the same time, on the same clip."""
    port = common.free_port()
    async with common.drain("ours", "peer") as drain:
        relay = ("ffmpeg", "-v", "error", "-listen", 1, "-i", f"rtmp://127.0.0.1:{port}/live/x")
        copy = ("-c:v", "copy", "-c:a", "aac", "-b:a", "160k", "-f", "flv", drain.url("peer"))
        async with common.sidecar(place, {"bench": room(drain.url("ours"), foley)}) as ours:
            with common.process(*relay, *copy, log=place / "ffmpeg.log") as peer:
                await asyncio.sleep(1.0)
                with (
                    common.process(*common.publisher(source, ours.url("bench"))),
                    common.process(*common.publisher(source, f"rtmp://127.0.0.1:{port}/live/x")),
                ):
                    trees = ((ours.tree, "ours"), (common.Tree(peer.pid), "peer"))
                    mine, theirs = await asyncio.gather(*(watch(tree, drain, key, seconds) for tree, key in trees))
    return mine, theirs


async def reencode(place: Path, source: Path, seconds: float) -> Cost:
    """Return what ffmpeg costs when it encodes the picture again."""
    port = common.free_port()
    async with common.drain("peer") as drain:
        take = ("ffmpeg", "-v", "error", "-listen", 1, "-i", f"rtmp://127.0.0.1:{port}/live/x")
        give = ("-c:v", "libx264", "-preset", "veryfast", "-b:v", "6M", "-c:a", "aac", "-b:a", "160k", "-f", "flv")
        with common.process(*take, *give, drain.url("peer"), log=place / "x264.log") as peer:
            await asyncio.sleep(1.0)
            with common.process(*common.publisher(source, f"rtmp://127.0.0.1:{port}/live/x")):
                return await watch(common.Tree(peer.pid), drain, "peer", seconds)


async def main(seconds: float) -> None:
    """Measure everything and print it."""
    usual, usual_name = clip("room")
    busy, busy_name = clip("fight")
    print(
        f"1080p30 H.264 with B-frames, 6 Mb/s, AAC 160k; {seconds:.0f} s each after {WARM_UP_S:.0f} s of warming up\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        off = await beside(place, usual, False, seconds)
        on = await beside(place, usual, True, seconds)
        fight = await beside(place, busy, True, seconds)
        x264 = await reencode(place, usual, min(seconds, 20.0))
    rows = [
        line("livefoley, foley off", usual_name, *off),
        line("livefoley, everything on", usual_name, *on),
        line("livefoley, everything on, busy", busy_name, *fight),
        line("ffmpeg -c:v copy -c:a aac", usual_name, off[1], off[1]),
        line("ffmpeg libx264 veryfast", usual_name, x264, off[1]),
    ]
    common.print_table(("", "clip", "cpu s / stream s", "ratio", "peak MB", "Mb/s out"), rows)
    for what, cost in (("off", off[0]), ("on", on[0]), ("busy", fight[0])):
        print(f"  {what}: " + ", ".join(f"{role} {cores:.4f}" for role, cores in cost.parts.items()))
    ratio, with_foley = off[0].cores / off[1].cores, on[0].cores / on[1].cores
    print(f"\ntargets: ratio {TARGET_OFF} with foley off, {TARGET_ON} with everything on ({with_foley:.2f})")
    arrived = all(cost.mbps > 5.5 for cost in (*off, *on, *fight))
    passed = ratio <= TARGET_OFF and with_foley <= TARGET_ON and arrived
    common.print_result("passthrough", round(ratio, 2), "CPU ratio to ffmpeg copy, foley off", 1.0, TARGET_OFF, passed)


def line(name: str, source: str, cost: Cost, peer: Cost) -> tuple[str, ...]:
    """Return a line of the table."""
    ratio = f"{cost.cores / peer.cores:.2f}"
    return (name, source, f"{cost.cores:.4f}", ratio, f"{cost.memory_mb:.0f}", f"{cost.mbps:.2f}")


if __name__ == "__main__":
    common.quiet()
    common.require("ffmpeg")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args().seconds
    asyncio.run(main(min(given, CLIP_S - WARM_UP_S - 4)))
