"""Writes keys into the metadata of a finished MP4, and touches nothing else of it. Works on open files.

The keys go into a ``meta`` box of ``moov`` (ISO 14496-12, 8.11.1), as QuickTime's metadata keys (``mdta``), which hold
any name and any text, and which FFmpeg reads. Nothing is decoded or muxed again: pictures, sound, edit lists stay bit
for bit. Where the data lies after ``moov``, the places of its chunks move by as much as ``moov`` grows.
"""

from __future__ import annotations

import io
import shutil
import struct
from collections.abc import Iterator, Mapping
from typing import BinaryIO, NamedTuple

from livefoley.formats.fmp4 import box

MAX_MOOV_BYTES = 64 * 1024 * 1024

_PARENTS = frozenset({b"trak", b"mdia", b"minf", b"stbl"})
_OFFSETS = {b"stco": ">I", b"co64": ">Q"}
_UTF8 = 1


class _Box(NamedTuple):
    kind: bytes
    start: int
    end: int
    head: int  # bytes of its header


def copy_with_keys(source: BinaryIO, target: BinaryIO, keys: Mapping[str, str]) -> None:
    """Copy the MP4 ``source`` into ``target`` with these keys, in place of those an earlier call gave.

    Raises ``ValueError`` for what is no plain MP4.
    """
    try:
        _copy_with_keys(source, target, keys)
    except struct.error:
        raise ValueError("its boxes are cut off") from None


def _copy_with_keys(source: BinaryIO, target: BinaryIO, keys: Mapping[str, str]) -> None:
    moov = next((each for each in _top(source) if each.kind == b"moov"), None)
    if moov is None or moov.end - moov.start > MAX_MOOV_BYTES:
        raise ValueError("it is no MP4")
    source.seek(moov.start)
    old = bytearray(source.read(moov.end - moov.start))
    new = _with_keys(old, moov.head, keys)
    source.seek(0)
    _copy(source, target, moov.start)
    _move_chunks(new, moov.end, len(new) - len(old))
    target.write(new)
    source.seek(moov.end)
    shutil.copyfileobj(source, target)


def _copy(source: BinaryIO, target: BinaryIO, count: int) -> None:
    """Copy the next ``count`` bytes."""
    while count > 0 and (data := source.read(min(count, 1 << 20))):
        target.write(data)
        count -= len(data)


def _top(source: BinaryIO) -> Iterator[_Box]:
    """Yield the boxes of a file."""
    size = source.seek(0, io.SEEK_END)
    at = 0
    while at + 8 <= size:
        source.seek(at)
        found = _box(source.read(16), at, size)
        yield found
        at = found.end


def _box(head: bytes, start: int, limit: int) -> _Box:
    length, kind = struct.unpack_from(">I4s", head)
    header = 8
    if length == 1:
        (length,) = struct.unpack_from(">Q", head, 8)
        header = 16
    end = limit if length == 0 else start + length
    if end > limit or end < start + header:
        raise ValueError("its boxes do not fit together")
    return _Box(kind, start, end, header)


def _inside(data: bytes | bytearray, start: int, end: int) -> Iterator[_Box]:
    while start + 8 <= end:
        found = _box(bytes(data[start : start + 16]), start, end)
        yield found
        start = found.end


def _with_keys(moov: bytearray, head: int, keys: Mapping[str, str]) -> bytearray:
    """Return ``moov`` with the keys, its length set."""
    if any(each.kind == b"mvex" for each in _inside(moov, head, len(moov))):
        raise ValueError("it is fragmented")
    kept = [bytes(moov[each.start : each.end]) for each in _inside(moov, head, len(moov)) if each.kind != b"meta"]
    return bytearray(box(b"moov", *kept, _meta(keys)))


def _meta(keys: Mapping[str, str]) -> bytes:
    handler = box(b"hdlr", bytes(8), b"mdta", bytes(13))
    names = [box(b"mdta", name.encode()) for name in keys]
    values = [
        box(struct.pack(">I", index), box(b"data", struct.pack(">II", _UTF8, 0), text.encode()))
        for index, text in enumerate(keys.values(), 1)
    ]
    named = box(b"keys", bytes(4), struct.pack(">I", len(names)), *names)
    return box(b"meta", bytes(4), handler, named, box(b"ilst", *values))


def _move_chunks(moov: bytearray, after: int, by: int) -> None:
    """Add ``by`` to the place of every chunk that lies behind ``after``."""
    waiting = list(_inside(moov, 8, len(moov)))
    while waiting:
        found = waiting.pop()
        if found.kind in _PARENTS:
            waiting += _inside(moov, found.start + found.head, found.end)
        elif (form := _OFFSETS.get(found.kind)) is not None:
            _move_table(moov, found.start + found.head + 4, form, after, by)


def _move_table(moov: bytearray, at: int, form: str, after: int, by: int) -> None:
    (count,) = struct.unpack_from(">I", moov, at)
    for index in range(count):
        place = at + 4 + index * struct.calcsize(form)
        (offset,) = struct.unpack_from(form, moov, place)
        if offset >= after:
            struct.pack_into(form, moov, place, offset + by)
