"""A look-ahead limiter on the true peak: nothing above the ceiling comes out, and nothing below it is touched.

The gain lives at control rate, one point every 32 samples, linked for both channels, and runs in straight lines between
the points. A frame's wanted gain is the ceiling over its true peak. The least of the frames around it (3 ahead, 10 ms
behind, so that the halves of a bass wave do not modulate it), let go slowly, then averaged over the look-ahead, gives a
curve that falls smoothly and is down in time, by construction: no wanted gain is ever exceeded.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.levels import linear_from_db
from livefoley.dsp.truepeak import FRAME, OVERSHOOT, REACH, frame_peaks

_ATTACK = 3  # frames
_HOLD = 15
_RELEASE_S = 0.08
_SMOOTHING = np.array([0.25, 0.5, 0.25])
_NEARLY_ONE = 0.99999  # -0.0001 dB: a release that has come this far is over
_HEADROOM = 0.985  # a frame that must come down comes 0.13 dB further: oversampling reads peaks a little low

LOOKAHEAD = FRAME * (_ATTACK + 1) + REACH
"""Samples by which the output of ``feed`` runs behind its input: 144, that is 3 ms."""


class Limiter:
    """Limits stereo sound to ``ceiling_dbtp``; sound that never exceeds it comes out bit for bit.

    ``feed`` returns the input of ``LOOKAHEAD`` samples ago: while the first samples come in it returns fewer, and
    ``flush`` returns the rest. The same whatever the block sizes, but for the rounding of the last bit.
    """

    def __init__(self, ceiling_dbtp: float = -1.0) -> None:
        self.ceiling_dbtp = ceiling_dbtp
        self._recovery = 1.0 - math.exp(-FRAME / (_RELEASE_S * TICK_RATE))
        self.reset()

    def reset(self) -> None:
        """Forget the sound so far."""
        self.gain_db = 0.0  # at the end of the last block; 0 when idle
        self._input = np.zeros((2, REACH), np.float32)  # from REACH samples before the first frame without a gain
        self._output = np.zeros((2, 0), np.float32)
        self._ahead = 0  # frames whose peak is known, from the first without a gain on
        self._due = -LOOKAHEAD
        self._wanted = np.ones(_HOLD)  # gains wanted by the frames before and after that one
        self._released = np.ones(0)  # gains of the frames before it, not yet averaged; none before the first frame

    def feed(self, samples: Stereo) -> Stereo:
        """Take ``[2, n]``, return what is due, ``[2, m]``: in all, as many samples as were fed less ``LOOKAHEAD``."""
        self._input = np.concatenate((self._input, samples), axis=1)
        self._due += samples.shape[1]
        self._analyse()
        self._limit()
        out, self._output = np.split(self._output, [max(self._due, 0)], axis=1)
        self._due = min(self._due, 0)
        return out

    def flush(self) -> Stereo:
        """Return what is still inside, and reset."""
        out = self.feed(np.zeros((2, LOOKAHEAD), np.float32))
        self.reset()
        return out

    def _analyse(self) -> None:
        """Append the gain that each newly complete frame wants."""
        first = self._ahead * FRAME
        frames = (self._input.shape[1] - 2 * REACH - first) // FRAME
        if frames <= 0:
            return
        part = self._input[:, first : first + frames * FRAME + 2 * REACH]
        ceiling = linear_from_db(self.ceiling_dbtp)
        wanted = np.ones(frames)
        if float(np.abs(part).max()) * OVERSHOOT > ceiling:
            peaks = frame_peaks(part, ceiling).astype(np.float64)
            np.divide(ceiling * _HEADROOM, peaks, out=wanted, where=peaks > ceiling)
        self._wanted = np.concatenate((self._wanted, wanted))
        self._ahead += frames

    def _limit(self) -> None:
        """Move the frames whose gain is settled from the input to the output."""
        frames = self._ahead - _ATTACK
        if frames <= 0:
            return
        points = self._points(frames)
        samples = self._input[:, REACH : REACH + frames * FRAME]
        if points is not None:
            samples = samples * _lines(points)
        self.gain_db = 0.0 if points is None else 20.0 * math.log10(float(points[-1]))
        self._output = np.concatenate((self._output, samples), axis=1)
        self._input = self._input[:, frames * FRAME :]
        self._wanted = self._wanted[frames:]
        self._ahead -= frames

    def _points(self, frames: int) -> NDArray[np.float64] | None:
        """Return the gains at the edges of the next ``frames``, ``[frames + 1]``; None when all of them are unity."""
        if self._wanted.min() == 1.0 and self._released.min(initial=1.0) == 1.0:
            self._released = np.ones(_ATTACK)
            return None
        least = _running_min(self._wanted, _HOLD + 1 + _ATTACK)
        if not self._released.size:
            self._released = np.full(_ATTACK, least[0])  # as if the gain had been there before the sound began
        released = np.concatenate((self._released, self._release(least)))
        self._released = released[-_ATTACK:]
        return np.convolve(released, _SMOOTHING, "valid")

    def _release(self, least: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the gains that fall with ``least`` at once and rise to it slowly."""
        level, levels = float(self._released[-1]), []
        for target in least.tolist():
            level = min(target, level + (target - level) * self._recovery)
            level = 1.0 if level > _NEARLY_ONE and target == 1.0 else level
            levels.append(level)
        return np.array(levels)


def _running_min(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the least of each ``width`` neighbours, ``[len(values) - width + 1]``, by doubling."""
    done = 1
    while done < width:
        step = min(done, width - done)
        values = np.minimum(values[:-step], values[step:])
        done += step
    return values


def _lines(points: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the gain of each sample, ``[FRAME * (points - 1)]``: straight lines from point to point."""
    steps = np.arange(FRAME) / FRAME
    gains = points[:-1, None] + np.diff(points)[:, None] * steps
    return gains.astype(np.float32).reshape(-1)
