"""The timeline: every packet gets a place, sound stays with its picture, whatever the stamps do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.media import MediaKind, Packet
from livefoley.core.ticks import MILLISECONDS, TICK_RATE
from livefoley.engine.timeline import ORIGIN, Timeline

V, A = MediaKind.VIDEO, MediaKind.AUDIO


def packet(kind: MediaKind, dts: int, cts: int = 0) -> Packet:
    return Packet(kind, b"x", dts + cts, dts, MILLISECONDS)


def test_the_first_packet_lands_on_the_origin_and_the_other_track_keeps_its_distance() -> None:
    timeline = Timeline()
    assert timeline.place(packet(V, 90_000), 0.0).dts == ORIGIN
    assert timeline.place(packet(A, 90_021), 0.0).dts == ORIGIN + 21 * 48


def test_composition_offsets_are_kept() -> None:
    timeline = Timeline()
    unit = timeline.place(packet(V, 0, 66), 0.0)
    assert unit.pts - unit.dts == 66 * 48


@pytest.mark.parametrize("cts", [-34, 40])
def test_a_picture_is_shown_where_the_publisher_says_whatever_its_decode_time(cts: int) -> None:
    timeline = Timeline()
    stamps = (0, 40, 20, 120, 160)
    units = [timeline.place(packet(V, dts, cts), number * 0.04) for number, dts in enumerate(stamps)]
    assert [unit.pts - ORIGIN for unit in units] == [(dts + cts) * 48 for dts in stamps]
    assert timeline.statistics().clamped == 1


def test_sound_is_heard_where_its_stamps_say() -> None:
    timeline = Timeline()
    stamps = (0, 21, 43, 14, 35)
    units = [timeline.place(packet(A, stamp), number * 0.02) for number, stamp in enumerate(stamps)]
    assert [unit.pts - ORIGIN for unit in units] == [stamp * 48 for stamp in stamps]


def test_pictures_without_reordering_stay_in_order_when_their_clock_steps_back() -> None:
    timeline = Timeline()
    units = [timeline.place(packet(V, dts), number * 0.04) for number, dts in enumerate((0, 40, 20, 120))]
    assert [unit.pts - ORIGIN for unit in units] == [0, 40 * 48, 40 * 48 + 1, 120 * 48]


def test_a_jump_goes_on_where_the_wall_clock_is_and_both_tracks_jump_together() -> None:
    timeline = Timeline()
    for i in range(100):
        timeline.place(packet(V, i * 40), i * 0.04)
        timeline.place(packet(A, i * 40 + 5), i * 0.04)
    jump = 7_200_000
    video = timeline.place(packet(V, 4000 + jump), 4.0)
    audio = timeline.place(packet(A, 4005 + jump), 4.0)
    assert video.dts == ORIGIN + 4 * TICK_RATE
    assert audio.dts - video.dts == 5 * 48
    assert timeline.statistics().rebases == 2
    assert timeline.statistics().epoch == 1


def test_the_track_that_jumps_later_is_not_moved_early() -> None:
    timeline = Timeline()
    for i in range(50):
        timeline.place(packet(V, i * 40), i * 0.04)
        timeline.place(packet(A, i * 40), i * 0.04)
    video = timeline.place(packet(V, 500), 2.0)  # back to nearly the start
    straggler = timeline.place(packet(A, 2000), 2.0)
    audio = timeline.place(packet(A, 540), 2.04)
    assert straggler.dts == ORIGIN + 2 * TICK_RATE
    assert audio.dts - video.dts == 40 * 48


def test_a_silence_on_the_wire_is_not_a_jump() -> None:
    timeline = Timeline()
    timeline.place(packet(V, 0), 0.0)
    late = timeline.place(packet(V, 8_000), 8.1)
    assert late.dts == ORIGIN + 8 * TICK_RATE
    assert timeline.statistics().rebases == 0


def test_tracks_with_unrelated_clocks_are_brought_together() -> None:
    timeline = Timeline()
    timeline.place(packet(V, 0), 0.0)
    audio = timeline.place(packet(A, 1_700_000_000), 0.01)
    assert abs(audio.dts - ORIGIN) < TICK_RATE


def test_a_publisher_that_returns_lands_where_it_is_told() -> None:
    timeline = Timeline()
    timeline.place(packet(V, 123), 0.0)
    timeline.begin_epoch(10 * TICK_RATE)
    assert timeline.place(packet(A, 55), 9.0).dts == 10 * TICK_RATE
    assert timeline.place(packet(V, 60), 9.0).dts == 10 * TICK_RATE + 5 * 48
    assert timeline.epoch == 1


@given(st.lists(st.tuples(st.sampled_from([V, A]), st.integers(-(10**7), 10**7), st.floats(0, 5)), max_size=80))
def test_decode_ticks_always_increase_within_a_track(steps: list[tuple[MediaKind, int, float]]) -> None:
    timeline, now, stamp = Timeline(), 0.0, 0
    last: dict[MediaKind, int] = {}
    for kind, step, pause in steps:
        now, stamp = now + pause, stamp + step
        unit = timeline.place(packet(kind, stamp), now)
        assert unit.dts > last.get(kind, -(2**60))
        assert unit.pts == unit.dts or kind is A
        last[kind] = unit.dts


@given(st.lists(st.integers(0, 40), min_size=2, max_size=200))
def test_ordinary_stamps_are_only_shifted(steps: list[int]) -> None:
    timeline, stamp, now = Timeline(), 1_000, 0.0
    first = timeline.place(packet(V, stamp), now).dts
    start = stamp
    for step in steps:
        stamp, now = stamp + step + 1, now + 0.03
        assert timeline.place(packet(V, stamp), now).dts - first == (stamp - start) * 48
