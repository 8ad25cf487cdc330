"""The names playlists and browsers have for codecs, from a track's parameters: ``avc1.64001f``. Format: RFC 6381."""

from __future__ import annotations

from collections.abc import Callable

from livefoley.core.media import TrackInfo

_AAC_LC = 2
_VPCC_BYTES = 8
_EXTENDED = 31  # an audio object type that stands in the next six bits


def codec_name(info: TrackInfo) -> str:
    """Return the name of a track's codec; empty for one without a name, or with parameters that are too short."""
    name = _NAMES.get(info.codec)
    try:
        return name(info.extradata) if name is not None else ""
    except IndexError:
        return ""


def _avc(record: bytes) -> str:
    return f"avc1.{record[1]:02x}{record[2]:02x}{record[3]:02x}"


def _hevc(record: bytes) -> str:
    """Name profile, compatibility (bits in reverse), tier, level and constraints of an hvcC (ISO/IEC 14496-15, E.3)."""
    general, level = record[1], record[12]
    profile = "ABC"[(general >> 6) - 1 :][:1] if general >> 6 else ""
    compatible = int(f"{int.from_bytes(record[2:6], 'big'):032b}"[::-1], 2)
    constraints = [f"{each:x}" for each in record[6:12].rstrip(b"\0")]
    tier = "H" if general & 0x20 else "L"
    return ".".join(["hvc1", f"{profile}{general & 0x1F}", f"{compatible:x}", f"{tier}{level}", *constraints])


def _av1(record: bytes) -> str:
    tier, depth = "H" if record[2] & 0x80 else "M", 12 if record[2] & 0x20 else 10 if record[2] & 0x40 else 8
    return f"av01.{record[1] >> 5}.{record[1] & 0x1F:02}{tier}.{depth:02}"


def _vp9(record: bytes) -> str:
    if len(record) < _VPCC_BYTES:
        return "vp09.00.31.08"  # what an MP4 says that knows no better
    return f"vp09.{record[4]:02}.{record[5]:02}.{record[6] >> 4:02}"


def _aac(config: bytes) -> str:
    kind = config[0] >> 3 if config else _AAC_LC
    return f"mp4a.40.{32 + ((config[0] & 7) << 3 | config[1] >> 5) if kind == _EXTENDED else kind}"


_NAMES: dict[str, Callable[[bytes], str]] = {"h264": _avc, "hevc": _hevc, "av1": _av1, "vp9": _vp9, "aac": _aac}
