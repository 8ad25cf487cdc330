"""FLV tags both ways: payloads untouched, parameters understood, nothing raises."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import MILLISECONDS, ms_from_ticks, ticks_from_stamp
from livefoley.formats.framing import has_start_codes
from livefoley.media.rtmp.protocol import amf0, chunks
from livefoley.media.rtmp.protocol.chunks import Message
from livefoley.media.rtmp.protocol.read_tags import TagReader
from livefoley.media.rtmp.protocol.write_tags import TagWriter, metadata

AVCC = bytes.fromhex("0142c01effe100046742c01e01000468ce3c80")
HVCC = bytes.fromhex(
    "0101600000009000000000001ef000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003001e959809a1000100"
    "2842010101600000030090000003000003001ea020810596566924caf0168080000003008000000c84a2000100074401c172b42240"
)
SIZED = {"width": 64, "height": 64}
VIDEO = [
    TrackInfo(MediaKind.VIDEO, "h264", AVCC),
    TrackInfo(MediaKind.VIDEO, "hevc", HVCC, **SIZED),
    TrackInfo(MediaKind.VIDEO, "av1", b"\x01configuration"),
]
MP3_FRAME = bytes.fromhex("fffb9064") + bytes(100)  # 128 kb/s, 44.1 kHz, joint stereo
AUDIO = [
    TrackInfo(MediaKind.AUDIO, "aac", b"\x11\x90", sample_rate=48000, channels=2),
    TrackInfo(MediaKind.AUDIO, "opus", b"OpusHead\x01\x02" + bytes(9), sample_rate=48000, channels=2),
    TrackInfo(MediaKind.AUDIO, "mp3", sample_rate=44100, channels=2),
    TrackInfo(MediaKind.AUDIO, "pcm_alaw", sample_rate=8000, channels=1),
    TrackInfo(MediaKind.AUDIO, "pcm_mulaw", sample_rate=8000, channels=2),
]


def video(body: bytes, stamp: int = 0) -> Message:
    return Message(chunks.VIDEO, 1, stamp, body)


def audio(body: bytes, stamp: int = 0) -> Message:
    return Message(chunks.AUDIO, 1, stamp, body)


def placed(packet: Packet) -> Unit:
    pts, dts = (ticks_from_stamp(stamp, packet.time_base) for stamp in (packet.pts, packet.dts))
    return Unit(packet, pts, dts, 0)


def through(info: TrackInfo, packet: Packet) -> list[object]:
    """Write a track's start and one packet, read both."""
    writer, reader = TagWriter(info), TagReader()
    kind = chunks.VIDEO if info.kind is MediaKind.VIDEO else chunks.AUDIO
    items: list[object] = []
    for body in (writer.start, writer.body(placed(packet))):
        if body is not None:
            items += reader.read(Message(kind, 1, packet.dts, body))
    return items


@pytest.mark.parametrize("info", VIDEO, ids=lambda info: info.codec)
@given(
    data=st.binary(min_size=1).filter(lambda data: not has_start_codes(data)),
    dts=st.integers(0, 2**31),
    offset=st.integers(-0x800000, 0x7FFFFF),
    key=st.booleans(),
)
def test_a_picture_written_reads_back(info: TrackInfo, data: bytes, dts: int, offset: int, key: bool) -> None:
    offset = 0 if info.codec == "av1" else offset
    packet = Packet(MediaKind.VIDEO, data, dts + offset, dts, MILLISECONDS, key)
    assert through(info, packet) == [info, packet]


@pytest.mark.parametrize("info", AUDIO, ids=lambda info: info.codec)
def test_sound_written_reads_back(info: TrackInfo) -> None:
    packet = Packet(MediaKind.AUDIO, MP3_FRAME, 40, 40, MILLISECONDS)
    assert through(info, packet) == [info, packet]


def test_a_composition_offset_is_that_of_the_stamps_in_milliseconds() -> None:
    packet = Packet(MediaKind.VIDEO, b"x", 3 * 512, -512, Fraction(1, 15360), True)
    assert TagWriter(VIDEO[0]).body(placed(packet))[2:5] == (133).to_bytes(3, "big")


@given(st.integers(-(10**6), 10**9), st.integers(0, 10**5))
def test_a_picture_whose_decode_time_moved_is_shown_at_its_millisecond(pts_ms: int, ahead: int) -> None:
    packet = Packet(MediaKind.VIDEO, b"x", pts_ms, pts_ms + 34, MILLISECONDS, True)
    unit = Unit(packet, pts_ms * 48, pts_ms * 48 - ahead, 0)
    offset = int.from_bytes(TagWriter(VIDEO[0]).body(unit)[2:5], "big")
    assert ms_from_ticks(unit.dts) + offset == pts_ms


