"""The student as a live maker: a worker process that makes cues and segments of ambience, in batches by deadline.

A model that fails or is too slow is left alone for a while. One batch is under way at a time, of the most urgent job
and others of its kind.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from dataclasses import dataclass

import structlog

from livefoley.core.breaker import Breaker, BreakerState
from livefoley.core.cues import CueKind, SoundRequest, SoundSource
from livefoley.core.snapshots import EmbeddingCacheSnapshot, Latency, StudentSnapshot
from livefoley.foley.chain import Offer, Refusal
from livefoley.foley.offers import student_offer
from livefoley.foley.student.settings import StudentSettings
from livefoley.runtime.rooms.figures import percentiles
from livefoley.runtime.sounds.chain import Answer, Wanted
from livefoley.runtime.sounds.messages import (
    STUDENT,
    BatchDone,
    FromStudent,
    MakeBatch,
    MakeSound,
    OpenStudent,
    SoundMade,
    SoundRefused,
    StudentOpened,
    ToStudent,
)
from livefoley.runtime.workers.deadlines import DeadlineQueue
from livefoley.runtime.workers.link import Failed
from livefoley.runtime.workers.messages import Unavailable
from livefoley.runtime.workers.process import WorkerProcess, WorkerStatistics
from livefoley.system.tasks import TaskGroup

log = structlog.get_logger("livefoley.student")

MODULE = "livefoley.runtime.workers.student_worker"
HANG_TIMEOUT_S = 20.0  # loading a model, or building an engine's kernels, is one message
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}
"""The decoder's matrices are small: shared among threads they cost nearly twice the processor time."""
STEP_S = 0.05
SLOW_S = 4.0  # a batch that takes longer is as bad as one that fails
MAX_WAITING = 128


@dataclass(slots=True)
class _Job:
    """One thing to make, and who waits for the answer."""

    message: MakeSound
    deadline_s: float
    asked_s: float
    answer: Answer

    @property
    def is_bed(self) -> bool:
        return self.message.request.kind is CueKind.BED


