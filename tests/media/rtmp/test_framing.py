"""What encoders put into RTMP's tags that does not belong there: mended where it can be, said in words where not."""

from __future__ import annotations

from collections.abc import Iterator

import av
import pytest

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import MediaKind, Packet, TrackInfo
from livefoley.formats import framing, nal
from livefoley.media.audio_codecs import make_decoder
from livefoley.media.rtmp.protocol import amf0, chunks
from livefoley.media.rtmp.protocol.chunks import Message
from livefoley.media.rtmp.protocol.read_tags import TagReader
from livefoley.media.rtmp.protocol.tag_parts import PATIENCE_MS
from tests.media.clips import clip

VIDEO, AUDIO = MediaKind.VIDEO, MediaKind.AUDIO
NAMES = {"h264": "h264.mp4", "hevc": "hevc.mp4"}


def pictures(codec: str) -> tuple[bytes, list[tuple[int, bytes, bool]]]:
    """Return a clip's decoder configuration, and of each picture its stamp in ms, its NAL units and if it is a key."""
    with av.open(str(clip(NAMES[codec]))) as container:
        record = bytes(container.streams.video[0].codec_context.extradata)
        packets = [packet for packet in container.demux(video=0) if packet.size]
        return record, [(40 * number, bytes(each), each.is_keyframe) for number, each in enumerate(packets)]


def annex_b(data: bytes, start: bytes = nal.START_CODE) -> bytes:
    return b"".join(start + unit for unit in nal.split_length_prefixed(data))


def tag(flv_id: int, kind: int, stamp: int, data: bytes, keyframe: bool = True) -> Message:
    head = bytes([(0x10 if keyframe else 0x20) | flv_id, kind, 0, 0, 0])
    return Message(chunks.VIDEO, 1, stamp, head + data)


def sound(stamp: int, data: bytes, header: bool = False) -> Message:
    return Message(chunks.AUDIO, 1, stamp, bytes([0xAF, not header]) + data)


def metadata(**values: amf0.Value) -> Message:
    return Message(chunks.DATA, 1, 0, amf0.encode("onMetaData", amf0.EcmaArray(values)))


def read(reader: TagReader, messages: Iterator[Message] | list[Message]) -> tuple[list[TrackInfo], list[Packet], str]:
    """Return the parameters, the packets and what is said."""
    items = [item for message in messages for item in reader.read(message)]
    infos = [item for item in items if isinstance(item, TrackInfo)]
    said = [str(item) for item in items if isinstance(item, UnsupportedCodec)]
    return infos, [item for item in items if isinstance(item, Packet)], "; ".join(said)


def decoded(info: TrackInfo, packets: list[Packet]) -> int:
    context = av.CodecContext.create(info.codec, "r")
    context.extradata = info.extradata
    frames = [frame for packet in packets for frame in context.decode(av.Packet(packet.data))]
    return len(frames) + len(context.decode(None))


@pytest.mark.parametrize("codec", ["h264", "hevc"])
@pytest.mark.parametrize("start", [nal.START_CODE, b"\0\0\1"])
@pytest.mark.parametrize("header", ["record", "start codes", "none"])
def test_start_codes_in_tags_become_lengths(codec: str, start: bytes, header: str) -> None:
    flv_id, (record, coded) = {"h264": 7, "hevc": 12}[codec], pictures(codec)
    sets = nal.parameter_sets(codec, nal.sets_of(codec, record))
    messages = [tag(flv_id, 1, stamp, annex_b(data, start), keyframe) for stamp, data, keyframe in coded]
    if header == "none":  # each keyframe carries them
        inside = b"".join(start + unit for unit in sets)
        messages = [tag(flv_id, 1, at, inside * key + annex_b(data, start), key) for at, data, key in coded]
    else:
        messages.insert(0, tag(flv_id, 0, 0, record if header == "record" else nal.join_annex_b(sets)))
    (info,), packets, said = read(TagReader(), messages)
    assert (info.codec, info.width, info.height, said) == (codec, 320, 180, "")
    assert all(nal.split_length_prefixed(packet.data) for packet in packets)
    assert len(packets) == decoded(info, packets) == len(coded)


def test_lengths_that_look_like_a_start_code_are_left_alone() -> None:
    record, _ = pictures("h264")
    data = b"\0\0\1\x2c" + b"\x41" * 300 + b"\0\0\0\x05" + b"\x41" * 5
    assert not framing.has_start_codes(data)
    _, (packet,), _ = read(TagReader(), [tag(7, 0, 0, record), tag(7, 1, 0, data)])
    assert packet.data == data


def test_parameters_that_change_between_start_codes_are_announced() -> None:
    record, coded = pictures("h264")
    (sps, *rest) = nal.parameter_sets("h264", nal.sets_of("h264", record))
    other = nal.join_annex_b([sps[:3] + bytes([sps[3] + 1]) + sps[4:], *rest])
    messages = [tag(7, 0, 0, record), tag(7, 1, 0, annex_b(coded[0][1])), tag(7, 1, 40, other + annex_b(coded[0][1]))]
    infos, _, _ = read(TagReader(), messages)
    assert [info.extradata[3] for info in infos] == [sps[3], sps[3] + 1]


