"""Fragmented MP4 (ISO/IEC 14496-12, CMAF style), written and read box by box; bytes in, bytes out.

`init_segment` gives ftyp + moov for a set of tracks, `fragment` one moof + mdat for runs of samples. Stamps are ticks
(timescale 48000) in every track; composition offsets are signed, so B-frames need no edit list.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import AS_STORED, MediaKind, TrackInfo
from livefoley.core.ticks import TICK_RATE, Tick

_MATRIX = struct.pack(">9i", *AS_STORED)
_SYNC, _NON_SYNC = 0x02000000, 0x01010000  # sample flags: depends on none; depends on others and is no sync sample
_VIDEO_ENTRIES = {"h264": b"avc1", "hevc": b"hvc1", "av1": b"av01", "vp9": b"vp09", "vp8": b"vp08", "mpeg4": b"mp4v"}
_CONFIGURATION = {"h264": b"avcC", "hevc": b"hvcC", "av1": b"av1C", "vp9": b"vpcC", "vp8": b"vpcC"}
_OBJECT_TYPES = {"mpeg4": 0x20, "aac": 0x40, "mp3": 0x6B}
_VPCC = bytes([1, 0, 0, 0, 0, 31, 0x82, 2, 2, 2, 0, 0])  # version 1, profile 0, level 3.1, 8 bit 4:2:0, no data


@dataclass(frozen=True, slots=True)
class Sample:
    """One access unit in a fragment; all times in ticks."""

    data: bytes
    dts: Tick
    pts: Tick
    duration: int
    keyframe: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive samples of track ``track`` (1-based, in the order given to `init_segment`)."""

    track: int
    samples: Sequence[Sample]


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box of ``kind`` around ``parts``."""
    return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)


def init_segment(tracks: Sequence[TrackInfo]) -> bytes:
    """Return ftyp + moov for ``tracks``. Raises ``UnsupportedCodec`` for what MP4 does not carry."""
    traks = [_trak(number, info) for number, info in enumerate(tracks, 1)]
    extends = [_full(b"trex", 0, 0, struct.pack(">5I", number, 1, 0, 0, 0)) for number in range(1, len(tracks) + 1)]
    moov = box(b"moov", _mvhd(len(tracks) + 1), *traks, box(b"mvex", *extends))
    return box(b"ftyp", b"iso6", struct.pack(">I", 1), b"iso6cmfcmp41") + moov


def fragment(sequence: int, runs: Sequence[Run]) -> bytes:
    """Return moof + mdat with ``runs``; ``sequence`` counts fragments from 1. First ``dts`` must not be negative."""
    size = len(_moof(sequence, runs, 0))
    payload = [sample.data for run in runs for sample in run.samples]
    return _moof(sequence, runs, size + 8) + box(b"mdat", *payload)


def _moof(sequence: int, runs: Sequence[Run], data_offset: int) -> bytes:
    trafs = []
    for run in runs:
        trafs.append(_traf(run, data_offset))
        data_offset += sum(len(sample.data) for sample in run.samples)
    return box(b"moof", _full(b"mfhd", 0, 0, struct.pack(">I", sequence)), *trafs)


def _traf(run: Run, data_offset: int) -> bytes:
    entries = b"".join(
        struct.pack(">IIIi", s.duration, len(s.data), _SYNC if s.keyframe else _NON_SYNC, s.pts - s.dts)
        for s in run.samples
    )
    return box(
        b"traf",
        _full(b"tfhd", 0, 0x020000, struct.pack(">I", run.track)),  # default-base-is-moof
        _full(b"tfdt", 1, 0, struct.pack(">Q", run.samples[0].dts)),
        _full(b"trun", 1, 0x000F01, struct.pack(">Ii", len(run.samples), data_offset), entries),
    )


def _full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def _mvhd(next_track: int) -> bytes:
    times = struct.pack(">4I", 0, 0, TICK_RATE, 0)
    return _full(
        b"mvhd", 0, 0, times, struct.pack(">IH10x", 0x10000, 0x100), _MATRIX, bytes(24), struct.pack(">I", next_track)
    )


def _trak(number: int, info: TrackInfo) -> bytes:
    video = info.kind is MediaKind.VIDEO
    head = struct.pack(">5I8x", 0, 0, number, 0, 0) + struct.pack(">2hH2x", 0, 0, 0 if video else 0x100)
    matrix = struct.pack(">9i", *info.display.matrix)
    wide = min(round(info.width * info.display.pixel_aspect), 0xFFFF)
    tkhd = _full(b"tkhd", 0, 3, head, matrix, struct.pack(">2I", wide << 16, info.height << 16))
    mdhd = _full(b"mdhd", 0, 0, struct.pack(">4I2H", 0, 0, TICK_RATE, 0, 0x55C4, 0))
    kind, name = (b"vide", b"Video\0") if video else (b"soun", b"Sound\0")
    hdlr = _full(b"hdlr", 0, 0, bytes(4), kind, bytes(12), name)
    media = _full(b"vmhd", 0, 1, bytes(8)) if video else _full(b"smhd", 0, 0, bytes(4))
    here = box(b"dinf", _full(b"dref", 0, 0, struct.pack(">I", 1), _full(b"url ", 0, 1)))
    empty = [
        _full(name, 0, 0, bytes(count)) for name, count in ((b"stts", 4), (b"stsc", 4), (b"stsz", 8), (b"stco", 4))
    ]
    described = _full(b"stsd", 0, 0, struct.pack(">I", 1), sample_entry(info))
    minf = box(b"minf", media, here, box(b"stbl", described, *empty))
    return box(b"trak", tkhd, box(b"mdia", mdhd, hdlr, minf))


def sample_entry(info: TrackInfo) -> bytes:
    """Return the sample entry box (avc1, hvc1, av01, mp4a, Opus ...) of a track."""
    return _video_entry(info) if info.kind is MediaKind.VIDEO else _audio_entry(info)


def _video_entry(info: TrackInfo) -> bytes:
    kind = _VIDEO_ENTRIES.get(info.codec)
    if kind is None:
        raise UnsupportedCodec(f"MP4 does not carry {info.codec} video; use H.264, HEVC, AV1 or VP9")
    head = struct.pack(">6xH16x2H2IIH32x2H", 1, info.width, info.height, 0x480000, 0x480000, 0, 1, 24, 0xFFFF)
    if info.codec in _OBJECT_TYPES:
        return box(kind, head, _esds(info), info.display.boxes)
    name, record = _CONFIGURATION[info.codec], info.extradata
    if name == b"vpcC" and len(record) < len(_VPCC):
        record = _VPCC
    return box(kind, head, box(name, record), info.display.boxes)


def _audio_entry(info: TrackInfo) -> bytes:
    rate = info.sample_rate if info.sample_rate < 1 << 16 else 0
    head = struct.pack(">6xH8x2H4xI", 1, info.channels or 2, 16, rate << 16)
    if info.codec in _OBJECT_TYPES:
        return box(b"mp4a", head, _esds(info))
    if info.codec == "opus":
        return box(b"Opus", head, box(b"dOps", _dops(info)))
    raise UnsupportedCodec(f"MP4 does not carry {info.codec} sound here; use AAC, MP3 or Opus")


def _esds(info: TrackInfo) -> bytes:
    stream_type = 0x11 if info.kind is MediaKind.VIDEO else 0x15
    specific = _descriptor(5, info.extradata) if info.extradata else b""
    config = _descriptor(4, struct.pack(">BB11x", _OBJECT_TYPES[info.codec], stream_type), specific)
    return _full(b"esds", 0, 0, _descriptor(3, bytes(3), config, _descriptor(6, b"\x02")))


def _descriptor(tag: int, *parts: bytes) -> bytes:
    size = sum(map(len, parts))
    length = bytes([size >> 21 & 0x7F | 0x80, size >> 14 & 0x7F | 0x80, size >> 7 & 0x7F | 0x80, size & 0x7F])
    return bytes([tag]) + length + b"".join(parts)


def _dops(info: TrackInfo) -> bytes:
    head = (
        info.extradata
    )  # OpusHead is little-endian, dOps big-endian and without the magic (RFC 7845, opus-in-isobmff)
    if len(head) < 19:
        return struct.pack(">BBHIhB", 0, info.channels or 2, 312, TICK_RATE, 0, 0)
    channels, skip, rate, gain = struct.unpack_from("<BHIh", head, 9)
    return struct.pack(">BBHIh", 0, channels, skip, rate, gain) + head[18:]
