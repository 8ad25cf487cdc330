"""Strategies for RTMP tests: messages, every legal way to chunk them, and ways to cut bytes into pieces."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from livefoley.media.rtmp.protocol.chunks import EXTENDED, Message

timestamps = st.one_of(
    st.integers(0, 2**32 - 1), st.integers(EXTENDED - 3, EXTENDED + 3), st.integers(2**32 - 3, 2**32 - 1)
)
chunk_streams = st.sampled_from([2, 3, 4, 63, 64, 65, 319, 320, 65599])


@st.composite
def messages(draw: Any) -> tuple[int, Message]:
    """Draw a chunk stream and a message on it."""
    body = draw(st.binary(max_size=20)) * draw(st.sampled_from([1, 1, 40]))
    kind = draw(st.sampled_from([7, 8, 9, 18, 20]))
    stream = draw(st.sampled_from([0, 1, 0xFFFFFFFF]))
    return draw(chunk_streams), Message(kind, stream, draw(timestamps), body)


@st.composite
def pieces(draw: Any, data: bytes) -> list[bytes]:
    """Draw a way to cut ``data``."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=12)))
    return [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@dataclass
class _Sent:
    """What a receiver remembers of a chunk stream."""

    message: Message
    delta: int
    extended: bytes


@dataclass
class Chunker:
    """Sends messages as a whimsical encoder might: any header form that says the same, messages mixed by chunks."""

    choose: Any  # draws one of a list
    chunk_size: int = 128
    repeat_extended: bool = True
    out: bytearray = field(default_factory=bytearray)
    known: dict[int, _Sent] = field(default_factory=dict)

    def set_chunk_size(self, size: int) -> None:
        """Announce ``size`` and keep to it."""
        self.out += b"\x02" + bytes(3) + b"\x00\x00\x04\x01" + bytes(4) + struct.pack(">I", size)
        self.known.pop(2, None)
        self.chunk_size = size

    def send(self, batch: list[tuple[int, Message]]) -> list[Message]:
        """Send ``batch``; return its messages in the order they become whole."""
        waiting = list(batch)
        halves: dict[int, tuple[Message, bytes]] = {}
        done: list[Message] = []
        while waiting or halves:
            if waiting and waiting[0][0] not in halves and (not halves or self.choose([True, False])):
                turn, message = waiting.pop(0)
                self._begin(turn, message)
                halves[turn] = message, bytes(message.body)
            else:
                turn = self.choose(sorted(halves))
                self.out += _basic(3, turn) + self.known[turn].extended
            message, rest = halves.pop(turn)
            self.out += rest[: self.chunk_size]
            if len(rest) > self.chunk_size:
                halves[turn] = message, rest[self.chunk_size :]
            else:
                done.append(message)
        return done

    def _begin(self, number: int, message: Message) -> None:
        form, field = self._form(number, message)
        extended = struct.pack(">I", field) if field >= EXTENDED else b""
        head = min(field, EXTENDED).to_bytes(3, "big")
        head += len(message.body).to_bytes(3, "big") + bytes([message.type])
        head += message.stream.to_bytes(4, "little")
        self.out += _basic(form, number) + head[: (11, 7, 3, 0)[form]]
        self.out += extended if form < 3 or self.repeat_extended else b""
        self.known[number] = _Sent(message, field, extended if self.repeat_extended else b"")

    def _form(self, number: int, message: Message) -> tuple[int, int]:
        """Choose a header form, and return it with its timestamp field."""
        before = self.known.get(number)
        if before is None or before.message.stream != message.stream:
            return 0, message.timestamp
        delta = (message.timestamp - before.message.timestamp) % 2**32
        same = (len(before.message.body), before.message.type) == (len(message.body), message.type)
        forms = [(0, message.timestamp), (1, delta)]
        forms += [(2, delta)] if same else []
        forms += [(3, delta)] if same and delta == before.delta else []
        return self.choose(forms)  # type: ignore[no-any-return]


def _basic(form: int, number: int) -> bytes:
    if number < 64:
        return bytes([form << 6 | number])
    if number < 320:
        return bytes([form << 6, number - 64])
    return bytes([form << 6 | 1]) + (number - 64).to_bytes(2, "little")
