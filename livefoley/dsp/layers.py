"""Sounds laid over each other on the timeline: each has its place, its gains, its fades and the group it counts to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.ticks import Tick

EVICTION_FADE = 480
"""Ticks over which a sound that must give way fades out: 10 ms."""

Group = TypeVar("Group")


@dataclass(slots=True, eq=False)  # one is found by itself: arrays have no truth to compare by
class _Layer(Generic[Group]):
    group: Group
    samples: Stereo
    start: Tick  # of samples[:, 0]
    gains: NDArray[np.float32]  # [2, 1]
    first: Tick  # heard from here ...
    last: Tick  # ... to before here
    fade_in: int = 0
    fade_out: int = 0
    level: float = field(default=0.0)

    def render(self, begin: Tick, end: Tick) -> Stereo:
        """Return the sound from ``begin`` to ``end``, both within ``first .. last``."""
        out = self.samples[:, begin - self.start : end - self.start] * self.gains
        if begin < self.first + self.fade_in:
            out *= _ramp(begin - self.first, end - begin, self.fade_in)
        if end > self.last - self.fade_out:
            out *= _ramp(self.last - end, end - begin, self.fade_out)[::-1]
        return out


class Layers(Generic[Group]):
    """At most ``limit`` sounds; the quietest (of equals, the oldest) gives way to a new one and counts in ``evicted``.

    A sound that is being heard when it must give way fades out over 10 ms.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._layers: list[_Layer[Group]] = []
        self._fading: list[_Layer[Group]] = []
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._layers)

    def add(
        self, group: Group, samples: Stereo, start: Tick, gains: tuple[float, float], now: Tick, fade_in: int
    ) -> None:
        """Lay ``samples`` at ``start`` with the gains of left and right.

        ``now`` is the first tick not rendered yet: what lies before it is cut off, with a fade of ``fade_in`` ticks.
        """
        first, last = max(start, now), start + samples.shape[1]
        if first >= last:
            return
        fade = fade_in if first > start else 0
        level = float(np.sqrt(np.mean(np.square(samples)))) * max(gains)
        gain = np.array(gains, np.float32)[:, None]
        self._layers.append(_Layer(group, samples, start, gain, first, last, fade_in=fade, level=level))
        if len(self._layers) > self._limit:
            self._evict(now)

    def render(self, start: Tick, n: int) -> dict[Group, Stereo]:
        """Return the sum of each group that sounds, ``[2, n]``, and forget what has ended; read in order."""
        sums: dict[Group, Stereo] = {}
        for layer in (*self._layers, *self._fading):
            begin, end = max(start, layer.first), min(start + n, layer.last)
            if begin < end:
                out = sums.setdefault(layer.group, np.zeros((2, n), np.float32))
                out[:, begin - start : end - start] += layer.render(begin, end)
        self._layers = [layer for layer in self._layers if layer.last > start + n]
        self._fading = [layer for layer in self._fading if layer.last > start + n]
        return sums

    def clear(self) -> None:
        """Forget every sound."""
        self._layers.clear()
        self._fading.clear()

    def _evict(self, now: Tick) -> None:
        layer = min(self._layers, key=lambda layer: layer.level)
        self._layers.remove(layer)
        self.evicted += 1
        if layer.first < now and len(self._fading) < self._limit:
            layer.last = min(layer.last, now + EVICTION_FADE)
            layer.fade_out = EVICTION_FADE
            self._fading.append(layer)


def _ramp(offset: int, n: int, length: int) -> NDArray[np.float32]:
    """Return ``n`` gains of a fade over ``length`` ticks, from its tick ``offset`` on."""
    ticks = np.arange(offset + 1, offset + 1 + n)
    return np.minimum(ticks / length, 1.0).astype(np.float32)
