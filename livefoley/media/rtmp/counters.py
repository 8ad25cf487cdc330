"""Figures of the RTMP server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


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
    publisher_waits: int  # times a publisher's bytes had to wait because it had had its share of the event loop


@dataclass(slots=True)
class Counters:
    """What the server's connections count."""

    connections_total: int = 0
    published_total: int = 0
    takeovers: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    timeouts: int = 0
    cut: int = 0
    bytes_in: int = 0
    messages: int = 0
    publisher_waits: int = 0
