"""A circuit breaker: a model that fails or is too slow is left alone for a while, then tried again with one request.

Time is an argument (seconds of any monotonic clock).
"""

from __future__ import annotations

from enum import StrEnum

FAILURES = 3
PAUSE_S = (5.0, 300.0)


class BreakerState(StrEnum):
    """Whether requests go through."""

    CLOSED = "closed"  # they do
    OPEN = "open"  # they do not
    TRIAL = "trial"  # one does, and decides


class Breaker:
    """Opens after three failures in a row; each time the trial fails, too, the pause doubles, up to five minutes."""

    def __init__(self, failures: int = FAILURES, pause_s: tuple[float, float] = PAUSE_S) -> None:
        self._most = failures
        self._shortest_s, self._longest_s = pause_s
        self._in_a_row = 0
        self._pause_s = self._shortest_s
        self._until_s: float | None = None
        self._trial = False
        self.openings = 0

    def state(self, now: float) -> BreakerState:
        """Return the state at ``now``."""
        if self._until_s is None:
            return BreakerState.CLOSED
        return BreakerState.TRIAL if self._trial or now >= self._until_s else BreakerState.OPEN

    def allow(self, now: float) -> bool:
        """Say whether a request may go through; in a trial, the first one may."""
        state = self.state(now)
        if state is BreakerState.TRIAL and not self._trial:
            self._trial = True
            return True
        return state is BreakerState.CLOSED

    def success(self) -> None:
        """A request was answered well and in time."""
        self._in_a_row = 0
        self._pause_s = self._shortest_s
        self._until_s = None
        self._trial = False

    def failure(self, now: float) -> None:
        """A request failed, or its answer came too late."""
        self._in_a_row += 1
        if self._trial:
            self._pause_s = min(self._longest_s, 2 * self._pause_s)
        if self._trial or self._in_a_row >= self._most:
            self.openings += self._until_s is None
            self._until_s = now + self._pause_s
            self._trial = False
