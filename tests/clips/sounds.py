"""Sound files for tests: read, written, sent through ffmpeg, and laid under each other."""

from __future__ import annotations

import subprocess
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from tests.support.peers import require
from tests.support.waiting import LIMIT_S

Samples = NDArray[np.float32]
RATE = 48_000


def read(path: Path, rate: int = RATE) -> Samples:
    """Return ``[2, n]``."""
    resampler = av.AudioResampler("fltp", "stereo", rate)
    with av.open(str(path)) as container:
        frames = [got for frame in container.decode(audio=0) for got in resampler.resample(frame)]
    frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray() for frame in frames], axis=1).astype(np.float32)


def through_ffmpeg(samples: Samples, folder: Path, name: str, *options: str) -> Samples:
    """Return ``samples`` after ffmpeg wrote them to ``name`` with ``options``."""
    command = [require("ffmpeg"), "-v", "error", "-y", "-f", "f32le", "-ar", str(RATE), "-ac", "2", "-i", "pipe:0"]
    raw = np.ascontiguousarray(samples.T, "<f4").tobytes()
    subprocess.run([*command, *options, str(folder / name)], input=raw, check=True, timeout=LIMIT_S)
    return read(folder / name)


def lasting(samples: Samples, seconds: float) -> Samples:
    """Return ``samples``, again and again, for so long."""
    wanted = int(seconds * RATE)
    return np.tile(samples, (1, -(-wanted // samples.shape[1])))[:, :wanted]


def level_db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(samples)) + 1e-20))


def at_level(samples: Samples, db: float) -> Samples:
    return (samples * 10 ** ((db - level_db(samples)) / 20)).astype(np.float32)
