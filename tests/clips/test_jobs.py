"""Clips as jobs of a real Redis and real workers: each made once, whoever dies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis

from livefoley.clips import lease
from livefoley.clips.job import JobDirectory
from livefoley.clips.lease import leased
from livefoley.clips.model import ClipState
from livefoley.core.errors import OutputError
from livefoley.runtime.clips.celery_app import BATCH, DEAD, LIVE, MAX_ATTEMPTS, TASK, make_celery
from livefoley.runtime.clips.queue import ClipQueue
from tests.clips.finished import finished, metadata
from tests.clips.jobs import JOB
from tests.peers import free_port, require

WORKER = (
    "from livefoley.runtime.clips import celery_app\n"
    "celery_app.BACKOFF_S = (0.1, 0.2); celery_app.BUSY_S = 0.3\n"
    "celery_app.run_worker({broker!r}, 1, 5)"
)
FINISHED = ("cutting", "sounding", "checking")


@contextlib.contextmanager
def redis_server(folder: Path, port: int) -> Iterator[str]:
    command = [require("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    running = subprocess.Popen([*command, "--appendonly", "yes"], stdout=subprocess.DEVNULL)
    try:
        until(lambda: ping(port))
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        running.terminate()
        running.wait(10)


def ping(port: int) -> bool:
    with contextlib.suppress(redis.RedisError):
        return bool(redis.Redis(port=port).ping())
    return False


def until(condition: Callable[[], bool], timeout_s: float = 90.0) -> None:
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.05)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis"), free_port()) as url:
        yield url


@pytest.fixture
def start(broker: str) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start workers; they are gone after the test, and so is what they left in the queues."""
    running: list[subprocess.Popen[bytes]] = []

    def begin() -> subprocess.Popen[bytes]:
        code = WORKER.format(broker=broker)
        running.append(subprocess.Popen([sys.executable, "-c", code], start_new_session=True))
        return running[-1]

    yield begin
    for worker in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(10)
    redis.Redis.from_url(broker).flushall()


def job(folder: Path, number: int, done: tuple[str, ...] = FINISHED) -> JobDirectory:
    """Write down the job of a clip that has only to be published."""
    content_id = f"{number:032x}"
    made = JobDirectory(folder / "jobs" / content_id)
    made.path.mkdir(parents=True)
    made.create(replace(JOB, id=content_id, content_id=content_id))
    finished(made.path, metadata(content_id))
    made.change(done=done)
    return made


def tools(folder: Path) -> dict[str, Any]:
    return {"libraries": [], "place": str(folder / "published")}


def send(broker: str, folder: Path, jobs: list[JobDirectory], queue: str = LIVE) -> None:
    app = make_celery(broker, 5)
    for each in jobs:
        app.send_task(TASK, (str(each.path), tools(folder)), queue=queue)


def published(folder: Path) -> dict[str, int]:
    """Return what is published, and when."""
    return {path.parent.name: path.stat().st_mtime_ns for path in (folder / "published").rglob("metadata.json")}


@pytest.mark.timeout(200)
async def test_no_clip_is_lost_or_published_twice_when_a_worker_is_killed(
    broker: str, start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    jobs, over = [job(tmp_path, number) for number in range(40)], list[str]()
    queue = ClipQueue(make_celery(broker, 5), lambda header, _: note(header, over), lambda: None)
    running = asyncio.create_task(queue.run())
    await asyncio.sleep(0)
    queue.send_nowait({"op": "open", "tools": tools(tmp_path)})
    for each in jobs:
        queue.send_nowait({"op": "make", "id": each.path.name, "directory": str(each.path)})
    victim, _ = start(), start()
    await asyncio.to_thread(send, broker, tmp_path, jobs[:10])  # some are delivered twice in any case
    await asyncio.to_thread(until, lambda: len(published(tmp_path)) >= 5)
    os.killpg(victim.pid, signal.SIGKILL)
    early = published(tmp_path)
    await asyncio.to_thread(until, lambda: len(over) == 40, 120)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    late = published(tmp_path)
    assert len(late) == len(set(over)) == 40
    assert {name: late[name] for name in early} == early
    assert {each.record().state for each in jobs} == {ClipState.READY}


def note(header: dict[str, Any], over: list[str]) -> None:
    if header["op"] == "over":
        over.append(header["id"])


def queued(broker: str) -> int:
    """Return how many messages wait or are being worked on."""
    server = redis.Redis.from_url(broker)
    return int(server.llen(LIVE) + server.llen(BATCH) + server.hlen("unacked"))  # type: ignore[operator]


@pytest.mark.timeout(150)
def test_live_clips_go_first_and_a_worker_that_is_stopped_finishes(
    broker: str, start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    batch, live = ([job(tmp_path, number) for number in numbers] for numbers in (range(15), range(100, 115)))
    send(broker, tmp_path, batch, BATCH)
    send(broker, tmp_path, live)
    worker = start()
    until(lambda: len(published(tmp_path)) == 30)
    order = sorted((when, name) for name, when in published(tmp_path).items())
    first = [int(name.rpartition("-")[2], 16) >= 100 for _, name in order[:14]]
    assert sum(first) >= 13  # one of the batch may have been taken while nothing else was there
    worker.terminate()
    assert worker.wait(30) == 0
    assert queued(broker) == 0


@pytest.mark.timeout(150)
def test_a_clip_that_cannot_be_made_is_tried_again_and_put_aside(
    broker: str, start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    broken = job(tmp_path, 7)
    (tmp_path / "published").write_text("a file where a directory should be")
    send(broker, tmp_path, [broken])
    start()
    until(lambda: bool(redis.Redis.from_url(broker).llen(DEAD)))
    record = broken.record()
    assert (record.state, record.attempts) == (ClipState.FAILED, MAX_ATTEMPTS)
    assert "published" in record.error
    assert queued(broker) == 0


@pytest.mark.timeout(150)
async def test_jobs_wait_for_a_broker_that_is_away_and_are_told_as_they_go(tmp_path: Path) -> None:
    port, heard = free_port(), list[dict[str, Any]]()
    queue = ClipQueue(
        make_celery(f"redis://127.0.0.1:{port}/0", 5), lambda header, _: heard.append(header), lambda: None
    )
    running = asyncio.create_task(queue.run())
    made = job(tmp_path, 1)
    await asyncio.sleep(0)
    queue.send_nowait({"op": "open", "tools": tools(tmp_path)})
    assert queue.send_nowait({"op": "make", "id": "a", "directory": str(made.path)})
    async with asyncio.timeout(60):
        while queue.statistics().dropped == 0:  # noqa: ASYNC110 - of a thread
            await asyncio.sleep(0.02)
    with redis_server(tmp_path, port) as url:
        code = WORKER.format(broker=url)
        worker = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)  # noqa: ASYNC220
        try:
            async with asyncio.timeout(90):
                while not heard or heard[-1]["op"] != "over":  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            worker.wait(10)
    assert '"ready"' in heard[-1]["record"]
    assert queue.statistics().alive


# ---- leases ----


def test_a_directory_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with leased(tmp_path) as first, leased(tmp_path) as second:
        assert (first, second) == (True, False)
    with leased(tmp_path) as again:
        assert again
    assert list(tmp_path.iterdir()) == []


def test_a_lease_of_a_process_that_died_is_taken_over(tmp_path: Path) -> None:
    code = "import os, pathlib, sys\nfrom livefoley.clips.lease import leased\n"
    code += "with leased(pathlib.Path(sys.argv[1])):\n    os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code, tmp_path], check=False, timeout=60).returncode == 9
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
