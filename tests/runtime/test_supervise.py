"""Parts beside a stream that fail are begun again."""

from __future__ import annotations

import asyncio

import pytest

from livefoley.core.errors import OutputError
from livefoley.runtime import supervise as module
from livefoley.runtime.supervise import supervise
from tests.support.waiting import LIMIT_S


async def test_a_part_that_fails_is_begun_again_until_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", (0.001, 0.002))
    faults: list[Exception] = [ValueError("ours"), OutputError("theirs"), OSError("the system's")]

    async def part() -> None:
        if faults:
            raise faults.pop()

    await asyncio.wait_for(supervise("part", part), LIMIT_S)
    assert not faults


async def test_a_part_can_be_cancelled_while_it_waits() -> None:
    async def part() -> None:
        raise ValueError

    task = asyncio.create_task(supervise("part", part, room="a"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, LIMIT_S)
