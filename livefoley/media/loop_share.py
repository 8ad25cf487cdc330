"""A bounded share of the event loop for those who may not have all of it: all streams and strangers live on one loop.

A bucket of time is filled at a constant rate. Whoever acts for a stranger does it inside `spending`; when the bucket is
overdrawn, strangers wait, and are let go on one after another as it fills, address by address, so that one address that
floods does not keep the others waiting. A publisher has a bucket of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TICK_S = 0.005
_SMOOTHING = 0.1


class LoopShare:
    """``share`` of the loop's time (0 to 1), at most ``burst_s`` seconds in a row. ``now`` tells seconds, ``spent_s``
    those that are charged: the same ones unless told otherwise."""

    def __init__(
        self,
        share: float,
        burst_s: float = 0.01,
        now: Callable[[], float] = time.perf_counter,
        spent_s: Callable[[], float] | None = None,
    ) -> None:
        self.waits = 0
        """How often a stranger had to wait."""
        self._share = share
        self._burst_s = burst_s
        self._now = now
        self._spent_s = spent_s or now
        self._left_s = burst_s
        self._at = now()
        self._cost_s = 0.001  # of one turn, as of late
        self._waiting: OrderedDict[str, deque[Callable[[], None]]] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def spent(self) -> bool:
        """Whether strangers have had their share for now."""
        self._fill()
        return self._left_s <= 0

    @contextmanager
    def spending(self) -> Iterator[None]:
        """Charge the time that passes inside to the strangers."""
        began = self._spent_s()
        try:
            yield
        finally:
            self.charge(self._spent_s() - began)

    def charge(self, seconds: float) -> None:
        """Charge ``seconds`` to the strangers."""
        self._fill()
        self._left_s -= seconds
        self._cost_s += _SMOOTHING * (seconds - self._cost_s)

    def wait(self, address: str, go_on: Callable[[], None]) -> None:
        """Call ``go_on`` when it is the turn of ``address``; as many may wait as there are connections."""
        self.waits += 1
        self._waiting.setdefault(address, deque()).append(go_on)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def close(self) -> None:
        """Forget who waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._waiting.clear()

    def _tick(self) -> None:
        self._timer = None
        self._fill()
        # One at least: turns that cost more than the bucket holds would never come, and so never be found cheaper.
        turns = max(1, int(self._left_s / max(self._cost_s, 1e-6))) if self._left_s > 0 else 0
        for _ in range(turns):
            if not self._waiting:
                break
            address, queue = self._waiting.popitem(last=False)
            go_on = queue.popleft()
            if queue:
                self._waiting[address] = queue  # behind the others
            go_on()
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def _fill(self) -> None:
        now = self._now()
        self._left_s = min(self._burst_s, self._left_s + (now - self._at) * self._share)
        self._at = now
