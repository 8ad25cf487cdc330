"""What is said of HDR beside the bitstream comes in by enhanced RTMP, goes into files, and out again."""

from __future__ import annotations

import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.media import Display, MediaKind, Packet, TrackInfo, Unit
from livefoley.formats.fmp4 import box
from livefoley.media.files.file_source import probe
from livefoley.media.files.mux import Muxer
from livefoley.media.rtmp.protocol import amf0, chunks
from livefoley.media.rtmp.protocol.chunks import Message
from livefoley.media.rtmp.protocol.read_tags import TagReader
from livefoley.media.rtmp.protocol.tag_parts import colours, read_colours
from livefoley.media.rtmp.protocol.tag_stream import TagStream
from tests.media.rtmp.test_tags import HVCC

SAID = {
    "colorConfig": {"colorPrimaries": 9.0, "transferCharacteristics": 16.0, "matrixCoefficients": 9.0},
    "hdrMdcv": {
        "redX": 0.68, "redY": 0.32, "greenX": 0.265, "greenY": 0.69, "blueX": 0.15, "blueY": 0.06,
        "whitePointX": 0.3127, "whitePointY": 0.329, "maxLuminance": 1000.0, "minLuminance": 0.005,
    },
    "hdrCll": {"maxCLL": 1000.0, "maxFall": 400.0},
}  # fmt: skip
BOXES = (
    box(b"colr", b"nclx" + struct.pack(">3HB", 9, 16, 9, 0))
    + box(b"mdcv", struct.pack(">8H2I", 13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450, 10_000_000, 50))
    + box(b"clli", struct.pack(">2H", 1000, 400))
)


def tag(kind: int, body: bytes) -> Message:
    return Message(chunks.VIDEO, 1, 0, bytes([0x90 | kind]) + b"hvc1" + body)


def test_hdr_comes_in_with_the_parameters_and_goes_into_a_file(tmp_path: Path) -> None:
    reader = TagReader()
    (bare,) = reader.read(tag(0, HVCC))
    (info,) = reader.read(tag(4, amf0.encode("colorInfo", SAID)))
    assert isinstance(bare, TrackInfo)
    assert info == replace(bare, display=Display(boxes=BOXES))
    assert list(reader.read(tag(4, amf0.encode("colorInfo", SAID)))) == []  # nothing new
    muxer = Muxer(tmp_path / "hdr.mp4")
    muxer.write(info)
    for number in range(30):
        packet = Packet(MediaKind.VIDEO, bytes([0, 0, 0, 3, 0x26, 1, 1]), 40 * number, 40 * number, Fraction(1, 1000))
        muxer.write(Unit(packet, 1920 * number, 1920 * number, 0))
    (path,) = muxer.close()
    (track,) = probe(path).tracks
    assert dict(track.display.parts()).items() >= dict(Display(boxes=BOXES).parts()).items()


def test_hdr_goes_out_behind_the_sequence_header_and_comes_back() -> None:
    info = TrackInfo(MediaKind.VIDEO, "hevc", HVCC, display=Display(boxes=BOXES))
    packet = Packet(MediaKind.VIDEO, b"\x00\x00\x00\x03\x26\x01\x01", 0, 0, Fraction(1, 1000))
    stream = TagStream({})
    sent = [tag for item in (info, Unit(packet, 0, 0, 0)) for tag in stream.feed(item)]
    assert [each.body[0] & 15 for each in sent if each.type == chunks.VIDEO] == [0, 4, 1]
    reader = TagReader()
    back = [item for each in sent for item in reader.read(Message(each.type, 1, each.timestamp, each.body))]
    assert [item.display.boxes for item in back if isinstance(item, TrackInfo)] == [b"", BOXES]


def test_a_tag_that_looks_like_a_command_is_read_as_ffmpeg_sends_it() -> None:
    reader = TagReader()
    reader.read(tag(0, HVCC))
    (info,) = reader.read(Message(chunks.VIDEO, 1, 0, b"\xd4hvc1" + amf0.encode("colorInfo", SAID)))
    assert isinstance(info, TrackInfo)
    assert info.display.boxes == BOXES
    assert list(reader.read(Message(chunks.VIDEO, 1, 0, b"\x57\x00"))) == []  # a command indeed


def test_what_is_not_hdr_changes_nothing() -> None:
    for said in ({}, {"colorConfig": {"transferCharacteristics": 1.0}}, {"hdrMdcv": {}, "hdrCll": {"maxCLL": 0.0}}):
        assert read_colours(amf0.encode("colorInfo", said)) == Display()
    assert read_colours(amf0.encode("somethingElse", {})) is None
    assert colours(Display(boxes=box(b"colr", b"nclx" + struct.pack(">3HB", 1, 1, 1, 128)))) == b""
    stream = TagStream({MediaKind.VIDEO: TrackInfo(MediaKind.VIDEO, "hevc", HVCC)})
    packet = Packet(MediaKind.VIDEO, b"\x00\x00\x00\x03\x26\x01\x01", 0, 0, Fraction(1, 1000))
    bodies = [each.body[0] & 15 for each in stream.feed(Unit(packet, 0, 0, 0)) if each.type == chunks.VIDEO]
    assert bodies == [0, 1]


@given(st.binary(max_size=80), st.floats())
def test_nothing_raises(data: bytes, number: float) -> None:
    read_colours(data)
    read_colours(amf0.encode("colorInfo", {"hdrMdcv": {"maxLuminance": number, "redX": number}}))
    read_colours(amf0.encode("colorInfo", {"colorConfig": {"transferCharacteristics": 16.0, "colorPrimaries": number}}))
    colours(Display(boxes=data))
