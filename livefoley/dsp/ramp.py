"""Gains that move smoothly, by sample: a level between two rails, and a value that glides to its target.

Both count in whole samples, so a curve read in chunks is the curve read whole, to the bit.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Gain: TypeAlias = NDArray[np.float32] | np.float32
"""A gain by sample ``[n]``, or one number when it does not move."""


def from_db(db: Gain) -> Gain:
    """Return a gain in decibels as a ratio."""
    return np.power(np.float32(10.0), db * np.float32(0.05), dtype=np.float32)


class Slew:
    """A level in 0..1 that takes ``rise`` samples to climb all the way and ``fall`` samples to come down."""

    def __init__(self, rise: int, fall: int, full: bool = False) -> None:
        self._up, self._down = fall, rise  # per sample, in units of 1 / (rise * fall)
        self._full = rise * fall
        self._level = self._full if full else 0

    @property
    def at_rest(self) -> bool:
        """Whether the level lies on one of its rails."""
        return self._level in (0, self._full)

    @property
    def level(self) -> float:
        """The level now."""
        return self._level / self._full

    def run(self, up: bool, n: int) -> NDArray[np.float64]:
        """Return the next ``n`` levels while the level is driven up, or down."""
        step = self._up if up else -self._down
        levels = np.clip(self._level + step * np.arange(1, n + 1, dtype=np.int64), 0, self._full)
        self._level = int(levels[-1]) if n else self._level
        return levels / self._full


class Glide:
    """A value that moves to its target in a straight line over ``ticks`` samples."""

    def __init__(self, value: float, ticks: int) -> None:
        self._from = self._to = value
        self._ticks = ticks
        self._left = 0

    def set(self, target: float) -> None:
        """Move to ``target`` from wherever the value is now."""
        if target == self._to:
            return
        self._from, self._to = self._at(self._left), target
        self._left = self._ticks

    def read(self, n: int) -> Gain:
        """Return the next ``n`` values; a single number when the value rests."""
        if not self._left:
            return np.float32(self._to)
        left = np.maximum(self._left - np.arange(1, n + 1), 0)
        self._left = max(self._left - n, 0)
        return np.asarray(self._to + (self._from - self._to) * (left / self._ticks), np.float32)

    def _at(self, left: int) -> float:
        return self._to + (self._from - self._to) * (left / self._ticks)
