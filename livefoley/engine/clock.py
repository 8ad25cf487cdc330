"""The playhead: which tick of the timeline leaves now.

A publisher's clock drifts against ours and its packets arrive in bursts. The least delayed packet of the last seconds
says where its clock really is (a sliding minimum of arrival minus stamp, as jitter only ever adds); the playhead
follows that a fixed look-ahead behind, never backwards, and never faster or slower than a few per cent.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s

WINDOW_S = 10.0
BUCKET_S = 0.5
MAX_SLEW = 0.02  # the playhead runs at 98 to 102 % of real time while it follows


class SlidingMinimum:
    """The least value of the last ``window_s`` seconds, in buckets, so that memory is bounded whatever the rate."""

    def __init__(self, window_s: float = WINDOW_S, bucket_s: float = BUCKET_S) -> None:
        self._window_s = window_s
        self._bucket_s = bucket_s
        self._buckets: deque[tuple[float, int]] = deque()

    def add(self, value: int, now: float) -> int:
        """Take a value seen at ``now``; return the minimum."""
        if self._buckets and now - self._buckets[-1][0] < self._bucket_s:
            start, least = self._buckets[-1]
            self._buckets[-1] = (start, min(least, value))
        else:
            self._buckets.append((now, value))
        while now - self._buckets[0][0] > self._window_s:
            self._buckets.popleft()
        return min(least for _, least in self._buckets)

    def clear(self) -> None:
        """Forget everything."""
        self._buckets.clear()


class Playout(Protocol):
    """Which tick leaves when, for those who look on; ``started`` before anything else is asked."""

    @property
    def lookahead(self) -> Tick:
        """How far what comes in is ahead of what leaves."""
        ...

    @property
    def started(self) -> bool:
        """Whether there is a stream."""
        ...

    def playhead(self, now: float) -> Tick:
        """Return the tick that leaves now."""
        ...

    def wall_s(self, tick: Tick) -> float:
        """Return when, on the clock of ``now``, a tick leaves as things stand."""
        ...


class PlayoutClock:
    """Maps the wall clock (seconds, monotonic) to the playhead (ticks)."""

    def __init__(self, lookahead: Tick) -> None:
        self.lookahead = lookahead
        self._delays = SlidingMinimum()
        self._base: float | None = None  # wall ticks minus timeline ticks, as applied
        self._target = 0.0
        self._slewed_s = 0.0
        self._playhead: Tick | None = None

    @property
    def started(self) -> bool:
        return self._base is not None

    def start(self, head: Tick, now: float) -> None:
        """Say that the stream stands at ``head`` now; the playhead is a look-ahead behind it."""
        self._delays.clear()
        self._base = self._target = now * TICK_RATE - head
        self._slewed_s = now

    def observe(self, dts: Tick, now: float) -> None:
        """Take the arrival of a packet stamped ``dts``."""
        self._target = self._delays.add(round(now * TICK_RATE) - dts, now)

    def anchor(self, now: float) -> None:
        """Take the newest estimate at once: nothing has been played yet, so nobody hears the step."""
        self._base = self._target
        self._slewed_s = now

    def forget(self) -> None:
        """Forget the delays seen: what follows is another publisher, or the same after a break."""
        self._delays.clear()
        if self._base is not None:
            self._target = self._base

    def hold_back(self, ticks: Tick) -> None:
        """Move the playhead back by ``ticks`` of the future: this process was asleep, so the stream waited as well."""
        if self._base is not None:
            self._base += ticks
            self._target += ticks
            self._delays.clear()
        if self._playhead is not None:
            self._playhead -= ticks  # what was told while nobody was awake has not been played

    def playhead(self, now: float) -> Tick:
        """Return the tick that leaves now; never less than before. Call ``start`` first."""
        assert self._base is not None, "the clock has not been started"  # noqa: S101 - a programming error
        elapsed = max(0.0, now - self._slewed_s)
        step = self._target - self._base
        limit = elapsed * TICK_RATE * MAX_SLEW
        self._base += min(limit, max(-limit, step))
        self._slewed_s = max(now, self._slewed_s)
        playhead = round(now * TICK_RATE - self._base) - self.lookahead
        self._playhead = playhead if self._playhead is None else max(playhead, self._playhead)
        return self._playhead

    def wall_s(self, tick: Tick) -> float:
        """Return when, on the wall clock, the playhead reaches ``tick`` as things stand."""
        assert self._base is not None, "the clock has not been started"  # noqa: S101
        return (tick + self.lookahead + self._base) / TICK_RATE


def lookahead_ticks(lookahead_s: float) -> Tick:
    """Return the look-ahead in ticks."""
    return ticks_from_s(lookahead_s)
