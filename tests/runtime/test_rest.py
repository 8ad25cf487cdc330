"""A worker with nothing to do gives back what memory it can."""

from __future__ import annotations

import platform

import psutil

from livefoley.runtime.workers.child import IDLE_PINGS, REST_PINGS, Rest
from livefoley.system.memory import give_back
from tests.support.peers import impossible


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
