"""How soon a highlight of a live room is a published clip, and whether the stream notices.

A real ffmpeg publishes 1080p30 H.264 (High, B-frames, 6 Mb/s, constant) with AAC to a running sidecar with everything
on, pinned to two cores with all its workers; it goes on to an RTMP server. Again and again a highlight of 15 s ends:
its clip, with lead-in and tail, is asked for by the API with an end that lies ahead, as a highlight's would, and waited
for until its directory is published. The time counts from the moment the highlight's end left the room. The stream's
own figures are taken without clips and then while they are made.

    python benchmarks/clip_latency.py [--clips 20] [--speech live|full]

The value is the 95th percentile of the latencies. With ``--speech`` a host talks all the time (the lines of
shared/speech), the room listens, and clips are captioned that way (``clips.captions``).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import common
import httpx
import numpy as np
import passthrough

from livefoley.media.files.audio_file import write_audio

HIGHLIGHT_S, EVERY_S = 15.0, 9.0
QUIET_S = 20.0
TARGET_S = 5.0
CORES = (0, 1)
_CHECKED = ("dropped_units", "late_units", "audio_gaps", "decode_errors", "bed_underruns", "foley_failures")


@dataclass(frozen=True)
class Stretch:
    """What the stream looked like over a while."""

    mbps: float
    pictures_per_s: float
    longest_pause_ms: float
    cores: float
    troubles: dict[str, int]


@dataclass(frozen=True)
class Made:
    """One clip: from its highlight's end leaving the room to its publication, and what took how long."""

    latency_s: float
    stages_s: dict[str, float]
    captions: str


async def watch(ours: common.Sidecar, drain: common.Drain, over: asyncio.Event) -> Stretch:
    """Look at the stream until ``over``."""
    began_s, used_s, before = time.monotonic(), ours.tree.cpu_s(), await ours.room("bench")
    came, pictures = drain.bytes["out"], drain.pictures["out"]
    last, changed_s, pause_s = pictures, began_s, 0.0
    while not over.is_set():
        await asyncio.sleep(0.01)
        now_s = time.monotonic()
        if drain.pictures["out"] != last:
            pause_s, last, changed_s = max(pause_s, now_s - changed_s), drain.pictures["out"], now_s
    wall_s, after = time.monotonic() - began_s, await ours.room("bench")
    return Stretch(
        mbps=(drain.bytes["out"] - came) * 8e-6 / wall_s,
        pictures_per_s=(drain.pictures["out"] - pictures) / wall_s,
        longest_pause_ms=1000 * pause_s,
        cores=(ours.tree.cpu_s() - used_s) / wall_s,
        troubles={name: after[name] - before[name] for name in _CHECKED},
    )


async def one(ours: common.Sidecar, http: httpx.AsyncClient, lead_s: float, tail_s: float) -> Made:
    """Let a highlight of ``HIGHLIGHT_S`` end in a second, and wait for its clip."""
    end_s, ends_at_s = (await ours.room("bench"))["position_s"] + 1.0, time.monotonic() + 1.0
    body = {"room": "bench", "start": end_s - HIGHLIGHT_S - lead_s, "end": end_s + tail_s}
    clip = (await http.post("/v1/clips", json=body)).raise_for_status().json()["id"]
    status = {"state": "queued"}
    while status["state"] not in ("ready", "failed", "quarantined"):
        await asyncio.sleep(0.02)
        status = (await http.get(f"/v1/clips/{clip}")).json()
    if status["state"] != "ready":
        raise SystemExit(f"a clip is {status['state']}: {status['error']} {status['findings']}")
    latency_s = time.monotonic() - ends_at_s
    metadata = json.loads((Path(status["location"]) / "metadata.json").read_text())
    if abs(metadata["duration_s"] - lead_s - HIGHLIGHT_S - tail_s) > 0.3:
        raise SystemExit(f"a clip is {metadata['duration_s']} s long")
    return Made(latency_s, status["latency_s"], metadata["captions"])


@asynccontextmanager
async def measured(ours: common.Sidecar, drain: common.Drain, into: list[Stretch]) -> AsyncIterator[None]:
    """Watch the stream while the body runs."""
    over = asyncio.Event()
    watching = asyncio.create_task(watch(ours, drain, over))
    yield
    over.set()
    into.append(await watching)


