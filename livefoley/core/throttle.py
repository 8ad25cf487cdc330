"""Log lines of things that can happen any number of times: some of them a minute, with how many were left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LINES = 10
WINDOW_S = 60.0


@dataclass(slots=True)
class _Window:
    since_s: float
    lines: int = 0
    left_out: int = 0


class LogThrottle:
    """Writes at most ``lines`` of an event in ``window_s`` to ``log``; the next one names how many were ``left_out``.

    An event is its text, which must be one of the few in the code and hold nothing that varies. ``now`` tells the time
    in seconds of a monotonic clock.
    """

    def __init__(self, log: Any, now: Callable[[], float], lines: int = LINES, window_s: float = WINDOW_S) -> None:
        self._log = log
        self._now = now
        self._lines = lines
        self._window_s = window_s
        self._windows: dict[str, _Window] = {}

    def warning(self, event: str, **fields: object) -> None:
        """Log a warning, or count it as left out."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Log an error, or count it as left out."""
        self._write("error", event, fields)

    def exception(self, event: str, **fields: object) -> None:
        """Log an error with the exception being handled, or count it as left out."""
        self._write("exception", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        now = self._now()
        window = self._windows.get(event)
        left_out = 0
        if window is None or now - window.since_s >= self._window_s:
            left_out = window.left_out if window is not None else 0
            window = self._windows[event] = _Window(now)
        if window.lines >= self._lines:
            window.left_out += 1
            return
        window.lines += 1
        more = {"left_out": left_out} if left_out else {}
        getattr(self._log, level)(event, **fields, **more)
