"""What a container says of how its pictures are shown: it comes out of the header of an MP4 written in memory, which
FFmpeg makes of any container's track. PyAV tells of none of it; `containers` takes the same way back.
"""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any

import av

from livefoley.core.media import AS_STORED, Display
from livefoley.formats.fmp4 import box

_CARRIED = (
    b"pasp",
    b"fiel",
    b"colr",
    b"mdcv",
    b"clli",
    b"cclv",
    b"amve",
    b"dvcC",
    b"dvvC",
    b"dvwC",
    b"st3d",
    b"sv3d",
    b"vexu",
)
_ENTRY = 78  # bytes of a video sample entry before its boxes
_OPTIONS = {"movflags": "empty_moov", "strict": "unofficial"}  # Dolby Vision and 360 degrees are not MP4's own


def display_of(stream: Any) -> Display:
    """Return what is said of a video stream of an open PyAV input."""
    for form in ("mp4", "mov"):
        try:
            return _shaped(_read(_header(stream, form)), stream.sample_aspect_ratio)
        except (av.FFmpegError, ValueError, IndexError, struct.error):
            continue  # a codec that this form does not carry
    return _shaped(Display(), stream.sample_aspect_ratio)


def _shaped(display: Display, aspect: Fraction | None) -> Display:
    """Return ``display`` with pixels of the shape players give them: the container's word comes before the codec's."""
    if not aspect or aspect == display.pixel_aspect:
        return display
    others = display.without(b"pasp").boxes
    return Display(display.matrix, others + box(b"pasp", struct.pack(">2I", aspect.numerator, aspect.denominator)))


def _header(stream: Any, form: str) -> bytes:
    memory = io.BytesIO()
    with av.open(memory, "w", format=form, options=dict(_OPTIONS)) as container:
        container.add_stream_from_template(stream, opaque=True)
        container.start_encoding()
        return memory.getvalue()


def _read(header: bytes) -> Display:
    """Return what an MP4's header says of its one track. Raises ``ValueError`` or ``struct.error`` for another."""
    trak = _inside(header, b"moov", b"trak")
    tkhd = _inside(trak, b"tkhd")
    matrix = struct.unpack_from(">9i", tkhd, 40 if tkhd[0] == 0 else 52)
    entries = _inside(trak, b"mdia", b"minf", b"stbl", b"stsd")
    size = int.from_bytes(entries[8:12], "big")
    entry = entries[16 : 8 + size]
    boxes = b"".join(box(kind, body) for kind, body in _boxes(entry[_ENTRY:]) if kind in _CARRIED)
    return Display(matrix if matrix[:2] != (0, 0) else AS_STORED, boxes)


def _inside(data: bytes, *path: bytes) -> bytes:
    """Return the content of the first box at ``path``; raises ``ValueError`` when there is none."""
    for wanted in path:
        found = next((body for kind, body in _boxes(data) if kind == wanted), None)
        if found is None:
            raise ValueError(f"no {wanted!r}")
        data = found
    return data


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    return list(Display(boxes=data).parts())