def talking(source: Path) -> Path:
    """Return the clip with the talk of a host as its sound."""
    import speech  # needs the extra ``ears``

    lines = [line for line in speech.clips(speech.SPEECH / "manifest.csv") if line.snr_db is None]
    talk, _ = speech.compose(lines, 20.0, lead_s=0.0, tail_s=0.0)
    with tempfile.TemporaryDirectory() as folder:
        sound = write_audio(Path(folder) / "talk.wav", [np.stack((talk, talk))])
        sides = ("-i", source, "-stream_loop", "-1", "-i", sound, "-map", "0:v", "-map", "1:a", "-shortest")
        return common.encode(f"talking-{source.name}", *sides, "-c:v", "copy", "-c:a", "aac", "-b:a", "160k")


async def main(clips: int, captions: str) -> None:
    """Measure and print."""
    source, name = passthrough.clip("room")
    if captions:
        source, name = talking(source), f"{name}, with talk, captions {captions}"
    stretches: list[Stretch] = []
    made: list[Made] = []
    with tempfile.TemporaryDirectory() as folder:
        async with common.drain("out") as drain:
            room = {**passthrough.room(drain.url("out"), foley=True), "clips": {"enabled": True, "on_highlight": False}}
            room["listen"] = {"enabled": bool(captions)}
            lead_s, tail_s = 3.0, 1.5  # the defaults
            async with common.sidecar(
                Path(folder),
                {"bench": room},
                {"clips": {"directory": f"{folder}/clips", "captions": captions or "live"}},
            ) as ours:
                ours.tree.pin(CORES)
                with common.process(*common.publisher(source, ours.url("bench"), "-stream_loop", "-1")):
                    await asyncio.sleep(HIGHLIGHT_S + lead_s + 6.0)
                    async with measured(ours, drain, stretches):
                        await asyncio.sleep(QUIET_S)
                    async with (
                        measured(ours, drain, stretches),
                        httpx.AsyncClient(base_url=ours.http_url, trust_env=False, timeout=10) as http,
                    ):
                        for _ in range(clips):
                            began_s = time.monotonic()
                            made.append(await one(ours, http, lead_s, tail_s))
                            await common.until(began_s + EVERY_S)
    report(name, stretches, made, tail_s)


def report(name: str, stretches: list[Stretch], made: list[Made], tail_s: float) -> None:
    """Print what was measured."""
    print(f"{name}, 1080p30, 6 Mb/s, everything on, two cores; {len(made)} clips of a {HIGHLIGHT_S:.0f} s highlight\n")
    rows = [
        (
            what,
            f"{each.mbps:.2f}",
            f"{each.pictures_per_s:.2f}",
            f"{each.longest_pause_ms:.0f}",
            f"{each.cores:.2f}",
            str(sum(each.troubles.values())),
        )
        for what, each in zip(("without clips", "while clips are made"), stretches, strict=True)
    ]
    common.print_table(("the stream", "Mb/s", "pictures/s", "longest pause ms", "cores", "troubles"), rows)
    seconds = sorted(each.latency_s for each in made)
    parts = {key: statistics.median(each.stages_s[key] for each in made) for key in made[0].stages_s}
    print(f"\nfrom the highlight's end to its published clip: median {statistics.median(seconds):.2f} s,", end=" ")
    print(f"longest {seconds[-1]:.2f} s; of that the tail {tail_s:.2f} s, then (medians)", end=" ")
    print(", ".join(f"{key} {value:.2f}" for key, value in parts.items()))
    if any(each.captions for each in made):
        print(f"captions: {dict(Counter(each.captions or 'nothing said' for each in made))}")
    p95_s = seconds[max(0, -(-len(seconds) * 95 // 100) - 1)]
    quiet, busy = stretches
    even = abs(busy.pictures_per_s - quiet.pictures_per_s) < 0.5 and busy.longest_pause_ms < quiet.longest_pause_ms + 50
    untouched = even and not any(busy.troubles.values())
    print(f"\ntarget: {TARGET_S:.0f} s, the stream untouched ({'it is' if untouched else 'it is NOT'})")
    common.print_result("clip_latency", round(p95_s, 2), "s, p95", None, TARGET_S, p95_s <= TARGET_S and untouched)


if __name__ == "__main__":
    common.quiet()
    common.require("ffmpeg")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--speech", choices=("live", "full"), default="")
    given = parser.parse_args()
    asyncio.run(main(given.clips, given.speech))
