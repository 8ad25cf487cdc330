"""A sound as a picture: level over time and a logarithmic axis of frequency."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE

LOW_HZ, HIGH_HZ = 60.0, 16_000.0
WINDOW = 2048
_HOP = WINDOW // 4


def spectrogram_db(mono: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Return the levels ``[rows, columns]`` in dB of full scale, ``HIGH_HZ`` in row 0 and ``LOW_HZ`` in the last.

    ``mono`` is ``[n]`` at 48 kHz; what is shorter than a window counts as followed by silence. Of a long sound as many
    windows are looked at as the picture has columns.
    """
    sound = np.pad(mono, (0, max(0, WINDOW - len(mono))))
    hop = max(_HOP, len(sound) // columns)
    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::hop] * hann
    power = np.square(np.abs(np.fft.rfft(frames)) * np.float32(np.sqrt(2) / hann.sum()))
    levels = _rows(10 * np.log10(power.T + 1e-12).astype(np.float32), rows)
    return _between(levels.T, np.linspace(0, levels.shape[1] - 1, columns)).T


def as_grey(levels_db: NDArray[np.float32], floor_db: float, ceiling_db: float) -> NDArray[np.uint8]:
    """Return levels as brightness: 0 at ``floor_db`` and below, 255 at ``ceiling_db`` and above."""
    share = np.clip((levels_db - floor_db) / (ceiling_db - floor_db), 0, 1)
    return np.asarray(share * 255, np.uint8)


def _rows(levels: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
    """Return the levels ``[bins, frames]`` on the axis: between bins, or the highest where a row holds several."""
    bins = np.geomspace(HIGH_HZ, LOW_HZ, rows) * WINDOW / TICK_RATE
    reach = np.sqrt(bins[0] / bins[1])
    out = _between(levels, bins)
    for row, (first, last) in enumerate(zip(np.ceil(bins / reach), np.floor(bins * reach), strict=True)):
        if first < last:
            out[row] = levels[int(first) : int(last) + 1].max(axis=0)
    return out


def _between(values: NDArray[np.float32], at: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the rows at ``at``, interpolated between those of ``values``."""
    first = np.minimum(at.astype(int), len(values) - 1)
    second = np.minimum(first + 1, len(values) - 1)
    share = (at - first).astype(np.float32)[:, None]
    return np.asarray(values[first] * (1 - share) + values[second] * share, np.float32)
