"""Media files: short ones made for a test, and what is in those that it got."""

from __future__ import annotations

import subprocess
from hashlib import md5
from pathlib import Path
from typing import Any

import av
import numpy as np

from livefoley.core.media import MediaKind
from tests.support.peers import require
from tests.support.waiting import LIMIT_S

VIDEO, AUDIO = MediaKind.VIDEO, MediaKind.AUDIO


def make_clip(path: Path, *video: str, seconds: float = 2.0, audio: str = "aac") -> Path:
    """Encode a short moving test picture with a tone, by Debian's ffmpeg; ``video`` are its encoder's options."""
    picture = ["-f", "lavfi", "-i", f"testsrc2=size=320x240:rate=30:duration={seconds}"]
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}"]
    command = [require("ffmpeg"), "-v", "error", "-y", *picture, *tone, *video, "-c:a", audio, "-ac", "2", str(path)]
    subprocess.run(command, check=True, timeout=LIMIT_S)
    return path


def file_packets(path: Path, kind: MediaKind) -> list[Any]:
    """Return the PyAV packets of one track of a file in the order stored."""
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind.value]
        return [packet for packet in container.demux(streams) if packet.size] if streams else []


def file_hashes(path: Path, kind: MediaKind) -> list[str]:
    """Return the MD5 of each packet's payload of one track of a file."""
    return [md5(bytes(packet)).hexdigest() for packet in file_packets(path, kind)]


def decoded_sound(path: Path) -> np.ndarray:
    """Return the sound of a file, ``[2, n]`` at 48 kHz."""
    resampler = av.AudioResampler("fltp", "stereo", 48_000)
    with av.open(str(path)) as container:
        frames = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1)


def decodes(path: Path) -> None:
    """Assert that ffmpeg decodes all of it without a word."""
    command = [require("ffmpeg"), "-v", "warning", "-i", str(path), "-f", "null", "-"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=LIMIT_S)
    assert (done.returncode, done.stderr.decode()) == (0, "")


def recordings(place: Path, pattern: str) -> list[Path]:
    """Return the files of a place, oldest first."""
    return sorted(place.glob(pattern), key=lambda path: path.stat().st_mtime)