@pytest.mark.parametrize("codec", ["vp8", "mpeg4"])
def test_what_rtmp_does_not_carry_is_refused(codec: str) -> None:
    with pytest.raises(UnsupportedCodec, match=codec):
        TagWriter(TrackInfo(MediaKind.VIDEO, codec))
    with pytest.raises(UnsupportedCodec):
        TagWriter(TrackInfo(MediaKind.AUDIO, "flac"))


def test_h264_by_its_four_cc_reads_like_legacy_h264() -> None:
    reader = TagReader()
    (info,) = reader.read(video(b"\x90avc1" + VIDEO[0].extradata))
    (coded,) = reader.read(video(b"\x91avc1" + b"\xff\xff\xf0" + b"nal", 100))
    (without_offset,) = reader.read(video(b"\xa3avc1" + b"nal", 140))
    assert info == VIDEO[0]
    assert coded == Packet(MediaKind.VIDEO, b"nal", 84, 100, MILLISECONDS, True)
    assert without_offset == Packet(MediaKind.VIDEO, b"nal", 140, 140, MILLISECONDS, False)


def test_hevc_as_china_sends_it_is_understood() -> None:
    reader = TagReader()
    (info,) = reader.read(video(b"\x1c\x00\x00\x00\x00" + HVCC))
    (packet,) = reader.read(video(b"\x1c\x01\x00\x00\x28nal"))
    assert isinstance(info, TrackInfo)
    assert info.codec == "hevc"
    assert isinstance(packet, Packet)
    assert (packet.data, packet.pts) == (b"nal", 40)


def test_enhanced_aac_and_mp3_are_understood() -> None:
    reader = TagReader()
    aac = [*reader.read(audio(b"\x90mp4a\x11\x90")), *reader.read(audio(b"\x91mp4aframe"))]
    mp3 = reader.read(audio(b"\x91.mp3" + MP3_FRAME))
    assert aac == [AUDIO[0], Packet(MediaKind.AUDIO, b"frame", 0, 0, MILLISECONDS)]
    assert list(mp3) == [AUDIO[2], Packet(MediaKind.AUDIO, MP3_FRAME, 0, 0, MILLISECONDS)]


def test_opus_without_a_header_is_stereo() -> None:
    info, packet = TagReader().read(audio(b"\x91Opusframe"))
    assert info == TrackInfo(MediaKind.AUDIO, "opus", sample_rate=48000, channels=2)
    assert isinstance(packet, Packet)


def test_of_several_tracks_the_first_is_taken() -> None:
    reader = TagReader()
    tracks = [b"\x00" + struct.pack(">I", 2)[1:] + b"\x11\x90", b"\x01" + struct.pack(">I", 2)[1:] + b"\x12\x10"]
    assert list(reader.read(audio(b"\x95\x10mp4a" + b"".join(reversed(tracks))))) == [AUDIO[0]]
    one = reader.read(audio(b"\x95\x01mp4a" + b"\x00" + b"frame"))
    assert list(one) == [Packet(MediaKind.AUDIO, b"frame", 0, 0, MILLISECONDS)]
    many_codecs = b"Opus\x01" + struct.pack(">I", 1)[1:] + b"x" + b"mp4a\x00" + struct.pack(">I", 5)[1:] + b"frame"
    assert list(reader.read(audio(b"\x95\x21" + many_codecs))) == list(one)
    assert list(reader.read(audio(b"\x95\x01mp4a" + b"\x01" + b"frame"))) == []


def test_mod_ex_prefixes_are_skipped() -> None:
    reader = TagReader()
    reader.read(video(b"\x90hvc1" + VIDEO[1].extradata))
    (packet,) = reader.read(video(b"\x97" + b"\x02\x00\x00\x01" + b"\x01" + b"hvc1" + b"\x00\x00\x00" + b"nal"))
    (long,) = reader.read(video(b"\x97" + b"\xff\x00\xff" + bytes(256) + b"\x03" + b"hvc1" + b"nal"))
    assert isinstance(packet, Packet)
    assert isinstance(long, Packet)
    assert packet.data == long.data == b"nal"


def test_pictures_before_their_parameters_are_skipped_and_counted() -> None:
    reader = TagReader()
    assert list(reader.read(video(b"\x17\x01\x00\x00\x00nal"))) == []
    assert list(reader.read(audio(b"\xaf\x01frame"))) == []
    assert reader.skipped == 2


def test_parameters_are_given_again_only_when_they_change() -> None:
    reader = TagReader()
    start = TagWriter(VIDEO[0]).start or b""
    assert [len(reader.read(video(body))) for body in (start, start, start + b"!", start)] == [1, 0, 1, 1]
    assert reader.problems == {}


