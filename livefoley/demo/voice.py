"""The host's voice: five recorded lines laid where the play wants them, with pauses between."""

from __future__ import annotations

from importlib.resources import as_file, files

import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE, ticks_from_s
from livefoley.demo.scene import LINES, SECONDS
from livefoley.foley.audio_file import read

VOICE_DB = -20.0  # RMS of the voiced parts


def host() -> Stereo:
    """Return the host's whole track, ``[2, 30 s]`` float32 at 48 kHz."""
    track = np.zeros((2, SECONDS * TICK_RATE), np.float32)
    for line in LINES:
        with as_file(files("livefoley.demo") / "assets" / f"host-{line.name}.flac") as path:
            samples = read(path)
        voiced = [samples[:, ticks_from_s(begin) : ticks_from_s(end)] for begin, end in line.voiced_s]
        rms = float(np.sqrt(np.mean(np.concatenate(voiced, axis=1) ** 2)))
        start = ticks_from_s(line.start_s)
        room = track.shape[1] - start
        track[:, start : start + samples.shape[1]] += samples[:, :room] * np.float32(10 ** (VOICE_DB / 20) / rms)
    return track
