"""Frames between the room's process and its workers: whose it is, what is said, and a payload; length-prefixed.

Pipes rather than shared memory: a worker that is killed in mid-write can at worst cut its own pipe. No pickle, so a
worker that was taken over by a hostile stream can lie, but not run code here. What is said is a message of `link`.
"""

from __future__ import annotations

import asyncio
import struct
from typing import BinaryIO, NamedTuple, TypeAlias

_PREFIX = struct.Struct(">BII")
MAX_HEAD = 256 * 1024
MAX_PAYLOAD = 128 * 1024 * 1024

Data: TypeAlias = bytes | memoryview


class BrokenPipe(Exception):  # noqa: N818
    """The other side is gone or speaks something else."""


class Frame(NamedTuple):
    """``room`` is empty for what concerns no room, or all; ``head`` is a message, encoded."""

    room: str
    head: bytes
    payload: bytes


def pack(head: bytes, payload: Data = b"", room: str = "") -> bytes:
    """Return a frame as bytes, except its payload, which follows as it is."""
    name = room.encode()
    return _PREFIX.pack(len(name), len(head), len(payload)) + name + head


def _sizes(prefix: bytes) -> tuple[int, int, int]:
    name, head, payload = _PREFIX.unpack(prefix)
    if head > MAX_HEAD or payload > MAX_PAYLOAD:
        raise BrokenPipe(f"a frame of {head} + {payload} bytes is not one of ours")
    return name, head, payload


async def read_frame(reader: asyncio.StreamReader) -> Frame:
    """Read one frame; raises ``BrokenPipe`` at the end of the stream."""
    try:
        name, head, payload = _sizes(await reader.readexactly(_PREFIX.size))
        said = await reader.readexactly(name + head)
        data = await reader.readexactly(payload) if payload else b""
        return Frame(said[:name].decode(), said[name:], data)
    except (asyncio.IncompleteReadError, ConnectionError, UnicodeDecodeError) as error:
        raise BrokenPipe("the worker closed its pipe") from error


def read_frame_blocking(stream: BinaryIO) -> Frame:
    """The same for a worker, which has nothing else to do."""
    name, head, payload = _sizes(_read_exactly(stream, _PREFIX.size))
    said = _read_exactly(stream, name + head)
    try:
        return Frame(said[:name].decode(), said[name:], _read_exactly(stream, payload))
    except UnicodeDecodeError as error:
        raise BrokenPipe("the parent speaks something else") from error


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size) if size else b""
    if len(data) < size:
        raise BrokenPipe("the parent closed the pipe")
    return data


def write_frame_blocking(stream: BinaryIO, head: bytes, payload: Data = b"", room: str = "") -> None:
    """Write one frame and flush it."""
    stream.write(pack(head, payload, room))
    if payload:
        stream.write(payload)
    stream.flush()