def test_the_size_comes_from_metadata_when_the_parameters_do_not_tell() -> None:
    body = metadata([TrackInfo(MediaKind.VIDEO, "av1", b"", 1920, 1080)], {"encoder": "test"})
    before, after = TagReader(), TagReader()
    before.read(Message(chunks.DATA, 1, 0, body))
    (info,) = before.read(video(TagWriter(VIDEO[2]).start or b""))
    after.read(video(TagWriter(VIDEO[2]).start or b""))
    (late,) = after.read(Message(chunks.DATA, 1, 0, body))
    assert info == late
    assert isinstance(info, TrackInfo)
    assert (info.width, info.height) == (1920, 1080)


@pytest.mark.parametrize("size", [float("nan"), float("inf"), -1.0, 1e300, "wide", None])
def test_nonsense_in_metadata_is_ignored(size: object) -> None:
    body = amf0.encode("onMetaData", {"width": size, "height": 1080.0})  # type: ignore[dict-item]
    reader = TagReader()
    assert list(reader.read(Message(chunks.DATA, 1, 0, body))) == []
    (info,) = reader.read(video(TagWriter(VIDEO[2]).start or b""))
    assert isinstance(info, TrackInfo)
    assert info.width == 0


def test_an_unknown_codec_is_named_once_and_the_other_track_goes_on() -> None:
    reader = TagReader()
    items = [item for _ in range(3) for item in reader.read(video(b"\x12data"))]
    items += reader.read(video(b"\x91vvc1data"))
    items += reader.read(audio(b"\xf2device"))
    assert [type(item) for item in items] == [UnsupportedCodec] * 3
    assert "Sorenson" in str(items[0])
    assert "'vvc1'" in str(items[1])
    assert "FLV codec 15" in str(items[2])
    assert len(reader.read(audio(TagWriter(AUDIO[0]).start or b""))) == 1


def test_both_tracks_unwrap_into_the_same_lap() -> None:
    reader = TagReader()
    for info in (VIDEO[2], AUDIO[0]):
        reader.read((video if info in VIDEO else audio)(TagWriter(info).start or b""))
    stamps = []
    for stamp, message in ((0xFFFFFFF0, video), (5, audio), (0xFFFFFFFE, video), (20, video)):
        (packet,) = reader.read(message(b"\xa3av01x" if message is video else b"\xaf\x01x", stamp))
        assert isinstance(packet, Packet)
        stamps.append(packet.dts)
    assert stamps == [0xFFFFFFF0, 2**32 + 5, 0xFFFFFFFE, 2**32 + 20]


def test_an_aggregate_is_taken_apart_and_its_stamps_put_right() -> None:
    def tag(kind: int, stamp: int, body: bytes) -> bytes:
        head = bytes([kind]) + len(body).to_bytes(3, "big") + (stamp & 0xFFFFFF).to_bytes(3, "big")
        return head + bytes([stamp >> 24]) + bytes(3) + body + bytes(4)

    body = tag(8, 1000, b"\xaf\x00\x11\x90") + tag(8, 1000, b"\xaf\x01a") + tag(8, 1021, b"\xaf\x01b")
    items = TagReader().read(Message(chunks.AGGREGATE, 1, 5000, body))
    assert [item.dts for item in items if isinstance(item, Packet)] == [5000, 5021]


def test_the_rate_of_mp3_comes_from_its_frames() -> None:
    frame = bytes.fromhex("fffb94c4") + bytes(100)  # 48 kHz, mono: an FLV tag cannot say it
    info, _ = TagReader().read(audio(b"\x2e" + frame))
    assert info == TrackInfo(MediaKind.AUDIO, "mp3", sample_rate=48000, channels=1)


@given(st.lists(st.tuples(st.sampled_from([8, 9, 15, 18, 22]), st.binary(max_size=40)), max_size=10))
def test_no_tag_makes_the_reader_raise(tags: list[tuple[int, bytes]]) -> None:
    reader = TagReader()
    for kind, body in tags:
        for item in reader.read(Message(kind, 1, 0, bytearray(body))):
            assert isinstance(item, (TrackInfo, Packet, UnsupportedCodec))


@given(st.binary(max_size=30), st.sampled_from([b"\x90hvc1", b"\x17\x00\x00\x00\x00", b"\xaf\x00", b"\x90Opus"]))
def test_no_configuration_makes_the_reader_raise(extradata: bytes, head: bytes) -> None:
    TagReader().read((audio if head[0] == 0xAF or head[1:] == b"Opus" else video)(head + extradata))


@pytest.mark.parametrize(("message", "what"), [(video, "video"), (audio, "sound")])
def test_a_stream_whose_first_track_never_comes_is_told(message: Callable[..., Message], what: str) -> None:
    reader = TagReader()
    one = b"\x96\x01av01\x01picture" if what == "video" else b"\x95\x01Opus\x01sound"
    items = [item for stamp in range(0, 2000, 100) for item in reader.read(message(one, stamp))]
    assert len(items) == 1
    assert f"{what} comes as other tracks" in str(items[0])
    assert "track 0" in "".join(reader.problems.values())
