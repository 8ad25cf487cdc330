"""Shares of the event loop: who has had its own waits, and its turn always comes."""

from __future__ import annotations

import asyncio

import pytest

from livefoley.media.loop_share import LoopShare
from tests.support.waiting import until


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def test_what_is_charged_may_be_another_time_than_the_one_that_passes() -> None:
    now, busy = Clock(), Clock()
    share = LoopShare(0.5, burst_s=0.1, now=now, spent_s=busy)
    with share.spending():
        now.s += 5.0  # the machine was busy with others
    assert not share.spent
    with share.spending():
        busy.s += 0.2
    assert share.spent
    now.s += 0.1
    assert share.spent  # half of it has been given back
    now.s += 0.15
    assert not share.spent


@pytest.mark.parametrize("cost_s", [0.001, 30.0])
async def test_the_turn_of_one_who_waits_comes_however_dear_the_turns_before_were(cost_s: float) -> None:
    now = Clock()
    share = LoopShare(0.5, burst_s=0.01, now=now)
    share.charge(cost_s)
    went = []
    share.wait("a", lambda: went.append("a"))
    now.s += 2 * cost_s + 1.0
    await until(lambda: went)
    await asyncio.sleep(0)
    assert went == ["a"]
    share.close()
