"""Clips as jobs of real brokers, Redis and RabbitMQ, and real workers: each made once, whoever dies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from livefoley.clips.jobs import lease
from livefoley.clips.jobs.job import Job, JobDirectory
from livefoley.clips.jobs.lease import is_leased, leased
from livefoley.clips.model import ClipState, Priority
from livefoley.clips.tool_settings import PublishSettings, ToolSettings
from livefoley.core.errors import OutputError
from livefoley.engine.planner import PlannerSettings
from livefoley.foley.description.lexicon import action_prompts
from livefoley.runtime.clips.celery_app import DEAD, JOBS, MAX_ATTEMPTS, TASK, hand_over, make_celery
from livefoley.runtime.clips.job_queue import ClipQueue
from livefoley.runtime.clips.messages import ClipOver, FromClips, MakeClip, OpenTools
from livefoley.runtime.workers.link import Failed
from tests.clips.brokers import Broker, RabbitMQ, running
from tests.clips.finished import finished, metadata
from tests.clips.jobs import JOB
from tests.support.waiting import LIMIT_S, wait_until

pytestmark = pytest.mark.live

WORKER = (
    "from livefoley.runtime.clips import celery_worker\n"
    "celery_worker.BACKOFF_S = (0.1, 0.2); celery_worker.BUSY_S = 0.3\n"
    "celery_worker.run_worker({broker!r}, 1, 5)"
)
FINISHED = ("cutting", "sounding", "checking")


BROKERS = [
    pytest.param(Broker, id="redis", marks=pytest.mark.xdist_group("redis")),
    pytest.param(RabbitMQ, id="amqp", marks=pytest.mark.xdist_group("amqp")),
]


@pytest.fixture(scope="module", params=BROKERS)
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running(request.param(tmp_path_factory.mktemp("broker"))) as found:
        yield found


@pytest.fixture
def start(broker: Broker) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start workers; they are gone after the test, and so is what they left in the queues."""
    workers: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        code = WORKER.format(broker=broker.url)
        workers.append(subprocess.Popen([sys.executable, "-c", code], start_new_session=True))
        return workers[-1]

    yield begin
    for worker in workers:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(LIMIT_S)
    broker.clear(JOBS, DEAD)


def job(folder: Path, number: int, done: tuple[str, ...] = FINISHED) -> JobDirectory:
    """Write down the job of a clip that has only to be published."""
    content_id = f"{number:032x}"
    made = JobDirectory(folder / "jobs" / content_id)
    made.path.mkdir(parents=True)
    made.create(replace(JOB, id=content_id, content_id=content_id))
    finished(made.path, metadata(content_id))
    made.change(done=done)
    return made


def tools(folder: Path) -> ToolSettings:
    return ToolSettings((), PublishSettings(str(folder / "published")))


def send(broker: Broker, folder: Path, jobs: list[JobDirectory], priority: Priority = Priority.LIVE) -> None:
    app = make_celery(broker.url, 5)
    for each in jobs:
        hand_over(app, TASK, (str(each.path), tools(folder).to_json()), priority)


def published(folder: Path) -> dict[str, int]:
    """Return what is published, and when."""
    return {path.parent.name: path.stat().st_mtime_ns for path in (folder / "published").rglob("metadata.json")}


