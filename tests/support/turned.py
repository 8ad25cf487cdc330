"""Films as phones hold them: the picture lies on its side, and the header says how to turn it."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from tests.support.peers import require

QUARTERS = ((1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0))
"""a, b, c, d of the matrix that turns clockwise by none, one, two, three quarters."""

_TO_STORED = ("null", "transpose=cclock", "hflip,vflip", "transpose=clock")


def matrix(turns: int, mirrored: bool = False) -> tuple[int, ...]:
    """Return the matrix of a track header that mirrors and then turns clockwise."""
    a, b, c, d = (value << 16 for value in QUARTERS[turns])
    return (-a, -b, 0, c, d, 0, 0, 0, 1 << 30) if mirrored else (a, b, 0, c, d, 0, 0, 0, 1 << 30)


def marked(path: Path, turns: int, *options: str, seconds: float = 2.0) -> Path:
    """Write a film of which the upper left quarter is bright as it is seen, 180x320, stored otherwise by ``turns``.

    ``options`` are those of the encoder. The header says how to turn it (MP4 and MOV).
    """
    picture = f"color=black:s=180x320:r=25:d={seconds},drawbox=x=0:y=0:w=90:h=160:color=white:t=fill"
    sound = ("-f", "lavfi", "-i", f"sine=440:sample_rate=48000:d={seconds}")
    coded = options or ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p")
    command = [require("ffmpeg"), "-v", "error", "-y", "-f", "lavfi", "-i", f"{picture},{_TO_STORED[turns]}", *sound]
    subprocess.run([*command, *coded, "-c:a", "aac", str(path)], check=True, timeout=60)
    return turn(path, turns)


def turn(path: Path, turns: int) -> Path:
    """Say in the header of an MP4 that its pictures are shown a number of quarters clockwise."""
    data = bytearray(path.read_bytes())
    at = -1
    while (at := data.find(b"tkhd", at + 1)) > 0:
        begin = at + (56 if data[at + 4] else 44)
        if any(data[begin + 36 : begin + 44]):  # it has a size, so it is the picture
            data[begin : begin + 36] = struct.pack(">9i", *matrix(turns))
    path.write_bytes(data)
    return path


def seen(path: Path) -> NDArray[np.uint8]:
    """Return a film's luma in the middle of its first second as a player shows it, by Debian's ffmpeg."""
    command = [require("ffmpeg"), "-v", "error", "-ss", "0.5", "-i", str(path), "-frames:v", "1"]
    picture = path.with_suffix(".seen.png")
    subprocess.run([*command, "-y", str(picture)], check=True, timeout=60)
    with av.open(str(picture)) as container:
        return next(container.decode(video=0)).to_ndarray(format="gray")


def bright_quarter(picture: NDArray[np.uint8]) -> str:
    """Return which quarter of a picture is brighter than all others by far; empty when none is."""
    high, wide = picture.shape[0] // 2, picture.shape[1] // 2
    levels = {
        f"{row} {column}": float(picture[top : top + high, left : left + wide].mean())
        for row, top in (("upper", 0), ("lower", high))
        for column, left in (("left", 0), ("right", wide))
    }
    best, second = sorted(levels.values(), reverse=True)[:2]
    return max(levels, key=lambda name: levels[name]) if best - second > 80 else ""
