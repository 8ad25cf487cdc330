"""A clip's sound as a picture: the waveform above, the spectrogram below, for editors and galleries."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.errors import OutputError, reason
from livefoley.dsp.spectrogram import WINDOW, as_grey, spectrogram_db

WIDTH, WAVE, SPECTRUM = 1200, 120, 200
FLOOR_DB, CEILING_DB = -100.0, -20.0
_BACK, _INK = (34, 28, 24), (196, 170, 90)


def write_waveform(path: Path, sound: Stereo) -> None:
    """Write a PNG of ``WIDTH`` x ``WAVE + SPECTRUM``; raises ``OutputError``."""
    mono = sound.mean(axis=0) if sound.shape[1] >= WINDOW else np.zeros(WINDOW, np.float32)
    good, png = cv2.imencode(".png", np.concatenate((_wave(mono), _spectrum(mono))))
    if not good:
        raise OutputError(f"{path.name}: the waveform cannot be encoded")
    try:
        path.write_bytes(png.tobytes())
    except OSError as error:
        raise OutputError(f"{path.name}: cannot be written ({reason(error)})") from None


def _wave(mono: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the highest and the lowest sample of each column as a band."""
    columns = np.array_split(mono, WIDTH)
    highest, lowest = (np.array([pick(column) for column in columns]) for pick in (np.max, np.min))
    rows = np.linspace(1.0, -1.0, WAVE)[:, None]
    edge = 1.0 / WAVE  # silence is a line
    picture = np.full((WAVE, WIDTH, 3), _BACK, np.uint8)
    picture[(rows <= highest + edge) & (rows >= lowest - edge)] = _INK
    return picture


def _spectrum(mono: NDArray[np.float32]) -> NDArray[np.uint8]:
    grey = as_grey(spectrogram_db(mono, SPECTRUM, WIDTH), FLOOR_DB, CEILING_DB)
    return np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO), np.uint8)
