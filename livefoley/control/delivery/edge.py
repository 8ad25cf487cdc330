"""What the edges in front of us do: nginx tells of each request by syslog, in JSON, and it is counted for Prometheus.

``deploy/nginx/clips-edge.conf`` has the log format. UDP, so an edge never waits for us; what is lost on the way is not
counted. What is no such line, and whatever comes from elsewhere than the edges, is counted as that and nothing else: a
line is read strictly, its figures are finite and no less than zero, and its words come from closed sets.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, TypeAlias

import msgspec

from livefoley.core.errors import AddressInUse, reason

CACHED = frozenset({"HIT", "STALE", "UPDATING", "REVALIDATED"})
STATES = frozenset({*CACHED, "MISS", "BYPASS", "EXPIRED", "-"})
LONGEST_S = 86_400.0
MOST_BYTES = 1 << 48
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
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


class _Line(msgspec.Struct):
    status: Annotated[int, msgspec.Meta(ge=100, le=599)]
    cache: str
    bytes: Annotated[int, msgspec.Meta(ge=0, le=MOST_BYTES)]
    seconds: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_S)]
    origin_ttfb: str


_LINES = msgspec.json.Decoder(_Line)


def parse(line: bytes) -> EdgeRequest | None:
    """Return what a line of syslog tells; None for what is no line of ours."""
    _, brace, text = line.partition(b"{")
    try:
        told = _LINES.decode(brace + text)
        origin_s = _first_number(told.origin_ttfb)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    cache = told.cache if told.cache in STATES else "-"
    return EdgeRequest(told.status, cache, told.bytes, told.seconds, origin_s)


def _first_number(text: str) -> float | None:
    """Return the first number of a list as nginx writes one ("0.001, 0.002 : -"); None when there is none.

    Raises ``ValueError`` for one that is no time.
    """
    parts = text.replace(":", ",").replace(" ", "").split(",")
    number = next((float(part) for part in parts if part not in ("", "-")), None)
    if number is not None and not 0 <= number <= LONGEST_S:
        raise ValueError("no time")
    return number


class EdgeLog(asyncio.DatagramProtocol):
    """Counts what edges tell; they are the ``senders``."""

    def __init__(self, senders: Iterable[Network] = LOOPBACK) -> None:
        networks = tuple(senders)
        self._is_edge = lru_cache(256)(lambda host: _lies_in(host, networks))
        self.requests: Counter[tuple[str, str]] = Counter()  # by cache state and class of status
        self.sent_bytes = self.garbled = self.strange = 0
        self.seconds, self.origin_seconds = _Histogram(), _Histogram()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Count one line."""
        if not self._is_edge(str(addr[0])):
            self.strange += 1
            return
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


def _lies_in(host: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in networks)


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
