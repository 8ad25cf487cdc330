"""How soon a keyword becomes an event, live: ``python benchmarks/asr_latency.py``.

The lines of shared/speech, with the pauses of an eager host between them and restaurant murmur 20 dB below, are
published by RTMP with a 720p picture to a sidecar that lays foley under them, as an operator runs it. Value: the 95th
percentile, in seconds, from the end of a keyword to its first event at a WebSocket reader. Baseline, in the same run:
to the event that confirms it, as a recogniser tells that waits for whole sentences. Beside it what the recogniser costs
(processor time of its process over the stream's time) and its word (English) and character (Chinese) error rate.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from common import Sidecar, encode, print_result, print_table, process, publisher, require, sidecar
from numpy.typing import NDArray
from websockets.asyncio.client import connect

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from speech import SPEECH, Clip, Said, clips, compose, errors, room_keywords, spoken_in

from livefoley.core.events import Keyword
from livefoley.core.ticks import TICK_RATE

TARGET_S = 1.5
MAX_CORES = 0.35
SNR_DB = 20.0
PAUSE_S = 0.45
MARGIN_S = 0.15  # kept around a line's voice
LEAD_S = 2.0
TAIL_S = 4.0
NEAR_S = 1.5
CLIP = "host-lines-v1"


@dataclass
class Heard:
    """What the reader of events was told, each with the time it came."""

    keywords: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    finals: list[dict[str, Any]] = field(default_factory=list)


def clip_file(sound: NDArray[np.float32], place: Path) -> Path:
    """Return a 720p clip with this sound."""
    path = place / "sound.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(TICK_RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype(np.int16).tobytes())
    seconds = len(sound) / TICK_RATE
    picture = ("-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=30:duration={seconds:.3f}", "-i", path)
    video = ("-c:v", "libx264", "-preset", "veryfast", "-g", 60, "-pix_fmt", "yuv420p")
    return encode(f"{CLIP}-{seconds:.1f}.mp4", *picture, *video, "-c:a", "aac", "-b:a", "160k", "-ac", 2)


async def read_events(url: str, heard: Heard) -> None:
    """Note what comes, and when."""
    async with connect(url, proxy=None) as link:
        async for message in link:
            notice = json.loads(message)
            if notice["type"] == "keyword":
                heard.keywords.append((time.monotonic(), notice["data"]))
            elif notice["type"] == "transcript" and notice["data"]["final"]:
                heard.finals.append(notice["data"])


async def run(clip: Path, seconds: float) -> tuple[Heard, float, float, dict[str, Any]]:
    """Publish the clip; return what was heard, when its first sample came, the ears' cores, and the room's figures."""
    heard = Heard()
    with tempfile.TemporaryDirectory() as folder:
        room = {"describe": "shop", "listen": {"enabled": True}, "sinks": [{"file": str(Path(folder) / "out.mp4")}]}
        async with sidecar(Path(folder), {"room": room}) as made:
            await listening(made)
            reader = asyncio.create_task(read_events(made.events_url("room"), heard))
            before = made.tree.cpu_s() and made.tree.parts_s()
            with process(*publisher(clip, made.url("room"))):
                began_s = await first_packet(made)
                await asyncio.sleep(seconds + TAIL_S / 2)
            figures = await made.room("room")
            used = made.tree.cpu_s() and made.tree.parts_s()
            reader.cancel()
    return heard, began_s, (used["ears"] - before.get("ears", 0.0)) / seconds, figures


async def listening(made: Sidecar) -> None:
    """Wait until the room has ears."""
    async with asyncio.timeout(60):
        while (await made.room("room"))["ears"]["state"] != "listening":  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def first_packet(made: Sidecar) -> float:
    """Return when the first packet came."""
    async with asyncio.timeout(30):
        while not (await made.room("room"))["units_in"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return time.monotonic()


def delays(
    heard: Heard, said: Sequence[Said], began_s: float, keywords: Sequence[Keyword], states: tuple[str, ...]
) -> list[float | None]:
    """Return for each keyword how long after its end its first event in one of ``states`` came; None for never."""
    found: list[float | None] = []
    for each in said:
        phrases = spoken_in(each.keyword, keywords)
        came = [
            at_s - began_s - each.end
            for at_s, data in heard.keywords
            if data["state"] in states
            and (data["keyword"] in phrases or each.keyword in data["keyword"])
            and data["start_s"] < each.end + NEAR_S
            and data["end_s"] > each.start - NEAR_S
        ]
        found.append(min(came, default=None))
    return found


def error_rate(lines: Sequence[Clip], finals: Sequence[dict[str, Any]], language: str) -> float:
    """Return edits a unit (a character or word) of what was said in ``language``."""
    spoken = [clip.text for clip in lines if clip.languages == (language,)]
    wrong, said = errors(spoken, [each["text"] for each in finals], language)
    return wrong / max(1, said)


def main() -> None:
    """Publish, measure, print, judge."""
    require("ffmpeg")
    lines = [clip for clip in clips(SPEECH / "manifest.csv") if clip.snr_db is None]
    keywords = room_keywords(lines)
    sound, said = compose(lines, SNR_DB, LEAD_S, TAIL_S)
    with tempfile.TemporaryDirectory() as folder:
        clip = clip_file(sound, Path(folder))
    seconds = len(sound) / TICK_RATE
    heard, began_s, cores, figures = asyncio.run(run(clip, seconds))
    early = delays(heard, said, began_s, keywords, ("spotted", "confirmed"))
    late = delays(heard, said, began_s, keywords, ("confirmed",))
    print_table(
        ("keyword", "said at s", "event after s", "confirmed after s"),
        [(s.keyword, f"{s.end:.1f}", _shown(a), _shown(b)) for s, a, b in zip(said, early, late, strict=True)],
    )
    told = sorted(each for each in early if each is not None)
    p95, confirmed = _p95(told), _p95(sorted(each for each in late if each is not None))
    ears = figures["ears"]
    print(f"\n{len(told)} of {len(said)} keywords; p50 {told[len(told) // 2]:.2f} s, p95 {p95:.2f} s")
    print(f"recogniser: {cores:.2f} cores over {seconds:.0f} s of talk, {ears['passes']} passes of", end=" ")
    print(f"{1000 * ears['cost_s'] / max(1, ears['passes']):.0f} ms; {ears['dropped']} pieces of sound dropped")
    print(f"word error rate en {error_rate(lines, heard.finals, 'en'):.3f}", end=", ")
    print(f"character error rate zh {error_rate(lines, heard.finals, 'zh'):.3f}")
    passed = p95 <= TARGET_S and cores <= MAX_CORES and len(told) >= 0.9 * len(said)
    print_result("asr_latency", round(p95, 3), "s", round(confirmed, 3), TARGET_S, passed)


def _shown(delay_s: float | None) -> str:
    return "never" if delay_s is None else f"{delay_s:.2f}"


def _p95(ordered: Sequence[float]) -> float:
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] if ordered else 99.0


if __name__ == "__main__":
    main()
