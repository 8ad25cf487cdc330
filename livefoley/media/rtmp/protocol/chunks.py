"""RTMP's chunk stream, sans-IO: bytes to messages and messages to bytes (Adobe RTMP 1.0, section 5.3).

The reader keeps to what encoders really send: the extended timestamp repeated on type-3 chunks or not, a type-3 chunk
that begins a message, messages of several chunk streams interleaved. The payload of a message is copied once.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from livefoley.core.errors import ProtocolError

DEFAULT_CHUNK_SIZE = 128
EXTENDED = 0xFFFFFF
"""A 24-bit timestamp field of this value says that 32 bits follow."""

SET_CHUNK_SIZE, ABORT, ACKNOWLEDGEMENT, USER_CONTROL, WINDOW_SIZE, PEER_BANDWIDTH = range(1, 7)
AUDIO, VIDEO, DATA_AMF3, COMMAND_AMF3, DATA, COMMAND, AGGREGATE = 8, 9, 15, 17, 18, 20, 22

_MAX_CHUNK_STREAMS = 64
_MASK = 0xFFFFFFFF
_HEADER_SIZES = (11, 7, 3, 0)
_U32 = struct.Struct(">I")


class Message(NamedTuple):
    """One whole message: its type, message stream, timestamp (32 bits of ms) and body."""

    type: int
    stream: int
    timestamp: int
    body: bytes | bytearray


class _Stream:
    """What the next chunk of one chunk stream may leave out, and the message being put together."""

    __slots__ = ("body", "delta", "extended", "length", "stream", "timestamp", "type")

    def __init__(self) -> None:
        self.type = self.stream = self.length = self.timestamp = self.delta = 0
        self.extended: bytes | None = None  # the extended timestamp as sent, for comparison with its repetition
        self.body = bytearray()


class ChunkReader:
    """Puts messages together from chunks; any fragmentation of the input gives the same messages.

    ``max_message`` bounds one message, by the length it announces, and twice as much bounds all that is half received
    together. ``Set Chunk Size`` and ``Abort`` are obeyed here and not given out. A peer that nobody knows yet is given
    a budget of ``max_messages``, of whatever kind, and no more than ``max_message`` half received, until `admit`: an
    empty message costs it one byte and us a thousand instructions.
    """

    def __init__(self, max_message: int = 8 << 20, min_chunk: int = 1, max_messages: int | None = None) -> None:
        self._max_message = max_message
        self._max_buffered = max_message if max_messages is not None else 2 * max_message
        self._messages_left = max_messages
        self._min_chunk = min_chunk
        self._chunk_size = DEFAULT_CHUNK_SIZE
        self._streams: dict[int, _Stream] = {}
        self._rest = b""  # a chunk header that is not whole yet; at most 18 bytes
        self._current: _Stream | None = None  # whose chunk is being received ...
        self._wanted = 0  # ... and how much of it is missing
        self._buffered = 0  # bytes of messages that are not whole

    def admit(self, max_message: int) -> None:
        """Lift the budget of messages, and bound them by ``max_message`` bytes from now on."""
        self._max_message, self._max_buffered, self._messages_left = max_message, 2 * max_message, None

    def feed(self, data: bytes | bytearray | memoryview) -> list[Message]:
        """Take bytes and return the messages they complete. Raises ``ProtocolError``; the reader is of no use then."""
        view = memoryview(self._rest + bytes(data) if self._rest else data)
        messages: list[Message] = []
        at, end = 0, len(view)
        while True:
            stream = self._current
            if stream is None:
                at, stream = self._header(view, at)
                if stream is None:
                    self._rest = bytes(view[at:])
                    return messages
            step = min(self._wanted, end - at)
            stream.body += view[at : at + step]
            at += step
            self._wanted -= step
            self._buffered += step
            self._current = stream if self._wanted else None
            if self._wanted:
                self._rest = b""
                return messages
            if len(stream.body) == stream.length:
                self._finish(stream, messages)

    def _header(self, view: memoryview, at: int) -> tuple[int, _Stream | None]:
        """Read a chunk header; return where its payload begins, or ``at`` and None when it is not whole."""
        end = len(view)
        if at >= end:
            return at, None
        form, number, begin = view[at] >> 6, view[at] & 63, at + 1
        if number < 2:
            begin += 1 + number
            if begin > end:
                return at, None
            number = 64 + int.from_bytes(view[at + 1 : begin], "little")
        after = begin + _HEADER_SIZES[form]
        if after > end:
            return at, None
        stream = self._streams.get(number) or self._open(number, form)
        if form == 3:
            return self._continue(stream, view, at, after)
        field = int.from_bytes(view[begin : begin + 3], "big")
        extended = None
        if field == EXTENDED:
            extended = bytes(view[after : after + 4])
            if len(extended) < 4:
                return at, None
            field, after = _U32.unpack(extended)[0], after + 4
        self._begin(stream, form, field, view[begin:after])
        stream.extended = extended
        return after, stream

    def _open(self, number: int, form: int) -> _Stream:
        if form > 1:  # librtmp sends its ping as type 1 on a fresh chunk stream
            raise ProtocolError(f"chunk stream {number} begins with a type {form} chunk")
        if len(self._streams) >= _MAX_CHUNK_STREAMS:
            raise ProtocolError(f"more than {_MAX_CHUNK_STREAMS} chunk streams")
        return self._streams.setdefault(number, _Stream())

    def _begin(self, stream: _Stream, form: int, field: int, header: memoryview) -> None:
        """Start the message a type 0, 1 or 2 chunk announces; one that was not whole is given up."""
        self._buffered -= len(stream.body)
        stream.body = bytearray()
        stream.delta = field
        stream.timestamp = field if form == 0 else (stream.timestamp + field) & _MASK
        if form < 2:
            stream.length = int.from_bytes(header[3:6], "big")
            stream.type = header[6]
        if form == 0:
            stream.stream = int.from_bytes(header[7:11], "little")
        self._expect(stream)

    def _continue(self, stream: _Stream, view: memoryview, at: int, after: int) -> tuple[int, _Stream | None]:
        """Go on with the message of a type 3 chunk, or begin one just like the last."""
        if stream.extended is not None:
            repeated = bytes(view[after : after + 4])
            if repeated == stream.extended:
                after += 4
            elif stream.extended.startswith(repeated):
                return at, None
        if not stream.body:
            stream.timestamp = (stream.timestamp + stream.delta) & _MASK
        self._expect(stream)
        return after, stream

    def _expect(self, stream: _Stream) -> None:
        self._wanted = min(stream.length - len(stream.body), self._chunk_size)
        if stream.length > self._max_message or self._buffered + self._wanted > self._max_buffered:
            raise ProtocolError(f"a message is larger than {self._max_message} bytes")

    def _finish(self, stream: _Stream, messages: list[Message]) -> None:
        if self._messages_left is not None:
            self._messages_left -= 1
            if self._messages_left < 0:
                raise ProtocolError("too many messages before a stream was published")
        body, stream.body = stream.body, bytearray()
        self._buffered -= len(body)
        if stream.type == SET_CHUNK_SIZE:
            self._set_chunk_size(_number(body) & 0x7FFFFFFF)
        elif stream.type == ABORT:
            self._abort(_number(body))
        else:
            messages.append(Message(stream.type, stream.stream, stream.timestamp, body))

    def _set_chunk_size(self, size: int) -> None:
        if size < self._min_chunk:
            raise ProtocolError(f"a chunk size of {size} bytes is below the {self._min_chunk} accepted")
        self._chunk_size = min(size, self._max_message)  # a larger one means the same

    def _abort(self, number: int) -> None:
        stream = self._streams.get(number)
        if stream is not None:
            self._buffered -= len(stream.body)
            stream.body = bytearray()


class ChunkWriter:
    """Cuts messages into chunks: the first of a chunk stream whole (type 0), later ones by their delta (type 1)."""

    def __init__(self) -> None:
        self._chunk_size = DEFAULT_CHUNK_SIZE
        self._last: dict[int, tuple[int, int]] = {}  # chunk stream -> message stream, timestamp

    def set_chunk_size(self, size: int) -> list[bytes | memoryview]:
        """Return the message that announces ``size``, which holds from the next message on."""
        parts = self.write(2, SET_CHUNK_SIZE, 0, 0, _U32.pack(size))
        self._chunk_size = size
        return parts

    def write(self, number: int, kind: int, stream: int, timestamp: int, body: bytes) -> list[bytes | memoryview]:
        """Return one message on chunk stream ``number`` (2..65599) as buffers to send; ``timestamp`` is in ms."""
        timestamp &= _MASK
        header, repeated = self._header(number, kind, stream, timestamp, len(body))
        size = self._chunk_size
        if len(body) <= size:
            return [header, body]
        view = memoryview(body)
        parts: list[bytes | memoryview] = [header, view[:size]]
        for at in range(size, len(body), size):
            parts += (repeated, view[at : at + size])
        return parts

    def _header(self, number: int, kind: int, stream: int, timestamp: int, length: int) -> tuple[bytes, bytes]:
        """Return the header of the first chunk and that of those which follow it."""
        before = self._last.get(number)
        self._last[number] = stream, timestamp
        absolute = before is None or before[0] != stream or timestamp < before[1]
        field = timestamp if absolute or before is None else timestamp - before[1]
        extended = _U32.pack(field) if field >= EXTENDED else b""
        head = min(field, EXTENDED).to_bytes(3, "big") + length.to_bytes(3, "big") + bytes([kind])
        head += stream.to_bytes(4, "little") if absolute else b""
        return _basic(0 if absolute else 1, number) + head + extended, _basic(3, number) + extended


def _basic(form: int, number: int) -> bytes:
    if number < 64:
        return bytes([form << 6 | number])
    if number < 320:
        return bytes([form << 6, number - 64])
    return bytes([form << 6 | 1]) + (number - 64).to_bytes(2, "little")


def _number(body: bytes | bytearray) -> int:
    if len(body) < 4:
        raise ProtocolError("a control message is cut off")
    return int(_U32.unpack_from(body)[0])
