"""Frames of FLAC in a piece of data, told by their headers (RFC 9639, 9.1): nothing is decoded."""

from __future__ import annotations

import re

_SYNC = re.compile(rb"\xff[\xf8\xf9]")  # by chance once in 32 KiB, but some sounds are coded in a lot of them


_MOST_SYNCS = 2048  # to be looked at; a frame of real sound has some dozens at most


def more_frames(data: bytes, than: int) -> bool:
    """Tell whether there are more headers of frames in ``data`` than that, by their checksums."""
    count = 0
    for number, found in enumerate(_SYNC.finditer(data)):
        count += _is_header(data[found.start() : found.start() + 16])
        if count > than or number == _MOST_SYNCS:
            return True
    return False


def _is_header(data: bytes) -> bool:
    if len(data) < 6 or data[3] & 1:
        return False
    number = data[4]  # UTF-8's scheme: as many bytes as there are ones in front, one if there is none
    end = 4 + max(1, next((count for count in range(8) if not number & 0x80 >> count), 8))
    end += {6: 1, 7: 2}.get(data[2] >> 4, 0) + {12: 1, 13: 2, 14: 2}.get(data[2] & 15, 0)
    return end < len(data) and _crc8(data[:end]) == data[end]


def _crc8(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value << 1 & 0xFF ^ (0x07 if value & 0x80 else 0)
    return value
