"""The HTTP port: uvicorn inside the application's own loop, with the application's own signals and shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from livefoley.control.api.chat_lines import MAX_CHAT_BYTES
from livefoley.control.connections import MOST, Connections
from livefoley.core.errors import AddressInUse, ConfigError, LivefoleyError, reason
from livefoley.core.snapshots import PortSnapshot
from livefoley.media.acceptor import Acceptor
from livefoley.media.loop_share import LoopShare
from livefoley.system.descriptors import descriptors

FINISH_S = 2.0  # what a cancelled server gives open requests
HEAD_TIMEOUT_S = 15  # for the head of a request, and between requests
BACKLOG = 256
STRANGERS_SHARE = 0.2  # of the event loop, for taking connections in
MAX_SOCKET_MESSAGE = MAX_CHAT_BYTES  # chat alone is written to a WebSocket


class _Protocol(H11Protocol):
    """Hangs up on who does not finish asking: uvicorn itself waits for ever for the head of a request.

    Counts itself among the port's ``kept`` connections, which may ask it to give way.
    """

    kept: Connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        # asyncio does this only for sockets made as IPPROTO_TCP; without it an answer takes 40 ms (Nagle, delayed ACK)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._patience: asyncio.TimerHandle | None = None
        self._expect_head()
        self.kept.opened(self, self._address)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Leave the connection to the WebSocket, which pings."""
        if self._patience is not None:
            self._patience.cancel()
        self.kept.closed(self, self._address)  # listeners are counted, and bounded, by their room
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self.kept.closed(self, self._address)
        if self._patience is not None:
            self._patience.cancel()

    @property
    def idle(self) -> bool:
        """Whether no whole request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def give_way(self) -> None:
        """Close at once, so that somebody else has room."""
        self.transport.abort()

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def _expect_head(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = self.loop.call_later(HEAD_TIMEOUT_S, self._lose_patience)

    def _lose_patience(self) -> None:
        if self.idle:
            self.transport.close()


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.share = LoopShare(STRANGERS_SHARE)
        self.acceptors: list[Acceptor] = []

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the application decides what they mean."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen at the pace of an `Acceptor`; asyncio's own server takes in all at once and knows no end of it."""
        protocol: Any = self.config.http_protocol_class
        make = partial(
            protocol,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        self.acceptors = [Acceptor(each, make, self.share, context=self.config.ssl) for each in sockets or []]
        self.servers: list[Any] = list(self.acceptors)  # closed, and waited for, as asyncio's are
        self.started = True


class HttpServer:
    """Serves ``app``. The port is bound by the constructor, so ``port`` is known before ``run``, also for port 0.

    Raises ``AddressInUse`` for a port that is taken, ``ConfigError`` for an address or a certificate that is no use.
    """

    def __init__(
        self, app: ASGIApp, host: str, port: int, *, cert: Path | None = None, key: Path | None = None
    ) -> None:
        self.connections = Connections(most=min(MOST, max(MOST // 20, descriptors() // 2)))
        config = uvicorn.Config(
            app,
            http=type("_Protocol", (_Protocol,), {"kept": self.connections}),
            ws="websockets-sansio",
            ws_max_size=MAX_SOCKET_MESSAGE,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=HEAD_TIMEOUT_S,
            timeout_graceful_shutdown=int(FINISH_S),
            ssl_certfile=cert,
            ssl_keyfile=key,
        )
        _load(config, cert)
        self._socket = bind(host, port)
        self._uvicorn = _Uvicorn(config)

    @property
    def port(self) -> int:
        """The port that is bound."""
        return int(self._socket.getsockname()[1])

    def bounds(self) -> PortSnapshot:
        """Return what strangers were held to."""
        return PortSnapshot(
            "http",
            connections=len(self.connections),
            waits=sum(acceptor.waits for acceptor in self._uvicorn.acceptors),
            gave_way=self.connections.gave_way.total(),
            exhausted=sum(acceptor.exhausted for acceptor in self._uvicorn.acceptors),
        )

    async def run(self) -> None:
        """Serve until cancelled; open requests then have ``FINISH_S`` to end."""
        serving = asyncio.create_task(self._uvicorn.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(serving)
        finally:
            self._uvicorn.should_exit = True
            await asyncio.wait([serving], timeout=FINISH_S + 1)
            self.close()

    def close(self) -> None:
        """Give the port back without having served."""
        self._socket.close()


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    cert: Path | None = None,
    key: Path | None = None,
    on_bound: Callable[[int], None] = lambda port: None,
) -> None:
    """Serve ``app`` until cancelled; ``on_bound`` is told the port."""
    server = HttpServer(app, host, port, cert=cert, key=key)
    on_bound(server.port)
    await server.run()


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises the error that tells an operator what to do."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except socket.gaierror:
        raise ConfigError(f"HTTP: the host {host} of server.http.listen is not known") from None
    except OSError as error:
        raise _refused(error, host, port) from None


def _refused(error: OSError, host: str, port: int) -> LivefoleyError:
    if error.errno == errno.EADDRINUSE:
        what = "is taken; stop what listens there, or choose another port in server.http.listen"
        return AddressInUse(f"HTTP: {host}:{port} {what}")
    if error.errno in (errno.EACCES, errno.EPERM):
        return ConfigError(f"HTTP: this user may not listen on {host}:{port}; choose a port above 1023")
    return ConfigError(f"HTTP: {host}:{port} is no address of this machine ({reason(error)}); see server.http.listen")


def _load(config: uvicorn.Config, cert: Path | None) -> None:
    try:
        config.load()
    except (ssl.SSLError, OSError) as error:
        why = getattr(error, "reason", None) or reason(error)  # OpenSSL's word for it, where it has one
        raise ConfigError(f"server.http.tls: {cert} and its key cannot be used ({why})") from None
