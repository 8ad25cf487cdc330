"""The server's end of one RTMP connection, sans-IO: what a publisher asks, and the answers to it.

A publisher connects to an application, makes a message stream and asks to publish a name on it. Nothing that says yes
leaves before `ServerSession.accept`: OBS takes ``NetStream.Publish.Start`` for success and would reconnect for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from livefoley.core.errors import ProtocolError
from livefoley.media.rtmp.limits import RtmpLimits
from livefoley.media.rtmp.protocol import amf0, chunks
from livefoley.media.rtmp.protocol.chunks import ChunkReader, Message
from livefoley.media.rtmp.protocol.handshake import ServerHandshake
from livefoley.media.rtmp.protocol.tags import FOUR_CCS
from livefoley.media.rtmp.protocol.wire import Wire, read_command

BAD_NAME = "NetStream.Publish.BadName"
FAILED = "NetStream.Publish.Failed"
_CHUNK_SIZE = 65_536  # ffmpeg takes it over for what it sends: fewer, larger chunks to read
_PROPERTIES: dict[str, amf0.Plain] = {
    "fmsVer": "FMS/3,5,7,7009",  # encoders look for a server they know
    "capabilities": 31.0,
    "mode": 1.0,
    "fourCcList": FOUR_CCS,  # else nobody sends HEVC, AV1 or Opus
}
_MAX_REFUSED = 8
_MEDIA = (chunks.AUDIO, chunks.VIDEO, chunks.DATA, chunks.DATA_AMF3, chunks.AGGREGATE)


@dataclass(frozen=True, slots=True)
class PublishRequest:
    """A publisher wants to send stream ``key`` of application ``app``; ``query`` is what followed a ``?``."""

    app: str
    key: str = field(repr=False)
    query: str = field(repr=False)
    client: str


class Ended(Enum):
    """The publisher said that its stream is over."""

    ENDED = auto()


class Refused(Enum):
    """The session said no on its own account and ends."""

    APP = "app"
    PLAY = "play"


Event: TypeAlias = Message | PublishRequest | Ended | Refused


class _State(Enum):
    FRESH = auto()
    CONNECTED = auto()
    ASKING = auto()
    PUBLISHING = auto()
    OVER = auto()


class ServerSession:
    """See the module. ``knows_app`` says whether anything may be published to an application."""

    def __init__(self, knows_app: Callable[[str], bool], limits: RtmpLimits) -> None:
        self._knows_app = knows_app
        reader = ChunkReader(limits.stranger_message_bytes, limits.min_chunk_bytes, limits.stranger_messages)
        self._wire = Wire(ServerHandshake(), reader)
        self._max_message = limits.max_message_bytes
        self._early: list[Message] = []  # media that came before the answer to the request to publish
        self._state = _State.FRESH
        self._app = self._query = self._client = ""
        self._stream = 0
        self._name = ""  # what is published, as asked for
        self._refused: set[int] = set()  # message streams on which something else was to be published, too
        self._streams = 0

    @property
    def received(self) -> int:
        """Bytes received."""
        return self._wire.received

    def receive(self, data: bytes | bytearray | memoryview) -> list[Event]:
        """Take bytes; return media messages of an accepted publisher and what else happened, in order.

        Raises ``ProtocolError``: the connection is of no use any more. Media before a request to publish is such an
        error: a stranger must not be able to send for ever what nobody takes.
        """
        events: list[Event] = []
        for message in self._wire.receive(data):
            if message.type in _MEDIA:
                self._media(message, events)
            elif message.type in (chunks.COMMAND, chunks.COMMAND_AMF3):
                event = self._command(message)
                if event is not None:
                    events.append(event)
        return events

    def _media(self, message: Message, events: list[Event]) -> None:
        if self._state in (_State.FRESH, _State.CONNECTED):
            raise ProtocolError("media before a request to publish")
        if self._state is _State.ASKING:
            self._early.append(message)  # few: they count among a stranger's messages
        elif self._state is _State.PUBLISHING and message.stream not in self._refused:
            events.append(message)  # on whatever stream: a connection has one publisher, and some number theirs oddly

    def take(self) -> list[bytes | memoryview]:
        """Return what is to be sent, and forget it."""
        return self._wire.take()

    def accept(self) -> list[Message]:
        """Say yes to the request to publish; return the media that an impatient publisher has sent already."""
        if self._state is not _State.ASKING:
            return []
        self._state = _State.PUBLISHING
        self._wire.admit(self._max_message)
        self._wire.stream_begin(self._stream)
        self._status("status", "NetStream.Publish.Start", "go ahead")
        early, self._early = self._early, []
        return [message for message in early if message.stream not in self._refused]

    def refuse(self, code: str, description: str) -> None:
        """Say no to the request to publish, or break off; the connection is to be closed then."""
        if self._state in (_State.ASKING, _State.PUBLISHING):
            self._status("error", code, description)
        self._state = _State.OVER

    def _command(self, message: Message) -> Event | None:
        name, transaction, values = read_command(message)
        if name == "connect":
            return self._connect(transaction, values)
        if self._state is _State.FRESH:
            raise ProtocolError("a command before connect")
        if name == "createStream":
            self._streams += 1
            self._wire.command("_result", transaction, None, float(self._streams))
            return None
        if name == "publish":
            return self._publish(message.stream, values)
        if name in ("play", "play2"):
            return self._play(message.stream)
        if name in ("FCUnpublish", "closeStream", "deleteStream"):
            return None if self._is_refused(message.stream, values) else self._end()
        if transaction:
            self._reply(name, transaction)
        return None

    def _connect(self, transaction: float, values: list[amf0.Value]) -> Event | None:
        if self._state is not _State.FRESH:
            raise ProtocolError("a second connect")
        wishes = values[0] if values and isinstance(values[0], dict) else {}
        self._app, self._query = _split(_text(wishes.get("app")))
        self._client = _text(wishes.get("flashVer"))[:128]
        self._state = _State.CONNECTED
        if not self._knows_app(self._app):
            return self._refuse_app(transaction)
        self._wire.set_windows()
        self._wire.set_chunk_size(_CHUNK_SIZE)
        information = _information("status", "NetConnection.Connect.Success", "connected") | {"objectEncoding": 0.0}
        self._wire.command("_result", transaction, _PROPERTIES, information)
        return None

    def _refuse_app(self, transaction: float) -> Refused:
        self._state = _State.OVER
        information = _information("error", "NetConnection.Connect.Rejected", "there is no such application")
        self._wire.command("_error", transaction, None, information)
        return Refused.APP

    def _publish(self, stream: int, values: list[amf0.Value]) -> Event | None:
        name = _text(values[1] if len(values) > 1 else "")
        if self._state is not _State.CONNECTED:
            self._publish_again(stream, name)
            return None
        self._stream, self._name = stream, name
        self._state = _State.ASKING
        key, query = _split(name)
        return PublishRequest(self._app, key, "&".join(filter(None, (self._query, query))), self._client)

    def _publish_again(self, stream: int, name: str) -> None:
        """Answer a request to publish that comes while there is one: IP cameras and Flash repeat theirs.

        The same again changes nothing, another is refused.
        """
        if name != self._name:
            if len(self._refused) >= _MAX_REFUSED:
                raise ProtocolError("too many requests to publish on one connection")
            if stream != self._stream:
                self._refused.add(stream)
            self._status("error", BAD_NAME, "one stream is published on a connection; use another for another", stream)
        elif self._state is _State.PUBLISHING:
            self._status("status", "NetStream.Publish.Start", "go on", stream)

    def _is_refused(self, stream: int, values: list[amf0.Value]) -> bool:
        """Tell whether a command to end a stream, by where it came or by the number in it, means one never taken."""
        number = values[1] if len(values) > 1 else None
        return (number if isinstance(number, float) else stream) in self._refused

    def _play(self, stream: int) -> Refused:
        self._stream = stream
        self._status("error", "NetStream.Play.Failed", "streams are taken in here, none is played")
        self._state = _State.OVER
        return Refused.PLAY

    def _end(self) -> Event | None:
        if self._state is not _State.PUBLISHING:
            return None
        self._state = _State.OVER
        self._status("status", "NetStream.Unpublish.Success", "stopped")
        return Ended.ENDED

    def _reply(self, name: str, transaction: float) -> None:
        if name in ("releaseStream", "FCPublish"):
            self._wire.command("_result", transaction, None, None)
        else:
            information = _information("error", "NetConnection.Call.Failed", "there is no such method")
            self._wire.command("_error", transaction, None, information)

    def _status(self, level: str, code: str, description: str, stream: int | None = None) -> None:
        stream = self._stream if stream is None else stream
        self._wire.command("onStatus", 0.0, None, _information(level, code, description), stream=stream)


def _information(level: str, code: str, description: str) -> dict[str, amf0.Plain]:
    return {"level": level, "code": code, "description": description}


def _split(name: str) -> tuple[str, str]:
    """Return name and query of an application or stream name."""
    name, _, query = name.partition("?")
    return name.strip("/"), query


def _text(value: amf0.Value) -> str:
    return value if isinstance(value, str) else ""
