"""When segments are due, and what is told of who makes what."""

from __future__ import annotations

from livefoley.core.notices import SourceNotice
from livefoley.core.snapshots import RefusalCount, SourceCount
from livefoley.foley.bed import KEPT_SEGMENTS
from livefoley.runtime.sounds.bed_schedule import FILL_S, FIRST_S, RENEW_S, RETRY_S, BedSchedule
from livefoley.runtime.sounds.sound_log import MOST_SOURCES, QUIET_S, SourceLog


def test_four_segments_come_soon_and_then_one_every_few_minutes() -> None:
    plan, now = BedSchedule(), 100.0
    for number in range(KEPT_SEGMENTS):
        assert plan.due(now)
        plan.asked(now)
        assert plan.deadline_s == now + (FIRST_S if number == 0 else FILL_S)
        assert not plan.due(now + 1000)
        plan.made(now)
        assert not plan.due(now)
        now += FILL_S
    assert not plan.due(now)
    assert plan.due(now + RENEW_S)


def test_a_segment_that_fails_is_asked_for_again_later_and_a_loss_begins_anew() -> None:
    plan = BedSchedule()
    plan.asked(0.0)
    plan.failed(1.0)
    assert not plan.due(1.0 + RETRY_S - 0.1)
    assert plan.due(1.0 + RETRY_S)
    plan.asked(20.0)
    plan.made(20.0)
    plan.restart()
    assert plan.due(20.0)
    plan.look_again(25.0)
    assert not plan.due(24.9)
    assert plan.due(25.0)


def test_a_change_of_source_is_told_once_and_not_every_moment() -> None:
    told: list[SourceNotice] = []
    log = SourceLog(told.append)
    for now in range(4):
        log.heard("bed", "procedural", "rain", float(now))
    log.heard("bed", "student", "rain", 4.0)
    assert told == [SourceNotice("bed", "procedural", "rain")]
    assert log.current == {"bed": "student"}
    log.heard("bed", "student", "rain", QUIET_S)
    log.heard("bed", "student", "rain", 100.0)
    assert [notice.source for notice in told] == ["procedural", "student"]
    assert log.counts() == (SourceCount("bed", "procedural", 4), SourceCount("bed", "student", 3))


def test_makers_that_nobody_knows_are_counted_together() -> None:
    log = SourceLog(lambda notice: None)
    for number in range(1000):
        log.heard("action", f"maker {number}", "rain", 0.0)
    for number in range(1000, 2000):
        log.refused("action", f"maker {number}", "is away")
    assert len(log.counts()) == MOST_SOURCES + 1
    assert sum(each.count for each in log.counts()) == 1000
    assert [refused.source for refused in log.refusals()] == ["other"]


def test_what_was_refused_is_counted_with_the_last_reason() -> None:
    log = SourceLog(lambda notice: None)
    for reason in ("is away", "did not answer in time"):
        log.refused("accent", "student", reason)
    assert log.refusals() == (RefusalCount("accent", "student", 2, "did not answer in time"),)
