"""What a Celery worker does with a job: makes the clip, tries again, puts aside at last.

A job that fails is tried again with growing pauses and at last put aside, as a failed record and a message in the
queue ``clips.dead``, which nobody consumes.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livefoley.clips import pipeline
from livefoley.clips.jobs.job import JobDirectory, Record
from livefoley.clips.jobs.lease import leased
from livefoley.clips.model import ClipState
from livefoley.clips.open_tools import open_tools
from livefoley.clips.tool_settings import ToolSettings
from livefoley.core.backoff import Backoff
from livefoley.core.errors import LivefoleyError
from livefoley.runtime.clips.celery_app import DEAD, JOBS, MAX_ATTEMPTS, PUT_ASIDE, TASK, WITHDRAW, make_celery

if TYPE_CHECKING:
    from celery import Celery

REQUEST = "livefoley.runtime.clips.celery_request:JobRequest"
BACKOFF_S = (2.0, 60.0)
BUSY_S = 3.0  # until a job that another worker has is looked at again


def make_worker(broker: str, visibility_timeout_s: int) -> Celery:
    """Return the application with its tasks; raises ``ConfigError`` when the extra is missing. Connects to nothing."""
    app = make_celery(broker, visibility_timeout_s)
    app.task(name=TASK, bind=True, max_retries=None, Request=REQUEST)(_make_clip)
    app.task(name=WITHDRAW, Request=REQUEST)(_withdraw)
    return app


def run_worker(broker: str, concurrency: int, visibility_timeout_s: int) -> None:
    """Make clips until SIGTERM, which lets those that are being made be finished; a second one stops at once."""
    app = make_worker(broker, visibility_timeout_s)
    pool = "prefork" if hasattr(signal, "SIGHUP") else "threads"  # Windows has no fork
    options = [
        "--queues",
        JOBS,
        "--concurrency",
        str(concurrency),
        "--pool",
        pool,
        "--loglevel",
        "WARNING",
    ]
    app.worker_main(["--quiet", "worker", *options, "--without-gossip", "--without-mingle", "--without-heartbeat"])


def _make_clip(task: Any, directory: str, tools: Mapping[str, Any]) -> None:
    """Make one clip, as a task of Celery."""
    job = JobDirectory(Path(directory))
    try:
        with leased(job.path) as ours:
            record = _run(job, tools) if ours else None
    except LivefoleyError as error:
        record = _failed(job, str(error))
    except Exception as error:  # a mistake of ours must not take the queue along
        record = _failed(job, f"{type(error).__name__} in the worker")
    if record is None:
        if job.path.is_dir():
            raise task.retry(countdown=BUSY_S)
        return  # it was deleted meanwhile
    if record.state is not ClipState.FAILED:
        return
    if record.attempts < MAX_ATTEMPTS:
        raise task.retry(countdown=Backoff(BACKOFF_S).after(record.attempts))
    task.app.send_task(PUT_ASIDE, (directory, record.error), queue=DEAD)


def _withdraw(prefix: str, content_id: str, tools: Mapping[str, Any]) -> None:
    """Delete what was published of a clip, as a task of Celery."""
    _tools(json.dumps(tools, sort_keys=True)).publisher.withdraw(prefix, content_id)


def _run(job: JobDirectory, tools: Mapping[str, Any]) -> Record | None:
    """Go on with a job; None when it is not there any more."""
    if not job.path.is_dir():
        return None
    record = job.record()
    if record.attempts >= MAX_ATTEMPTS and record.state not in (ClipState.READY, ClipState.QUARANTINED):
        return job.change(
            state=ClipState.FAILED, error=record.error or f"the worker died {record.attempts} times over it"
        )
    return pipeline.run(job, _tools(json.dumps(tools, sort_keys=True)))


def _failed(job: JobDirectory, error: str) -> Record | None:
    try:
        return job.change(state=ClipState.FAILED, error=error)
    except LivefoleyError:
        return None


@cache
def _tools(text: str) -> pipeline.Tools:
    """Return the tools that settings describe; one worker is used by few configurations."""
    return open_tools(ToolSettings.from_json(json.loads(text)))
