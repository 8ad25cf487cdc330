"""The boxes of an MP4, for tests to look at."""

from __future__ import annotations

import struct
from collections.abc import Iterator


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of each box in ``data``; a box that is cut off raises ``ValueError``."""
    at = 0
    while at < len(data):
        if at + 8 > len(data):
            raise ValueError("a box header is cut off")
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > len(data):
            raise ValueError(f"box {kind!r} is cut off")
        yield kind, data[at + 8 : at + size]
        at += size
