"""Videos for the tests of renders: the demo's play, small, whose contacts are known; and files that mean harm."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from livefoley.demo.clip import make_clip
from tests.support.made import made_once
from tests.support.peers import require
from tests.support.waiting import LIMIT_S

SECONDS = 8
DESCRIPTION = "雨夜的街道, rain on a window"  # steady: hits stand out of it


def ffmpeg(*arguments: str | Path) -> None:
    command = [require("ffmpeg"), "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=LIMIT_S, capture_output=True)


def play() -> tuple[Path, list[float]]:
    """Return eight seconds of the demo's play at 384x216, and when things touch in it."""
    small = made_once("clips/play.mp4", _play)
    return small, json.loads(small.with_suffix(".json").read_text())


def _play(small: Path) -> None:
    clip = make_clip(small.with_name("whole.mp4"), SECONDS)
    picture = ["-vf", "scale=384:-2", "-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "60"]
    ffmpeg("-i", clip.path, *picture, "-c:a", "copy", small)
    small.with_suffix(".json").write_text(json.dumps([contact.s for contact in clip.contacts]))


def again(source: Path, target: Path, seconds: float) -> Path:
    """Write ``source`` again and again, for so long."""
    ffmpeg("-stream_loop", "-1", "-i", source, "-t", str(seconds), "-c", "copy", target)
    return target


def bomb(path: Path) -> Path:
    """Write a few kilobytes that hold a picture of 8192x8192."""
    picture = ["-frames:v", "1", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    ffmpeg("-f", "lavfi", "-i", "color=black:s=8192x8192:r=1", *picture, path)
    return path


def crowd(path: Path, streams: int) -> Path:
    """Write a file with so many tracks of sound."""
    maps = [option for _ in range(streams) for option in ("-map", "0")]
    ffmpeg("-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono:d=1", *maps, "-c:a", "aac", path)
    return path


def endless(path: Path) -> Path:
    """Write a small file that plays for an hour."""
    picture = ["-f", "lavfi", "-i", "color=black:s=64x64:r=1", "-t", "3600"]
    ffmpeg(*picture, "-c:v", "libx264", "-preset", "ultrafast", "-g", "600", path)
    return path


def liar(path: Path) -> Path:
    """Write a transport stream whose clock jumps on by an hour: its beginning, which is what is looked at, is short."""
    part = path.with_name("part.ts")
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=320x240:r=10", "-t", "2", "-c:v", "mpeg4", "-f", "mpegts", part)
    late = path.with_name("late.ts")
    ffmpeg("-i", part, "-c", "copy", "-output_ts_offset", "3600", "-f", "mpegts", late)
    path.write_bytes(part.read_bytes() + late.read_bytes() + part.read_bytes())
    return path
