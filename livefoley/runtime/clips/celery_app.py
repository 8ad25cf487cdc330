"""Clips made by Celery workers (``livefoley worker``). A job is a directory both sides see; the queue carries its path.

Delivery is at least once: a message is acknowledged when its job is over, so a worker that dies gives its jobs back (a
killed child at once; a killed worker over AMQP at once, over Redis after ``visibility_timeout_s``). The job's own
record and lease make a second delivery harmless: stages that are done are not done again, a clip is published once, two
workers never share a job. Live clips go before batch ones: both are in one queue, for RabbitMQ serves several in no
order. A job that fails is tried again with growing pauses and at last put aside, as a failed record and a message in
the queue ``clips.dead``, which nobody consumes.
"""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livefoley.clips import pipeline
from livefoley.clips.jobs.job import JobDirectory, Record
from livefoley.clips.jobs.lease import leased
from livefoley.clips.model import ClipState, Priority
from livefoley.clips.open_tools import open_tools
from livefoley.core.errors import ConfigError, LivefoleyError

if TYPE_CHECKING:
    from celery import Celery

JOBS, DEAD = "clips", "clips.dead"
REQUEST = "livefoley.runtime.clips.celery_request:JobRequest"
TASK, WITHDRAW, PUT_ASIDE = "livefoley.make_clip", "livefoley.withdraw_clip", "livefoley.put_aside"
MAX_ATTEMPTS = 4
BACKOFF_S = (2.0, 60.0)
BUSY_S = 3.0  # until a job that another worker has is looked at again
ANSWER_S = 10.0  # a broker that says nothing for so long is away

_AMQP = {Priority.LIVE: 1, Priority.BATCH: 0}
_REDIS = {Priority.LIVE: 0, Priority.BATCH: 1}  # kombu's list for the lowest number is asked first


def make_celery(broker: str, visibility_timeout_s: int = 120) -> Celery:
    """Return the application of both sides; raises ``ConfigError`` when the extra is missing. Connects to nothing."""
    if find_spec("celery") is None:
        raise ConfigError("jobs.broker needs Celery: pip install 'livefoley[jobs]'")
    from celery import Celery
    from kombu.entity import Exchange, Queue

    app = Celery("livefoley", broker=broker)
    refused = {"x-dead-letter-exchange": DEAD, "x-dead-letter-routing-key": DEAD}  # what no worker can read
    app.conf.update(
        task_queues=[
            Queue(JOBS, Exchange(JOBS), routing_key=JOBS, max_priority=_AMQP[Priority.LIVE], queue_arguments=refused),  # type: ignore[no-untyped-call]
            Queue(DEAD, Exchange(DEAD), routing_key=DEAD),  # type: ignore[no-untyped-call]
        ],
        task_default_queue=JOBS,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # for as long as it is away
        broker_transport_options=_transport_options(broker, visibility_timeout_s),
    )
    app.task(name=TASK, bind=True, max_retries=None, Request=REQUEST)(_make_clip)
    app.task(name=WITHDRAW, Request=REQUEST)(_withdraw)
    return app


def _is_amqp(broker: str) -> bool:
    return broker.startswith("amqp")


def _transport_options(broker: str, visibility_timeout_s: int) -> dict[str, Any]:
    if _is_amqp(broker):
        return {"confirm_publish": True}  # a job is handed over when the broker says that it has it
    return {
        "visibility_timeout": visibility_timeout_s,
        "priority_steps": sorted(_REDIS.values()),
        "socket_timeout": ANSWER_S,
        "socket_connect_timeout": 5,
    }


def hand_over(app: Celery, task: str, arguments: tuple[Any, ...], priority: Priority = Priority.LIVE) -> None:
    """Give a task to the workers; blocks. Raises what kombu raises when the broker is away.

    Each has a connection of its own: one that was idle may be dead, which is found out too late.
    """
    ranks = _AMQP if _is_amqp(str(app.conf.broker_url)) else _REDIS
    timeouts = {"read_timeout": ANSWER_S, "write_timeout": ANSWER_S}
    with app.connection_for_write(transport_options=timeouts) as connection:
        app.send_task(
            task,
            arguments,
            connection=connection,
            queue=JOBS,
            priority=ranks[priority],
            declare=[app.amqp.queues[name] for name in (DEAD, JOBS)],
            confirm_timeout=ANSWER_S,
            retry=False,
        )


def run_worker(broker: str, concurrency: int, visibility_timeout_s: int) -> None:
    """Make clips until SIGTERM, which lets those that are being made be finished; a second one stops at once."""
    app = make_celery(broker, visibility_timeout_s)
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
        raise task.retry(countdown=_pause_s(record.attempts))
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
    return open_tools(json.loads(text))


def _pause_s(attempts: int) -> float:
    least, most = BACKOFF_S
    return float(min(most, least * 2 ** (attempts - 1)) * random.uniform(0.7, 1.3))
