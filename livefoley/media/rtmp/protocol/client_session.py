"""The publisher's end of one RTMP connection, sans-IO: asks as OBS does, then sends.

connect -> releaseStream, FCPublish, createStream -> publish -> (tags) -> FCUnpublish, deleteStream.
"""

from __future__ import annotations

from enum import Enum, auto

from livefoley.core.errors import ProtocolError, Rejected
from livefoley.media.rtmp.protocol import amf0, chunks
from livefoley.media.rtmp.protocol.authmod import Challenge, is_challenge
from livefoley.media.rtmp.protocol.chunks import ChunkReader, Message
from livefoley.media.rtmp.protocol.handshake import ClientHandshake
from livefoley.media.rtmp.protocol.tags import FOUR_CCS
from livefoley.media.rtmp.protocol.url import RtmpUrl
from livefoley.media.rtmp.protocol.wire import Wire, read_command

CHUNK_SIZE = 60_000
"""What ffmpeg sends; every server takes it. Most messages then are one chunk."""

FLASH_VERSION = "FMLE/3.0 (compatible; livefoley)"
_CONNECT, _RELEASE, _FC_PUBLISH, _CREATE, _PUBLISH, _FC_UNPUBLISH, _DELETE = map(float, range(1, 8))
_CHUNK_STREAMS = {chunks.AUDIO: 4, chunks.VIDEO: 6, chunks.DATA: 5}
_MAX_REPLY = 256 << 10


class _State(Enum):
    HANDSHAKE = auto()
    CONNECTING = auto()
    CREATING = auto()
    ASKING = auto()
    PUBLISHING = auto()
    OVER = auto()


class ClientSession:
    """See the module. `take` gives what is to be sent, from the first on.

    ``answer`` is what a server that put a challenge before wants behind the app (`authmod.answer`).
    """

    def __init__(self, url: RtmpUrl, answer: str = "") -> None:
        self._url = url
        self._answer = answer
        self._state = _State.HANDSHAKE
        self._stream = 0
        handshake = ClientHandshake()
        self._wire = Wire(handshake, ChunkReader(_MAX_REPLY))
        self._wire.hello(handshake.hello)

    @property
    def publishing(self) -> bool:
        """Whether the server has said yes."""
        return self._state is _State.PUBLISHING

    def receive(self, data: bytes | memoryview) -> None:
        """Take bytes. Raises ``Rejected`` when the server says no (``Challenge``: and wants an answer first),
        ``ProtocolError`` when it makes no sense."""
        messages = self._wire.receive(data)
        if self._state is _State.HANDSHAKE and self._wire.ready:
            self._connect()
        for message in messages:
            if message.type in (chunks.COMMAND, chunks.COMMAND_AMF3):
                self._command(message)

    def take(self) -> list[bytes | memoryview]:
        """Return what is to be sent, and forget it."""
        return self._wire.take()

    def send_tag(self, kind: int, timestamp: int, body: bytes) -> None:
        """Send an audio, video or data message; ``timestamp`` in ms, of which 32 bits go out."""
        self._wire.send(_CHUNK_STREAMS[kind], kind, self._stream, timestamp, body)

    def finish(self) -> None:
        """Say that the stream is over."""
        if self._state is _State.PUBLISHING:
            self._wire.command("FCUnpublish", _FC_UNPUBLISH, None, self._url.key)
            self._wire.command("deleteStream", _DELETE, None, float(self._stream))
        self._state = _State.OVER

    def _connect(self) -> None:
        self._state = _State.CONNECTING
        wishes: dict[str, amf0.Plain] = {
            "app": self._url.app + self._answer,
            "type": "nonprivate",
            "flashVer": FLASH_VERSION,
            "swfUrl": self._url.tc_url + self._answer,
            "tcUrl": self._url.tc_url + self._answer,
            "fourCcList": FOUR_CCS,
        }
        self._wire.command("connect", _CONNECT, wishes)

    def _command(self, message: Message) -> None:
        try:
            name, transaction, values = read_command(message)
        except ProtocolError:  # as ffmpeg's to FCPublish, which has no number: only answers to our questions matter
            return
        if name == "_result":
            self._result(transaction, values)
        elif name == "_error" and transaction in (_CONNECT, _CREATE, _PUBLISH):
            said = str(_said(values).get("description", ""))
            raise Challenge(said) if transaction == _CONNECT and is_challenge(said) else Rejected(self._reason(values))
        elif name == "onStatus":
            self._status(values)
        elif name == "close" and self._state is not _State.OVER:
            raise Rejected("the server closed the stream")

    def _result(self, transaction: float, values: list[amf0.Value]) -> None:
        if transaction == _CONNECT and self._state is _State.CONNECTING:
            self._state = _State.CREATING
            self._wire.announce_window()
            self._wire.set_chunk_size(CHUNK_SIZE)
            self._wire.command("releaseStream", _RELEASE, None, self._url.key)
            self._wire.command("FCPublish", _FC_PUBLISH, None, self._url.key)
            self._wire.command("createStream", _CREATE, None)
        elif transaction == _CREATE and self._state is _State.CREATING:
            number = values[1] if len(values) > 1 else None
            if not isinstance(number, float) or not 0 <= number < 1 << 32:
                raise ProtocolError("the server made a stream without a number")
            self._state = _State.ASKING
            self._stream = int(number)
            self._wire.command("publish", _PUBLISH, None, self._url.key, "live", stream=self._stream)

    def _status(self, values: list[amf0.Value]) -> None:
        information = next((value for value in values if isinstance(value, dict)), {})
        if information.get("level") == "error":
            raise Rejected(self._reason(values))
        if information.get("code") == "NetStream.Publish.Start" and self._state is _State.ASKING:
            self._state = _State.PUBLISHING

    def _reason(self, values: list[amf0.Value]) -> str:
        """Return what the server says in one short line; servers like to repeat the stream key in it."""
        found = _said(values)
        text = " ".join(str(found[name]) for name in ("code", "description") if found.get(name)) or "no reason given"
        for secret in _secrets(self._url):
            text = text.replace(secret, "***")
        return " ".join(text.split())[:200]


def _said(values: list[amf0.Value]) -> dict[str, amf0.Value]:
    return next((value for value in reversed(values) if isinstance(value, dict)), {})


def _secrets(url: RtmpUrl) -> list[str]:
    """Return what must not be shown of an address, the longest first: the key, its parts, and those of a query."""
    name, _, query = url.key.partition("?")
    queries = f"{query}&{url.app.partition('?')[2]}"
    values = [part.partition("=")[2] for part in queries.split("&")]
    return sorted({url.key, name, url.password, *(value for value in values if len(value) > 3)} - {""}, key=len)[::-1]
