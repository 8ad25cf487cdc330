"""The queue's side in the sidecar: gives jobs to a broker and looks in their directories how far they are.

The room notices nothing of a broker that is away: a job that cannot be handed over is tried again with growing pauses,
and is on the disk all the while. A job whose worker died over it is handed over again (Redis itself would take a minute
or two to notice), and so is one that nobody begins: the broker may have lost it. A job that comes twice is made once.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from livefoley.clips.jobs.job import JobDirectory, Record
from livefoley.clips.jobs.lease import is_abandoned, is_leased
from livefoley.clips.model import ClipState, Priority
from livefoley.core.backoff import Backoff
from livefoley.core.errors import LivefoleyError
from livefoley.runtime.clips.celery_app import MAX_ATTEMPTS, TASK, WITHDRAW, hand_over
from livefoley.runtime.clips.maker import OnMessage
from livefoley.runtime.clips.messages import ClipOver, ClipProgress, MakeClip, OpenTools, ToClips, WithdrawClip
from livefoley.runtime.workers.process import WorkerStatistics
from livefoley.system.tasks import TaskGroup

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger("livefoley.clips")

SLOTS = 32
LOOK_EVERY_S = 0.25
DIED_S, LOST_S = 15.0, 120.0  # until a job that was begun, or was not, is handed over again
BACKOFF_S = (0.5, 15.0)
PARTS = {ClipState.CUTTING: 0.05, ClipState.SOUNDING: 0.25, ClipState.CHECKING: 0.7, ClipState.PUBLISHING: 0.9}


@dataclass
class _Handed:
    """A job that is not over. ``again`` counts how often it was handed over again, ``since_s`` is when the last time
    was, by the monotonic clock."""

    directory: JobDirectory
    priority: Priority
    told: ClipState = ClipState.QUEUED
    again: int = 0
    since_s: float = field(default_factory=time.monotonic)


class ClipQueue:
    """Stands where a ``WorkerProcess`` would: it takes the same messages and answers with the same."""

    def __init__(self, app: Celery, on_message: OnMessage, on_ready: Callable[[], None]) -> None:
        self._app = app
        self._on_message = on_message
        self._on_ready = on_ready
        self._tools: dict[str, Any] = {}
        self._to_send: deque[tuple[str, tuple[Any, ...], Priority]] = deque()
        self._jobs: dict[str, _Handed] = {}
        self._connected = self._running = False
        self._sent = self._failures = 0

    @property
    def ready(self) -> bool:
        """Whether jobs are taken: also while the broker is away, they wait then."""
        return self._running

    def send_nowait(self, message: ToClips) -> bool:
        """Take a message for the workers."""
        match message:
            case OpenTools(tools):
                self._tools = tools.to_json()
            case MakeClip(clip_id, directory, priority):
                job = self._jobs[clip_id] = _Handed(JobDirectory(Path(directory)), priority)
                self._send(job)
            case WithdrawClip(prefix, content_id):
                self._to_send.append((WITHDRAW, (prefix, content_id, self._tools), Priority.LIVE))
        return True

    def _send(self, job: _Handed) -> None:
        self._to_send.append((TASK, (str(job.directory.path), self._tools), job.priority))

    async def run(self) -> None:
        """Hand over and look until cancelled."""
        self._running = True
        self._on_ready()
        try:
            async with TaskGroup() as tasks:
                tasks.create_task(self._hand_over())
                tasks.create_task(self._look())
        finally:
            self._running = False

    async def _hand_over(self) -> None:
        backoff = Backoff(BACKOFF_S)
        while True:
            if not self._to_send:
                await asyncio.sleep(0.05)
                continue
            try:
                await asyncio.to_thread(hand_over, self._app, *self._to_send[0])
            except Exception as error:  # kombu's errors depend on the broker
                self._failures += 1
                self._note(False, error)
                await asyncio.sleep(backoff.next_s())
                continue
            self._to_send.popleft()
            self._sent += 1
            self._note(True)
            backoff.reset()

    def _note(self, connected: bool, error: Exception | None = None) -> None:
        """Log the change, not every try; the broker's URL is no part of it."""
        if connected is not self._connected and connected:
            log.info("jobs go to the broker")
        elif error is not None and (self._connected or self._failures == 1):
            log.warning("the broker does not answer, jobs wait", error=type(error).__name__)
        self._connected = connected

    async def _look(self) -> None:
        while True:
            for clip_id, job in list(self._jobs.items()):
                record, wait_s = await asyncio.to_thread(_looked_at, job)
                if record is not None:
                    self._tell(clip_id, job, record)
                if clip_id in self._jobs and time.monotonic() - job.since_s >= wait_s:
                    log.warning("a clip's worker died, or its job was lost: it is handed over again", clip=clip_id)
                    job.again, job.since_s = job.again + 1, time.monotonic()
                    self._send(job)
            await asyncio.sleep(LOOK_EVERY_S)

    def _tell(self, clip_id: str, job: _Handed, record: Record) -> None:
        if _is_over(record):
            del self._jobs[clip_id]
            self._on_message(ClipOver(clip_id, record), b"")
        elif record.state in PARTS and job.told is not record.state:
            job.told = record.state
            self._on_message(ClipProgress(clip_id, record.state, PARTS[record.state]), b"")

    def statistics(self) -> WorkerStatistics:
        """Return a snapshot; ``alive`` says that the broker answered last time."""
        return WorkerStatistics("clips", self._connected, 1, 0, self._sent, self._failures, 0)


def _looked_at(job: _Handed) -> tuple[Record | None, float]:
    """Return how far a job is (None while it cannot be read), and how long after it was handed over it is again: ever
    longer, for perhaps nobody is there to take it."""
    path = job.directory.path
    try:
        record = job.directory.record()
        if is_abandoned(path):
            return record, DIED_S * job.again
        return record, math.inf if is_leased(path) else LOST_S * 2**job.again
    except (LivefoleyError, OSError):
        return None, math.inf


def _is_over(record: Record) -> bool:
    """Say whether nothing more happens; a job that failed is tried again a few times."""
    if record.state is ClipState.FAILED:
        return record.attempts >= MAX_ATTEMPTS
    return record.state.is_over
