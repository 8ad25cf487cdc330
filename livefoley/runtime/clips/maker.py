"""Who makes clips for the service, and the jobs it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Protocol, TypeAlias

import structlog

from livefoley.clips.jobs.job import Job, JobDirectory, Record
from livefoley.clips.model import ClipState, ClipStatus, content_id
from livefoley.clips.words import day_and_time
from livefoley.core.errors import LivefoleyError
from livefoley.core.notices import utc
from livefoley.runtime.clips.messages import CLIPS, FromClips, ToClips
from livefoley.runtime.clips.room import Cutting
from livefoley.runtime.workers.link import Failed
from livefoley.runtime.workers.process import WorkerProcess, WorkerStatistics
from livefoley.system.children import store_variables

log = structlog.get_logger("livefoley.clips")

MODULE = "livefoley.runtime.clips.worker"
MAX_KEPT = 1000  # clips that are over and still told of
MAX_ATTEMPTS = 3  # a clip that takes the worker along this often is given up
DEADLINE_S = 120.0  # a worker that tells nothing for so long is hung


class Maker(Protocol):
    """Makes clips elsewhere: a worker of ours, or a queue that others work on."""

    @property
    def ready(self) -> bool:
        """Whether it takes messages."""
        ...

    def send_nowait(self, message: ToClips) -> bool:
        """Tell it what to do; False when it is away."""
        ...

    async def run(self) -> None:
        """Keep it until cancelled."""
        ...

    def statistics(self) -> WorkerStatistics:
        """Return a snapshot."""
        ...


OnMessage: TypeAlias = Callable[[FromClips | Failed, bytes], None]
MakeMaker: TypeAlias = Callable[[OnMessage, Callable[[], None]], Maker]


def own_worker(on_message: OnMessage, on_ready: Callable[[], None]) -> Maker:
    """Return a supervised worker process of ours."""
    return WorkerProcess(
        "clips",
        MODULE,
        CLIPS,
        on_message=on_message,
        on_ready=on_ready,
        hang_timeout_s=DEADLINE_S,
        environment=store_variables(),
    )


def job_of(cutting: Cutting) -> Job:
    """Return the job of a clip; its content id follows from all that changes the outcome."""
    request, settings, selection = cutting.request, cutting.settings, cutting.selection
    date, time_of_day = day_and_time(cutting.clock[1])
    outcome = {
        "span": [selection.start, selection.end],
        "epochs": selection.epochs,
        "exact": request.exact,
        "vertical": request.vertical,
        "describe": cutting.describe,
        "mix": asdict(cutting.mix),
        "seed": cutting.seed,
        "student": settings.student,
    }
    return Job(
        id=cutting.id,
        content_id=content_id(request.room, cutting.session, outcome),
        session=cutting.session,
        request=request,
        mix=cutting.mix,
        plan=cutting.plan,
        describe=cutting.describe,
        seed=cutting.seed,
        title=settings.title,
        tags=settings.tags,
        values={"date": date, "time": time_of_day, **settings.values},  # by this machine's clock, wherever it is made
        clock=cutting.clock,
        due_s=cutting.due_s,
        student=settings.student,
    )


def status_of(job: Job, record: Record) -> ClipStatus:
    """Return where a job that was read from the disk stands."""
    return ClipStatus(
        id=job.id,
        room=job.request.room,
        state=record.state,
        progress=1.0 if record.state.is_over else 0.0,
        error=record.error,
        content_id=job.content_id,
        location=record.location,
        prefix=record.prefix,
        title=record.title,
        kind=job.request.kind,
        priority=job.request.priority,
        score=job.request.score,
        start_s=job.request.start_s,
        end_s=job.request.end_s,
        created_at=utc(job.due_s),
        attempts=record.attempts,
        findings=record.findings,
        latency_s=record.latency_s,
    )


def left_in(jobs: Path) -> list[ClipStatus]:
    """Return where the jobs stand that an earlier process left, the newest last; blocks."""
    found = []
    for path in sorted(jobs.glob("*/job.json"), key=lambda each: each.stat().st_mtime)[-MAX_KEPT:]:
        try:
            directory = JobDirectory(path.parent)
            record = directory.record()
            if not record.state.is_over and record.attempts >= MAX_ATTEMPTS:
                record = directory.change(state=ClipState.FAILED, error="the worker died over it, again and again")
            found.append(status_of(directory.job(), record))
        except LivefoleyError as error:
            log.warning("a clip's job cannot be read, it is left alone", reason=str(error))
    return found
