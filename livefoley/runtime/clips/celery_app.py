"""The queue between the rooms and Celery workers (``livefoley worker``), as both sides open it.

A job is a directory both sides see; the queue carries its path. What a worker does with it is in ``celery_worker``,
which imports the making of clips; here is nothing that a room's process could not hold.

Delivery is at least once: a message is acknowledged when its job is over, so a worker that dies gives its jobs back (a
killed child at once; a killed worker over AMQP at once, over Redis after ``visibility_timeout_s``). The job's own
record and lease make a second delivery harmless: stages that are done are not done again, a clip is published once, two
workers never share a job. Live clips go before batch ones: both are in one queue, for RabbitMQ serves several in no
order.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from livefoley.clips.model import Priority
from livefoley.core.errors import ConfigError

if TYPE_CHECKING:
    from celery import Celery

JOBS, DEAD = "clips", "clips.dead"
TASK, WITHDRAW, PUT_ASIDE = "livefoley.make_clip", "livefoley.withdraw_clip", "livefoley.put_aside"
MAX_ATTEMPTS = 4
ANSWER_S = 10.0  # a broker that says nothing for so long is away

_AMQP = {Priority.LIVE: 1, Priority.BATCH: 0}
_REDIS = {Priority.LIVE: 0, Priority.BATCH: 1}  # kombu's list for the lowest number is asked first


def make_celery(broker: str, visibility_timeout_s: int = 120) -> Celery:
    """Return the application without its tasks; raises ``ConfigError`` without the extra. Connects to nothing."""
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
