"""What the audience sees while the publisher is away."""

from __future__ import annotations

from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import MILLISECONDS, TICK_RATE
from livefoley.engine.hold import Hold, OnDrop

TRACK = TrackInfo(MediaKind.VIDEO, "h264", b"params", 640, 360)
SLATE = TrackInfo(MediaKind.VIDEO, "h264", b"slate", 640, 360)


def unit(dts: int, keyframe: bool, data: bytes) -> Unit:
    return Unit(Packet(MediaKind.VIDEO, data, dts // 48, dts // 48, MILLISECONDS, keyframe), dts, dts, 0)


def shown(hold: Hold) -> None:
    hold.left(TRACK)
    hold.left(unit(48_000, True, b"key"))
    hold.left(unit(49_600, False, b"delta"))


def test_freeze_repeats_the_last_keyframe_with_rising_stamps() -> None:
    hold = Hold(OnDrop.FREEZE)
    shown(hold)
    assert hold.fill(50_000, 1) == []  # too soon
    first = hold.fill(49_600 + TICK_RATE, 1)
    second = hold.fill(49_600 + 2 * TICK_RATE, 1)
    assert [item.packet.data for item in first + second] == [b"key", b"key"]  # type: ignore[union-attr]
    assert second[0].dts > first[0].dts > 49_600  # type: ignore[union-attr]


def test_the_slate_comes_with_its_parameters_and_the_publisher_gets_its_own_back() -> None:
    hold = Hold(OnDrop.SLATE)
    shown(hold)
    hold.set_slate(SLATE, Packet(MediaKind.VIDEO, b"card", 0, 0, MILLISECONDS))
    items = hold.fill(49_600 + TICK_RATE, 1)
    assert items[0] == SLATE
    assert items[1].packet.data == b"card"  # type: ignore[union-attr]
    again = hold.fill(49_600 + 2 * TICK_RATE, 1)
    assert len(again) == 1
    back = unit(300_000, True, b"key2")
    assert hold.left(back) == [TRACK, back]


def test_without_a_slate_yet_the_last_picture_stands_in() -> None:
    hold = Hold(OnDrop.SLATE)
    shown(hold)
    assert hold.fill(49_600 + TICK_RATE, 1)[0].packet.data == b"key"  # type: ignore[union-attr]


def test_audio_shows_nothing() -> None:
    hold = Hold(OnDrop.AUDIO)
    shown(hold)
    assert hold.fill(10 * TICK_RATE, 1) == []
