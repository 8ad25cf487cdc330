"""How pictures are meant to be shown, as containers say beside the codec: turned, stretched, in which colours.

A phone stores what it films lying on its side, with a header that says by how much to turn it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

AS_STORED = (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
"""The matrix of MP4's track header that changes nothing: 16.16 fixed point, the third column 2.30."""

_PIXELS = b"pasp"


@dataclass(frozen=True, slots=True)
class Display:
    """What a container says of how a track's pictures are shown.

    ``matrix`` is that of MP4's track header (nine numbers, row by row). ``boxes`` are those that stand in MP4's sample
    entry beside the codec's parameters, one after the other: the shape of a pixel (``pasp``), colours (``colr``), what
    HDR needs (``mdcv``, ``clli``, ``dvcC`` ...), spherical and stereoscopic pictures (``sv3d``, ``st3d``).
    """

    matrix: tuple[int, ...] = AS_STORED
    boxes: bytes = b""

    @property
    def turns(self) -> int:
        """Quarter turns clockwise by which stored pictures are shown, after being mirrored if they are; 0 to 3."""
        a, b = self.matrix[0], self.matrix[1]
        sign = -1 if self.mirrored else 1
        return round(math.degrees(math.atan2(sign * b, sign * a)) / 90) % 4

    @property
    def mirrored(self) -> bool:
        """Whether left and right of the stored picture change places."""
        return self.matrix[0] * self.matrix[4] < self.matrix[1] * self.matrix[3]

    @property
    def is_turned(self) -> bool:
        """Whether pictures are shown otherwise than they are stored."""
        return bool(self.turns or self.mirrored)

    @property
    def pixel_aspect(self) -> Fraction:
        """The width of a stored pixel over its height."""
        found = next((body for kind, body in self.parts() if kind == _PIXELS and len(body) >= 8), b"")
        wide, high = struct.unpack(">2I", found[:8]) if found else (1, 1)
        aspect = Fraction(wide, high) if wide and high else Fraction(1)
        return aspect if Fraction(1, 16) <= aspect <= 16 else Fraction(1)

    def parts(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield kind and content of each box."""
        at = 0
        while at + 8 <= len(self.boxes):
            size = max(8, int.from_bytes(self.boxes[at : at + 4], "big"))
            yield self.boxes[at + 4 : at + 8], self.boxes[at + 8 : at + size]
            at += size

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height at which pictures stored at such a size are seen, in square pixels."""
        wide = round(width * self.pixel_aspect)
        return (height, wide) if self.turns % 2 else (wide, height)

    def upright(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Return a picture ``[height, width, ...]`` as it is seen, but for the shape of its pixels."""
        mirrored = picture[:, ::-1] if self.mirrored else picture
        return np.ascontiguousarray(np.rot90(mirrored, -self.turns))

    def as_stored(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Return the picture of which ``upright`` makes this one."""
        turned = np.rot90(picture, self.turns)
        return np.ascontiguousarray(turned[:, ::-1] if self.mirrored else turned)

    def only(self, *kinds: bytes) -> Display:
        """Return the same with boxes of these kinds alone."""
        kept = (struct.pack(">I", 8 + len(body)) + kind + body for kind, body in self.parts() if kind in kinds)
        return Display(self.matrix, b"".join(kept))

    def told(self) -> str:
        """Return in words how stored pictures are turned; empty when they are not."""
        words = [f"turned by {90 * self.turns} degrees"] if self.turns else []
        return " and ".join([*words, *(["mirrored"] if self.mirrored else [])])


PLAIN = Display()
"""As stored."""
