"""The HTTP port: uvicorn inside the application's own loop, with the application's own signals and shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from livefoley.core.errors import AddressInUse, ConfigError, LivefoleyError

FINISH_S = 2.0  # what a cancelled server gives open requests
HEAD_TIMEOUT_S = 15  # for the head of a request, and between requests
BACKLOG = 256
MAX_CONCURRENT = 1024
MAX_SOCKET_MESSAGE = 64 * 1024


class _Protocol(H11Protocol):
    """Hangs up on who does not finish asking: uvicorn itself waits for ever for the head of a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        # asyncio does this only for sockets made as IPPROTO_TCP; without it an answer takes 40 ms (Nagle, delayed ACK)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._patience: asyncio.TimerHandle | None = None
        self._expect_head()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Leave the connection to the WebSocket, which pings."""
        if self._patience is not None:
            self._patience.cancel()
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        if self._patience is not None:
            self._patience.cancel()

    def _expect_head(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = self.loop.call_later(HEAD_TIMEOUT_S, self._lose_patience)

    def _lose_patience(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the application decides what they mean."""
        yield


class HttpServer:
    """Serves ``app``. The port is bound by the constructor, so ``port`` is known before ``run``, also for port 0.

    Raises ``AddressInUse`` for a port that is taken, ``ConfigError`` for an address or a certificate that is no use.
    """

    def __init__(
        self, app: ASGIApp, host: str, port: int, *, cert: Path | None = None, key: Path | None = None
    ) -> None:
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="websockets-sansio",
            ws_max_size=MAX_SOCKET_MESSAGE,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MAX_CONCURRENT,
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
    return ConfigError(f"HTTP: {host}:{port} is no address of this machine ({error.strerror}); see server.http.listen")


def _load(config: uvicorn.Config, cert: Path | None) -> None:
    try:
        config.load()
    except (ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        raise ConfigError(f"server.http.tls: {cert} and its key cannot be used ({reason})") from None
