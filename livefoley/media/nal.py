"""NAL units of H.264 and HEVC: Annex B and length-prefixed framing, parameter sets, avcC and hvcC.

Encoders for broadcast (MPEG-TS, AVI, RTSP) put start codes before the units; MP4, FLV and everything inside livefoley
put lengths before them and carry the parameter sets apart. Formats: ITU-T H.264 and H.265 (7.3, Annex B), ISO/IEC
14496-15 (the configuration records). Pure functions of bytes; malformed input raises ``ValueError``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

START_CODE = b"\x00\x00\x00\x01"

H264_IDR, H264_SPS, H264_PPS = 5, 7, 8
HEVC_IRAP = range(16, 22)
HEVC_VPS, HEVC_SPS, HEVC_PPS = 32, 33, 34
# Profiles whose SPS names chroma format and bit depth (H.264 7.3.2.1.1).
_H264_HIGH = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


@dataclass(frozen=True, slots=True)
class SequenceParameters:
    """What an SPS says of the picture; ``width`` and ``height`` are those shown, after cropping."""

    width: int
    height: int
    chroma_format: int = 1
    luma_bits: int = 8
    chroma_bits: int = 8


def is_annex_b(data: bytes) -> bool:
    """Tell whether ``data`` begins with a start code (a length prefix of 1 would be a NAL unit without content)."""
    return data.startswith((b"\x00\x00\x01", START_CODE))


def split_annex_b(data: bytes) -> list[bytes]:
    """Return the NAL units between the start codes of ``data``, without zeros that trail a unit."""
    units = []
    begin = data.find(b"\x00\x00\x01")
    while begin >= 0:
        end = data.find(b"\x00\x00\x01", begin + 3)
        unit = (data[begin + 3 : end] if end >= 0 else data[begin + 3 :]).rstrip(b"\x00")
        if unit:
            units.append(unit)
        begin = end
    return units


def split_length_prefixed(data: bytes, length_size: int = 4) -> list[bytes]:
    """Return the NAL units of ``data``, each of which has its length in ``length_size`` bytes before it."""
    units = []
    at = 0
    while at < len(data):
        begin = at + length_size
        at = begin + int.from_bytes(data[at:begin], "big")
        if begin > len(data) or at > len(data):
            raise ValueError(f"a NAL unit runs {at - len(data)} bytes past its packet")
        if at > begin:
            units.append(data[begin:at])
    return units


def join_annex_b(units: Iterable[bytes]) -> bytes:
    """Return ``units`` with a four-byte start code before each."""
    return b"".join(part for unit in units for part in (START_CODE, unit))


def join_length_prefixed(units: Iterable[bytes]) -> bytes:
    """Return ``units`` with a four-byte length before each."""
    return b"".join(part for unit in units for part in (len(unit).to_bytes(4, "big"), unit))


def unit_type(codec: str, unit: bytes) -> int:
    """Return the ``nal_unit_type`` of ``unit``."""
    return unit[0] & 0x1F if codec == "h264" else unit[0] >> 1 & 0x3F


def is_keyframe(codec: str, units: Iterable[bytes]) -> bool:
    """Tell whether an access unit starts a decodable sequence (IDR; for HEVC any IRAP)."""
    wanted = (H264_IDR,) if codec == "h264" else HEVC_IRAP
    return any(unit_type(codec, unit) in wanted for unit in units)


def parameter_sets(codec: str, units: Iterable[bytes]) -> list[bytes]:
    """Return the VPS, SPS and PPS among ``units`` in that order, each once."""
    order = (H264_SPS, H264_PPS) if codec == "h264" else (HEVC_VPS, HEVC_SPS, HEVC_PPS)
    found = [unit for unit in dict.fromkeys(units) if unit_type(codec, unit) in order]
    return sorted(found, key=lambda unit: order.index(unit_type(codec, unit)))


def merge_sets(codec: str, held: Sequence[bytes], new: Sequence[bytes]) -> list[bytes]:
    """Return ``held`` with what ``new`` replaces: an SPS or VPS of any id, a PPS of the same id."""
    merged = {_set_key(codec, unit): unit for unit in held}
    merged.update((_set_key(codec, unit), unit) for unit in new)
    return parameter_sets(codec, merged.values())


def _set_key(codec: str, unit: bytes) -> tuple[int, int]:
    kind = unit_type(codec, unit)
    if kind not in (H264_PPS, HEVC_PPS):
        return kind, 0
    try:
        return kind, _Bits(unit[1:9] if codec == "h264" else unit[2:10]).ue()
    except IndexError:
        raise ValueError("the PPS is cut off") from None


def configuration(codec: str, sets: Sequence[bytes]) -> bytes:
    """Return the avcC or hvcC that carries ``sets`` (what `parameter_sets` gives), with four-byte lengths."""
    return _avcc(sets) if codec == "h264" else _hvcc(sets)


def _avcc(sets: Sequence[bytes]) -> bytes:
    sps = [unit for unit in sets if unit_type("h264", unit) == H264_SPS]
    pps = [unit for unit in sets if unit_type("h264", unit) == H264_PPS]
    if not sps or not pps or len(sps[0]) < 4:
        raise ValueError("an avcC needs an SPS and a PPS")
    record = bytes([1, *sps[0][1:4], 0xFF, 0xE0 | len(sps)]) + _with_lengths(sps)
    record += bytes([len(pps)]) + _with_lengths(pps)
    if sps[0][1] not in _H264_HIGH:
        return record
    shown = sequence_parameters("h264", sps[0])
    return record + bytes([0xFC | shown.chroma_format, 0xF8 | shown.luma_bits - 8, 0xF8 | shown.chroma_bits - 8, 0])


def _hvcc(sets: Sequence[bytes]) -> bytes:
    arrays = [(kind, [u for u in sets if unit_type("hevc", u) == kind]) for kind in (HEVC_VPS, HEVC_SPS, HEVC_PPS)]
    if not all(units for _, units in arrays):
        raise ValueError("an hvcC needs a VPS, an SPS and a PPS")
    sps = arrays[1][1][0]
    shown = sequence_parameters("hevc", sps)
    raw = unescape(sps[2:15])  # id and sub-layers, then 12 bytes of general profile, tier and level
    if len(raw) < 13:
        raw = unescape(sps[2:24])[:13]
    layers = (raw[0] >> 1 & 7) + 1
    fixed = bytes([1]) + raw[1:13] + b"\xf0\x00\xfc"  # no spatial segmentation, parallelism unknown
    fixed += bytes([0xFC | shown.chroma_format, 0xF8 | shown.luma_bits - 8, 0xF8 | shown.chroma_bits - 8, 0, 0])
    fixed += bytes([layers << 3 | (raw[0] & 1) << 2 | 3, len(arrays)])
    for kind, units in arrays:
        fixed += bytes([0x80 | kind]) + len(units).to_bytes(2, "big") + _with_lengths(units)
    return fixed


def _with_lengths(units: Iterable[bytes]) -> bytes:
    return b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


def length_size(codec: str, extradata: bytes) -> int:
    """Return how many bytes the length before each NAL unit has, as the avcC or hvcC says."""
    at = 4 if codec == "h264" else 21
    return (extradata[at] & 3) + 1 if len(extradata) > at else 4


def sets_of(codec: str, extradata: bytes) -> list[bytes]:
    """Return the parameter sets an avcC or hvcC carries."""
    try:
        return list(_sets_of_avcc(extradata) if codec == "h264" else _sets_of_hvcc(extradata))
    except IndexError:
        raise ValueError("the decoder configuration is cut off") from None


def _sets_of_avcc(record: bytes) -> Iterator[bytes]:
    at = 5
    for mask in (0x1F, 0xFF):
        count, at = record[at] & mask, at + 1
        for _ in range(count):
            unit, at = _sized(record, at)
            yield unit


def _sets_of_hvcc(record: bytes) -> Iterator[bytes]:
    at = 23
    for _ in range(record[22]):
        count, at = int.from_bytes(record[at + 1 : at + 3], "big"), at + 3
        for _ in range(count):
            unit, at = _sized(record, at)
            yield unit


def _sized(record: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + int.from_bytes(record[at : at + 2], "big")
    if end > len(record) or end == at + 2:
        raise IndexError
    return record[at + 2 : end], end


def picture_size(codec: str, extradata: bytes) -> tuple[int, int] | None:
    """Return width and height as the SPS in an avcC or hvcC says; None for other codecs or a damaged record."""
    if codec not in ("h264", "hevc"):
        return None
    try:
        sps = next(u for u in sets_of(codec, extradata) if unit_type(codec, u) in (H264_SPS, HEVC_SPS))
        shown = sequence_parameters(codec, sps)
    except (ValueError, StopIteration):
        return None
    return shown.width, shown.height


def unescape(data: bytes) -> bytes:
    """Return ``data`` without its emulation prevention bytes (00 00 03 -> 00 00)."""
    if b"\x00\x00\x03" not in data:
        return data
    parts, at = [], 0
    while (found := data.find(b"\x00\x00\x03", at)) >= 0:
        parts.append(data[at : found + 2])
        at = found + 3
    return b"".join((*parts, data[at:]))


def sequence_parameters(codec: str, sps: bytes) -> SequenceParameters:
    """Read the size, chroma format and bit depths from an SPS."""
    try:
        return _h264_sps(_Bits(unescape(sps[1:]))) if codec == "h264" else _hevc_sps(_Bits(unescape(sps[2:])))
    except IndexError:
        raise ValueError("the SPS is cut off") from None


def _h264_sps(bits: _Bits) -> SequenceParameters:
    profile = bits.u(8)
    bits.u(16)  # constraint flags, level
    bits.ue()
    chroma, luma_bits, chroma_bits = _h264_formats(bits) if profile in _H264_HIGH else (1, 8, 8)
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


def _h264_formats(bits: _Bits) -> tuple[int, int, int]:
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


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _h264_order(bits: _Bits) -> None:
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(min(bits.ue(), 255)):
            bits.se()


def _hevc_sps(bits: _Bits) -> SequenceParameters:
    bits.u(4)
    layers = bits.u(3)
    bits.u(1)
    bits.u(96)  # general profile, tier and level
    _skip_sub_layers(bits, layers)
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


def _skip_sub_layers(bits: _Bits, layers: int) -> None:
    present = [(bits.u(1), bits.u(1)) for _ in range(layers)]
    if layers:
        bits.u(2 * (8 - layers))
    for profile, level in present:
        bits.u(88 * profile + 8 * level)


class _Bits:
    """Reads an RBSP from its first bit; past the end it raises IndexError."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def u(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise IndexError
        return self._value >> self._left & ((1 << count) - 1)

    def ue(self) -> int:
        zeros = 0
        while not self.u(1):
            zeros += 1
        if zeros > 32:
            raise ValueError("the SPS is not one")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)
