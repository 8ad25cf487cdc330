"""The size of the picture that a keyframe or its parameters name, read from their headers: nothing is decoded.

Syntax: H.264 and HEVC by their SPS, AV1 by its sequence header (AV1 specification 5.5), VP9 by its uncompressed header
(VP9 specification 6.2), VP8 by its frame header (RFC 6386, 9.1).
"""

from __future__ import annotations

from livefoley.formats import nal
from livefoley.formats.bits import Bits

_HEADER = 128  # bytes that hold any of these headers
_SEQUENCE_HEADER = 1  # the type of an AV1 OBU
_VP9_SYNC, _VP8_SYNC = 0x498342, b"\x9d\x01\x2a"
_SRGB = 7


def frame_size(codec: str, extradata: bytes, keyframe: bytes = b"") -> tuple[int, int]:
    """Return width and height as ``extradata`` says, else as ``keyframe`` does; (0, 0) if neither can be read."""
    try:
        if codec in ("h264", "hevc"):
            return nal.picture_size(codec, extradata) or (0, 0)
        if codec == "av1":
            return _av1(extradata[4:]) or _av1(keyframe) or (0, 0)
        if codec == "vp9":
            return _vp9(Bits(keyframe[:_HEADER]))
        if codec == "vp8":
            return _vp8(keyframe)
    except (IndexError, ValueError):
        pass  # cut off, or none of its kind
    return 0, 0


def _vp8(frame: bytes) -> tuple[int, int]:
    if len(frame) < 10 or frame[0] & 1 or frame[3:6] != _VP8_SYNC:
        return 0, 0
    return int.from_bytes(frame[6:8], "little") & 0x3FFF, int.from_bytes(frame[8:10], "little") & 0x3FFF


def _vp9(bits: Bits) -> tuple[int, int]:
    if bits.u(2) != 2:
        raise ValueError("no VP9 frame")
    profile = bits.u(1) + 2 * bits.u(1)
    if profile == 3:
        bits.u(1)
    repeats, inter = bits.u(1), bits.u(1)
    bits.u(2)  # shown, error resilient
    if repeats or inter or bits.u(24) != _VP9_SYNC:
        raise ValueError("no VP9 keyframe")
    if profile >= 2:
        bits.u(1)
    if bits.u(3) != _SRGB:
        bits.u(1)
        if profile & 1:
            bits.u(3)
    elif profile & 1:
        bits.u(1)
    return bits.u(16) + 1, bits.u(16) + 1


def _av1(units: bytes) -> tuple[int, int] | None:
    """Return the size in the first sequence header among ``units`` (OBUs), if there is one."""
    at = 0
    while at < len(units):
        kind, extended, sized = units[at] >> 3 & 15, units[at] >> 2 & 1, units[at] >> 1 & 1
        at += 1 + extended
        size = len(units) - at
        if sized:
            size, at = _leb128(units, at)
        if kind == _SEQUENCE_HEADER:
            return _av1_sequence(Bits(units[at : at + min(size, _HEADER)]))
        at += size
    return None


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 56, 7):
        value |= (data[at] & 0x7F) << shift
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
    raise ValueError("no leb128")


def _av1_sequence(bits: Bits) -> tuple[int, int]:
    bits.u(4)  # profile, still picture
    if bits.u(1):
        bits.u(5)  # reduced: the level alone
    else:
        _skip_operating_points(bits)
    widths, heights = bits.u(4) + 1, bits.u(4) + 1
    return bits.u(widths) + 1, bits.u(heights) + 1


def _skip_operating_points(bits: Bits) -> None:
    delays = 0
    if bits.u(1):  # timing
        bits.u(64)
        if bits.u(1):
            bits.ue()
        if bits.u(1):  # the decoder's model
            delays = bits.u(5) + 1
            bits.u(42)
    display_delay = bits.u(1)
    for _ in range(bits.u(5) + 1):
        bits.u(12)
        if bits.u(5) > 7:
            bits.u(1)
        if delays and bits.u(1):
            bits.u(2 * delays + 1)
        if display_delay and bits.u(1):
            bits.u(4)
