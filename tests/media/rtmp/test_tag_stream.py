"""What a server that knows nothing yet is sent."""

from __future__ import annotations

from dataclasses import replace

from livefoley.core.media import MediaKind, OutputItem, Packet, TrackInfo, Unit
from livefoley.core.ticks import MILLISECONDS
from livefoley.marks.labels import make_labels
from livefoley.media.rtmp.protocol import amf0, chunks
from livefoley.media.rtmp.protocol.tag_stream import Tag, TagStream
from livefoley.media.rtmp.sink import first_fresh

VIDEO = TrackInfo(MediaKind.VIDEO, "h264", b"avcC", 640, 360)
AUDIO = TrackInfo(MediaKind.AUDIO, "aac", b"\x11\x90", sample_rate=48000, channels=2)


def unit(kind: MediaKind, ms: int, keyframe: bool = True) -> Unit:
    return Unit(Packet(kind, b"data", ms, ms, MILLISECONDS, keyframe), ms * 48, ms * 48, 0)


def picture(ms: int, keyframe: bool = False) -> Unit:
    return unit(MediaKind.VIDEO, ms, keyframe)


def sound(ms: int) -> Unit:
    return unit(MediaKind.AUDIO, ms)


def feed(stream: TagStream, *items: OutputItem) -> list[Tag]:
    return [tag for item in items for tag in stream.feed(item)]


def shape(tags: list[Tag]) -> list[tuple[int, int, int]]:
    return [(tag.type, tag.timestamp, tag.body[1]) for tag in tags if tag.type != chunks.DATA]


def test_headers_come_first_then_both_tracks_from_the_keyframe_on() -> None:
    stream = TagStream({})
    tags = feed(stream, AUDIO, VIDEO, sound(0), picture(10), sound(20), picture(30, True), sound(40))
    assert [tag.type for tag in tags] == [chunks.DATA, chunks.VIDEO, chunks.AUDIO, chunks.VIDEO, chunks.AUDIO]
    assert shape(tags) == [(9, 30, 0), (8, 30, 0), (9, 30, 1), (8, 40, 1)]
    assert stream.skipped == 3


def test_metadata_names_the_tracks() -> None:
    (tag, *_) = feed(TagStream({}), AUDIO, VIDEO, picture(0, True))
    name, event, found = amf0.decode(tag.body)
    assert (name, event) == ("@setDataFrame", "onMetaData")
    assert isinstance(found, dict)
    assert (found["width"], found["videocodecid"], found["audiosamplerate"]) == (640, 7, 48000)


def test_labels_stand_in_the_metadata_beside_the_tracks() -> None:
    labels = make_labels("例子公司", "00c0ffee12345678" * 2)
    tag, *_ = feed(TagStream({}, labels), AUDIO, VIDEO, picture(0, True))
    *_, found = amf0.decode(tag.body)
    assert isinstance(found, dict)
    assert {name: found[name] for name in labels} == labels
    assert (found["width"], found["encoder"]) == (640, "livefoley")


def test_a_track_known_from_before_the_reconnect_needs_no_new_parameters() -> None:
    tags = feed(TagStream({MediaKind.VIDEO: VIDEO, MediaKind.AUDIO: AUDIO}), picture(0, True))
    assert shape(tags) == [(9, 0, 0), (8, 0, 0), (9, 0, 1)]


def test_sound_alone_needs_no_picture() -> None:
    assert shape(feed(TagStream({}), AUDIO, sound(0), sound(20))) == [(8, 0, 0), (8, 0, 1), (8, 20, 1)]


def test_sound_does_not_wait_for_ever_for_a_picture() -> None:
    stream = TagStream({})
    tags = feed(stream, AUDIO, VIDEO, *(sound(ms) for ms in range(0, 4000, 100)), picture(4000, True))
    assert shape(tags)[:2] == [(8, 3000, 0), (8, 3000, 1)]
    assert shape(tags)[-2:] == [(9, 4000, 0), (9, 4000, 1)]


def test_changed_parameters_wait_for_their_keyframe_and_sound_goes_on() -> None:
    stream = TagStream({})
    feed(stream, AUDIO, VIDEO, picture(0, True))
    tags = feed(stream, replace(VIDEO, width=320), sound(10), picture(20), sound(30), picture(40, True))
    assert shape(tags) == [(8, 10, 1), (8, 30, 1), (9, 40, 0), (9, 40, 1)]


def test_the_same_parameters_again_change_nothing() -> None:
    stream = TagStream({})
    feed(stream, VIDEO, picture(0, True))
    assert shape(feed(stream, VIDEO, picture(40))) == [(9, 40, 1)]


def test_a_track_rtmp_does_not_carry_is_left_out_and_named() -> None:
    stream = TagStream({})
    tags = feed(stream, TrackInfo(MediaKind.VIDEO, "vp8"), AUDIO, picture(0, True), sound(10))
    assert shape(tags) == [(8, 10, 0), (8, 10, 1)]
    assert stream.skipped == 1
    assert "vp8" in stream.problems[MediaKind.VIDEO]
    feed(stream, VIDEO, picture(40, True))
    assert stream.problems == {}


def test_a_short_outage_loses_nothing() -> None:
    assert first_fresh([VIDEO, *(picture(ms) for ms in range(0, 3000, 40))]) == 0


def test_after_a_long_outage_the_newest_keyframe_comes_first() -> None:
    items = [picture(ms, ms % 2000 == 0) for ms in range(0, 9000, 40)]
    fresh = items[first_fresh(items)]
    assert (fresh.packet.keyframe, fresh.packet.dts) == (True, 8000)


def test_after_a_long_outage_sound_alone_keeps_its_last_seconds() -> None:
    items = [sound(ms) for ms in range(0, 9000, 20)]
    assert items[first_fresh(items)].packet.dts == 8980 - 3000
