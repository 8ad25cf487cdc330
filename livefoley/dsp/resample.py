"""Follows a clock that drifts: resamples by a ratio within 0.2 % of 1, and not at all while the ratio is 1.

A windowed sinc of 32 taps is delayed by the fraction of a sample at which each output lies. The taps are polynomials of
that fraction (C. W. Farrow, "A continuously variable digital delay element", 1988), so a block costs one matrix product
and one short polynomial for each sample, wherever it lies.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.dsp.product import product

MAX_DEVIATION = 0.002
"""The ratio stays within 1 +- this."""

DELAY = 16
"""Input samples after its place that an output depends on."""

_FRAME = 32
_ORDER = 6
_KAISER_BETA = 8.0
_ONE = 1 << 32  # positions and steps are fixed-point with 32 bits of fraction: no rounding, however long the stream
_SLEW = round(_ONE * 1e-3 / 12_000)  # change of the step from one sample to the next: 0.1 % takes a quarter second


def _farrow() -> NDArray[np.float32]:
    """Return ``[_ORDER + 1, 2 * DELAY]``: the polynomial of each tap in the fraction less one half.

    Fitted in Chebyshev nodes, that is nearly minimax.
    """
    fraction = (chebyshev.chebpts1(64) + 1.0) / 2.0
    at = fraction[:, None] - np.arange(1 - DELAY, DELAY + 1)
    window = np.i0(_KAISER_BETA * np.sqrt(np.maximum(1.0 - (at / DELAY) ** 2, 0.0))) / np.i0(_KAISER_BETA)
    taps = np.sinc(at) * window
    taps /= taps.sum(axis=1, keepdims=True)
    return np.polynomial.polynomial.polyfit(fraction - 0.5, taps, _ORDER).astype(np.float32)


def _toeplitz(taps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the matrix that takes a frame with its surroundings to the terms of its samples: one matrix product."""
    matrix = np.zeros((_FRAME + 2 * DELAY - 1, _ORDER + 1, _FRAME), np.float32)
    for sample in range(_FRAME):
        matrix[sample : sample + 2 * DELAY, :, sample] = taps.T
    return matrix.reshape(len(matrix), -1)


_TERMS = _toeplitz(_farrow())


class DriftResampler:
    """Resamples stereo sound by a ratio that may change at any time; output 0 is input 0.

    Until the ratio first leaves 1, samples pass bit for bit. A new ratio is approached by at most 0.4 % a second, which
    nobody hears. The same whatever the block sizes, but for the rounding of the last bit.
    """

    def __init__(self) -> None:
        self._target = _ONE
        self.reset()

    def reset(self) -> None:
        """Forget the sound so far and start at a whole sample; the ratio stays, without an approach."""
        self._step = self._target
        self._at = 0  # fixed-point place of the next output in the samples still to come, see _input
        self._input = np.zeros((2, DELAY - 1), np.float32)  # what comes before the next output, then the rest

    @property
    def ratio(self) -> float:
        """Input samples to an output sample, now."""
        return self._step / _ONE

    def set_ratio(self, ratio: float) -> None:
        """Take ``ratio`` input samples for each output sample, clipped to 1 +- ``MAX_DEVIATION``."""
        ratio = min(max(ratio, 1.0 - MAX_DEVIATION), 1.0 + MAX_DEVIATION)
        self._target = round(ratio * _ONE)

    @property
    def pending(self) -> float:
        """Output samples due for the input fed so far: the next input sample will lie this far behind the output."""
        return (self._input.shape[1] - (DELAY - 1) - self._at / _ONE) * _ONE / self._step

    def feed(self, samples: Stereo) -> Stereo:
        """Take ``[2, n]``, return the outputs that can be made of it, ``[2, m]``."""
        self._input = np.concatenate((self._input, samples), axis=1)
        return self._make(self._input.shape[1] - (2 * DELAY - 1))

    def flush(self) -> Stereo:
        """Return what is still inside, as if silence followed, and reset."""
        due = self._input.shape[1] - (DELAY - 1)
        self._input = np.concatenate((self._input, np.zeros((2, DELAY), np.float32)), axis=1)
        out = self._make(due)
        self.reset()
        return out

    def _make(self, whole: int) -> Stereo:
        """Return the outputs that lie before the ``whole``-th sample from the next output's on."""
        if whole <= 0:
            return np.zeros((2, 0), np.float32)
        if self._step == self._target == _ONE and not self._at:
            out = self._input[:, DELAY - 1 : DELAY - 1 + whole].copy()
            self._input = self._input[:, whole:]
            return out
        places = self._places(whole)
        out = self._interpolate(places)
        done = self._at >> 32
        self._input, self._at = self._input[:, done:], self._at - (done << 32)
        return out

    def _places(self, whole: int) -> NDArray[np.int64]:
        """Return the places before ``whole``, and move on behind them."""
        n = int(whole / (1.0 - 2.0 * MAX_DEVIATION)) + 2
        slew = _SLEW if self._target > self._step else -_SLEW
        steps = self._step + slew * np.arange(1, n + 1, dtype=np.int64)
        steps = np.minimum(steps, self._target) if slew > 0 else np.maximum(steps, self._target)
        places = np.concatenate(([self._at], self._at + np.cumsum(steps)))
        count = int(np.searchsorted(places, whole << 32))
        self._at = int(places[count])
        self._step = int(steps[count - 1]) if count else self._step
        return places[:count]

    def _interpolate(self, places: NDArray[np.int64]) -> Stereo:
        index = places >> 32
        if not index.size or not self._input.any():
            return np.zeros((2, index.size), np.float32)
        terms = self._terms(int(index[-1]) + 1)
        fraction = ((places & (_ONE - 1)) / _ONE - 0.5).astype(np.float32)
        straight = bool((np.diff(index) == 1).all())  # no sample left out or used twice, as in most blocks
        at = slice(index[0], index[-1] + 1) if straight else index
        out: Stereo = terms[_ORDER][:, at].copy()
        for power in range(_ORDER - 1, -1, -1):
            out *= fraction
            out += terms[power][:, at]
        return out

    def _terms(self, n: int) -> NDArray[np.float32]:
        """Return the coefficients of the polynomial of the fraction at each of ``n`` inputs, ``[_ORDER + 1, 2, n]``."""
        frames = -(-n // _FRAME)
        samples = self._input[:, : frames * _FRAME + 2 * DELAY - 1]
        missing = frames * _FRAME + 2 * DELAY - 1 - samples.shape[1]
        if missing > 0:
            samples = np.pad(samples, ((0, 0), (0, missing)))
        windows = sliding_window_view(samples, _FRAME + 2 * DELAY - 1, axis=1)[:, ::_FRAME]
        shaped = product(windows, _TERMS).reshape(2, frames, _ORDER + 1, _FRAME).transpose(2, 0, 1, 3)
        return np.ascontiguousarray(shaped).reshape(_ORDER + 1, 2, -1)
