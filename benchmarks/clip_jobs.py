"""Clips as jobs of a real Redis and two real workers: how many a second, and what a killed worker costs.

    python benchmarks/clip_jobs.py [--jobs 400]

A light job is one whose clip is there already, as one delivered twice: it takes the whole way through queue, lease and
record, and nothing else. Publishing jobs bring a small clip into a directory, which syncs every file to the disk. Then
a worker that publishes 20 clips at once, to an S3 that takes half a second for each file, is killed (SIGKILL) and
another goes on: no clip may be lost, none published twice.
The last line's `value` is light jobs a second.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from common import clip_metadata, free_port, print_result, print_table, process, quiet, require

from livefoley.clips.jobs.job import Job, JobDirectory
from livefoley.clips.model import ClipFiles, ClipRequest, ClipState
from livefoley.engine.mixer import MixSettings
from livefoley.engine.planner import PlannerSettings
from livefoley.runtime.clips.celery_app import TASK, hand_over, make_celery
from livefoley.runtime.clips.job_queue import ClipQueue

WORKERS, IN_FLIGHT, TARGET = 2, 20, 50.0
SLOW_JOBS, SLOW_S = 60, 0.5
DONE = ("cutting", "sounding", "checking")
_NEVER_S = 120.0
_WORKER = "from livefoley.runtime.clips.celery_worker import run_worker; run_worker({broker!r}, 1, 30)"
_WIDE = (
    "from livefoley.runtime.clips.celery_app import JOBS, make_celery; "
    "make_celery({broker!r}, 30).worker_main(['--quiet', 'worker', '--queues', JOBS, '--pool', 'threads', "
    "'--concurrency', '{wide}', '--loglevel', 'ERROR'])"
)


def write_job(folder: Path, number: int, size: int, **record: Any) -> JobDirectory:
    """Write down a job whose clip of ``size`` bytes has only to be published."""
    content_id = f"{number:032x}"
    made = JobDirectory(folder / "jobs" / content_id)
    files = ClipFiles(made.path / content_id)
    files.directory.mkdir(parents=True)
    files.clip.write_bytes(os.urandom(size))
    files.metadata.write_text(clip_metadata(content_id).to_json(), encoding="utf-8")
    request = ClipRequest("stage", 0.0, 15.0)
    made.create(
        Job(
            id=content_id,
            content_id=content_id,
            session="",
            request=request,
            mix=MixSettings(),
            plan=PlannerSettings(),
            describe="",
            seed=0,
            title="",
            tags=(),
            values={},
            clock=(0, 0.0),
            due_s=time.time(),
        )
    )
    made.change(done=DONE, **record)
    return made


@contextlib.contextmanager
def workers(broker: str, *codes: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run workers, each in a process group of its own."""
    running = [
        subprocess.Popen([sys.executable, "-c", code.format(broker=broker, wide=IN_FLIGHT)], start_new_session=True,
                         stderr=subprocess.DEVNULL)
        for code in codes
    ]  # fmt: skip
    try:
        yield running
    finally:
        for worker in running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def until(condition: Callable[[], bool]) -> None:
    """Wait for ``condition``, and exit when it never comes."""
    end_s = time.monotonic() + _NEVER_S
    while not condition():
        if time.monotonic() > end_s:
            sys.exit("the jobs are not done within two minutes")
        time.sleep(0.01)


def rate(broker: str, folder: Path, jobs: list[JobDirectory], is_done: Callable[[JobDirectory], bool]) -> float:
    """Return how many of these jobs two workers get done in a second, from handing over the first."""
    app, tools = make_celery(broker, 30), tools_of(folder)
    warm = write_job(folder, 10**6 + len(jobs), 100, state=ClipState.READY)
    with workers(broker, *[_WORKER] * WORKERS):
        for _ in range(4 * WORKERS):  # until every worker has its tools open
            hand_over(app, TASK, (str(warm.path), tools))
        until(lambda: warm.record().attempts >= 4 * WORKERS)
        began_s = time.monotonic()
        for job in jobs:
            hand_over(app, TASK, (str(job.path), tools))
        waiting = list(jobs)
        while waiting:
            waiting = [job for job in waiting if not is_done(job)]
            time.sleep(0.02)
            if time.monotonic() - began_s > _NEVER_S:
                sys.exit(f"{len(waiting)} jobs are not done within two minutes")
        return len(jobs) / (time.monotonic() - began_s)


