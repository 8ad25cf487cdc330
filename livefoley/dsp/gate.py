"""Reads a ring from front to back and fades the sound at both sides of every hole, so that no hole clicks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.ticks import Tick
from livefoley.dsp.ramp import Slew
from livefoley.dsp.ring import TickRing


class GatedReader:
    """Takes sound out of ``ring`` in order; it fades out over the last ``fade`` ticks known and in again after a hole.

    Where no hole is near, the samples are the ring's own, bit for bit; the very first sound is faded in only with
    ``fade_first``. Sound shorter than the fade between two holes is not heard. The same whatever the block sizes.
    """

    def __init__(self, ring: TickRing, fade: int, fade_first: bool = False) -> None:
        self._ring = ring
        self._fade = fade
        self._fade_first = fade_first
        self.holes = 0
        self.reset()

    def reset(self) -> None:
        """Treat what comes next as the very first sound."""
        self._slew = Slew(self._fade, self._fade, full=not self._fade_first)
        self._heard = self._in_hole = self._fade_first

    def read(self, start: Tick, n: int) -> Stereo:
        """Take ``n`` ticks from ``start`` on, ``[2, n]``; the ring's edge moves behind them."""
        spans = self._ring.filled(start, n + self._fade)
        samples = self._ring.read(start, n)
        self._ring.clear_before(start + n)
        gain = self._gain(spans, start, n)
        return samples if gain is None else samples * gain

    def _gain(self, spans: list[tuple[Tick, Tick]], start: Tick, n: int) -> NDArray[np.float32] | None:
        if spans == [(start, start + n + self._fade)] and self._slew.level == 1.0:
            self._heard, self._in_hole = True, False
            return None
        if not spans and (not self._heard or self._slew.level == 0.0):
            return None
        parts = [self._run(is_open, length) for is_open, length in self._stretches(spans, start, n)]
        return np.concatenate(parts).astype(np.float32) if parts else None

    def _stretches(self, spans: list[tuple[Tick, Tick]], start: Tick, n: int) -> Iterator[tuple[bool, int]]:
        """Yield (open, length) for ``n`` ticks; a span closes ``fade`` ticks before the hole after it."""
        at, end = start, start + n
        for first, last in spans:
            first = min(first, end)
            shut = min(max(last - self._fade, first), end)
            yield False, first - at
            yield True, shut - first
            at = shut
        yield False, end - at

    def _run(self, is_open: bool, length: int) -> NDArray[np.float64]:
        if not length:
            return np.zeros(0)
        if not is_open and not self._heard:
            return np.ones(length)
        self.holes += not is_open and not self._in_hole
        self._in_hole = not is_open
        self._heard = True
        return self._slew.run(is_open, length)
