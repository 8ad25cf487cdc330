"""One connection to the RTMP server: a session behind a socket, with its deadlines."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING, cast

import structlog

from livefoley.core.errors import ProtocolError
from livefoley.media.auth import AuthRequest
from livefoley.media.loop_share import LoopShare
from livefoley.media.rtmp.protocol.chunks import Message
from livefoley.media.rtmp.protocol.server_session import (
    BAD_NAME,
    FAILED,
    Ended,
    Event,
    PublishRequest,
    Refused,
    ServerSession,
)
from livefoley.media.rtmp.source import RtmpSource

if TYPE_CHECKING:
    from livefoley.media.rtmp.server import RtmpServer

log = structlog.get_logger("livefoley.rtmp")

LINGER_S = 1.0
"""How long a refused peer may take to read why: hanging up at once would reset the connection under its feet."""

_TURN = 16 << 10  # of a publisher: thousands of small messages, and they take the loop for as long
# All that asyncio's TLS reads at once: at an end or a reset it drops what it has decrypted and not handed over.
_TLS_BUFFER = 256 << 10
_STRANGERS_BUFFER = 4 << 10  # what one turn of a stranger is about, in bytes and so in time
_MOST_HELD = 64 << 10  # of what comes while the auth hook thinks; then the peer has to wait, too
_MOST_HELD_OF_PUBLISHER = 1 << 20  # while it waits for its turn
_LATE_S = 1.0  # our own delay, from which on silence proves nothing against a publisher
_MAX_UNREAD = 256 << 10  # bytes of answers a peer may leave unread
_REFUSALS = {
    "key": (BAD_NAME, "there is no such stream; compare the stream key with the room's"),
    "auth": (BAD_NAME, "not authorised; the server's auth hook said no"),
    "duplicate": (BAD_NAME, "somebody is publishing already, and this room keeps its publisher"),
    "storm": (BAD_NAME, "publishers take over from each other too often; two encoders have the same key"),
    "idle": (FAILED, "the room does not run; try again in a moment"),
}


class Connection(asyncio.BufferedProtocol):
    """Reads a peer's bytes, admits it as publisher and hands its media to the source.

    ``ip`` is the client's address where a proxy speaks for it, else empty.
    """

    def __init__(self, server: RtmpServer, ip: str = "") -> None:
        self._server = server
        self._limits = server.limits
        self._share = server.share  # of the loop: the one all strangers have, later one of its own
        self._session = ServerSession(server.knows_app, server.limits)
        self._buffer: memoryview | None = None
        self._transport: asyncio.Transport | None = None
        self._source: RtmpSource | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._asked = False  # the request to publish has come ...
        self._asking = False  # ... and the auth hook is thinking about it
        self._waiting = False  # for its turn on the event loop
        self._held = bytearray()  # what came meanwhile
        self._lost = False  # the connection is
        self._over = False  # nothing the peer sends matters any more
        self._last_read_s = 0.0
        self._due_s = 0.0  # when the timer should fire
        self._reason = "the connection was lost"
        self.ip = ip

    @property
    def publishing(self) -> bool:
        """Whether this peer was admitted and has not ended."""
        return self._source is not None and not self._over

    # ---- asyncio's side ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self.ip = self.ip or (str(peer[0]) if peer else "")
        self._arm(self._limits.handshake_timeout_s)
        self._server.opened(self)
        penalty_s = self._server.penalty_s(self.ip)
        if penalty_s > 0 and not self._over:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(penalty_s, self._go_on)

    def get_buffer(self, sizehint: int) -> memoryview:
        if self._buffer is None:
            self._buffer = memoryview(bytearray(self._buffer_bytes()))
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._over or self._buffer is None:
            return
        self._last_read_s = self._server.now()
        self._server.counters.bytes_in += nbytes
        data = self._buffer[:nbytes]
        if self._asking or self._waiting:
            self._hold(data)
        else:
            self._spend(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        if self._timer is not None:
            self._timer.cancel()
        if not (self.publishing and self._held):
            self._end()
        elif not self._waiting:  # it sent that before it went: `_go_on` ends when all is taken
            self._waiting = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _end(self) -> None:
        """Forget the connection; whatever fails, the server does."""
        self._transport = None
        try:
            if self._source is not None:
                self._share.close()
                self._source.release(self, self._reason)
        finally:
            self._over = True
            self._server.closed(self)

    def _hold(self, data: memoryview | bytearray) -> None:
        self._held += data
        most = _MOST_HELD if self._source is None else _MOST_HELD_OF_PUBLISHER
        if len(self._held) > most and self._transport is not None:
            self._transport.pause_reading()

    def _spend(self, data: memoryview | bytearray) -> None:
        """Take a turn's part of ``data`` at the expense of this peer's share of the loop; the rest waits."""
        share = self._share
        with share.spending():
            self._receive(data[:_TURN])
        if self._over or self._transport is None:
            return
        rest = data[_TURN:]
        if rest:
            self._hold(rest)
        if share is self._share and share.spent:
            self._waiting = True
            share.wait(self.ip, self._go_on)
            self._server.counters.publisher_waits += self.publishing
            if not self.publishing:
                self._transport.pause_reading()
        elif rest:
            self._waiting = True
            asyncio.get_running_loop().call_soon(self._go_on)

    def _buffer_bytes(self) -> int:
        if self._source is None:
            return _STRANGERS_BUFFER
        is_tls = self._transport is not None and self._transport.get_extra_info("ssl_object") is not None
        return _TLS_BUFFER if is_tls else _TURN

    def _receive(self, data: memoryview | bytearray) -> None:
        try:
            events = self._session.receive(data)
        except ProtocolError as error:
            self._broken(error)
            return
        for event in events:
            self._on_event(event)
        self._flush()

    def _go_on(self) -> None:
        """It is this peer's turn again, unless it waits for the auth hook's answer."""
        self._waiting = False
        if self._transport is None or self._asking or (self._transport.is_closing() and not self._lost):
            return
        if self.publishing and self._held:
            held, self._held = self._held, bytearray()
            self._spend(memoryview(held))
        if self._waiting:
            return
        if self._lost:
            self._end()
        else:
            self._transport.resume_reading()

    # ---- what the session says ----

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Message):
            self._server.counters.messages += 1
            if self._source is not None:
                self._source.receive(self, event)
        elif isinstance(event, PublishRequest):
            self._on_request(event)
        elif isinstance(event, Ended):
            self._reason = "the publisher stopped"
            self._hang_up()
        elif isinstance(event, Refused):
            self._server.reject(event.value, self)
            self._hang_up()

    def _on_request(self, request: PublishRequest) -> None:
        self._asked = True
        source = self._server.find(request.app, request.key)
        if source is None:
            self._refuse("key")
        elif self._server.auth is None:
            self._admit(source)
        else:
            self._asking = True
            self._server.spawn(self._ask(source, request))

    async def _ask(self, source: RtmpSource, request: PublishRequest) -> None:
        if self._server.auth is None:
            return
        question = AuthRequest.of_query(
            ip=self.ip,
            action="publish",
            path=f"{request.app}/{request.key}",
            protocol=self._server.protocol,
            id=str(uuid.uuid4()),
            query=request.query,
            user_agent=request.client,
        )
        try:
            allowed = await self._server.auth.allow(question)
        finally:
            self._asking = False
        if self._over:
            return
        self._go_on()
        if allowed:
            self._admit(source)
        else:
            self._refuse("auth")
        self._flush()

    def _admit(self, source: RtmpSource) -> None:
        refusal = source.admit(self, self._server.counters)
        if refusal is not None:
            self._refuse(refusal)
            return
        self._source = source
        # Of processor time: what others take of the machine is not charged to the publisher.
        limits = self._limits
        self._share = LoopShare(limits.publisher_share, limits.publisher_burst_s, spent_s=time.thread_time)
        self._buffer = None  # a larger one from now on
        self._last_read_s = self._server.now()
        self._arm(self._limits.read_timeout_s)
        self._server.admitted(self)
        log.info("publisher came", room=source.room, peer=self.ip)
        for message in self._session.accept():
            self._on_event(message)
        held, self._held = self._held, bytearray()
        if held:
            self._receive(held)

    def _refuse(self, reason: str) -> None:
        self._server.reject(reason, self)
        self._session.refuse(*_REFUSALS[reason])
        self._hang_up()

    # ---- endings ----

    def dismiss(self, reason: str) -> None:
        """Tell the publisher that it is over, and hang up."""
        self._session.refuse(BAD_NAME, reason)
        self._flush()
        self._hang_up()

    def give_way(self) -> None:
        """Go, so that a newer peer has room."""
        self._over = True
        self._server.reject("full", self)
        self.abort()

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _broken(self, error: ProtocolError) -> None:
        self._reason = f"the publisher broke the protocol: {error}"
        self._server.reject("protocol", self, problem=str(error))
        if self._source is not None and not self._unread:
            self.dismiss(self._reason)
            return
        if self._source is None:
            self._server.punish(self.ip)  # and a stranger is not told why
        self._over = True
        self.abort()

    def _hang_up(self) -> None:
        """Let the peer read what was said, then close; what it still sends is thrown away."""
        self._over = True
        if self._source is not None:
            self._source.release(self, self._reason)
        self._arm(LINGER_S)

    # ---- time ----

    def _arm(self, delay_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due_s = self._server.now() + delay_s
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_timer)

    def _on_timer(self) -> None:
        if self._over:
            self._close()
        elif self._source is not None:
            self._watch()
        elif not self._asked:
            self._time_out("no request to publish came in time")
        # else the auth hook is being asked, which has a timeout of its own

    def _watch(self) -> None:
        now = self._server.now()
        left_s = self._last_read_s + self._limits.read_timeout_s - now
        if left_s > 0:
            self._arm(left_s)
        elif now - self._due_s > _LATE_S:  # it is we who did not look: what was sent may wait to be read
            self._arm(self._limits.read_timeout_s)
        else:
            self._time_out("the publisher sent nothing any more")

    def _time_out(self, reason: str) -> None:
        self._reason = reason
        self._server.counters.timeouts += 1
        self._server.throttled.warning("connection timed out", reason=reason, peer=self.ip)
        self._over = True
        self.abort()

    def _close(self) -> None:
        """Close; a peer that does not even read the last words is cut off."""
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()

    def _flush(self) -> None:
        out = b"".join(self._session.take())
        if not out or self._transport is None or self._transport.is_closing():
            return
        self._transport.write(out)
        if self._unread:
            self._broken(ProtocolError("it does not read its answers"))

    @property
    def _unread(self) -> bool:
        return self._transport is not None and self._transport.get_write_buffer_size() > _MAX_UNREAD
