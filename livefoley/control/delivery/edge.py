"""What the edges in front of us do: nginx tells of each request by syslog, in JSON, and it is counted for Prometheus.

``deploy/nginx/clips-edge.conf`` has the log format. UDP, so an edge never waits for us; what is lost on the way is not
counted, and what is no such line is counted as nothing else.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from livefoley.core.errors import AddressInUse, reason

CACHED = frozenset({"HIT", "STALE", "UPDATING", "REVALIDATED"})
STATES = frozenset({*CACHED, "MISS", "BYPASS", "EXPIRED", "-"})
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


@dataclass(frozen=True, slots=True)
class EdgeRequest:
    """One request as an edge logged it. ``origin_s`` is how long the origin took to begin its answer, None when it was
    not asked."""

    status: int
    cache: str
    sent_bytes: int
    seconds: float
    origin_s: float | None


def parse(line: bytes) -> EdgeRequest | None:
    """Return what a line of syslog tells; None for what is no line of ours."""
    _, brace, text = line.partition(b"{")
    try:
        told: dict[str, Any] = json.loads(brace + text)
        cache = str(told["cache"]) or "-"
        return EdgeRequest(
            int(told["status"]),
            cache if cache in STATES else "-",
            int(told["bytes"]),
            float(told["seconds"]),
            _first_number(told["origin_ttfb"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _first_number(text: str) -> float | None:
    """Return the first number of a list as nginx writes one ("0.001, 0.002 : -"); None when there is none."""
    parts = text.replace(":", ",").replace(" ", "").split(",")
    return next((float(part) for part in parts if part not in ("", "-")), None)


class EdgeLog(asyncio.DatagramProtocol):
    """Counts what edges tell."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str]] = Counter()  # by cache state and class of status
        self.sent_bytes = self.garbled = 0
        self.seconds, self.origin_seconds = _Histogram(), _Histogram()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Count one line."""
        told = parse(data)
        if told is None:
            self.garbled += 1
            return
        self.requests[told.cache, f"{told.status // 100}xx"] += 1
        self.sent_bytes += told.sent_bytes
        self.seconds.add(told.seconds)
        if told.origin_s is not None:
            self.origin_seconds.add(told.origin_s)

    def hit_ratio(self) -> float:
        """Return the share of good answers that came from the cache; 0 before the first."""
        good = {key: count for key, count in self.requests.items() if key[1] == "2xx"}
        hits = sum(count for (cache, _), count in good.items() if cache in CACHED)
        return hits / total if (total := sum(good.values())) else 0.0


class _Histogram:
    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS_S) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        self.total += value
        self._counts[sum(value > edge for edge in BUCKETS_S)] += 1

    def cumulated(self) -> list[tuple[str, float]]:
        rising = [float(sum(self._counts[: index + 1])) for index in range(len(self._counts))]
        return [*zip(map(str, BUCKETS_S), rising, strict=False), ("+Inf", rising[-1])]


@asynccontextmanager
async def listening(log: EdgeLog, host: str, port: int) -> AsyncIterator[int]:
    """Take lines by UDP; give the port. Raises ``AddressInUse``."""
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_datagram_endpoint(lambda: log, local_addr=(host, port))
    except OSError as error:
        raise AddressInUse(f"clips.delivery.edge_log: {host}:{port} cannot be had ({reason(error)})") from None
    try:
        yield int(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()
