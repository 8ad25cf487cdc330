"""A notice one can hear: the letters A and I in Morse code (short long, short short), as GB 45438-2025 describes it.

It lies at the beginning of the generated sound, 1.1 s long, 20 dB below full scale.
"""

from __future__ import annotations

import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE

TONE_HZ = 880.0
LEVEL = 0.1
UNIT_S = 0.08  # a short sign; a long one and the pause between letters are three
_LETTERS = (("short", "long"), ("short", "short"))
_EDGE_S = 0.005


def with_notice(stem: Stereo) -> Stereo:
    """Return the stem (``[2, n]``) with the notice at its beginning; a shorter stem has as much of it as fits."""
    notice = np.concatenate([_letter(signs) for signs in _LETTERS])[: stem.shape[1]]
    noticed = stem.copy()
    noticed[:, : len(notice)] += notice
    return noticed


def _letter(signs: tuple[str, ...]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return the tones of a letter and the pause behind it."""
    pause = np.zeros(round(UNIT_S * TICK_RATE), np.float32)
    parts = [part for sign in signs for part in (_tone(3 if sign == "long" else 1), pause)]
    return np.concatenate([*parts, pause, pause])


def _tone(units: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    seconds = np.arange(round(units * UNIT_S * TICK_RATE)) / TICK_RATE
    edge = np.minimum(1, np.minimum(seconds, seconds[::-1]) / _EDGE_S)
    return np.asarray(LEVEL * edge * np.sin(2 * np.pi * TONE_HZ * seconds), np.float32)
