"""Sequence parameter sets of H.264 and HEVC: the size, chroma format and bit depths they name.

Syntax: ITU-T H.264 7.3.2.1.1 and H.265 7.3.2.2. Malformed input raises ``ValueError``.
"""

from __future__ import annotations

from dataclasses import dataclass

from livefoley.formats.bits import Bits, unescape

HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
"""H.264 profiles whose SPS names chroma format and bit depth."""


MAX_SIDE = 0xFFFF  # what the 16 bits of an MP4 can say, and far more than any level of H.264 or HEVC allows


@dataclass(frozen=True, slots=True)
class SequenceParameters:
    """What an SPS says of the picture; ``width`` and ``height`` are those shown, after cropping."""

    width: int
    height: int
    chroma_format: int = 1
    luma_bits: int = 8
    chroma_bits: int = 8


def sequence_parameters(codec: str, sps: bytes) -> SequenceParameters:
    """Read the size, chroma format and bit depths from an SPS; raises ``ValueError`` for a damaged one."""
    try:
        found = _h264_sps(Bits(unescape(sps[1:]))) if codec == "h264" else _hevc_sps(Bits(unescape(sps[2:])))
    except IndexError:
        raise ValueError("the SPS is cut off") from None
    if not (0 < found.width <= MAX_SIDE and 0 < found.height <= MAX_SIDE):
        raise ValueError(f"the SPS says that pictures are {found.width}x{found.height}")
    return found


def _h264_sps(bits: Bits) -> SequenceParameters:
    profile = bits.u(8)
    bits.u(16)  # constraint flags, level
    bits.ue()
    chroma, luma_bits, chroma_bits = _h264_formats(bits) if profile in HIGH_PROFILES else (1, 8, 8)
    bits.ue()  # log2_max_frame_num
    _h264_order(bits)
    bits.ue()  # max_num_ref_frames
    bits.u(1)
    columns, rows = bits.ue() + 1, bits.ue() + 1
    fields = 2 - bits.u(1)
    if fields == 2:
        bits.u(1)
    bits.u(1)
    left, right, top, bottom = [bits.ue() for _ in range(4)] if bits.u(1) else (0, 0, 0, 0)
    unit_x = 2 if chroma in (1, 2) else 1
    unit_y = (2 if chroma == 1 else 1) * fields
    width = columns * 16 - (left + right) * unit_x
    height = rows * 16 * fields - (top + bottom) * unit_y
    return SequenceParameters(width, height, chroma, luma_bits, chroma_bits)


def _h264_formats(bits: Bits) -> tuple[int, int, int]:
    chroma = bits.ue()
    if chroma == 3:
        bits.u(1)
    luma_bits, chroma_bits = 8 + bits.ue(), 8 + bits.ue()
    bits.u(1)
    if bits.u(1):
        for index in range(8 if chroma != 3 else 12):
            if bits.u(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    if chroma > 3 or luma_bits > 14 or chroma_bits > 14:
        raise ValueError("the SPS names a chroma format or bit depth that does not exist")
    return chroma, luma_bits, chroma_bits


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _h264_order(bits: Bits) -> None:
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(min(bits.ue(), 255)):
            bits.se()


def _hevc_sps(bits: Bits) -> SequenceParameters:
    bits.u(4)
    layers = bits.u(3)
    bits.u(1)
    bits.u(96)  # general profile, tier and level
    skip_sub_layers(bits, layers)
    bits.ue()
    chroma = bits.ue()
    if chroma == 3:
        bits.u(1)
    width, height = bits.ue(), bits.ue()
    left, right, top, bottom = [bits.ue() for _ in range(4)] if bits.u(1) else (0, 0, 0, 0)
    luma_bits, chroma_bits = 8 + bits.ue(), 8 + bits.ue()
    if chroma > 3 or luma_bits > 15 or chroma_bits > 15:
        raise ValueError("the SPS names a chroma format or bit depth that does not exist")
    width -= (left + right) * (2 if chroma in (1, 2) else 1)
    height -= (top + bottom) * (2 if chroma == 1 else 1)
    return SequenceParameters(width, height, chroma, luma_bits, chroma_bits)


def skip_sub_layers(bits: Bits, layers: int) -> None:
    """Read past what an SPS of HEVC says of its sub-layers, behind the general profile, tier and level."""
    present = [(bits.u(1), bits.u(1)) for _ in range(layers)]
    if layers:
        bits.u(2 * (8 - layers))
    for profile, level in present:
        bits.u(88 * profile + 8 * level)
