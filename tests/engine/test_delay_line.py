"""The delay line: order, timing and a bound."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import SAMPLES, TICK_RATE
from livefoley.engine.delay_line import MAX_AHEAD, DelayLine

FRAME = TICK_RATE // 25


def unit(dts: int, size: int = 10, cts: int = 0) -> Unit:
    return Unit(Packet(MediaKind.VIDEO, b"x" * size, dts + cts, dts, SAMPLES), dts + cts, dts, 0)


def through(line: DelayLine, units: list[Unit], lookahead: int = TICK_RATE) -> list[Unit]:
    """Return what leaves a line that each unit enters a look-ahead before its decode time."""
    left: list[TrackInfo | Unit] = []
    for each in units:
        left += line.pop_due(each.dts - lookahead)
        line.push(each)
    left += line.pop_due(10**12)
    return [each for each in left if isinstance(each, Unit)]


def test_units_leave_when_the_playhead_reaches_them() -> None:
    line = DelayLine()
    units = [unit(dts) for dts in (10, 20, 30)]
    for each in units:
        line.push(each)
    assert line.pop_due(9) == []
    assert line.pop_due(20) == units[:2]
    assert line.pop_due(100) == units[2:]
    assert line.bytes == 0


def test_parameters_leave_with_the_unit_they_stand_before() -> None:
    line = DelayLine()
    info = TrackInfo(MediaKind.VIDEO, "h264", b"new")
    line.push(unit(10))
    line.push(info)
    line.push(unit(20))
    assert line.pop_due(15) == [unit(10)]
    assert line.pop_due(25) == [info, unit(20)]


def test_what_does_not_fit_leaves_early_instead_of_growing() -> None:
    line = DelayLine(max_bytes=100)
    for dts in range(20):
        line.push(unit(1000 + dts))
    early = line.pop_due(0)
    assert len(early) == 10
    assert line.bytes == 100


def test_decode_times_move_ahead_of_pictures_that_are_shown_earlier() -> None:
    reordered = [unit(number * FRAME, cts=(0, 40, -80)[number % 3] * 48) for number in range(60)]
    left = through(DelayLine(), reordered)
    assert [(each.packet, each.pts) for each in left] == [(each.packet, each.pts) for each in reordered]
    assert all(each.dts <= each.pts for each in left)
    assert all(first.dts < second.dts for first, second in pairwise(left))


def test_what_fits_is_left_alone() -> None:
    units = [unit(number * FRAME, cts=number % 3 * FRAME) for number in range(30)]
    assert through(DelayLine(), units) == units


def test_one_bad_stamp_does_not_empty_the_line() -> None:
    line = DelayLine()
    units = [unit(number * FRAME, cts=-10 * TICK_RATE if number == 20 else 0) for number in range(25)]
    for each in units:
        line.push(each)
    assert line.pop_due(-1) == []


@given(st.lists(st.tuples(st.integers(1, 4000), st.integers(-2 * MAX_AHEAD, 2 * MAX_AHEAD)), max_size=60))
def test_no_stamps_however_wild_make_decode_times_fall(steps: list[tuple[int, int]]) -> None:
    at, units = 0, []
    for step, cts in steps:
        at += step
        units.append(unit(at, cts=cts))
    left = through(DelayLine(), units, lookahead=TICK_RATE // 4)
    assert [each.packet for each in left] == [each.packet for each in units]
    assert all(first.dts < second.dts for first, second in pairwise(left))
    assert all(each.dts <= given.dts and each.pts == given.pts for each, given in zip(left, units, strict=True))
