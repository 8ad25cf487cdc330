"""Publishers are let in when the workers are awake, or when they have waited long enough."""

from __future__ import annotations

import asyncio
import time

import pytest
from structlog.testing import capture_logs

from livefoley.runtime.warm_up import WarmUp
from tests.support.waiting import LIMIT_S, until


async def test_the_wait_is_over_when_the_last_part_is_awake() -> None:
    awake: set[str] = set()
    warm_up = WarmUp({name: lambda name=name: name in awake for name in ("eyes", "foley")}, 60.0)  # type: ignore[misc]
    waiting = asyncio.create_task(warm_up.wait(asyncio.Event()))
    awake.add("foley")
    await until(lambda: warm_up.waiting_for() == ["eyes"])
    assert not waiting.done()
    awake.add("eyes")
    await waiting
    awake.clear()
    assert warm_up.waiting_for() == []  # a worker that dies later is no reason to say that this is still starting


@pytest.mark.parametrize("longest_s", [0.0, 0.2])
async def test_it_does_not_last_longer_than_it_may_and_says_what_was_not_awake(longest_s: float) -> None:
    warm_up = WarmUp({"eyes": lambda: True, "student": lambda: False}, longest_s)
    began_s = time.monotonic()
    with capture_logs() as said:
        await warm_up.wait(asyncio.Event())
    assert time.monotonic() - began_s >= longest_s
    assert [line["workers"] for line in said if "workers" in line] == ["student"]
    assert [line["not_awake"] for line in said if "not_awake" in line] == ["student"]
    assert warm_up.waiting_for() == []


async def test_who_stops_the_sidecar_need_not_wait() -> None:
    stopping = asyncio.Event()
    waiting = asyncio.create_task(WarmUp({"student": lambda: False}, 600.0).wait(stopping))
    await asyncio.sleep(0.1)
    stopping.set()
    await asyncio.wait_for(waiting, LIMIT_S)


async def test_with_nobody_to_wait_for_nothing_is_said() -> None:
    with capture_logs() as said:
        await WarmUp({}, 600.0).wait(asyncio.Event())
    assert said == []
