"""The supervisor of worker processes, against real processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator

import pytest
import structlog

from livefoley.runtime.workers.link import Failed
from livefoley.runtime.workers.process import MAX_BACKLOG, WorkerProcess
from tests.runtime.echo_worker import ECHO, Babble, Die, Echo, Echoed, Fail, Hang, ToEcho
from tests.support.waiting import until


class Rig:
    """A worker with what it said."""

    def __init__(self) -> None:
        self.said: list[tuple[Echoed | Failed, bytes]] = []
        self.readies = 0
        self.worker = WorkerProcess(
            "echo",
            "tests.runtime.echo_worker",
            ECHO,
            on_message=self._message,
            on_ready=self._ready,
            hang_timeout_s=0.5,
        )

    def _message(self, message: Echoed | Failed, payload: bytes) -> None:
        self.said.append((message, payload))

    def _ready(self) -> None:
        self.readies += 1


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    task = asyncio.create_task(rig.worker.run())
    await until(lambda: rig.readies == 1)
    yield rig
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert rig.worker.pid is None


async def test_messages_go_there_and_back_with_their_payload(rig: Rig) -> None:
    payload = os.urandom(1_000_000)
    for n in range(3):
        rig.worker.send_nowait(Echo(n), payload)
    await until(lambda: len(rig.said) == 3)
    assert [message for message, _ in rig.said] == [Echoed(0), Echoed(1), Echoed(2)]
    assert all(data == payload for _, data in rig.said)


async def test_what_a_worker_prints_is_told_in_the_log_and_breaks_nothing() -> None:
    with structlog.testing.capture_logs() as logged:
        rig = Rig()
        task = asyncio.create_task(rig.worker.run())
        await until(lambda: rig.readies == 1)
        rig.worker.send_nowait(Echo(1))
        await until(lambda: rig.said)
        rig.worker.send_nowait(Die())
        await until(lambda: rig.readies == 2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    printed = [line["line"] for line in logged if line["event"] == "a child printed"]
    at_once = "printed while it was imported"
    assert printed == [at_once, "a library that prints", "a C library that prints", at_once]
    (stopped,) = (line for line in logged if line["event"] == "worker stopped, starting it again")
    assert stopped["reason"] == "the worker closed its pipe; it ended with status 3"


async def test_a_message_that_cannot_be_handled_costs_itself_alone(rig: Rig) -> None:
    rig.worker.send_nowait(Fail(7))
    rig.worker.send_nowait(Echo(1))
    await until(lambda: len(rig.said) == 2)
    assert [message for message, _ in rig.said] == [Failed("fail", "ValueError('no good')", 7), Echoed(1)]
    assert rig.worker.statistics().starts == 1


@pytest.mark.parametrize("head", ["", "{}", '{"op":"moved"}', '{"op":"echoed"}', '{"op":"echoed","n":1,"m":2}', "[]"])
async def test_what_a_worker_may_not_say_is_counted_and_costs_nothing_else(rig: Rig, head: str) -> None:
    rig.worker.send_nowait(Babble(head))
    rig.worker.send_nowait(Echo(1))
    await until(lambda: rig.said)
    assert rig.said == [(Echoed(1), b"")]
    assert (rig.worker.statistics().unusable, rig.worker.statistics().starts) == (1, 1)


@pytest.mark.parametrize("head", [b"", b"{}", b'{"op":"make"}', b'{"op":"echo","n":"1"}', b"\xff"])
async def test_what_a_worker_is_not_told_fails_and_costs_nothing_else(rig: Rig, head: bytes) -> None:
    rig.worker.write_nowait(head)
    rig.worker.send_nowait(Echo(1))
    await until(lambda: len(rig.said) == 2)
    failed = rig.said[0][0]
    assert isinstance(failed, Failed)
    assert failed.of == ""
    assert "not what this worker is told" in failed.error
    assert rig.said[1] == (Echoed(1), b"")


async def test_a_killed_worker_is_started_again(rig: Rig) -> None:
    pid = rig.worker.pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    await until(lambda: rig.readies == 2)
    assert rig.worker.pid != pid
    rig.worker.send_nowait(Echo(5))
    await until(lambda: len(rig.said) == 1)


async def test_a_hung_worker_is_killed_and_started_again(rig: Rig) -> None:
    rig.worker.send_nowait(Hang())
    await until(lambda: rig.readies == 2)
    assert rig.worker.statistics().hangs == 1


async def test_a_worker_that_dies_of_a_message_does_not_take_the_parent_along(rig: Rig) -> None:
    for readies in (2, 3):
        rig.worker.send_nowait(Die())
        await until(lambda readies=readies: rig.readies == readies)
    assert rig.worker.statistics().starts == 3


async def test_what_a_stuck_worker_cannot_take_is_dropped_and_counted(rig: Rig) -> None:
    rig.worker.send_nowait(Hang())
    chunk = bytes(1 << 20)
    sent = sum(rig.worker.send_nowait(Echo(n), chunk) for n in range(60))
    assert sent * len(chunk) <= MAX_BACKLOG + 2 * len(chunk)
    assert rig.worker.statistics().dropped == 60 - sent


async def test_sending_to_a_worker_that_was_never_started_is_a_counted_drop() -> None:
    worker = WorkerProcess("none", "tests.runtime.echo_worker", ECHO, on_message=lambda message, payload: None)
    assert not worker.send_nowait(Echo(0))
    assert worker.statistics().dropped == 1


async def test_what_a_worker_is_told_first_may_take_longer_than_anything_later() -> None:
    worker: WorkerProcess[ToEcho, Echoed] = WorkerProcess(
        "echo",
        "tests.runtime.echo_worker",
        ECHO,
        on_message=lambda message, payload: None,
        on_ready=lambda: worker.send_nowait(Hang(2.5)),
        hang_timeout_s=0.5,
        first_timeout_s=60.0,
    )
    task = asyncio.create_task(worker.run())
    await until(lambda: worker.ready)
    assert not worker.caught_up
    await until(lambda: worker.caught_up)
    assert worker.statistics().hangs == 0
    worker.send_nowait(Hang())
    await until(lambda: worker.statistics().hangs == 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