def tools_of(folder: Path) -> dict[str, Any]:
    """Return what the workers open."""
    return {"libraries": [], "place": str(folder / "published")}


class SlowS3:
    """As much of S3 as publishing asks for, over HTTP; ``created`` counts how often each object was made anew."""

    def __init__(self) -> None:
        self.created: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = re.search(r"content-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                method, key, _ = head.split(" ", 2)
                await asyncio.sleep(SLOW_S)
                writer.write(self._answer(method, key, "if-none-match" in head))
                await writer.drain()
        writer.close()

    def _answer(self, method: str, key: str, only_new: bool) -> bytes:
        if method == "put" and not (only_new and self.created[key]):
            self.created[key] += only_new
            return b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 0\r\n\r\n'
        status = b"412 Precondition Failed" if method == "put" else b"404 Not Found"
        return b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"


async def killed(broker: str, folder: Path, jobs: list[JobDirectory]) -> tuple[int, int, int, float]:
    """Kill a worker; return how many jobs it had in flight, how many clips were lost, how many published twice, and
    the seconds from its death until all were over."""
    over, store = set[str](), SlowS3()
    queue = ClipQueue(make_celery(broker, 30), lambda told, _: note(told, over), lambda: None)
    running = asyncio.create_task(queue.run())
    await asyncio.sleep(0)
    async with await asyncio.start_server(store.serve, "127.0.0.1", 0) as server:
        os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        queue.send_nowait({"op": "open", "tools": {"libraries": [], "place": "s3://bucket/clips"}})
        for job in jobs:
            order = {"id": job.path.name, "directory": str(job.path), "priority": "live"}
            queue.send_nowait({"op": "make", **order})
        with workers(broker, _WIDE) as (victim,):
            await asyncio.to_thread(until, lambda: leases(folder) >= IN_FLIGHT)
            os.killpg(victim.pid, signal.SIGKILL)
            victim.wait()
            died_s, flying = time.monotonic(), leases(folder)
            with workers(broker, _WIDE):
                await asyncio.to_thread(until, lambda: len(over) == len(jobs))
    took_s = time.monotonic() - died_s
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    made = [count for count in store.created.values() if count]
    return flying, len(jobs) - len(made), sum(count > 1 for count in made), took_s


def note(told: dict[str, Any], over: set[str]) -> None:
    """Note a job that is over and came out well."""
    if told["op"] == "over" and '"ready"' in told["record"]:
        over.add(told["id"])


def leases(folder: Path) -> int:
    """Return how many jobs a worker has begun and not ended."""
    return sum((path / "lease").exists() for path in (folder / "jobs").iterdir())


def measure(count: int) -> bool:
    """Run it all; say whether it came out well."""
    os.environ.update(AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret", AWS_REGION="eu-central-1")
    with tempfile.TemporaryDirectory() as place:
        root, port = Path(place), free_port()
        command = ("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", root, "--appendonly", "yes")
        with process(*command, log=root / "redis.log"):
            broker = f"redis://127.0.0.1:{port}/0"
            light = [write_job(root / "a", number, 100, state=ClipState.READY) for number in range(count)]
            light_rate = rate(broker, root / "a", light, lambda job: job.record().attempts > 0)
            small = [write_job(root / "b", number, 100_000) for number in range(count // 4)]
            small_rate = rate(broker, root / "b", small, lambda job: job.record().state is ClipState.READY)
            slow = [write_job(root / "c", number, 100_000) for number in range(SLOW_JOBS)]
            flying, lost, twice, took_s = asyncio.run(killed(broker, root / "c", slow))
    rows = [
        ("light jobs a second, two workers", f"{light_rate:.0f}"),
        ("small clips published a second", f"{small_rate:.1f}"),
        ("in flight when the worker was killed", str(flying)),
        (f"clips lost / published twice, of {SLOW_JOBS}", f"{lost} / {twice}"),
        ("until all were over, s", f"{took_s:.1f}"),
    ]
    print_table(("what", "figure"), rows)
    passed = light_rate >= TARGET and flying >= IN_FLIGHT and not lost and not twice
    print_result("clip_jobs_light", round(light_rate, 1), "jobs/s", None, TARGET, passed)
    return passed


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=400)
    given = parser.parse_args()
    quiet()
    require("redis-server")
    sys.exit(0 if measure(given.jobs) else 1)


if __name__ == "__main__":
    main()