@pytest.mark.parametrize(("flv_id", "codec"), [(7, "hevc"), (12, "h264")])
def test_the_record_says_what_codec_it_is_whatever_the_tag_says(flv_id: int, codec: str) -> None:
    record, coded = pictures(codec)
    messages = [tag(flv_id, 0, 0, record), *(tag(flv_id, 1, *each) for each in coded)]
    (info,), packets, said = read(TagReader(), messages)
    assert (info.codec, info.extradata, said) == (codec, record, "")
    assert [packet.data for packet in packets] == [data for _, data, _ in coded]


@pytest.mark.parametrize("header", [b"", b"\x01\x64\x00\x1f\xff\xe0\x00", b"no configuration at all"])
def test_pictures_that_nobody_can_decode_are_told_once(header: bytes) -> None:
    _, coded = pictures("h264")
    reader = TagReader()
    messages = [*([tag(7, 0, 0, header)] if header else []), *(tag(7, 1, *each) for each in coded)]
    infos, packets, said = read(reader, messages)
    assert (infos, packets) == ([], [])
    assert said.count("sequence header") == 1
    assert "restart the encoder" in reader.problems[VIDEO]
    assert reader.skipped >= len(coded)


def test_what_was_said_is_over_when_the_header_comes() -> None:
    record, coded = pictures("h264")
    reader = TagReader()
    read(reader, [tag(7, 1, *each) for each in coded])
    assert reader.problems
    read(reader, [tag(7, 0, 3000, record)])
    assert reader.problems == {}


def aac() -> tuple[bytes, list[tuple[int, bytes]]]:
    """Return the AudioSpecificConfig and the frames of a clip, stamped in ms."""
    with av.open(str(clip("h264.mp4"))) as container:
        config = bytes(container.streams.audio[0].codec_context.extradata)
        frames = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    return config, [(number * 64 // 3, frame) for number, frame in enumerate(frames)]


def behind_adts(frame: bytes, rate_index: int = 3, channels: int = 2) -> bytes:
    size = len(frame) + 7
    head = [0xFF, 0xF1, 1 << 6 | rate_index << 2 | channels >> 2, (channels & 3) << 6 | size >> 11]
    return bytes([*head, size >> 3 & 255, (size & 7) << 5 | 0x1F, 0xFC]) + frame


def heard(info: TrackInfo, packets: list[Packet]) -> int:
    """Return how many samples a track's packets decode to."""
    decoder = make_decoder(info)
    samples = sum(block.shape[1] for packet in packets for _, block in decoder.decode(packet))
    assert decoder.errors == 0
    return samples


def test_aac_behind_adts_needs_no_sequence_header() -> None:
    _, frames = aac()
    (info,), packets, said = read(TagReader(), [sound(at, behind_adts(frame)) for at, frame in frames])
    assert (info.codec, info.sample_rate, info.channels, said) == ("aac", 48_000, 2, "")
    assert heard(info, packets) == len(frames) * 1024


def test_several_adts_frames_in_a_tag_are_all_heard() -> None:
    _, frames = aac()
    three = b"".join(behind_adts(frame) for _, frame in frames[10:13])
    (info,), packets, _ = read(TagReader(), [sound(0, three)])
    assert heard(info, packets) == 3 * 1024


def test_bare_aac_is_tried_as_what_the_metadata_says() -> None:
    config, frames = aac()
    reader = TagReader()
    about = metadata(audiosamplerate=48_000.0, stereo=True)
    (info,), packets, said = read(reader, [about, *(sound(at, frame) for at, frame in frames)])
    assert (info.extradata, info.sample_rate, info.channels, said) == (config[:2], 48_000, 2, "")
    assert heard(info, packets) == len(packets) * 1024
    assert packets[0].dts >= PATIENCE_MS  # a header on its way would have been here


def test_bare_aac_that_nothing_describes_is_told_once() -> None:
    _, frames = aac()
    reader = TagReader()
    infos, packets, said = read(reader, [sound(at, frame) for at, frame in frames])
    assert (infos, packets) == ([], [])
    assert said.count("AudioSpecificConfig") == 1
    assert "sound in AAC" in reader.problems[AUDIO]


def test_a_header_that_is_late_or_empty_at_first_is_waited_for() -> None:
    config, frames = aac()
    reader = TagReader()
    messages = [sound(0, b"", header=True), *(sound(at, frame) for at, frame in frames[:20])]
    messages += [sound(430, config, header=True), *(sound(at, frame) for at, frame in frames[21:])]
    (info,), packets, said = read(reader, messages)
    assert (info.extradata, len(packets), said) == (config, len(frames) - 21, "")
