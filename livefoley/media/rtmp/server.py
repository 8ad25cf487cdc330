"""The RTMP server: many rooms on one port, each under its stream key."""

from __future__ import annotations

import asyncio
import errno
import hmac
import os
import ssl
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import structlog

from livefoley.core.errors import AddressInUse, ConfigError, reason
from livefoley.core.snapshots import PortSnapshot
from livefoley.core.throttle import LogThrottle
from livefoley.media.acceptor import Acceptor, listening_sockets
from livefoley.media.access.proxy_protocol import TrustedProxies
from livefoley.media.auth import Authorizer
from livefoley.media.loop_share import LoopShare
from livefoley.media.penalties import Penalties
from livefoley.media.publisher_slot import OnDuplicate
from livefoley.media.rtmp.connection import Connection
from livefoley.media.rtmp.counters import Counters, RtmpServerStatistics
from livefoley.media.rtmp.limits import RtmpLimits
from livefoley.media.rtmp.source import RtmpSource

log = structlog.get_logger("livefoley.rtmp")

_IN_USE = {errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE)}


class RtmpServer:
    """Takes publishers at ``rtmp://host:port/<app>`` with the stream key; RTMPS when ``ssl_context`` is given.

    Rooms `register` their keys, before or after `start`. ``auth`` is asked after the key was found right. With
    ``shares`` it leads to the rooms of that server: plain and TLS ports of the same rooms. ``proxies`` say by the PROXY
    protocol whom they speak for.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        ssl_context: ssl.SSLContext | None = None,
        limits: RtmpLimits | None = None,
        auth: Authorizer | None = None,
        shares: RtmpServer | None = None,
        proxies: TrustedProxies | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or RtmpLimits()
        self.auth = auth
        self.now = now
        self.protocol = "rtmps" if ssl_context else "rtmp"
        self.counters = Counters()
        self.throttled = LogThrottle(log, now)
        self._host = host
        self._port = port
        self._ssl = ssl_context
        self._proxies = proxies
        self._salt: bytes = shares._salt if shares else os.urandom(32)
        # keyed digest of app and key -> app, source
        self._rooms: dict[bytes, tuple[str, RtmpSource]] = shares._rooms if shares else {}
        self._connections: set[Connection] = set()
        self._strangers: dict[str, dict[Connection, None]] = {}  # by address, the oldest first
        self._penalties = Penalties(now)
        self._tasks: set[asyncio.Task[None]] = set()
        self._acceptors: list[Acceptor] = []
        self.share = LoopShare(self.limits.stranger_share, spent_s=time.thread_time)

    async def start(self) -> None:
        """Listen, and let publishers in. Raises as `listen` does."""
        await self.listen()
        self.let_in()

    def let_in(self) -> None:
        """Take in the publishers that wait, and those that come from now on."""
        for acceptor in self._acceptors:
            acceptor.begin()

    async def listen(self) -> None:
        """Listen, and let publishers wait in the queue.

        Raises ``AddressInUse`` when the port is taken, ``ConfigError`` when the address cannot be used.
        """
        try:
            sockets = await listening_sockets(self._host, self._port)
        except OSError as error:
            where = f"{self._host}:{self._port}"
            if error.errno in _IN_USE:
                raise AddressInUse(f"RTMP: {where} is taken; stop what listens there or set another port") from None
            raise ConfigError(f"RTMP: cannot listen on {where} ({reason(error)})") from None
        timeout_s = self.limits.handshake_timeout_s if self._ssl else None
        self._acceptors = [
            Acceptor(
                each,
                partial(Connection, self),
                self.share,
                proxies=self._proxies,
                context=self._ssl,
                handshake_timeout_s=timeout_s,
                held=True,
            )
            for each in sockets
        ]

    @property
    def port(self) -> int:
        """The port listened on; the one asked for, or the system's choice for 0."""
        return self._acceptors[0].port if self._acceptors else self._port

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        for acceptor in self._acceptors:
            acceptor.close()
        self.share.close()
        for connection in list(self._connections):
            connection.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for acceptor in self._acceptors:
            await acceptor.wait_closed()
        self._acceptors = []

    def register(
        self, key: str, *, app: str = "live", on_duplicate: OnDuplicate = OnDuplicate.REPLACE, room: str = ""
    ) -> RtmpSource:
        """Open ``app`` to publishers with ``key``; ``room`` names the source in logs.

        Raises ``ConfigError`` for a key that is registered already or that no encoder could send.
        """
        if not key or not app or set(key) & set("?/ \t\r\n"):
            raise ConfigError("RTMP: a stream key must not be empty nor hold a space, a slash or a question mark")
        digest = self._digest(app, key)
        if digest in self._rooms:
            raise ConfigError(f"RTMP: two rooms have the same stream key (application {app!r})")
        source = RtmpSource(room or f"{app}-{len(self._rooms) + 1}", on_duplicate, self.limits, self.now)
        self._rooms[digest] = app, source
        return source

    def statistics(self) -> RtmpServerStatistics:
        """Return a snapshot."""
        counters = self.counters
        return RtmpServerStatistics(
            connections=len(self._connections),
            publishers=sum(connection.publishing for connection in self._connections),
            connections_total=counters.connections_total,
            published_total=counters.published_total,
            takeovers=counters.takeovers,
            rejected=dict(counters.rejected),
            timeouts=counters.timeouts,
            bytes_in=counters.bytes_in,
            messages=counters.messages,
            publisher_waits=counters.publisher_waits,
        )

    def bounds(self) -> PortSnapshot:
        """Return what strangers were held to."""
        return PortSnapshot(
            self.protocol,
            connections=len(self._connections),
            waits=self.share.waits + sum(acceptor.waits for acceptor in self._acceptors),
            gave_way=self.counters.rejected["full"],
            cut=self.counters.cut,
            exhausted=sum(acceptor.exhausted for acceptor in self._acceptors),
        )

    # ---- for connections ----

    def knows_app(self, app: str) -> bool:
        """Whether any room is under application ``app``."""
        return any(known == app for known, _ in self._rooms.values())

    def find(self, app: str, key: str) -> RtmpSource | None:
        """Return the source of ``key``, looking at every room in the same time whether it fits or not."""
        asked = self._digest(app, key)
        found = None
        for digest, (_, source) in self._rooms.items():
            if hmac.compare_digest(digest, asked):
                found = source
        return found

    def _digest(self, app: str, key: str) -> bytes:
        # Of equal length for every key, and under a salt: comparing tells nothing about the key.
        return hmac.digest(self._salt, f"{app}/{key}".encode("utf-8", "surrogatepass"), "sha256")

    def opened(self, connection: Connection) -> None:
        """Note a new connection. When there are too many strangers, the oldest of those who are most gives way."""
        self.counters.connections_total += 1
        self._connections.add(connection)
        self._strangers.setdefault(connection.ip, {})[connection] = None
        crowded = None
        if len(self._strangers[connection.ip]) > self.limits.max_connections_per_ip:
            crowded = connection.ip
        elif sum(map(len, self._strangers.values())) > self.limits.max_connections:
            crowded = max(self._strangers, key=lambda ip: len(self._strangers[ip]))
        if crowded is not None:
            oldest = next(iter(self._strangers[crowded]))
            self._forget(oldest)
            oldest.give_way()

    def admitted(self, connection: Connection) -> None:
        """Note that a connection publishes: it is no stranger any more, and gives way to nobody."""
        self._forget(connection)

    def closed(self, connection: Connection) -> None:
        """Note the end of a connection."""
        self._connections.discard(connection)
        self._forget(connection)

    def _forget(self, connection: Connection) -> None:
        of_address = self._strangers.get(connection.ip, {})
        of_address.pop(connection, None)
        if not of_address:
            self._strangers.pop(connection.ip, None)

    def punish(self, ip: str) -> None:
        """Note that a stranger of this address was cut for breaking the protocol."""
        self.counters.cut += 1
        self._penalties.add(ip)

    def penalty_s(self, ip: str) -> float:
        """Return how long a new connection of this address is not read, in seconds."""
        return self._penalties.of(ip)

    def reject(self, reason: str, connection: Connection, **fields: object) -> None:
        """Count and log that a peer was turned away."""
        self.counters.rejected[reason] += 1
        self.throttled.warning("connection rejected", reason=reason, peer=connection.ip, **fields)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run ``work`` for a connection until it ends or the server closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
