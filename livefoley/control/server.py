"""The HTTP port: uvicorn inside the application's own loop, with the application's own signals and shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from livefoley.control.api.chat_lines import MAX_CHAT_BYTES
from livefoley.control.connections import MOST, Connections
from livefoley.core.errors import AddressInUse, ConfigError, LivefoleyError, reason
from livefoley.core.snapshots import PortSnapshot
from livefoley.media.acceptor import Acceptor
from livefoley.media.access.proxy_protocol import TrustedProxies
from livefoley.media.loop_share import LoopShare
from livefoley.system.descriptors import descriptors

FINISH_S = 2.0  # what a cancelled server gives open requests
HEAD_TIMEOUT_S = 15  # for the head of a request, and between requests
LINGER_S = 2.0  # for the rest of a request that was refused
STALL_S = 15.0  # that a peer may leave an answer unread
BACKLOG = 256
STRANGERS_SHARE = 0.2  # of the event loop, for taking connections in
MAX_SOCKET_MESSAGE = MAX_CHAT_BYTES  # chat alone is written to a WebSocket


class _Protocol(H11Protocol):
    """Hangs up on who does not finish asking: uvicorn itself waits for ever for the head of a request.

    Counts itself among the port's ``kept`` connections, which may ask it to give way.
    """

    kept: Connections
    lingering = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(cast(asyncio.Transport, _Closing(transport, self)))
        self._stalled: asyncio.TimerHandle | None = None
        self._rest: asyncio.TimerHandle | None = None
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
        """Begin to wait for the next request, or for the rest of one that was refused before it was all there."""
        super().on_response_complete()
        self._expect_head()
        if self.body_underway and not self.lingering:
            self._rest = self.loop.call_later(LINGER_S, self._refuse_rest)

    def data_received(self, data: bytes) -> None:
        """Take bytes in; once the connection is ending they are thrown away."""
        if not self.lingering:
            super().data_received(data)

    @property
    def body_underway(self) -> bool:
        """Whether the body of a request has not come whole."""
        return self.conn.their_state is h11.SEND_BODY

    def linger(self, transport: asyncio.Transport) -> None:
        """Close when the peer, which still sends, has had time to read its answer: a reset would take it away."""
        self.lingering = True
        self.flow.resume_reading()
        if transport.can_write_eof():
            transport.write_eof()
        self._rest = self.loop.call_later(LINGER_S, transport.close)

    def _refuse_rest(self) -> None:
        if self.body_underway and self.idle:
            self.transport.abort()

    def pause_writing(self) -> None:
        """The peer does not read fast enough: it has a while to go on, and then loses the connection."""
        super().pause_writing()
        self._stalled = self.loop.call_later(STALL_S, self.transport.abort)

    def resume_writing(self) -> None:
        """The peer reads again."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self.kept.closed(self, self._address)
        for timer in (self._patience, self._stalled, self._rest):
            if timer is not None:
                timer.cancel()

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


class _Closing:
    """A transport whose ``close`` leaves a peer that still sends the time to read its answer."""

    def __init__(self, transport: asyncio.Transport, protocol: _Protocol) -> None:
        self._transport = transport
        self._protocol = protocol

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self._protocol.lingering or self._transport.is_closing()

    def close(self) -> None:
        if self._protocol.body_underway and not self.is_closing():
            self._protocol.linger(self._transport)
        elif not self._protocol.lingering:
            self._transport.close()


class _Socket(WebSocketsSansIOProtocol):
    def data_received(self, data: bytes) -> None:
        """Take bytes in; once the connection is ending they are thrown away: each would be an error of its own."""
        if not self.transport.is_closing():
            super().data_received(data)

    async def send(self, message: Any) -> None:
        """Send; uvicorn takes a refusal, sent whole, for no answer at all, and logs an error for each."""
        await super().send(message)
        if self.close_sent and self.initial_response is not None:
            self.handshake_complete = True


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.share = LoopShare(STRANGERS_SHARE, spent_s=time.thread_time)
        self.acceptors: list[Acceptor] = []

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the application decides what they mean."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen at the pace of an `Acceptor`; asyncio's own server takes in all at once and knows no end of it."""
        protocol: Any = self.config.http_protocol_class

        def make(client: str) -> Any:
            return protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

        self.acceptors = [Acceptor(each, make, self.share, context=self.config.ssl) for each in sockets or []]
        self.servers: list[Any] = list(self.acceptors)  # closed, and waited for, as asyncio's are
        self.started = True


class HttpServer:
    """Serves ``app``. The port is bound by the constructor, so ``port`` is known before ``run``, also for port 0.

    ``proxies`` say by X-Forwarded-For whom they speak for; others' word is not heard.

    Raises ``AddressInUse`` for a port that is taken, ``ConfigError`` for an address or a certificate that is no use.
    """

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        *,
        cert: Path | None = None,
        key: Path | None = None,
        proxies: TrustedProxies | None = None,
    ) -> None:
        proxies = proxies or TrustedProxies()
        self.connections = Connections(most=min(MOST, max(MOST // 20, descriptors() // 2)), proxies=proxies)
        config = uvicorn.Config(
            app,
            http=type("_Protocol", (_Protocol,), {"kept": self.connections}),
            ws=_Socket,
            ws_max_size=MAX_SOCKET_MESSAGE,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies.networks),
            forwarded_allow_ips=list(map(str, proxies.networks)),
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
