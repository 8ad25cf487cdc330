"""Tags inside tags: the headers of enhanced RTMP with their prefixes and multitrack forms, and aggregate messages.

All raise ``IndexError`` for what ends too early. And how long a track waits for its header.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from livefoley.core.errors import ProtocolError
from livefoley.core.media import Display
from livefoley.formats import hdr
from livefoley.media.rtmp.protocol import amf0, chunks, tags
from livefoley.media.rtmp.protocol.chunks import Message

COLOURS = "colorInfo"
PATIENCE_MS = 1000
"""How long a track may go on without its sequence header before something is said or tried."""


class Patience:
    """Counts from the first packet of a track that lacked its header."""

    def __init__(self) -> None:
        self._since_ms: int | None = None

    def over(self, stamp_ms: int) -> bool:
        """Tell whether the packet stamped ``stamp_ms`` is so late that the header cannot be on its way any more."""
        self._since_ms = stamp_ms if self._since_ms is None else self._since_ms
        return abs(stamp_ms - self._since_ms) >= PATIENCE_MS


class ExHeader(NamedTuple):
    """An enhanced tag's packet type, FourCC, and where in the body its payload lies."""

    kind: int
    four_cc: bytes
    start: int
    stop: int


def read_ex_header(body: bytes | bytearray, multitrack: int) -> ExHeader | None:
    """Return the header of an enhanced tag; of a tag with packet type ``multitrack`` that of track 0, if there."""
    kind, at = _skip_extensions(body)
    if kind == multitrack:
        return _first_track(body, at)
    return ExHeader(kind, bytes(body[at : at + 4]), at + 4, len(body))


def _skip_extensions(body: bytes | bytearray) -> tuple[int, int]:
    """Return the packet type behind any ModEx prefixes, and where what follows it begins."""
    kind, at = body[0] & 15, 1
    while kind == tags.MOD_EX:
        size, at = body[at] + 1, at + 1
        if size == 256:
            size, at = int.from_bytes(body[at : at + 2], "big") + 1, at + 2
        at += size
        kind, at = body[at] & 15, at + 1
    return kind, at


def _first_track(body: bytes | bytearray, at: int) -> ExHeader | None:
    form, kind, at = body[at] >> 4, body[at] & 15, at + 1
    four_cc = b""
    if form != tags.MANY_CODECS:
        four_cc, at = bytes(body[at : at + 4]), at + 4
    while at < len(body):
        if form == tags.MANY_CODECS:
            four_cc, at = bytes(body[at : at + 4]), at + 4
        number, at = body[at], at + 1
        stop = len(body)
        if form != tags.ONE_TRACK:
            stop, at = at + 3 + int.from_bytes(body[at : at + 3], "big"), at + 3
        if number == 0:
            return ExHeader(kind, four_cc, at, stop)
        at = stop
    return None


def split_aggregate(message: Message) -> Iterator[Message]:
    """Yield the tags packed into an aggregate message; their stamps count from that of the first."""
    body, at, shift = message.body, 0, None
    while at + 11 <= len(body):
        size = int.from_bytes(body[at + 1 : at + 4], "big")
        stamp = int.from_bytes(body[at + 4 : at + 7], "big") | body[at + 7] << 24
        shift = message.timestamp - stamp if shift is None else shift
        if body[at] in (chunks.AUDIO, chunks.VIDEO, chunks.DATA):
            part = body[at + 11 : at + 11 + size]
            yield Message(body[at], message.stream, (stamp + shift) & 0xFFFFFFFF, part)
        at += 11 + size + 4


def signed24(body: bytes | bytearray, at: int) -> int:
    """Return the signed 24-bit number at ``at``."""
    value = body[at] << 16 | body[at + 1] << 8 | body[at + 2]
    return value - 0x1000000 if value & 0x800000 else value


def read_colours(body: bytes) -> Display | None:
    """Return what the AMF of a metadata tag says of colours; None when it says nothing of them."""
    try:
        name, said, *_ = amf0.decode(body)
    except (ProtocolError, ValueError):
        return None
    return hdr.display_of(said) if name == COLOURS and isinstance(said, dict) else None


def colours(display: Display) -> bytes:
    """Return the AMF of a metadata tag; empty when there is nothing to be said."""
    said = hdr.said_of(display)
    return amf0.encode(COLOURS, said) if said else b""
