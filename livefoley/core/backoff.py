"""How long to wait before what failed is tried again: twice as long each time, up to a bound, and never in step with
others who lost the same server ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

JITTER = 0.25
_MOST_DOUBLINGS = 60


def jittered(
    pause_s: float, jitter: float = JITTER, uniform: Callable[[float, float], float] = random.uniform
) -> float:
    """Return a pause made longer or shorter by up to the share ``jitter``."""
    return pause_s * uniform(1.0 - jitter, 1.0 + jitter)


class Backoff:
    """The pauses of one loop of attempts: ``bounds_s`` (least, most), each longer or shorter by the share ``jitter``.

    What went well for longer than ``steady_s`` counts as a new beginning. ``uniform(a, b)`` draws from a..b.
    """

    def __init__(
        self,
        bounds_s: tuple[float, float],
        *,
        jitter: float = JITTER,
        steady_s: float = math.inf,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._least_s, self._most_s = bounds_s
        self._jitter = jitter
        self._steady_s = steady_s
        self._uniform = uniform
        self.failures = 0
        """In a row."""

    def next_s(self, lasted_s: float = 0.0) -> float:
        """Count a failure and return how long to wait; ``lasted_s`` is how long it had gone well before."""
        if lasted_s > self._steady_s:
            self.reset()
        self.failures += 1
        return self.after(self.failures)

    def after(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row."""
        doubled = self._least_s * 2.0 ** min(max(failures, 1) - 1, _MOST_DOUBLINGS)
        return jittered(min(self._most_s, doubled), self._jitter, self._uniform)

    def reset(self) -> None:
        """It went well: the next pause is the least again."""
        self.failures = 0
