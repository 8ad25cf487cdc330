"""The clocks of two tracks: they are brought together by the sender's reports, and stay so."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from livefoley.media.webrtc.rtp.sync import TrackSync, Unwrap

NTP = 3_900_000_000.0


def play(
    sync: TrackSync,
    seconds: float,
    *,
    late_s: float = 0.0,
    skew: float = 0.0,
    report_s: float = 1.0,
    reported_late_s: Callable[[], float] = lambda: 0.0,
) -> list[tuple[float, float]]:
    """Send both tracks, the picture arriving ``late_s`` after the sound and its clock off by ``skew``.

    The publisher reads its clock ``reported_late_s()`` after what it reports. Returns ``(moment of capture, its place
    on the timeline less the sound's)`` for every picture.
    """
    found = []
    sound_zero = 0.0
    for index in range(round(seconds * 150)):
        at = index / 150
        if index % 3 == 0:  # 20 ms of sound
            pts = sync.place("audio", (4_294_960_000 + round(at * 48_000)) % (1 << 32), at)
            assert pts is not None
            sound_zero = pts / 48_000 - at
        if index % 5 == 0:
            stamp = (77_000 + round(at * 90_000 * (1 + skew))) % (1 << 32)
            pts = sync.place("video", stamp, at + late_s)
            assert pts is not None
            found.append((at, pts / 90_000 - at - sound_zero))
        if report_s and index and index % round(150 * report_s) == 0:
            sync.report("audio", NTP + at + reported_late_s(), (4_294_960_000 + round(at * 48_000)) % (1 << 32))
            sync.report("video", NTP + at + reported_late_s(), (77_000 + round(at * 90_000 * (1 + skew))) % (1 << 32))
    return found


@pytest.mark.parametrize("late_s", [-0.3, -0.03, 0.0, 0.03, 0.3])
def test_after_the_first_reports_the_tracks_are_together_whatever_the_network_did(late_s: float) -> None:
    offsets = play(TrackSync(), 6.0, late_s=late_s)
    assert max(abs(offset) for at, offset in offsets if at > 1.4) < 0.002


def test_before_any_report_arrival_says_where_the_picture_is() -> None:
    offsets = play(TrackSync(), 3.0, late_s=0.02, report_s=0.0)
    assert max(abs(offset) for _, offset in offsets) < 0.025


def test_a_publisher_too_busy_to_report_in_time_does_not_move_the_picture() -> None:
    chance = random.Random(1)
    offsets = play(TrackSync(), 60.0, reported_late_s=lambda: chance.choice((0.0, 0.002, 0.02, 0.1, 0.3)))
    assert max(abs(offset) for at, offset in offsets if at > 8) < 0.003


@pytest.mark.parametrize("skew", [200e-6, -200e-6])
def test_a_clock_that_drifts_is_followed_and_the_picture_never_jumps(skew: float) -> None:
    offsets = play(TrackSync(), 120.0, skew=skew)
    assert max(abs(offset) for at, offset in offsets if at > 3) < 0.004
    steps = [abs(b[1] - a[1]) for a, b in pairwise(offsets[60:])]
    assert max(steps) < 0.0015


def test_reports_that_come_before_the_first_frame_count() -> None:
    sync = TrackSync()
    sync.report("audio", NTP, 48_000)
    sync.report("video", NTP, 90_000)
    sync.place("audio", 48_000, 10.0)
    assert sync.place("video", 90_000, 10.2) == 0


def test_stamps_always_grow_even_when_the_picture_is_moved_back() -> None:
    sync = TrackSync()
    stamps = []
    for index in range(100):
        sync.place("audio", index * 960, index / 50)
        stamps.append(sync.place("video", index * 1800, index / 50 + 0.5))
        if index == 50:
            sync.report("audio", NTP, 0)
            sync.report("video", NTP, 0)
    assert stamps == sorted(set(stamps))  # type: ignore[type-var]


def test_a_wrap_of_the_clock_is_no_step() -> None:
    unwrap = Unwrap()
    unwrap.last = (1 << 32) - 10
    assert unwrap.near(5) == (1 << 32) + 5
    assert unwrap.near((1 << 32) - 20) == (1 << 32) - 20
