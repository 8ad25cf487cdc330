"""Frames to items of a room: nothing begins without a keyframe, nothing goes on after a loss, sound has no holes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.media import MediaKind, Packet, SourceItem, TrackInfo
from livefoley.formats import nal, opus
from livefoley.media.webrtc.rtp.reassembly import Frame
from livefoley.media.webrtc.rtp.units import UnitReader


def packets(items: list[SourceItem], kind: MediaKind) -> list[Packet]:
    return [item for item in items if isinstance(item, Packet) and item.kind is kind]


def see(
    reader: UnitReader, units: list[bytes], start: int = 0, *, lost: frozenset[int] = frozenset()
) -> list[SourceItem]:
    """Feed access units at 30 fps, the ones in ``lost`` missing."""
    items: list[SourceItem] = []
    for index, unit in enumerate(units):
        if index not in lost:
            frame = Frame(unit, (start + index) * 3000 % (1 << 32), index - 1 in lost)
            items += reader.read("video", "h264", frame, index / 30)
    return items


def test_after_a_loss_the_picture_goes_on_at_the_next_keyframe(video: list[bytes]) -> None:
    reader = UnitReader()
    came = packets(see(reader, video[:40], lost=frozenset({20})), MediaKind.VIDEO)
    assert [packet.pts // 3000 for packet in came] == [*range(20), *range(30, 40)]
    assert came[20].keyframe
    assert reader.losses == 1


def test_a_picture_that_waits_asks_for_a_keyframe(video: list[bytes]) -> None:
    reader = UnitReader()
    see(reader, video[:5])
    assert not reader.needs_keyframe
    see(reader, video[:10], 10, lost=frozenset({2}))
    assert reader.needs_keyframe


@given(st.binary(max_size=200), st.sampled_from(["h264", "vp8", "av1", ""]))
def test_garbage_is_skipped(data: bytes, codec: str) -> None:
    reader = UnitReader()
    assert not packets(reader.read("video", codec, Frame(b"\0\0\0\1" + data, 0), 0.0), MediaKind.VIDEO)
    assert reader.needs_keyframe


def test_the_parameter_sets_stay_in_the_pictures_and_stand_in_the_track(video: list[bytes]) -> None:
    items = see(UnitReader(), video[:3])
    assert isinstance(items[0], TrackInfo)
    assert nal.sets_of("h264", items[0].extradata) == nal.parameter_sets("h264", nal.split_annex_b(video[0]))
    assert nal.split_length_prefixed(packets(items, MediaKind.VIDEO)[0].data) == nal.split_annex_b(video[0])


def test_frames_out_of_order_are_left_out_and_counted(video: list[bytes]) -> None:
    reader = UnitReader()
    for number in (0, 3, 1, 2, 6, 4, 5):
        reader.read("video", "h264", Frame(video[number], number * 3000), number / 30)
    assert reader.reordered == 4


def test_lost_sound_is_silence_of_the_same_length() -> None:
    reader = UnitReader()
    items: list[SourceItem] = []
    for number in (0, 1, 4, 5):
        items += reader.read("audio", "opus", Frame(b"\xfc\x01\x02", number * 960), number / 50)
    came = packets(items, MediaKind.AUDIO)
    assert [packet.pts for packet in came] == [number * 960 - opus.DELAY for number in range(6)]
    assert [packet.data for packet in came[2:4]] == [b"\xfc\xff\xfe"] * 2


def test_a_pause_of_the_sound_stays_a_pause() -> None:
    reader = UnitReader()
    items: list[SourceItem] = []
    for number in (0, 100):
        items += reader.read("audio", "opus", Frame(b"\xfc\x01\x02", number * 960), number / 50)
    assert len(packets(items, MediaKind.AUDIO)) == 2


def test_sound_waits_for_the_picture_and_not_for_ever(video: list[bytes]) -> None:
    reader = UnitReader(with_picture=True)
    first = [item for n in range(5) for item in reader.read("audio", "opus", Frame(b"\xfc\1", n * 960), n / 50)]
    assert first == []
    items = reader.read("video", "h264", Frame(video[0], 0), 0.1)
    assert [item.kind for item in items if isinstance(item, TrackInfo)] == [MediaKind.VIDEO, MediaKind.AUDIO]
    assert len(packets(items, MediaKind.AUDIO)) == 5
    alone = UnitReader(with_picture=True)
    later = [item for n in range(150) for item in alone.read("audio", "opus", Frame(b"\xfc\1", n * 960), n / 50)]
    assert len(packets(later, MediaKind.AUDIO)) > 30


def test_opus_packets_tell_how_long_they_are() -> None:
    known = {
        b"\xfc": 960,
        b"\xe0": 120,
        b"\x08": 960,
        b"\x18": 2880,
        b"\x78": 960,
        b"\x7b\x03": 2880,
        b"": 0,
        b"\x7b": 0,
    }
    assert {packet: opus.samples(packet) for packet in known} == known
