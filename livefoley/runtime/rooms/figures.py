"""Bit rates from counters, percentiles from delays."""

from __future__ import annotations

from collections import deque

RATE_WINDOW_S = 10.0


class RateMeter:
    """Bits a second from counters of bytes read now and then."""

    def __init__(self) -> None:
        self._readings: deque[tuple[float, int]] = deque(maxlen=64)

    def read(self, total_bytes: int, now: float) -> float:
        """Take a reading; return kb/s over about the last ten seconds."""
        if not self._readings or now - self._readings[-1][0] >= 0.5:
            self._readings.append((now, total_bytes))
        while len(self._readings) > 1 and now - self._readings[0][0] > RATE_WINDOW_S:
            self._readings.popleft()
        first_s, first = self._readings[0]
        return (total_bytes - first) * 8 / 1000 / (now - first_s) if now > first_s else 0.0


def percentiles(values: deque[float]) -> tuple[float, float, float]:
    """Return the 50th, 95th and 99th percentile; zeros of nothing."""
    if not values:
        return (0.0, 0.0, 0.0)
    ordered = sorted(values)
    return tuple(ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.50, 0.95, 0.99))  # type: ignore[return-value]
