"""Follows an offset that drifts, through noisy measurements: a Kalman filter of two states, offset and drift."""

from __future__ import annotations

import math

_FIRST_DRIFT = 3e-4  # how far from zero a drift may well be: 300 ppm
_DRIFT_WALK = 2e-9  # how much the drift of a sound card changes within the root of a tick: 0.4 ppm in a second
_NOISE_MIN = 12.0  # ticks; stamps in whole milliseconds are +-24 ticks off, evenly spread
_NOISE_MAX = 480.0
_NOISE_SMOOTHING = 0.02
_CLIP = 3.0  # a measurement further off than this many deviations counts as this far off


class OffsetTracker:
    """Estimates an offset in ticks and its drift in ticks per tick.

    Outliers are clipped (Huber), and the noise of the measurements is learnt from how well they were foretold.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.offset = 0.0
        self.drift = 0.0
        self._noise = 24.0
        self._var_offset, self._cov, self._var_drift = 24.0**2, 0.0, _FIRST_DRIFT**2

    def shift(self, by: float) -> None:
        """The offset changes by ``by``, for a reason that is known exactly."""
        self.offset += by

    def feed(self, measured: float, elapsed: int) -> None:
        """Take the offset as measured ``elapsed`` ticks after the last measurement."""
        self._predict(elapsed)
        spread = math.sqrt(self._var_offset + self._noise**2)
        surprise = min(max(measured - self.offset, -_CLIP * spread), _CLIP * spread)
        self._noise += (min(max(abs(surprise) * 1.25, _NOISE_MIN), _NOISE_MAX) - self._noise) * _NOISE_SMOOTHING
        gain = self._var_offset / spread**2, self._cov / spread**2
        self.offset += gain[0] * surprise
        self.drift += gain[1] * surprise
        self._var_drift -= gain[1] * self._cov
        self._var_offset, self._cov = (1.0 - gain[0]) * self._var_offset, (1.0 - gain[0]) * self._cov

    def _predict(self, elapsed: int) -> None:
        walk = _DRIFT_WALK**2
        self.offset += self.drift * elapsed
        self._var_offset += 2.0 * elapsed * self._cov + elapsed**2 * self._var_drift + walk * elapsed**3 / 3.0
        self._cov += elapsed * self._var_drift + walk * elapsed**2 / 2.0
        self._var_drift += walk * elapsed