@pytest.mark.timeout(200)
async def test_no_clip_is_lost_or_published_twice_when_a_worker_is_killed(
    broker: Broker, start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    jobs, over = [job(tmp_path, number) for number in range(40)], list[str]()
    queue = ClipQueue(make_celery(broker.url, 5), lambda message, _: note(message, over), lambda: None)
    handing = asyncio.create_task(queue.run())
    await asyncio.sleep(0)
    queue.send_nowait(OpenTools(tools(tmp_path)))
    for each in jobs:
        queue.send_nowait(order(each))
    victim, _ = start(), start()
    await asyncio.to_thread(send, broker, tmp_path, jobs[:10])  # some are delivered twice in any case
    await asyncio.to_thread(wait_until, lambda: len(published(tmp_path)) >= 5)
    os.killpg(victim.pid, signal.SIGKILL)
    early = published(tmp_path)
    await asyncio.to_thread(wait_until, lambda: len(over) == 40, 120)
    handing.cancel()
    await asyncio.gather(handing, return_exceptions=True)
    late = published(tmp_path)
    assert len(late) == len(set(over)) == 40
    assert {name: late[name] for name in early} == early
    assert {each.record().state for each in jobs} == {ClipState.READY}


def note(message: FromClips | Failed, over: list[str]) -> None:
    if isinstance(message, ClipOver):
        over.append(message.id)


def order(made: JobDirectory) -> MakeClip:
    return MakeClip(made.path.name, str(made.path), Priority.LIVE)


@pytest.mark.timeout(150)
def test_live_clips_go_first_and_a_worker_that_is_stopped_finishes(
    broker: Broker, start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    batch, live = ([job(tmp_path, number) for number in numbers] for numbers in (range(15), range(100, 115)))
    send(broker, tmp_path, batch, Priority.BATCH)
    send(broker, tmp_path, live)
    worker = start()
    wait_until(lambda: len(published(tmp_path)) == 30)
    in_order = sorted((when, name) for name, when in published(tmp_path).items())
    assert all(int(name.rpartition("-")[2], 16) >= 100 for _, name in in_order[:15])
    worker.terminate()
    assert worker.wait(LIMIT_S) == 0
    assert broker.waiting(JOBS) == 0


@pytest.mark.timeout(150)
def test_a_clip_that_cannot_be_made_is_tried_again_and_put_aside(
    broker: Broker, start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    broken = job(tmp_path, 7)
    (tmp_path / "published").write_text("a file where a directory should be")
    send(broker, tmp_path, [broken], Priority.BATCH)
    hand_over(make_celery(broker.url), "a task of nobody", ())
    worker, dead = start(), 1 + broker.keeps_refused
    wait_until(lambda: broker.waiting(DEAD) == dead)
    record = broken.record()
    assert (record.state, record.attempts) == (ClipState.FAILED, MAX_ATTEMPTS)
    assert "published" in record.error
    worker.terminate()  # what it had not acknowledged would be there again
    assert worker.wait(LIMIT_S) == 0
    assert (broker.waiting(JOBS), broker.waiting(DEAD)) == (0, dead)


@pytest.mark.timeout(300)
async def test_jobs_outlive_a_broker_that_dies_and_are_told_as_they_go(
    broker: Broker, start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is made and not acknowledged yet, one is in the broker, one is asked for while the broker is away."""
    monkeypatch.setattr(
        "livefoley.runtime.clips.job_queue.LOST_S", 15.0
    )  # Redis may forget the last second when killed
    over = list[str]()
    queue = ClipQueue(make_celery(broker.url, 5), lambda message, _: note(message, over), lambda: None)
    handing = asyncio.create_task(queue.run())
    made, kept, late = (job(tmp_path, number) for number in range(3))
    worker = start()
    await asyncio.to_thread(send, broker, tmp_path, [made])
    await asyncio.to_thread(wait_until, lambda: is_leased(made.path) or bool(published(tmp_path)))
    os.kill(worker.pid, signal.SIGSTOP)  # what talks to the broker; what makes clips goes on
    await asyncio.to_thread(wait_until, lambda: len(published(tmp_path)) == 1)
    queue.send_nowait(OpenTools(tools(tmp_path)))
    queue.send_nowait(order(kept))
    await asyncio.to_thread(wait_until, lambda: queue.statistics().alive)
    broker.kill()
    queue.send_nowait(order(late))
    await asyncio.to_thread(wait_until, lambda: queue.statistics().dropped > 0)
    os.kill(worker.pid, signal.SIGCONT)  # it finds the broker again by itself
    await asyncio.to_thread(broker.start)
    await asyncio.to_thread(wait_until, lambda: len(over) == 2)
    handing.cancel()
    await asyncio.gather(handing, return_exceptions=True)
    assert {each.record().state for each in (made, kept, late)} == {ClipState.READY}
    assert queue.statistics().alive


async def test_a_job_that_nobody_begins_is_handed_over_again(
    broker: Broker, start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("livefoley.runtime.clips.job_queue.LOST_S", 0.5)
    queue = ClipQueue(make_celery(broker.url, 5), lambda message, _: None, lambda: None)
    handing = asyncio.create_task(queue.run())
    queue.send_nowait(OpenTools(tools(tmp_path)))
    queue.send_nowait(order(job(tmp_path, 1)))
    await asyncio.to_thread(wait_until, lambda: broker.waiting(JOBS) == 1)
    broker.clear(JOBS)
    await asyncio.to_thread(wait_until, lambda: broker.waiting(JOBS) >= 1)
    handing.cancel()
    await asyncio.gather(handing, return_exceptions=True)


# ---- leases ----


def test_a_job_that_was_written_down_plans_the_same_sounds() -> None:
    for text in ("cars drive past on a road", "a helicopter flying, footsteps on gravel", ""):
        job = replace(JOB, plan=PlannerSettings(prompts=action_prompts(text)))
        assert Job.from_json(job.to_json()) == job


def test_a_directory_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with leased(tmp_path) as first, leased(tmp_path) as second:
        assert (first, second) == (True, False)
    with leased(tmp_path) as again:
        assert again
    assert list(tmp_path.iterdir()) == []


def test_a_lease_of_a_process_that_died_is_taken_over(tmp_path: Path) -> None:
    code = "import os, pathlib, sys\nfrom livefoley.clips.jobs.lease import leased\n"
    code += "with leased(pathlib.Path(sys.argv[1])):\n    os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code, tmp_path], check=False, timeout=LIMIT_S).returncode == 9
    assert lease.is_abandoned(tmp_path)
    with leased(tmp_path) as ours:
        assert ours


def test_a_lease_of_another_machine_that_nobody_touches_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / lease.NAME
    path.write_text('{"host": "elsewhere", "pid": 1}')
    with leased(tmp_path) as ours:
        assert not ours
    os.utime(path, (0, 0))
    with leased(tmp_path) as ours:
        assert ours


def test_a_directory_that_is_not_there_cannot_be_taken(tmp_path: Path) -> None:
    with pytest.raises(OutputError), leased(tmp_path / "nowhere"):
        pass
