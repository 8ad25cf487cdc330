"""A worker with nothing to do gives back what memory it can."""

from __future__ import annotations

import asyncio
import platform
import sys

import psutil

from livefoley.runtime.memory import keep_small
from livefoley.runtime.workers.child import IDLE_PINGS, REST_PINGS, Rest
from livefoley.system.memory import give_back, resident
from tests.support.peers import impossible
from tests.support.waiting import until


def test_what_can_be_loaded_again_is_let_go_of_once_after_half_a_minute_without_work() -> None:
    rests: list[int] = []
    rest = Rest(lambda: rests.append(1))
    for _ in range(REST_PINGS - 1):
        rest.pinged()
    rest.worked()
    for _ in range(REST_PINGS - 1):
        rest.pinged()
    assert not rests
    for _ in range(REST_PINGS):
        rest.pinged()
    assert len(rests) == 1


def test_freed_memory_goes_back_to_the_system() -> None:
    if platform.libc_ver()[0] != "glibc":
        impossible("memory that is asked of glibc")
    process = psutil.Process()
    kept = [bytearray(50_000) for _ in range(4000)]  # too small to be given back by themselves
    between = [bytearray(50_000) for _ in range(2)]  # above them: the heap cannot shrink from its end
    full = process.memory_info().rss
    kept.clear()
    rest = Rest()
    for _ in range(IDLE_PINGS):
        rest.pinged()
    give_back()
    assert process.memory_info().rss < full - 150_000_000
    assert len(between) == 2


async def test_what_a_rush_left_goes_back_while_the_process_goes_on() -> None:
    if platform.libc_ver()[0] != "glibc":
        impossible("memory that is asked of glibc")
    keeping = asyncio.create_task(keep_small(0.05))
    await asyncio.sleep(0.2)
    kept = [bytearray(50_000) for _ in range(4000)]
    between = [bytearray(50_000) for _ in range(2)]
    full = resident()
    kept.clear()
    await until(lambda: resident() < full - 150_000_000)
    keeping.cancel()
    assert len(between) == 2


def test_memory_in_use_is_known_where_the_system_tells() -> None:
    told = psutil.Process().memory_info().rss if sys.platform == "linux" else 0
    assert abs(resident() - told) < 20_000_000
