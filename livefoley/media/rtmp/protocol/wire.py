"""What both ends of an RTMP connection share, sans-IO: handshake, chunks, acknowledgements, pings."""

from __future__ import annotations

import struct

from livefoley.core.errors import ProtocolError
from livefoley.media.rtmp.protocol import amf0, chunks
from livefoley.media.rtmp.protocol.chunks import ChunkReader, ChunkWriter, Message
from livefoley.media.rtmp.protocol.handshake import ClientHandshake, ServerHandshake

WINDOW = 2_500_000
"""Bytes after which each side tells the other what it has received; what every server uses."""

MAX_COMMAND = 64 << 10
COMMANDS, STREAM_COMMANDS = 3, 5  # the chunk streams used for commands without and with a message stream

_STREAM_BEGIN, _PING, _PONG = 0, 6, 7
_U32 = struct.Struct(">I")


class Wire:
    """Bytes in, messages out and the other way round. What is to be sent is fetched with `take`."""

    def __init__(self, handshake: ServerHandshake | ClientHandshake, reader: ChunkReader) -> None:
        self.received = 0  # bytes
        self._handshake = handshake
        self._reader = reader
        self._writer = ChunkWriter()
        self._out: list[bytes | memoryview] = []
        self._window = WINDOW
        self._acknowledged = 0

    @property
    def ready(self) -> bool:
        """Whether the handshake is done."""
        return self._handshake.done

    def receive(self, data: bytes | bytearray | memoryview) -> list[Message]:
        """Take bytes; return the messages for the layer above. Raises ``ProtocolError``."""
        self.received += len(data)
        if not self._handshake.done:
            reply, data = self._handshake.receive(data)
            if reply:
                self._out.append(reply)
            if not data:
                return []
        messages = self._reader.feed(data)
        if self.received - self._acknowledged >= self._window:
            self._acknowledge()
        for message in messages:
            if message.type <= chunks.PEER_BANDWIDTH:
                self._control(message)
        return [message for message in messages if message.type > chunks.PEER_BANDWIDTH]

    def _acknowledge(self) -> None:
        self._acknowledged = self.received
        self._control_message(chunks.ACKNOWLEDGEMENT, _U32.pack(self.received & 0xFFFFFFFF))

    def _control(self, message: Message) -> None:
        body = message.body
        if message.type == chunks.WINDOW_SIZE:
            if len(body) < 4:
                raise ProtocolError("a control message is cut off")
            # Half of it, so that a sender which waits for the window to open never has to; floods are not answered.
            self._window = max(_U32.unpack_from(body)[0] // 2, 16 << 10)
        elif message.type == chunks.USER_CONTROL and len(body) >= 6 and body[:2] == b"\x00\x06":
            self._control_message(chunks.USER_CONTROL, struct.pack(">H", _PONG) + bytes(body[2:6]))

    def admit(self, max_message: int) -> None:
        """Give a peer that is known now what a stream needs: messages of up to ``max_message`` bytes, any number."""
        self._reader.admit(max_message)

    def take(self) -> list[bytes | memoryview]:
        """Return what is to be sent, and forget it."""
        out, self._out = self._out, []
        return out

    def hello(self, data: bytes) -> None:
        """Send ``data`` as it is, before the first chunk."""
        self._out.append(data)

    def send(self, number: int, kind: int, stream: int, timestamp: int, body: bytes) -> None:
        """Send a message on chunk stream ``number``; ``timestamp`` in ms."""
        self._out += self._writer.write(number, kind, stream, timestamp, body)

    def command(self, name: str, transaction: float, *values: amf0.Plain, stream: int = 0) -> None:
        """Send an AMF0 command."""
        number = STREAM_COMMANDS if stream else COMMANDS
        self.send(number, chunks.COMMAND, stream, 0, amf0.encode(name, transaction, *values))

    def set_chunk_size(self, size: int) -> None:
        """Send larger chunks from now on."""
        self._out += self._writer.set_chunk_size(size)

    def set_windows(self) -> None:
        """Say how often we want to hear what has arrived, and how far ahead the peer may send."""
        self.announce_window()
        self._control_message(chunks.PEER_BANDWIDTH, _U32.pack(WINDOW) + b"\x02")

    def announce_window(self) -> None:
        """Say how often we want to hear what has arrived."""
        self._control_message(chunks.WINDOW_SIZE, _U32.pack(WINDOW))

    def stream_begin(self, stream: int) -> None:
        """Say that message stream ``stream`` works."""
        self._control_message(chunks.USER_CONTROL, struct.pack(">HI", _STREAM_BEGIN, stream))

    def _control_message(self, kind: int, body: bytes) -> None:
        self.send(2, kind, 0, 0, body)


def read_command(message: Message) -> tuple[str, float, list[amf0.Value]]:
    """Return name, transaction and values of a command message. Raises ``ProtocolError``."""
    if len(message.body) > MAX_COMMAND:
        raise ProtocolError(f"a command of {len(message.body)} bytes")
    view = memoryview(message.body)
    values = amf0.decode(view[1:] if message.type == chunks.COMMAND_AMF3 else view)
    if len(values) < 2 or not isinstance(values[0], str) or not isinstance(values[1], float):
        raise ProtocolError("a command without name and number")
    return values[0], values[1], values[2:]
