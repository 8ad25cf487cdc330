"""Worker processes that rooms share, against real ones."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from livefoley.runtime.workers import shared
from livefoley.runtime.workers.link import Failed
from livefoley.runtime.workers.process import MAX_BACKLOG
from livefoley.runtime.workers.shared import SharedWorkers, processes_for
from tests.runtime.counting_worker import COUNTER, Count, Die, Done, Fail, ToCounter, Work
from tests.support.waiting import until

MODULE = "tests.runtime.counting_worker"


class Client:
    """A room at a shared worker, with what it was told."""

    def __init__(self, name: str, workers: SharedWorkers[ToCounter, Done]) -> None:
        self.said: list[Done | Failed] = []
        self.readies = 0
        self.seat = workers.seat(name, lambda message, payload: self.said.append(message), self._ready)

    def _ready(self) -> None:
        self.readies += 1

    @property
    def numbers(self) -> list[int]:
        return [said.n for said in self.done]

    @property
    def done(self) -> list[Done]:
        return [said for said in self.said if isinstance(said, Done)]


@asynccontextmanager
async def running(*names: str, count: int = 1, hang_timeout_s: float = 3.0) -> AsyncIterator[list[Client]]:
    """Rooms at ``count`` processes that have started."""
    workers = SharedWorkers("counting", MODULE, COUNTER, count, hang_timeout_s)
    clients = [Client(name, workers) for name in names]
    task = asyncio.create_task(workers.run())
    await until(lambda: workers.ready)
    try:
        yield clients
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    ("rooms", "cpus", "count"), [(0, 2, 1), (1, 16, 1), (4, 16, 1), (8, 16, 2), (8, 1, 1), (99, 4, 4)]
)
def test_one_process_serves_four_rooms_and_there_are_no_more_than_processors(rooms: int, cpus: int, count: int) -> None:
    assert processes_for(rooms, cpus) == count


async def test_rooms_are_spread_evenly_and_hear_only_what_is_theirs() -> None:
    async with running("a", "b", "c", "d", count=2) as clients:
        for number, client in enumerate(clients):
            client.seat.send_nowait(Count(number))
            client.seat.send_nowait(Count(number))
        await until(lambda: all(len(client.said) == 2 for client in clients))
        assert [client.numbers for client in clients] == [[0, 0], [1, 1], [2, 2], [3, 3]]
        assert [[said.count for said in client.done] for client in clients] == [[1, 2]] * 4
        pids = [client.done[0].pid for client in clients]
        assert sorted(pids.count(pid) for pid in set(pids)) == [2, 2]


async def test_a_room_that_asks_much_waits_for_itself_alone() -> None:
    async with running("busy", "calm") as (busy, calm):
        for number in range(100):
            busy.seat.send_nowait(Work(0.05, number))
        await until(lambda: len(busy.said) > 2)
        calm.seat.send_nowait(Count(7))
        await until(lambda: calm.numbers == [7])
        assert len(busy.said) < 50  # FIFO would have made all hundred first
        await until(lambda: busy.seat.behind_s > 0.6)
        assert calm.seat.behind_s < busy.seat.behind_s - 0.3
        await until(lambda: len(busy.said) == 100)
        assert busy.numbers == list(range(100))
        await until(lambda: busy.seat.behind_s < 0.6)


async def test_what_cannot_be_handled_costs_its_room_that_message() -> None:
    async with running("bad", "good") as (bad, good):
        bad.seat.send_nowait(Fail())
        good.seat.send_nowait(Count(1))
        await until(lambda: bool(bad.said and good.said))
        assert bad.said == [Failed("fail", "ValueError('no good')")]
        assert good.numbers == [1]
        assert bad.seat.statistics().starts == 1


async def test_a_killed_or_hung_worker_is_started_again_and_told_of_every_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "DEATHS", 9)  # its rooms stay together
    async with running("a", "b", hang_timeout_s=0.5) as (a, b):
        psutil.Process(a.seat.process.worker.pid).kill()
        await until(lambda: a.readies == b.readies == 2)
        a.seat.send_nowait(Work(20))
        await until(lambda: a.readies == b.readies == 3)
        assert b.seat.statistics().hangs == 1
        b.seat.send_nowait(Count(3))
        await until(lambda: b.numbers == [3])


async def test_rooms_of_a_worker_that_dies_again_and_again_get_one_each() -> None:
    async with running("poison", "a", "b") as clients:
        poison, a, b = clients
        for deaths in (1, 2):
            poison.seat.send_nowait(Die())
            await until(lambda deaths=deaths: poison.readies > deaths)  # type: ignore[misc]
        await until(lambda: len({client.seat.process.worker.pid for client in clients} - {None}) == 3)
        await until(lambda: all(client.seat.process.worker.ready for client in clients))
        readies = a.readies, b.readies
        poison.seat.send_nowait(Die())
        await until(lambda: poison.readies > 3)
        for client in (a, b):
            client.seat.send_nowait(Count(5))
        await until(lambda: a.numbers == b.numbers == [5])
        assert (a.readies, b.readies) == readies


async def test_each_room_counts_what_it_lost_itself() -> None:
    async with running("large", "small", hang_timeout_s=30.0) as (large, small):
        pid = large.seat.process.worker.pid
        psutil.Process(pid).suspend()
        chunk = bytes(1_000_000)
        sent = sum(large.seat.send_nowait(Count(), chunk) for _ in range(60))
        assert sent * len(chunk) <= MAX_BACKLOG + 4 * len(chunk)
        assert large.seat.statistics().dropped == 60 - sent
        assert small.seat.statistics().dropped == 0
        psutil.Process(pid).resume()
        await until(lambda: len(large.said) == sent)
        assert small.seat.send_nowait(Count())


async def test_a_room_that_is_gone_is_forgotten_there() -> None:
    async with running("gone", "here") as (gone, here):
        gone.seat.send_nowait(Count(1))
        await until(lambda: gone.numbers == [1])
        gone.seat.leave()
        assert not gone.seat.send_nowait(Count(2))
        here.seat.send_nowait(Count(3))
        await until(lambda: here.numbers == [3])
        assert gone.numbers == [1]
        assert here.seat.process.seats.keys() == {"here"}