class StudentService:
    """One student worker for all rooms of the process. Implements ``LiveMaker``."""

    source = SoundSource.STUDENT

    def __init__(self, settings: StudentSettings, hang_timeout_s: float = HANG_TIMEOUT_S) -> None:
        self.worker: WorkerProcess[ToStudent, FromStudent] = WorkerProcess(
            "student",
            MODULE,
            STUDENT,
            on_message=self._message,
            on_ready=self._ready,
            hang_timeout_s=hang_timeout_s,
            environment=ENVIRONMENT,
        )
        self.breaker = Breaker()
        self.opened: StudentOpened | None = None
        self.reason = ""  # what went wrong last
        self.unavailable = False
        self._settings = settings
        self._waiting: DeadlineQueue[_Job] = DeadlineQueue(MAX_WAITING)
        self._under_way: dict[int, _Job] = {}
        self._busy = False  # a batch is under way
        self._fault = ""  # what is wrong with it, as far as it is known
        self._asked_to_open = False
        self._numbers = itertools.count(1)
        self._latencies: deque[float] = deque(maxlen=1000)
        self._made = self._refused = self._late = self._batches = 0
        self._cost_s = 0.0
        self._embeddings = EmbeddingCacheSnapshot()

    async def run(self) -> None:
        """Keep the worker running until cancelled, and hand on what it is too late for."""
        async with TaskGroup() as tasks:
            tasks.create_task(self.worker.run())
            while True:
                await asyncio.sleep(STEP_S)
                self._step(time.monotonic())

    # ---- what is asked for ----

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        """Say what it makes of the words, if it is there and does not rest."""
        if not self.working or self.breaker.state(now) is BreakerState.OPEN:
            return Refusal(f"is {self._state(now)}" + (f": {self.reason}" if self.reason else ""))
        return student_offer(request)

    def ask(self, request: SoundRequest, deadline_s: float, wanted: Wanted, answer: Answer) -> None:
        """Put a request in line; what cannot be made by its deadline is refused then."""
        now = time.monotonic()
        job = _Job(MakeSound(next(self._numbers), request), deadline_s, now, answer)
        if self._waiting.push(deadline_s, wanted, job):
            self._pump(now)
        else:
            answer(Refusal(f"has {MAX_WAITING} requests waiting"))

    # ---- time passes ----

    def _step(self, now: float) -> None:
        if self._busy and not self.worker.ready:
            self._give_up("the worker died")
        for job in self._waiting.expire(now):
            job.answer(Refusal("did not come to it in time", fault=True))
        self._pass_on_late(now)
        self._open(now)
        self._pump(now)

    def _open(self, now: float) -> None:
        """Let a new worker load the model; not at once when the last ones died of it."""
        if self.worker.ready and not self._asked_to_open and self.breaker.allow(now):
            self._asked_to_open = True
            self.worker.send_nowait(OpenStudent(self._settings))

    def _pass_on_late(self, now: float) -> None:
        """Hand on what is being made past its moment; an answer that still comes is not heard."""
        late = [job for job in self._under_way.values() if not job.is_bed and now > job.deadline_s]
        for job in late:
            self._late += 1
            self._fault = "answers come too late"
            del self._under_way[job.message.number]
            job.answer(Refusal("did not answer in time", fault=True))

    def _pump(self, now: float) -> None:
        """Send the next batch, if none is under way."""
        if self._busy or not self.working or self._waiting.peek() is None or not self.breaker.allow(now):
            return
        most = self.opened.batch if self.opened else 1
        jobs: list[_Job] = []
        while (
            len(jobs) < most
            and (job := self._waiting.peek()) is not None
            and (not jobs or job.is_bed is jobs[0].is_bed)
        ):
            self._waiting.pop()
            jobs.append(job)
        self._under_way = {job.message.number: job for job in jobs}
        self._busy, self._fault = True, ""
        self._batches += 1
        if not self.worker.send_nowait(MakeBatch(tuple(job.message for job in jobs))):
            self._give_up("the worker is behind")

    # ---- what the worker says ----

    def is_awake(self) -> bool:
        """Whether there is a model at work, or none to be expected soon."""
        return self._state(time.monotonic()) != "starting"

    @property
    def working(self) -> bool:
        """Whether there is a model, and a worker that runs it."""
        return self.opened is not None and self.worker.ready

    def _ready(self) -> None:
        if self._busy or (self._asked_to_open and self.opened is None and not self.unavailable):
            self._give_up("the worker died")
        self.opened, self.unavailable, self._asked_to_open = None, False, False
        self._open(time.monotonic())

    def _message(self, message: FromStudent | Failed, payload: bytes) -> None:
        match message:
            case StudentOpened(model, device, steps):
                self.opened, self.reason = message, ""
                self.breaker.success()
                log.info("the student is here", model=model, device=device, steps=steps)
            case Unavailable(reason):
                self.unavailable, self.reason = True, reason
                log.warning("no student; bank and procedural sounds go on", reason=reason)
            case SoundMade():
                self._made += 1
                job = self._under_way.pop(message.number, None)
                if job is not None:
                    self._latencies.append(time.monotonic() - job.asked_s)
                    job.answer(message.sound(payload))
            case SoundRefused(number, reason, fault):
                self._refused += 1
                if fault:
                    self._fault = reason
                job = self._under_way.pop(number, None)
                if job is not None:
                    job.answer(Refusal(reason, fault))
            case BatchDone(cost_s, embeddings):
                self._embeddings = embeddings
                self._done(cost_s)
            case Failed(_, error):
                self.unavailable = self.opened is None
                self._give_up(error)

    def _done(self, cost_s: float) -> None:
        self._cost_s += cost_s
        self._busy = False
        if cost_s > SLOW_S:
            self._fault = f"a batch took {cost_s:.1f} s"
        if self._fault:
            self._failure(self._fault)
        else:
            self.breaker.success()
        self._pump(time.monotonic())

    def _give_up(self, reason: str) -> None:
        """Refuse what was under way: its worker is dead, or made nothing of the batch."""
        jobs, self._under_way, self._busy = self._under_way, {}, False
        self._failure(reason)
        for job in jobs.values():
            job.answer(Refusal(reason, fault=True))

    def _failure(self, reason: str) -> None:
        self.reason = reason
        before = self.breaker.openings
        self.breaker.failure(time.monotonic())
        if self.breaker.openings > before:
            log.warning("the student rests; bank and procedural sounds go on", reason=reason)

    # ---- figures ----

    def worker_statistics(self) -> WorkerStatistics:
        """Return the worker's figures."""
        return self.worker.statistics()

    def snapshot(self) -> StudentSnapshot:
        """Return the student's figures."""
        opened = self.opened
        return StudentSnapshot(
            state=self._state(time.monotonic()),
            reason=self.reason,
            model=opened.model if opened is not None else "",
            device=opened.device if opened is not None else "",
            made=self._made,
            refused=self._refused,
            shed=self._waiting.shed,
            late=self._late,
            batches=self._batches,
            cost_s=self._cost_s,
            openings=self.breaker.openings,
            latency_s=Latency(*percentiles(self._latencies)),
            embeddings=self._embeddings,
        )

    def _state(self, now: float) -> str:
        if self.unavailable:
            return "unavailable"
        if self.breaker.state(now) is not BreakerState.CLOSED:
            return "resting"
        return "working" if self.working else "starting"
