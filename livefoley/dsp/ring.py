"""A bounded stereo ring addressed by absolute tick, which knows which of its ticks have been written."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.ticks import Tick, ticks_from_s


@dataclass(frozen=True, slots=True)
class RingStatistics:
    """Samples clipped since the ring was made."""

    late_samples: int  # came for ticks before the edge
    early_samples: int  # came for ticks beyond the capacity


class TickRing:
    """Holds the ticks ``edge .. edge + capacity``; the edge moves forward only, by ``clear_before`` (or ``reset``).

    What is written outside of that window is clipped and counted, so a peer's wild stamp costs no memory.
    """

    def __init__(self, seconds: float, start: Tick = 0) -> None:
        self.capacity: int = ticks_from_s(seconds)
        self._samples = np.zeros((2, self.capacity), np.float32)
        self._late = 0
        self._early = 0
        self._edge = start
        self._starts: list[Tick] = []  # of the written spans: disjoint, never touching, in order
        self._ends: list[Tick] = []

    def reset(self, start: Tick) -> None:
        """Empty the ring and put its edge at ``start``; the counters stay."""
        self.clear_from(self._edge)  # and not the rest, which no system has given memory to before it is written
        self._edge = start

    @property
    def edge(self) -> Tick:
        """The first tick that can still be written and read."""
        return self._edge

    @property
    def end(self) -> Tick:
        """The tick after the last one written, or the edge when nothing is there."""
        return self._ends[-1] if self._ends else self._edge

    def add(self, samples: Stereo, start: Tick) -> None:
        """Add ``samples`` ``[2, n]`` to what is there from ``start`` on."""
        samples, start = self._clip(samples, start)
        for here, there in self._pieces(start, samples.shape[1]):
            self._samples[:, here] += samples[:, there]
        self._mark(start, start + samples.shape[1])

    def write(self, samples: Stereo, start: Tick) -> None:
        """Put ``samples`` ``[2, n]`` in the place of what is there from ``start`` on."""
        samples, start = self._clip(samples, start)
        for here, there in self._pieces(start, samples.shape[1]):
            self._samples[:, here] = samples[:, there]
        self._mark(start, start + samples.shape[1])

    def read(self, start: Tick, n: int) -> Stereo:
        """Return a copy of ``n`` ticks from ``start`` on, ``[2, n]``: zeros where nothing was written."""
        out = np.zeros((2, n), np.float32)
        first, last = max(start, self._edge), min(start + n, self._edge + self.capacity)
        for here, there in self._pieces(first, last - first):
            out[:, first - start + there.start : first - start + there.stop] = self._samples[:, here]
        return out

    def filled(self, start: Tick, n: int) -> list[tuple[Tick, Tick]]:
        """Return the written spans ``(first, after_last)`` within ``n`` ticks from ``start`` on, in order."""
        end = start + n
        low, high = bisect_right(self._ends, start), bisect_left(self._starts, end)
        spans = zip(self._starts[low:high], self._ends[low:high], strict=True)
        return [(max(first, start), min(last, end)) for first, last in spans]

    def clear_before(self, tick: Tick) -> None:
        """Forget every tick before ``tick`` and move the edge there; does nothing when the edge is past it already."""
        if tick <= self._edge:
            return
        while self._starts and self._starts[0] < tick:
            first, last = self._starts[0], min(self._ends[0], tick)
            for here, _ in self._pieces(first, last - first):
                self._samples[:, here] = 0.0
            if last < self._ends[0]:
                self._starts[0] = tick
                break
            del self._starts[0], self._ends[0]
        self._edge = tick

    def clear_from(self, tick: Tick) -> None:
        """Forget what is written from ``tick`` on."""
        tick = max(tick, self._edge)
        for first, last in self.filled(tick, self._edge + self.capacity - tick):
            for here, _ in self._pieces(first, last - first):
                self._samples[:, here] = 0.0
        keep = bisect_left(self._starts, tick)
        del self._starts[keep:], self._ends[keep:]
        if self._ends:
            self._ends[-1] = min(self._ends[-1], tick)

    def statistics(self) -> RingStatistics:
        """Return a snapshot."""
        return RingStatistics(self._late, self._early)

    def _clip(self, samples: Stereo, start: Tick) -> tuple[Stereo, Tick]:
        """Return the part of ``samples`` within the window and its start, and count the rest."""
        end = start + samples.shape[1]
        first = min(max(start, self._edge), end)
        last = max(min(end, self._edge + self.capacity), first)
        self._late += first - start
        self._early += end - last
        return samples[:, first - start : last - start], first

    def _pieces(self, start: Tick, n: int) -> Iterator[tuple[slice, slice]]:
        """Yield the one or two places of ``n`` ticks from ``start`` on: (slice of the ring, slice of the block)."""
        if n <= 0:
            return
        at = start % self.capacity
        head = min(n, self.capacity - at)
        yield slice(at, at + head), slice(0, head)
        if head < n:
            yield slice(0, n - head), slice(head, n)

    def _mark(self, start: Tick, end: Tick) -> None:
        """Note that ``start .. end`` is written, and merge it with the spans it meets."""
        if start >= end:
            return
        low, high = bisect_left(self._ends, start), bisect_right(self._starts, end)
        if low < high:
            start, end = min(start, self._starts[low]), max(end, self._ends[high - 1])
        self._starts[low:high] = [start]
        self._ends[low:high] = [end]
