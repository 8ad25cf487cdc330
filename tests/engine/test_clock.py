"""The playhead: a fixed look-ahead behind the publisher's clock, through jitter, bursts and drift."""

from __future__ import annotations

import random

import pytest

from livefoley.core.ticks import TICK_RATE
from livefoley.engine.clock import PlayoutClock, SlidingMinimum

LOOKAHEAD = 3 * TICK_RATE // 2


def run(drift_ppm: float, jitter_s: float, seconds: float, seed: int = 1) -> list[float]:
    """Feed a publisher's packets; return how far, in seconds, the look-ahead is off at each, after 20 s."""
    rng = random.Random(seed)
    clock, errors = PlayoutClock(LOOKAHEAD), []
    for i in range(int(seconds * 30)):
        stamp_s = i / 30
        now = 100.0 + stamp_s * (1 + drift_ppm * 1e-6) + abs(rng.gauss(0, jitter_s))
        tick = round(stamp_s * TICK_RATE)
        if not clock.started:
            clock.start(tick, now)
        clock.observe(tick, now)
        if stamp_s > 20:
            true_head = (now - 100.0) / (1 + drift_ppm * 1e-6)
            errors.append(true_head - LOOKAHEAD / TICK_RATE - clock.playhead(now) / TICK_RATE)
        else:
            clock.playhead(now)
    return errors


@pytest.mark.parametrize("drift_ppm", [-500, -50, 0, 50, 500])
def test_the_lookahead_holds_under_drift_and_jitter(drift_ppm: float) -> None:
    assert max(abs(error) for error in run(drift_ppm, 0.02, 300)) < 0.05


def test_the_playhead_never_goes_back() -> None:
    clock, rng = PlayoutClock(LOOKAHEAD), random.Random(3)
    clock.start(0, 0.0)
    last = clock.playhead(0.0)
    for i in range(3000):
        now = i * 0.01
        clock.observe(round((now + rng.uniform(-3, 3)) * TICK_RATE), now)
        playhead = clock.playhead(now)
        assert playhead >= last
        last = playhead


def test_a_burst_at_the_start_is_taken_at_once_while_nothing_plays() -> None:
    clock = PlayoutClock(LOOKAHEAD)
    clock.start(0, 0.0)
    for i in range(30):  # a second of stream in ten milliseconds
        clock.observe(i * TICK_RATE // 30, 0.01)
        clock.anchor(0.01)
    assert clock.playhead(0.01) == pytest.approx(29 * TICK_RATE // 30 - LOOKAHEAD, abs=2)


def test_the_wall_time_of_a_tick_is_when_the_playhead_gets_there() -> None:
    clock = PlayoutClock(LOOKAHEAD)
    clock.start(1000, 5.0)
    assert clock.playhead(clock.wall_s(77_000)) == pytest.approx(77_000, abs=1)


def test_the_sliding_minimum_forgets_and_is_bounded() -> None:
    minimum = SlidingMinimum(window_s=10, bucket_s=0.5)
    assert minimum.add(5, 0.0) == 5
    assert minimum.add(9, 1.0) == 5
    assert minimum.add(9, 11.0) == 9
    for i in range(100_000):
        minimum.add(i, 20 + i * 0.001)
    assert len(minimum._buckets) <= 22
