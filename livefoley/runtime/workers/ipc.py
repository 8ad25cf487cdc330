"""Messages between the room's process and its workers: a JSON header and a binary payload, length-prefixed.

Pipes rather than shared memory: a worker that is killed in mid-write can at worst cut its own pipe. No pickle, so a
worker that was taken over by a hostile stream can lie, but not run code here.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any, BinaryIO, TypeAlias

_PREFIX = struct.Struct(">II")
MAX_HEADER = 256 * 1024
MAX_PAYLOAD = 128 * 1024 * 1024

Header: TypeAlias = dict[str, Any]
Message: TypeAlias = tuple[Header, bytes]


class BrokenPipe(Exception):  # noqa: N818
    """The other side is gone or speaks something else."""


def pack(header: Header, payload: bytes | memoryview = b"") -> bytes:
    """Return the message as bytes, except its payload, which follows as it is."""
    head = json.dumps(header, separators=(",", ":")).encode()
    return _PREFIX.pack(len(head), len(payload)) + head


def _sizes(prefix: bytes) -> tuple[int, int]:
    head, payload = _PREFIX.unpack(prefix)
    if head > MAX_HEADER or payload > MAX_PAYLOAD:
        raise BrokenPipe(f"a message of {head} + {payload} bytes is not one of ours")
    return head, payload


async def read_message(reader: asyncio.StreamReader) -> Message:
    """Read one message; raises ``BrokenPipe`` at the end of the stream."""
    try:
        head, payload = _sizes(await reader.readexactly(_PREFIX.size))
        header = json.loads(await reader.readexactly(head))
        return header, await reader.readexactly(payload) if payload else b""
    except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
        raise BrokenPipe("the worker closed its pipe") from error


def read_message_blocking(stream: BinaryIO) -> Message:
    """The same for a worker, which has nothing else to do."""
    prefix = _read_exactly(stream, _PREFIX.size)
    head, payload = _sizes(prefix)
    return json.loads(_read_exactly(stream, head)), _read_exactly(stream, payload)


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size) if size else b""
    if len(data) < size:
        raise BrokenPipe("the parent closed the pipe")
    return data


def write_message_blocking(stream: BinaryIO, header: Header, payload: bytes | memoryview = b"") -> None:
    """Write one message and flush it."""
    stream.write(pack(header, payload))
    if payload:
        stream.write(payload)
    stream.flush()
