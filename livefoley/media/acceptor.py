"""A listening socket whose connections are taken in at the pace their share of the event loop allows.

``asyncio.Server`` takes in all that wait at once, a hundred for each turn of the loop, and goes on doing so when no
descriptors are left. Here the kernel's queue holds the others until there is time, and room, for them.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from functools import partial

import structlog

from livefoley.core.errors import ProtocolError, reason
from livefoley.core.throttle import LogThrottle
from livefoley.media.access.proxy_protocol import TrustedProxies, read_header
from livefoley.media.loop_share import LoopShare

log = structlog.get_logger("livefoley")

QUEUE = 256
AT_ONCE = 8
ACCEPT_S = 0.0003
"""What taking in a connection costs beside the call itself: its task, its transport, the end of it."""
PAUSE_S = 0.01
NO_DESCRIPTORS_S = 0.5
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


async def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Return a bound socket for each address of ``host``. Raises ``OSError``."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    bound: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            each = socket.socket(family, kind, protocol)
            bound.append(each)
            if os.name == "posix":
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            each.bind(address)
    except OSError:
        for each in bound:
            each.close()
        raise
    return bound


class Acceptor:
    """Listens on one socket. ``make`` makes the protocol of a connection; all is charged to ``share``. It is given the
    client's address where one of ``proxies``, which then must begin with a PROXY header, speaks for it, and else "".

    With ``held`` connections wait in the kernel's queue until `begin`: connected, and not yet spoken to.
    """

    def __init__(
        self,
        listening: socket.socket,
        make: Callable[[str], asyncio.BaseProtocol],
        share: LoopShare,
        *,
        proxies: TrustedProxies | None = None,
        context: ssl.SSLContext | None = None,
        handshake_timeout_s: float | None = None,
        held: bool = False,
    ) -> None:
        self.exhausted = 0
        """How often a connection could not be taken in for want of descriptors or memory."""
        self.waits = 0
        """How often those who came had to wait, for strangers had had their share of the loop."""
        self._socket = listening
        self._make = make
        self._proxies = proxies or TrustedProxies()
        self._share = share
        self._context = context
        self._handshake_timeout_s = handshake_timeout_s
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._told = LogThrottle(log, self._loop.time, lines=1)
        listening.setblocking(False)
        listening.listen(QUEUE)
        if not held:
            self.begin()

    def begin(self) -> None:
        """Take in who waits, and who comes from now on."""
        self._loop.add_reader(self._socket.fileno(), self._readable)

    @property
    def port(self) -> int:
        """The port listened on."""
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        """Listen no more; connections that are there go on."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        for task in self._tasks:
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait for what was just being taken in."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _readable(self) -> None:
        for _ in range(AT_ONCE):
            if self._share.spent:
                self.waits += 1
                self._pause(PAUSE_S)
                return
            try:
                with self._share.spending():
                    connection, peer = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._failed(error)
                return
            self._share.charge(ACCEPT_S)
            task = self._loop.create_task(self._connect(connection, str(peer[0]) if peer else ""))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _failed(self, error: OSError) -> None:
        if error.errno in _EXHAUSTED:
            self.exhausted += 1
            self._told.error("connections wait: no descriptors or memory are left", reason=reason(error))
        else:
            self._told.error("a connection could not be taken in", reason=reason(error))
        self._pause(NO_DESCRIPTORS_S)

    async def _connect(self, connection: socket.socket, peer: str) -> None:
        connection.setblocking(False)
        try:
            client = await read_header(connection) if peer in self._proxies else ""
            await self._loop.connect_accepted_socket(
                partial(self._make, client),
                connection,
                ssl=self._context,
                ssl_handshake_timeout=self._handshake_timeout_s,
            )
        except BaseException as error:
            connection.close()
            if isinstance(error, ProtocolError):
                self._told.warning("a proxy did not say whom it speaks for", peer=peer, reason=str(error))
            elif not isinstance(error, OSError):  # which every TLS error is: the peer's fault, and its loss
                raise

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._socket.fileno())
        self._timer = self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        self._timer = None
        self._loop.add_reader(self._socket.fileno(), self._readable)
