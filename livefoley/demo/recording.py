"""What a player gets out of a recording: its sound by the file's own stamps, and the payloads of its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import Any

import av
import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.errors import InputError, reason
from livefoley.core.ticks import TICK_RATE


@dataclass(frozen=True, slots=True)
class Pictures:
    """The packets of a picture track in the order stored: a hash of each payload, and its pts in seconds."""

    hashes: tuple[str, ...]
    pts_s: tuple[float, ...]


def read_sound(path: Path) -> Stereo:
    """Return the sound of ``path``, ``[2, n]`` at 48 kHz, sample 0 at stamp 0 of the file.

    It is placed frame by frame where FFmpeg says a player would place it, so gaps and shifts are kept. Raises
    ``InputError``.
    """
    blocks = _blocks(path)
    end = max((at + samples.shape[1] for at, samples in blocks), default=0)
    track = np.zeros((2, max(0, end)), np.float32)
    for at, samples in blocks:
        skip = max(0, -at)
        track[:, at + skip : at + samples.shape[1]] = samples[:, skip:]
    return track


def read_pictures(path: Path) -> Pictures:
    """Return what the picture track of ``path`` holds; raises ``InputError``."""
    try:
        with av.open(f"file:{path}") as container:
            stream = container.streams.video[0]
            packets = [packet for packet in container.demux(stream) if packet.size]
            hashes = tuple(md5(bytes(packet), usedforsecurity=False).hexdigest() for packet in packets)
            return Pictures(hashes, tuple(_seconds(packet) for packet in packets))
    except (av.FFmpegError, OSError, IndexError) as error:
        raise InputError(f"{path}: no picture can be read from it ({reason(error)})") from None


def _blocks(path: Path) -> list[tuple[int, Stereo]]:
    blocks: list[tuple[int, Stereo]] = []
    try:
        with av.open(f"file:{path}") as container:
            resampler = av.AudioResampler(format="fltp", layout="stereo", rate=TICK_RATE)
            for frame in container.decode(container.streams.audio[0]):
                at = round(_seconds(frame) * TICK_RATE)
                blocks += _placed(resampler.resample(frame), at)
    except (av.FFmpegError, OSError, IndexError) as error:
        raise InputError(f"{path}: no sound can be read from it ({reason(error)})") from None
    return blocks


def _placed(frames: list[Any], at: int) -> list[tuple[int, Stereo]]:
    return [(at, np.asarray(frame.to_ndarray(), np.float32)) for frame in frames]


def _seconds(stamped: Any) -> float:
    """Return the pts of a packet or frame in seconds."""
    base = stamped.time_base
    return float(stamped.pts * base.numerator / base.denominator)
