"""AMF0, the notation of RTMP's commands and metadata: values to bytes and back (Action Message Format 0, Adobe 2007).

Python's own types stand for AMF's: float, bool, str, None (null and undefined), dict (object), list (strict array).
`EcmaArray` and `Date` keep apart what would else not come back as it went. A typed object reads as a plain dict, XML as
a str. Reading is bounded in depth and in the number of values, since every byte comes from a stranger.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, Union

from livefoley.core.errors import ProtocolError

MAX_DEPTH = 16
MAX_VALUES = 4096

Value: TypeAlias = Union[float, bool, str, "Date", dict[str, "Value"], list["Value"], None]
Plain: TypeAlias = Union[float, bool, str, "Date", Mapping[str, "Plain"], Sequence["Plain"], None]
"""What can be written; wider than `Value` so that literals of any shape type-check."""

_DOUBLE = struct.Struct(">d")
_DATE = struct.Struct(">dh")
_U16 = struct.Struct(">H")
_U32 = struct.Struct(">I")


class EcmaArray(dict[str, Value]):
    """An associative array (marker 8); what ``onMetaData`` carries."""


@dataclass(frozen=True, slots=True)
class Date:
    """A moment in ms since 1970; ``zone`` (minutes) is reserved and 0 in practice."""

    ms: float
    zone: int = 0


def encode(*values: Plain) -> bytes:
    """Return ``values`` one after another."""
    out = bytearray()
    for value in values:
        _write(out, value)
    return bytes(out)


def decode(data: bytes | bytearray | memoryview) -> list[Value]:
    """Return all values in ``data``. Raises ``ProtocolError`` for what is cut off, too deep, too many or unknown."""
    reader = _Reader(bytes(data))
    values = []
    while reader.at < len(reader.data):
        values.append(reader.value(0))
    return values


def _write(out: bytearray, value: Plain) -> None:
    if value is None:
        out.append(5)
    elif isinstance(value, bool):
        out += b"\x01\x01" if value else b"\x01\x00"
    elif isinstance(value, (int, float)):
        out.append(0)
        out += _DOUBLE.pack(value)
    elif isinstance(value, str):
        _write_string(out, value.encode())
    elif isinstance(value, Date):
        out.append(11)
        out += _DATE.pack(value.ms, value.zone)
    elif isinstance(value, Mapping):
        out += b"\x08" + _U32.pack(len(value)) if isinstance(value, EcmaArray) else b"\x03"
        _write_members(out, value)
    else:
        out += b"\x0a" + _U32.pack(len(value))
        for item in value:
            _write(out, item)


def _write_string(out: bytearray, raw: bytes) -> None:
    out += b"\x02" + _U16.pack(len(raw)) if len(raw) < 0x10000 else b"\x0c" + _U32.pack(len(raw))
    out += raw


def _write_members(out: bytearray, members: Mapping[str, Plain]) -> None:
    for name, member in members.items():
        raw = name.encode()
        out += _U16.pack(len(raw)) + raw
        _write(out, member)
    out += b"\x00\x00\x09"


class _Reader:
    """A place in the bytes, and the objects read so far (AMF0 refers back to them by number)."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self._count = 0
        self._objects: list[Value] = []

    def value(self, depth: int) -> Value:
        self._count += 1
        if depth > MAX_DEPTH or self._count > MAX_VALUES:
            raise ProtocolError("AMF0 data nests too deep or holds too many values")
        marker = self._take(1)[0]
        simple = _SIMPLE.get(marker)
        if simple is not None:
            return simple(self)
        members = _COMPLEX.get(marker)
        if members is None:
            raise ProtocolError(f"AMF0 marker {marker} is unknown")
        return members(self, depth + 1)

    def _take(self, size: int) -> bytes:
        begin = self.at
        self.at = begin + size
        if self.at > len(self.data):
            raise ProtocolError("AMF0 data is cut off")
        return self.data[begin : self.at]

    def number(self) -> float:
        return float(_DOUBLE.unpack(self._take(8))[0])

    def boolean(self) -> bool:
        return self._take(1) != b"\x00"

    def string(self) -> str:
        return self._text(self._u16())

    def long_string(self) -> str:
        return self._text(self._u32())

    def _u16(self) -> int:
        return int.from_bytes(self._take(2), "big")

    def _u32(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def _text(self, size: int) -> str:
        return self._take(size).decode("utf-8", "replace")

    def nothing(self) -> None:
        return None

    def date(self) -> Date:
        ms, zone = _DATE.unpack(self._take(10))
        return Date(ms, zone)

    def reference(self) -> Value:
        index = self._u16()
        if index >= len(self._objects):
            raise ProtocolError("AMF0 refers to an object that is not there")
        return self._objects[index]

    def object(self, depth: int) -> Value:
        return self._members({}, depth)

    def ecma_array(self, depth: int) -> Value:
        self._take(4)  # the count: a hint that encoders get wrong
        return self._members(EcmaArray(), depth)

    def typed_object(self, depth: int) -> Value:
        self.string()
        return self._members({}, depth)

    def _members(self, found: dict[str, Value], depth: int) -> Value:
        slot = self._reserve()
        while True:
            name = self.string()
            if not name and self.data[self.at : self.at + 1] == b"\x09":
                self.at += 1
                self._objects[slot] = found
                return found
            found[name] = self.value(depth)

    def strict_array(self, depth: int) -> Value:
        slot = self._reserve()
        count = self._u32()
        found = [self.value(depth) for _ in range(count)]
        self._objects[slot] = found
        return found

    def _reserve(self) -> int:
        """Number an object; until it is whole a reference to it gives None, so nothing contains itself."""
        self._objects.append(None)
        return len(self._objects) - 1


_SIMPLE: dict[int, Callable[[_Reader], Value]] = {
    0: _Reader.number,
    1: _Reader.boolean,
    2: _Reader.string,
    5: _Reader.nothing,
    6: _Reader.nothing,  # undefined
    7: _Reader.reference,
    11: _Reader.date,
    12: _Reader.long_string,
    13: _Reader.nothing,  # unsupported
    15: _Reader.long_string,  # XML document
}
_COMPLEX: dict[int, Callable[[_Reader, int], Value]] = {
    3: _Reader.object,
    8: _Reader.ecma_array,
    10: _Reader.strict_array,
    16: _Reader.typed_object,
}
