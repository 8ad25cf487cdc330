"""Reads the bits of a header, and the Exp-Golomb codes of H.264 and HEVC (ITU-T H.264 9.1)."""

from __future__ import annotations

import re

_MAX_ZEROS = 32


class Bits:
    """Reads from the first bit; past the end it raises ``IndexError``."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    @property
    def left(self) -> int:
        """How many bits are left."""
        return self._left

    def u(self, count: int) -> int:
        """Return the next ``count`` bits."""
        self._left -= count
        if self._left < 0:
            raise IndexError
        return self._value >> self._left & ((1 << count) - 1)

    def ue(self) -> int:
        """Return the next Exp-Golomb code; raises ``ValueError`` where there is none."""
        zeros = 0
        while not self.u(1):
            zeros += 1
        if zeros > _MAX_ZEROS:
            raise ValueError("no Exp-Golomb code")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """Return the next signed Exp-Golomb code."""
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def escape(data: bytes) -> bytes:
    """Return a NAL unit's payload with emulation prevention bytes where it needs them; undoes `unescape`."""
    return re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", data)


def unescape(data: bytes) -> bytes:
    """Return a NAL unit's payload without its emulation prevention bytes (00 00 03 -> 00 00)."""
    if b"\x00\x00\x03" not in data:
        return data
    parts, at = [], 0
    while (found := data.find(b"\x00\x00\x03", at)) >= 0:
        parts.append(data[at : found + 2])
        at = found + 3
    return b"".join((*parts, data[at:]))
