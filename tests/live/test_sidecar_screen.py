"""The running sidecar reads its picture: a banner that appears is a highlight, and the stream does not notice."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import cv2
import pytest
from websockets.asyncio.client import connect

from livefoley.demo.sidecar import ROOM
from tests.live.clip_steps import published
from tests.perception.banners import picture
from tests.support.media_files import VIDEO, file_hashes
from tests.support.peers import require, require_packages
from tests.support.sidecars import sidecar, wait_room
from tests.support.waiting import LIMIT_S, until

pytestmark = pytest.mark.live

APPEARS_S, LENGTH_S = 10, 130  # a picture is read when nobody else wants the processor

READ_S = 120.0


def banner_clip(place: Path) -> Path:
    """A still picture for ten seconds, then the same with a banner; a keyframe each second."""
    for name, lines in (("bare", ("Welcome",)), ("banner", ("Welcome", "SOLD OUT"))):
        cv2.imwrite(str(place / f"{name}.png"), picture(*lines))
    stills = []
    for name, seconds in (("bare", APPEARS_S), ("banner", LENGTH_S - APPEARS_S)):
        stills += ["-loop", "1", "-framerate", "30", "-t", str(seconds), "-i", str(place / f"{name}.png")]
    tone = ["-f", "lavfi", "-i", f"sine=frequency=330:sample_rate=48000:duration={LENGTH_S}"]
    join = ["-filter_complex", "[0:v][1:v]concat=n=2:v=1[v]", "-map", "[v]", "-map", "2:a", "-pix_fmt", "yuv420p"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-c:a", "aac", "-ac", "2"]
    command = [require("ffmpeg"), "-v", "error", *stills, *tone, *join, *codecs, str(place / "clip.mp4")]
    subprocess.run(command, check=True, timeout=LIMIT_S)
    return place / "clip.mp4"


async def test_a_banner_that_appears_is_one_highlight_whose_reason_is_the_screen(tmp_path: Path) -> None:
    require_packages("rapidocr_onnxruntime", extra="ocr")
    clip = banner_clip(tmp_path)
    room: dict[str, Any] = {
        "listen": {"screen": True, "keywords": ["shop"]},
        "actions": {"enabled": False},
        "sinks": [{"file": f"{tmp_path}/o.mp4"}],
        "on_drop": "audio",
    }
    told: list[dict[str, Any]] = []

    async def listen(url: str) -> None:
        async with connect(url, proxy=None) as socket:
            async for message in socket:
                told.append(json.loads(message)["data"])  # noqa: PERF401 - read while it grows

    def has_screen(snapshot: dict[str, Any]) -> bool:
        return any(worker["name"] == "screen" and worker["alive"] for worker in snapshot["workers"])

    async with sidecar(tmp_path, **room) as made:
        await wait_room(made, has_screen)
        reader = asyncio.create_task(listen(f"ws://127.0.0.1:{made.ports.http}/v1/rooms/{ROOM}/events?type=highlight"))
        async with published(made.ports.publish_url, clip):
            await until(lambda: told, READ_S)
            seen = await made.room()
            last = await wait_room(made, lambda room: room["position_s"] > seen["position_s"] + 5)
        await wait_room(made, lambda room: not room["publisher_connected"])
        reader.cancel()
        await made.stop()
    (moment,) = {each["id"]: each for each in told}.values()
    (reason,) = moment["reasons"]
    assert (reason["signal"], reason["detail"]) == ("screen", "SOLD OUT")
    assert moment["kind"] == "sale"
    assert APPEARS_S - 0.1 <= reason["start_s"] < LENGTH_S
    assert last["dropped_units"] == last["audio_gaps"] == last["decode_errors"] == 0
    assert next(worker["restarts"] for worker in last["workers"] if worker["name"] == "screen") == 0
    pictures = file_hashes(tmp_path / "o.mp4", VIDEO)
    assert len(pictures) > (APPEARS_S + 5) * 30
    assert pictures == file_hashes(clip, VIDEO)[: len(pictures)]
