"""One connection to an RTMP server that we publish to: a session behind a socket which notices a wedged peer."""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
from typing import cast

from livefoley.core.errors import LivefoleyError, OutputError, Rejected
from livefoley.media.rtmp.protocol import authmod
from livefoley.media.rtmp.protocol.client_session import ClientSession
from livefoley.media.rtmp.protocol.url import RtmpUrl

SEND_BUFFER = 128 << 10
"""Bytes the system may hold for us; its own choice would hide seconds of a dead connection."""

_HIGH_WATER, _LOW_WATER = 256 << 10, 64 << 10


class Link(asyncio.Protocol):
    """Made by `open_link`. To send: `drain`, `send` some tags, `flush`; meanwhile somebody waits in `wait_lost`."""

    def __init__(self, url: RtmpUrl, write_timeout_s: float, answer: str = "") -> None:
        loop = asyncio.get_running_loop()
        self._session = ClientSession(url, answer)
        self._write_timeout_s = write_timeout_s
        self._transport: asyncio.Transport | None = None
        self._published: asyncio.Future[None] = loop.create_future()
        self._lost: asyncio.Future[Exception] = loop.create_future()
        self._writable = asyncio.Event()
        self._writable.set()
        self._watchdog: asyncio.TimerHandle | None = None
        self._written = 0  # bytes given to the transport
        self._taken = 0  # of these, what the system had taken when the watchdog last looked
        self._finished = False

    # ---- asyncio's side ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(_HIGH_WATER, _LOW_WATER)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        self.flush()

    def data_received(self, data: bytes) -> None:
        try:
            self._session.receive(data)
        except LivefoleyError as error:
            if not self._finished:
                self._fail(error)
            return
        self.flush()
        if self._session.publishing and not self._published.done():
            self._published.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(error or OutputError("the server hung up"))
        if self._watchdog is not None:
            self._watchdog.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _watch(self, taken: int) -> None:
        self._taken = taken
        self._watchdog = asyncio.get_running_loop().call_later(self._write_timeout_s, self._on_watchdog)

    def _on_watchdog(self) -> None:
        self._watchdog = None
        unsent = self._transport.get_write_buffer_size() if self._transport is not None else 0
        taken = self._written - unsent
        if unsent and taken > self._taken:  # slow, but it moves
            self._watch(taken)
        elif unsent:
            self._fail(OutputError(f"the server took nothing for {self._write_timeout_s:g} s"))

    def _fail(self, error: Exception) -> None:
        self._writable.set()
        if not self._lost.done():
            self._lost.set_result(error)
        if not self._published.done():
            self._published.set_exception(error)
            self._published.exception()  # nobody may be waiting for it
        if self._transport is not None:
            self._transport.abort()

    # ---- the publisher's side ----

    async def wait_published(self) -> None:
        """Wait until the server takes the stream; raises ``Rejected``, ``ProtocolError`` or ``OSError`` if not."""
        await asyncio.shield(self._published)

    async def wait_lost(self) -> None:
        """Wait until the connection is lost, then raise why."""
        raise await asyncio.shield(self._lost)

    async def drain(self) -> None:
        """Wait while more is unsent than there should be."""
        await self._writable.wait()

    def send(self, kind: int, timestamp: int, body: bytes) -> None:
        """Send a tag; goes out with the next `flush`."""
        self._session.send_tag(kind, timestamp, body)

    async def finish(self, timeout_s: float) -> None:
        """Say goodbye, give what is unsent ``timeout_s`` to leave, and close."""
        self._finished = True
        self._session.finish()
        self.flush()
        if self._transport is None:
            return
        self._transport.close()
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(self._lost)
        except TimeoutError:
            pass
        finally:
            self._transport.abort()

    def abort(self) -> None:
        """Cut the connection."""
        self._fail(OutputError("given up"))

    def flush(self) -> None:
        """Hand to the system what was sent; what it does not take at once is watched."""
        # Not writelines: Python 3.12.0-3.12.8 and 3.13.0-3.13.1 never pause a writer there (CVE-2024-12254).
        out = b"".join(self._session.take())
        if not out or self._transport is None or self._transport.is_closing():
            return
        self._transport.write(out)
        self._written += len(out)
        unsent = self._transport.get_write_buffer_size()
        if unsent and self._watchdog is None:
            self._watch(self._written - unsent)


async def open_link(
    url: RtmpUrl, *, ssl_context: ssl.SSLContext | None, timeout_s: float, write_timeout_s: float
) -> Link:
    """Connect and publish; the link is ready for tags. A server's challenge is answered over a new connection.

    Raises ``Rejected``, ``ProtocolError``, ``OSError`` (also for TLS) or ``TimeoutError``.
    """
    context = (ssl_context or ssl.create_default_context()) if url.tls else None
    answer = ""
    async with asyncio.timeout(timeout_s):
        for _ in range(1 + authmod.ROUNDS):
            try:
                return await _open(Link(url, write_timeout_s, answer), url, context)
            except authmod.Challenge as challenge:
                answer = authmod.answer(challenge.said, url, secrets.token_hex(4))
    raise Rejected("the server asks for user and password again and again")


async def _open(link: Link, url: RtmpUrl, context: ssl.SSLContext | None) -> Link:
    try:
        await asyncio.get_running_loop().create_connection(lambda: link, url.host, url.port, ssl=context)
        await link.wait_published()
    except BaseException:
        link.abort()
        raise
    return link
