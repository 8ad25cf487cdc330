"""A cancellation and a failure at the same moment."""

from __future__ import annotations

import asyncio

import pytest

from livefoley.system.tasks import TaskGroup

WAITS = {"while the group waits": False, "while its own task works": True}


async def fail(failing: asyncio.Event) -> None:
    await failing.wait()
    raise OSError("gone")


async def fails_once(failing: asyncio.Event, works: bool) -> None:
    async with TaskGroup() as tasks:
        tasks.create_task(fail(failing))
        if works:
            await asyncio.Event().wait()


async def retry_for_ever(failing: asyncio.Event, works: bool) -> None:
    while True:
        try:
            await fails_once(failing, works)
        except* OSError:
            failing.clear()


@pytest.mark.parametrize("works", WAITS.values(), ids=WAITS)
@pytest.mark.parametrize("turns", range(6))
async def test_who_tries_again_ends_whenever_the_cancellation_comes(turns: int, works: bool) -> None:
    failing = asyncio.Event()
    task = asyncio.create_task(retry_for_ever(failing, works))
    await asyncio.sleep(0)
    failing.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=10.0)
    assert done
    assert task.cancelled()


@pytest.mark.parametrize("works", WAITS.values(), ids=WAITS)
async def test_a_failure_alone_is_raised_and_leaves_no_cancellation(works: bool) -> None:
    failing = asyncio.Event()
    failing.set()
    task = asyncio.current_task()
    assert task is not None
    for _ in range(3):
        with pytest.raises(ExceptionGroup):
            await fails_once(failing, works)
        assert task.cancelling() == 0
    async with asyncio.timeout(10.0):  # a cancellation left over would end this at once, and not as a time-out
        await asyncio.sleep(0)


async def test_a_failure_of_its_own_task_is_raised() -> None:
    async def fail_itself() -> None:
        async with TaskGroup() as tasks:
            tasks.create_task(asyncio.Event().wait())
            raise OSError("gone")

    with pytest.raises(ExceptionGroup):
        await fail_itself()
