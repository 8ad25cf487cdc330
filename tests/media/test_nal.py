"""NAL units, their two framings, and the configuration records made from parameter sets."""

from __future__ import annotations

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.media import Packet, TrackInfo
from livefoley.formats import framing, nal, sps
from livefoley.media.files.file_source import read_items
from tests.media.clips import clip

# A NAL unit never holds 00 00 00, 00 00 01 or 00 00 02, and ends with its stop bit.
units = st.lists(
    st.binary(min_size=1, max_size=60).map(lambda data: data.replace(b"\0\0", b"\0\x03") + b"\x80"), max_size=6
)


@given(units)
def test_annex_b_gives_back_the_units_it_was_made_of(parts: list[bytes]) -> None:
    assert nal.split_annex_b(nal.join_annex_b(parts)) == parts


@given(units)
def test_length_prefixes_give_back_the_units_they_were_put_before(parts: list[bytes]) -> None:
    assert nal.split_length_prefixed(nal.join_length_prefixed(parts)) == parts


@given(units, st.binary(max_size=40))
def test_three_byte_start_codes_and_leading_zeros_are_read_too(parts: list[bytes], junk: bytes) -> None:
    stream = b"\0\0" + b"".join(b"\0\0\x01" + part for part in parts)
    assert nal.split_annex_b(stream) == parts


@given(st.binary(max_size=80))
def test_any_bytes_either_split_by_length_or_raise_value_error(data: bytes) -> None:
    try:
        parts = nal.split_length_prefixed(data)
    except ValueError:
        return
    assert sum(map(len, parts)) <= len(data)


@given(st.sampled_from(["h264", "hevc"]), st.binary(max_size=80))
def test_any_bytes_as_sps_or_configuration_raise_value_error_at_worst(codec: str, data: bytes) -> None:
    for call in (lambda: sps.sequence_parameters(codec, b"\x67\x42" + data), lambda: nal.sets_of(codec, data)):
        try:
            call()
        except ValueError:
            continue


@given(st.binary(max_size=60))
def test_unescaping_removes_every_emulation_prevention_byte(data: bytes) -> None:
    escaped, zeros = bytearray(), 0
    for byte in data:
        if zeros >= 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    assert sps.unescape(bytes(escaped)) == data


@pytest.mark.parametrize(("name", "codec"), [("h264.mp4", "h264"), ("hevc.mp4", "hevc")])
def test_a_configuration_holds_the_sets_ffmpeg_put_in_and_says_the_size(name: str, codec: str) -> None:
    with av.open(str(clip(name))) as container:
        record = bytes(container.streams.video[0].codec_context.extradata)
    sets = nal.sets_of(codec, record)
    again = nal.configuration(codec, nal.parameter_sets(codec, sets))
    assert nal.sets_of(codec, again) == nal.parameter_sets(codec, sets)
    assert nal.picture_size(codec, again) == (320, 180)
    assert nal.length_size(codec, again) == nal.length_size(codec, record) == 4
    if codec == "h264":
        assert again == record
    else:
        assert again[:13] == record[:13]  # version, general profile, tier, level
        assert again[16:19] == record[16:19]  # chroma format and bit depths


@pytest.mark.parametrize(("name", "codec"), [("h264.ts", "h264"), ("hevc.ts", "hevc")])
def test_broadcast_streams_come_out_length_prefixed_and_decode_to_every_picture(name: str, codec: str) -> None:
    items = [item for item in read_items(clip(name)) if getattr(item, "kind", "") == "video"]
    info, packets = items[0], [item for item in items if isinstance(item, Packet)]
    assert isinstance(info, TrackInfo)
    assert (info.codec, info.width, info.height) == (codec, 320, 180)
    decoder = av.CodecContext.create(codec, "r")
    decoder.extradata = info.extradata
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    assert len(frames) + len(decoder.decode(None)) == len(packets) == 75
    for packet in packets:
        assert nal.is_keyframe(codec, nal.split_length_prefixed(packet.data)) == packet.keyframe


def test_a_second_pps_joins_the_first_and_a_new_one_of_the_same_id_replaces_it() -> None:
    own, pps_0, pps_1, pps_0_new = b"\x67\x42\x00\x1e", b"\x68\xce\x01", b"\x68\x4e\x01", b"\x68\xce\x02"
    held = nal.merge_sets("h264", [own, pps_0], [pps_1])
    assert held == [own, pps_0, pps_1]
    assert nal.merge_sets("h264", held, [pps_0_new]) == [own, pps_0_new, pps_1]


def test_parameter_sets_that_come_one_by_one_are_put_together() -> None:
    with av.open(str(clip("h264.mp4"))) as container:
        record = bytes(container.streams.video[0].codec_context.extradata)
    sps, pps = nal.parameter_sets("h264", nal.sets_of("h264", record))
    track = framing.ParameterSets("h264")
    assert [track.learn([sps]), track.learn([b"\x06\x05"]), track.learn([pps]), track.learn([pps])] == [0, 0, 1, 0]
    assert track.configuration == record
