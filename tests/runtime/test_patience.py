"""Whether a silent worker hangs or starves: the rule as a table, and real processes that do either."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from livefoley.runtime.patience import Reading, Turns, Verdict, Vigil, verdict
from livefoley.runtime.workers import process
from livefoley.runtime.workers.process import WorkerProcess
from livefoley.system.processor import ProcessorUse, processor_use, stalled_s
from tests.runtime.echo_worker import ECHO, Burn, Echo, Echoed, Hang, ToEcho
from tests.support.waiting import until

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only where there is /proc")


def reading(used_s: float, waited_s: float, stalled_s: float | None = 0.0, stopped: bool = False) -> Reading:
    pressure = {} if stalled_s is None else {"cpu": stalled_s, "memory": 7.0}
    return Reading(ProcessorUse(used_s, {1: waited_s, 2: 0.0}, stopped), pressure)


BEFORE = reading(100.0, 50.0, 1000.0)


@pytest.mark.parametrize(
    ("what", "silent_s", "after", "found"),
    [
        ("has just spoken", 2.9, reading(100.0, 50.0, 1000.0), Verdict.WORKS),
        ("sleeps on an idle machine", 3.1, reading(100.0, 50.0, 1000.0), Verdict.HANGS),
        ("spins alone", 3.1, reading(103.1, 50.0, 1000.0), Verdict.HANGS),
        ("spins while others wait", 3.1, reading(103.1, 50.0, 1003.1), Verdict.HANGS),
        ("gets next to nothing", 3.1, reading(100.1, 52.9, 1003.1), Verdict.STARVES),
        ("gets half of what it wants", 5.0, reading(102.5, 52.5, 1005.0), Verdict.STARVES),
        ("has spun for its whole time, slowly", 7.0, reading(103.1, 53.9, 1007.0), Verdict.HANGS),
        ("sleeps while the machine is short of everything", 3.1, reading(100.0, 50.0, 1003.0), Verdict.STARVES),
        ("sleeps while the machine is a little busy", 4.0, reading(100.0, 50.0, 1000.8), Verdict.HANGS),
        ("is starved for ever", 30.1, reading(100.1, 80.0, 1030.0), Verdict.HANGS),
        ("is stopped on a busy machine", 3.1, reading(100.0, 50.0, 1003.1, stopped=True), Verdict.HANGS),
        ("is starved, and nobody tells of pressure", 3.1, reading(100.1, 52.9, None), Verdict.STARVES),
        ("is gone, or there is no /proc", 3.1, Reading(), Verdict.HANGS),
    ],
)
def test_a_worker_that(what: str, silent_s: float, after: Reading, found: Verdict) -> None:
    assert verdict(silent_s, 3.0, BEFORE, after) is found, what


def test_without_proc_silence_is_all_that_counts() -> None:
    assert verdict(2.9, 3.0, Reading(), Reading()) is Verdict.WORKS
    assert verdict(3.1, 3.0, Reading(), Reading()) is Verdict.HANGS


def test_want_of_memory_counts_though_want_of_a_processor_was_longer_before() -> None:
    before, after = (replace(BEFORE, stalled_s={"cpu": 1000.0, "memory": total}) for total in (7.0, 10.0))
    assert verdict(3.1, 3.0, before, after) is Verdict.STARVES


@pytest.mark.parametrize(("timeout_s", "most_s"), [(0.5, 5.0), (3.0, 30.0), (120.0, 180.0)])
def test_patience_has_an_end(timeout_s: float, most_s: float) -> None:
    after = reading(100.0, 50.0 + most_s, 1000.0 + most_s)
    assert verdict(most_s - 0.01, timeout_s, BEFORE, after) is Verdict.STARVES
    assert verdict(most_s + 0.01, timeout_s, BEFORE, after) is Verdict.HANGS


def test_time_in_which_we_did_not_look_ourselves_is_no_silence() -> None:
    at = 0.0
    vigil = Vigil(lambda: at, Reading)
    at = 60.0  # the process was stopped, or its loop stood
    assert vigil.look(3.0) is Verdict.WORKS
    for _ in range(4):
        at += 0.5
        assert vigil.look(3.0) is Verdict.WORKS
    at += 0.5
    assert vigil.look(3.0) is Verdict.HANGS
    vigil.heard()
    assert vigil.look(3.0) is Verdict.WORKS


def test_one_at_a_time_is_started_anew() -> None:
    at = 0.0
    turns = Turns(2.0, lambda: at)
    assert turns.take("a")
    assert turns.take("a")
    assert not turns.take("b")
    turns.leave("b")  # who has no turn cannot give it
    assert not turns.take("b")
    turns.leave("a")
    assert turns.take("b")
    at = 2.0  # it does not get ready
    assert turns.take("a")


@LINUX
def test_what_proc_tells_of_this_process() -> None:
    use = processor_use(os.getpid())
    assert use is not None
    assert use.used_s > 0.0
    assert not use.stopped


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    assert processor_use(1, tmp_path) is None
    assert stalled_s(tmp_path) == {}
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "stat").write_text("1 (a) b) R 1")
    assert processor_use(1, tmp_path) is None
    (tmp_path / "pressure").mkdir()
    (tmp_path / "pressure" / "cpu").write_text("nonsense\n")
    assert stalled_s(tmp_path) == {}


# ---- real processes ----


@contextlib.asynccontextmanager
async def running(hang_timeout_s: float) -> AsyncIterator[WorkerProcess[ToEcho, Echoed]]:
    worker = WorkerProcess(
        "echo",
        "tests.runtime.echo_worker",
        ECHO,
        on_message=lambda message, payload: None,
        hang_timeout_s=hang_timeout_s,
    )
    task = asyncio.create_task(worker.run())
    try:
        await until(lambda: worker.caught_up)
        yield worker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.skipif(sys.platform == "win32", reason="only where there is SIGSTOP")
async def test_a_stopped_worker_is_killed_and_started_again() -> None:
    async with running(0.5) as worker:
        before = worker.pid
        assert before is not None
        os.kill(before, signal.SIGSTOP)
        await until(lambda: worker.caught_up and worker.pid != before)
        assert worker.statistics().hangs == 1


@pytest.mark.parametrize("stuck", [Hang(), Burn()], ids=["asleep", "computing"])
async def test_a_worker_that_does_not_come_back_is_killed_and_started_again(stuck: ToEcho) -> None:
    async with running(0.5) as worker:
        before = worker.pid
        worker.send_nowait(stuck)
        await until(lambda: worker.caught_up and worker.pid != before)
        assert worker.statistics().hangs == 1


@LINUX
async def test_a_starved_worker_is_waited_for() -> None:
    async with running(2.0) as worker:
        assert worker.pid is not None
        child, processor = psutil.Process(worker.pid), min(os.sched_getaffinity(0))
        child.nice(19)
        child.cpu_affinity([processor])
        others = [await busy(processor) for _ in range(3)]
        try:
            worker.send_nowait(Burn(1.0))
            worker.send_nowait(Echo(1))
            with contextlib.suppress(TimeoutError):  # a processor may have time to spare whatever one does
                await until(lambda: worker.statistics().starvations == 1, 20.0)
        finally:
            for other in others:
                with contextlib.suppress(ProcessLookupError):
                    other.kill()
                await other.wait()
        child.cpu_affinity(sorted(os.sched_getaffinity(0)))
        await until(lambda: worker.behind_s == 0.0)
        assert (worker.pid, worker.statistics().hangs, worker.statistics().starts) == (child.pid, 0, 1)


async def busy(processor: int) -> asyncio.subprocess.Process:
    """Keep a processor busy for half a minute at the most: other tests want it, too.

    In a session of its own: where the system shares a processor between sessions, and nice counts within one alone, one
    more is one more.
    """
    code = "import os, time; os.sched_setaffinity(0, {%d}); end = time.time() + 30\nwhile time.time() < end: pass"
    return await asyncio.create_subprocess_exec(sys.executable, "-c", code % processor, start_new_session=True)


@pytest.mark.skipif(sys.platform == "win32", reason="only where there is SIGSTOP")
async def test_of_several_hung_workers_one_at_a_time_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "TURNS", Turns(turn_s=1000.0))
    async with contextlib.AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(running(0.5)) for _ in range(3)]
        for worker in workers:
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGSTOP)
        away: list[int] = []
        while sum(worker.statistics().starts for worker in workers) < 6 or not all(w.caught_up for w in workers):
            away.append(sum(not worker.ready for worker in workers))
            await asyncio.sleep(0.01)
        assert max(away) == 1
        assert [(worker.statistics().starts, worker.statistics().hangs) for worker in workers] == [(2, 1)] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="only where there is SIGSTOP")
async def test_who_answers_while_it_waits_for_its_turn_is_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = CountedTurns(turn_s=1000.0)
    monkeypatch.setattr(process, "TURNS", turns)
    async with running(0.5) as worker:
        assert worker.pid is not None
        before = worker.pid
        turns.take("another")
        os.kill(before, signal.SIGSTOP)
        await until(lambda: turns.refused)
        os.kill(before, signal.SIGCONT)
        await until(lambda: worker.behind_s == 0.0)
        turns.leave("another")
        assert (worker.pid, worker.statistics().hangs) == (before, 0)


class CountedTurns(Turns):
    refused = 0

    def take(self, who: object) -> bool:
        taken = super().take(who)
        self.refused += not taken
        return taken
