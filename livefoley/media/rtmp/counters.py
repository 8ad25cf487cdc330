"""Figures of the RTMP server and of its sources, and log lines kept to one a second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RtmpServerStatistics:
    """An `RtmpServer`'s figures; all but the first two only ever grow."""

    connections: int
    publishers: int
    connections_total: int
    published_total: int
    takeovers: int
    rejected: Mapping[
        str, int
    ]  # by reason: "key", "auth", "app", "duplicate", "storm", "idle", "full", "play", "protocol"
    timeouts: int  # connections ended by the handshake deadline or the read watchdog
    bytes_in: int
    messages: int


@dataclass(frozen=True, slots=True)
class RtmpSourceStatistics:
    """An `RtmpSource`'s figures."""

    connected: bool
    published_total: int
    takeovers: int
    packets: int
    bytes: int  # of payload
    skipped_tags: int
    problem: str | None  # why a track of the present publisher cannot be used


@dataclass(slots=True)
class Counters:
    """What the server's connections count."""

    connections_total: int = 0
    published_total: int = 0
    takeovers: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    timeouts: int = 0
    bytes_in: int = 0
    messages: int = 0


class Notices:
    """Log lines of things that can happen any number of times: one a second, with how many were left out."""

    def __init__(self, log: Any, now: Callable[[], float], interval_s: float = 1.0) -> None:
        self._log = log
        self._now = now
        self._interval_s = interval_s
        self._last = float("-inf")
        self._left_out = 0

    def warn(self, event: str, **fields: object) -> None:
        """Log a warning, or count it as left out."""
        if self._now() - self._last < self._interval_s:
            self._left_out += 1
            return
        self._last = self._now()
        more = {"left_out": self._left_out} if self._left_out else {}
        self._left_out = 0
        self._log.warning(event, **fields, **more)
