"""Bit rates from counters."""

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
