"""Blocking iterators beside an event loop, the worker thread, and the pacer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.media.blocking_thread import BlockingThread
from livefoley.media.reader import Pacer, Reader
from tests.support.waiting import until


async def test_a_reader_gives_every_item_in_order_and_ends() -> None:
    reader = Reader(lambda: iter(range(1000)), limit=7)
    assert [item async for item in reader] == list(range(1000))
    await until(lambda: not reader.alive)


async def test_an_error_of_the_iterator_comes_after_its_items() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    reader = Reader(broken)
    assert await anext(reader) == 1
    with pytest.raises(OSError, match="gone"):
        await anext(reader)


async def test_a_reader_takes_no_more_than_its_limit_ahead() -> None:
    given: list[int] = []

    def endless() -> Iterator[int]:
        while True:
            given.append(len(given))
            yield given[-1]

    reader = Reader(endless, limit=5)
    assert await anext(reader) == 0
    await asyncio.sleep(0.05)
    assert len(given) <= 5 + 3
    reader.close()
    await until(lambda: not reader.alive)


async def test_closing_does_not_wait_for_a_thread_that_hangs() -> None:
    free = threading.Event()

    def stuck() -> Iterator[int]:
        free.wait(10)
        yield 1

    reader = Reader(stuck)
    reader.close()
    assert reader.alive
    free.set()
    await until(lambda: not reader.alive)


async def test_a_worker_runs_calls_in_order_and_hands_errors_back() -> None:
    worker, done = BlockingThread("test"), []
    first = asyncio.create_task(worker.call(done.append, 1))
    second = asyncio.create_task(worker.call(done.append, 2))
    await asyncio.gather(first, second)
    assert done == [1, 2]
    with pytest.raises(ZeroDivisionError):
        await worker.call(lambda: 1 // 0)
    worker.close()


async def test_a_cancelled_call_is_finished_in_the_thread_before_the_next() -> None:
    worker, free, done = BlockingThread("test"), threading.Event(), []
    task = asyncio.create_task(worker.call(lambda: (free.wait(5), done.append("first"))))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    free.set()
    await worker.call(done.append, "second")
    assert done == ["first", "second"]
    worker.close()


@given(st.lists(st.floats(0, 0.1), min_size=1, max_size=50))
def test_a_pacer_lets_every_item_out_at_its_own_time(steps: list[float]) -> None:
    pacer, now, stamp = Pacer(), 100.0, 7.0
    begin = now
    for step in steps:
        stamp += step
        now += pacer.delay_s(stamp, now)
    assert now - begin == pytest.approx(stamp - 7.0 - steps[0], abs=1e-6)


def test_after_a_stall_a_pacer_goes_on_at_the_old_pace_from_there() -> None:
    pacer = Pacer(patience_s=1.0)
    assert pacer.delay_s(0.0, 0.0) == 0.0
    assert pacer.delay_s(1.0, 5.0) == 0.0  # four seconds late
    assert pacer.delay_s(1.5, 5.0) == pytest.approx(0.5)
    assert pacer.delay_s(2.0, 6.3) == 0.0  # a little late: no new schedule
    assert pacer.delay_s(3.0, 6.5) == pytest.approx(0.5)
