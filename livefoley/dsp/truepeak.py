"""True peaks: what the sound reaches between its samples, by oversampling (ITU-R BS.1770-4 annex 2).

The annex asks for four times at least and gives an interpolating filter of 12 taps a phase as an example; here it is
eight times, which reads a tone of 20 kHz 0.1 dB low instead of 0.5, and a Kaiser-windowed sinc of 32 taps a phase. A
frame of samples with its surroundings times one Toeplitz matrix gives every point between the samples of the frame at
once, which the processor's matrix product does far faster than a convolution.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.dsp.product import product

FRAME = 32
"""Samples of a frame: peaks are told by frame."""

REACH = FRAME // 2
"""Samples at each side of a frame that its peak depends on."""

_OVERSAMPLING = 8
_KAISER_BETA = 7.0
_CHUNK_FRAMES = 4096


def _phases() -> NDArray[np.float64]:
    """Return the filters of the points 1/8 to 7/8 after a sample, ``[7, 2 * REACH]``."""
    offsets = np.arange(1 - REACH, REACH + 1)
    at = np.arange(1, _OVERSAMPLING)[:, None] / _OVERSAMPLING - offsets
    window = np.i0(_KAISER_BETA * np.sqrt(np.maximum(1.0 - (at / REACH) ** 2, 0.0))) / np.i0(_KAISER_BETA)
    filters = np.sinc(at) * window
    return np.asarray(filters / filters.sum(axis=1, keepdims=True))


def _toeplitz(phases: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the matrix from a frame with its surroundings to its points, ``[REACH + FRAME + REACH, 7 * FRAME]``."""
    matrix = np.zeros((FRAME + 2 * REACH, len(phases), FRAME))
    for sample in range(FRAME):
        matrix[sample + 1 : sample + 1 + 2 * REACH, :, sample] = phases.T
    return matrix.reshape(len(matrix), -1).astype(np.float32)


_PHASES = _phases()
_POINTS = _toeplitz(_PHASES)

OVERSHOOT = float(np.abs(_PHASES).sum(axis=1).max())
"""No true peak is higher than this many times the highest sample around it."""


def frame_peaks(samples: Stereo, floor: float = 0.0) -> NDArray[np.float32]:
    """Return the true peak of each whole frame, ``[frames]``, over both channels.

    ``samples`` holds the frames with ``REACH`` samples before and after: ``[2, REACH + FRAME * frames + REACH]``.
    Frames that cannot reach ``floor`` report their highest sample only, which costs next to nothing.
    """
    halves = samples.reshape(samples.shape[0], -1, REACH)
    before, first, second, after = halves[:, 0:-3:2], halves[:, 1:-2:2], halves[:, 2:-1:2], halves[:, 3::2]
    highest = np.abs(halves).max(axis=(0, 2))
    peaks: NDArray[np.float32] = np.maximum(highest[1:-2:2], highest[2:-1:2])
    around = np.maximum(highest[0:-3:2], highest[3::2])
    hot = np.maximum(peaks, around) * OVERSHOOT > floor
    if hot.any():
        frames = np.concatenate((before, first, second, after), axis=2)[:, hot]
        peaks[hot] = np.maximum(peaks[hot], np.abs(product(frames, _POINTS)).max(axis=(0, 2)))
    return peaks


def true_peak(samples: Stereo) -> float:
    """Return the highest true peak of the whole of ``samples`` ``[2, n]``, its edges included (linear)."""
    n = samples.shape[1]
    frames = -(-(n + 2 * REACH) // FRAME)
    padded = np.zeros((samples.shape[0], 2 * REACH + frames * FRAME), np.float32)
    padded[:, 2 * REACH : 2 * REACH + n] = samples
    highest = 0.0
    for first in range(0, frames, _CHUNK_FRAMES):
        chunk = padded[:, first * FRAME : (first + _CHUNK_FRAMES) * FRAME + 2 * REACH]
        highest = max(highest, float(frame_peaks(chunk).max()))
    return highest
