"""NAL units of H.264 and HEVC: Annex B and length-prefixed framing, parameter sets, avcC and hvcC.

Encoders for broadcast (MPEG-TS, AVI, RTSP) put start codes before the units; MP4, FLV and everything inside livefoley
put lengths before them and carry the parameter sets apart. Formats: ITU-T H.264 and H.265 (7.3, Annex B), ISO/IEC
14496-15 (the configuration records). Pure functions of bytes; malformed input raises ``ValueError``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from livefoley.formats.bits import Bits, unescape
from livefoley.formats.sps import HIGH_PROFILES, sequence_parameters

START_CODE = b"\x00\x00\x00\x01"

H264_IDR, H264_SPS, H264_PPS = 5, 7, 8
HEVC_IRAP = range(16, 22)
HEVC_VPS, HEVC_SPS, HEVC_PPS = 32, 33, 34


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
        return kind, Bits(unit[1:9] if codec == "h264" else unit[2:10]).ue()
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
    if sps[0][1] not in HIGH_PROFILES:
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
