"""The chunk stream: every way to send a message gives the same message, whatever the cuts."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.errors import ProtocolError
from livefoley.media.rtmp.protocol.chunks import EXTENDED, ChunkReader, ChunkWriter, Message
from tests.media.rtmp.chunking import Chunker, messages, pieces, timestamps


def read(data: bytes, **options: int) -> list[Message]:
    return ChunkReader(**options).feed(data)


@given(st.lists(messages(), max_size=8), st.sampled_from([1, 5, 128, 4096]), st.data())
def test_what_the_writer_cuts_the_reader_puts_together(batch, chunk_size, data) -> None:
    writer, reader = ChunkWriter(), ChunkReader()
    sent = b"".join(writer.set_chunk_size(chunk_size))
    for number, message in batch:
        sent += b"".join(writer.write(number, *message))
    got = [message for piece in data.draw(pieces(sent)) for message in reader.feed(piece)]
    assert got == [message for _, message in batch]


@given(st.lists(messages(), max_size=8), st.sampled_from([1, 7, 128]), st.data())
def test_every_header_form_and_any_interleaving_reads_the_same(batch, chunk_size, data) -> None:
    chunker = Chunker(lambda options: data.draw(st.sampled_from(options)))
    chunker.set_chunk_size(chunk_size)
    expected = chunker.send(batch)
    reader = ChunkReader()
    got = [message for piece in data.draw(pieces(bytes(chunker.out))) for message in reader.feed(piece)]
    assert got == expected


@given(st.integers(EXTENDED, 2**32 - 1), st.integers(1, 600), st.data())
def test_an_extended_timestamp_need_not_be_repeated(timestamp, size, data) -> None:
    message = Message(9, 1, timestamp, b"\xaa" * size)  # the payload never looks like the timestamp
    chunker = Chunker(lambda options: options[0], repeat_extended=struct.pack(">I", timestamp)[:1] == b"\xaa")
    chunker.send([(6, message)])
    reader = ChunkReader()
    got = [found for piece in data.draw(pieces(bytes(chunker.out))) for found in reader.feed(piece)]
    assert got == [message]


@given(timestamps, timestamps)
def test_timestamps_may_go_back_and_wrap(first, second) -> None:
    writer = ChunkWriter()
    sent = b"".join(writer.write(4, 8, 1, first, b"a") + writer.write(4, 8, 1, second, b"b"))
    assert [message.timestamp for message in read(sent)] == [first, second]


def test_a_type_3_chunk_that_begins_a_message_repeats_the_delta() -> None:
    first = b"\x04" + (1000).to_bytes(3, "big") + b"\x00\x00\x01\x08" + b"\x01\x00\x00\x00" + b"a"
    second = b"\x44" + (20).to_bytes(3, "big") + b"\x00\x00\x01\x08" + b"b"
    assert [message.timestamp for message in read(first + second + b"\xc4c" + b"\xc4d")] == [1000, 1020, 1040, 1060]


def test_abort_throws_the_half_message_away() -> None:
    half = b"\x04" + bytes(3) + b"\x00\x00\xc8\x08" + bytes(4) + b"x" * 128
    abort = b"\x02" + bytes(3) + b"\x00\x00\x04\x02" + bytes(4) + struct.pack(">I", 4)
    whole = b"\x04" + bytes(3) + b"\x00\x00\x01\x08" + bytes(4) + b"y"
    assert [bytes(message.body) for message in read(half + abort + whole)] == [b"y"]


def test_a_message_without_body_is_one() -> None:
    assert read(b"\x04" + bytes(3) + b"\x00\x00\x00\x08" + bytes(4)) == [Message(8, 0, 0, b"")]


def test_a_message_above_the_limit_is_refused_before_it_is_received() -> None:
    head = b"\x04" + bytes(3) + (1001).to_bytes(3, "big") + b"\x08" + bytes(4)
    with pytest.raises(ProtocolError, match="larger than 1000"):
        read(head, max_message=1000)


def test_many_half_messages_together_are_bounded_too() -> None:
    head = bytes(3) + (1000).to_bytes(3, "big") + b"\x08" + bytes(4) + b"x" * 128
    with pytest.raises(ProtocolError):
        read(b"".join(bytes([number]) + head for number in range(3, 40)), max_message=1000)


def test_an_announced_length_costs_no_memory_before_it_comes() -> None:
    reader = ChunkReader()
    reader.feed(b"\x04" + bytes(3) + (8 << 20).to_bytes(3, "big") + b"\x08" + bytes(4))
    assert all(len(stream.body) == 0 for stream in reader._streams.values())


def test_the_number_of_chunk_streams_is_bounded() -> None:
    head = bytes(3) + b"\x00\x00\x01\x08" + bytes(4) + b"x"
    with pytest.raises(ProtocolError, match="chunk streams"):
        read(b"".join(b"\x00" + bytes([number]) + head for number in range(100)))


@pytest.mark.parametrize("size", [0, 127, 0x80000000])
def test_a_chunk_size_below_the_least_is_refused(size: int) -> None:
    with pytest.raises(ProtocolError, match="chunk size"):
        read(b"".join(ChunkWriter().write(2, 1, 0, 0, struct.pack(">I", size))), min_chunk=128)


def test_the_largest_chunk_size_is_taken() -> None:
    announce = b"".join(ChunkWriter().write(2, 1, 0, 0, struct.pack(">I", 0x7FFFFFFF)))
    body = bytes(300_000)
    message = b"\x04" + bytes(3) + len(body).to_bytes(3, "big") + b"\x08" + bytes(4) + body
    assert read(announce + message) == [Message(8, 0, 0, body)]


@given(st.binary(max_size=600))
def test_any_bytes_give_messages_or_a_protocol_error(data: bytes) -> None:
    try:
        read(data, max_message=4096)
    except ProtocolError:
        pass
