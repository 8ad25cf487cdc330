"""The delay line: order, timing and a bound."""

from __future__ import annotations

from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import SAMPLES
from livefoley.engine.delay_line import DelayLine


def unit(dts: int, size: int = 10) -> Unit:
    return Unit(Packet(MediaKind.VIDEO, b"x" * size, dts, dts, SAMPLES), dts, dts, 0)


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
