"""All clips of a process: which are wanted, which are being made, how each ended; and the worker that makes them.

A job is a directory on disk before it is given to the worker, so whatever dies, nothing is lost: what was not over when
the process ended is gone on with when it starts again. The same moment is made once, however often it is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from livefoley.clips.buffer.selection import Selection
from livefoley.clips.jobs.job import Job, JobDirectory, Record
from livefoley.clips.model import ClipRequest, ClipState, ClipStatus
from livefoley.clips.tool_settings import ToolSettings
from livefoley.core.errors import Full, InputError, LivefoleyError, OutputError
from livefoley.core.notices import utc
from livefoley.core.snapshots import ClipMakingSnapshot, Latency, StateCount
from livefoley.media.blocking_thread import BlockingThread
from livefoley.runtime.clips.line import MAX_WAITING, ClipLine
from livefoley.runtime.clips.maker import MAX_ATTEMPTS, MAX_KEPT, MakeMaker, job_of, left_in, own_worker
from livefoley.runtime.clips.messages import ClipOver, ClipProgress, FromClips, MakeClip, OpenTools, WithdrawClip
from livefoley.runtime.clips.room import Asker, Cutting
from livefoley.runtime.rooms.figures import percentiles
from livefoley.runtime.workers.link import Failed, op_of
from livefoley.system.tasks import TaskGroup

log = structlog.get_logger("livefoley.clips")

RECALL_S = 5.0
RETRY_S = 5.0  # after a disk that refused


class ClipService:
    """See the module. ``tools`` are what the worker is opened with; ``rooms`` register themselves.

    ``maker`` makes what makes the clips, told what to call with its messages and when it is ready; ``slots`` is how
    many clips it is given at once, half of them batch ones at most. By default that is one worker process of ours.
    """

    def __init__(self, directory: Path, tools: ToolSettings, maker: MakeMaker | None = None, slots: int = 1) -> None:
        self.rooms: dict[str, Asker] = {}
        self.on_change: Callable[[ClipStatus], None] = lambda status: None
        self._jobs = directory / ".jobs"
        self._tools = tools
        self._worker = (maker or own_worker)(self._message, self._ready)
        self._thread = BlockingThread("clip-service")
        self._clips: OrderedDict[str, ClipStatus] = OrderedDict()
        self._twins: dict[str, str] = {}  # clips that turned out to be others
        self._line = ClipLine(slots)
        self._settled = asyncio.Event()
        self._looked = asyncio.Event()  # what an earlier process left is known
        self._outcomes: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._latencies: deque[float] = deque(maxlen=1000)
        self._chores: asyncio.Queue[Callable[[], object]] = asyncio.Queue()  # a few for each clip
        self._cut_problem = self._chores_problem = ""

    # ---- life ----

    async def run(self) -> None:
        """Make what is asked for until cancelled; first what was left undone."""
        for status in await self._thread.call(left_in, self._jobs):
            if status.id in self._clips:
                continue
            self._clips[status.id] = status
            if not status.state.is_over:
                self._enqueue(status.id)
        self._looked.set()
        async with TaskGroup() as tasks:
            tasks.create_task(self._worker.run())
            tasks.create_task(self._tidy())

    async def _tidy(self) -> None:
        while True:
            chore = await self._chores.get()
            try:
                await self._thread.call(chore)
                self._chores_problem = ""
            except OutputError as error:  # a disk that is full
                self._chores_problem = str(error)
                self._chores.put_nowait(chore)
                await asyncio.sleep(RETRY_S)
            except LivefoleyError as error:
                log.warning("a clip's job cannot be tidied", reason=str(error))

    @property
    def problem(self) -> str:
        """Why the last job could not be written down; empty when it was."""
        return self._cut_problem or self._chores_problem

    async def drain(self, timeout_s: float) -> None:
        """Wait until nothing is being made or waits, but no longer than that: the rest goes on after the next start."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self._line.is_empty:
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            log.warning("clips are left for the next start", clips=len(self._line) + len(self._line.making))

    # ---- what the API asks for ----

    def create(self, request: ClipRequest) -> ClipStatus:
        """Ask for a clip; raises ``InputError`` for a room that keeps none, and for a time that cannot be had, and
        ``Full`` when as many wait as may."""
        room = self.rooms.get(request.room)
        if room is None:
            raise InputError(f"room {request.room} keeps nothing for clips; set clips.enabled: true in it")
        if self._line.is_full(request.priority):
            self._refused["waiting"] += 1
            raise Full(f"{MAX_WAITING} clips are waiting already; try again later")
        clip_id = self.expect(request)
        try:
            room.ask(clip_id, request)
        except InputError as error:
            del self._clips[clip_id]
            self._refused["ahead" if isinstance(error, Full) else "time"] += 1
            raise
        return self._clips[clip_id]

    def list(self) -> list[ClipStatus]:
        """Return all clips, the newest last."""
        return [self.get(clip_id) or status for clip_id, status in self._clips.items()]

    async def recall(self) -> bool:
        """Return once what an earlier process left is known; False when that cannot be found out in time."""
        if not self.rooms:  # nobody looks, and there is nothing to find
            return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._looked.wait(), RECALL_S)
        return self._looked.is_set()

    def get(self, clip_id: str) -> ClipStatus | None:
        """Return where a clip stands; None when there is none."""
        status = self._clips.get(clip_id)
        twin = self._clips.get(self._twins.get(clip_id, ""))
        return replace(twin, id=clip_id, kind=status.kind) if status is not None and twin is not None else status

    async def delete(self, clip_id: str) -> None:
        """Do not make it, or delete what was made and published of it. Raises ``InputError`` while it is being made."""
        status = self._clips[clip_id]
        if clip_id in self._line.making:
            raise InputError("the clip is being made; delete it when that is over")
        for room in self.rooms.values():
            room.forget(clip_id)
        self._line.forget(clip_id)
        if clip_id not in self._twins:
            if status.state is ClipState.READY and not self._withdraw(status):
                raise InputError("the worker that could delete it is away; try again in a moment")
            await self._thread.call(self._directory(clip_id).delete)
        self._drop(clip_id)

    def _withdraw(self, status: ClipStatus) -> bool:
        """Have what was published of a clip deleted; False when nobody can be told to."""
        return self._worker.send_nowait(WithdrawClip(status.prefix, status.content_id))

    async def release(self, clip_id: str) -> ClipStatus:
        """Publish a clip that a check found fault with. Raises ``InputError`` when it is not in quarantine."""
        clip_id = self._twins.get(clip_id, clip_id)
        status = self._clips[clip_id]
        if status.state is not ClipState.QUARANTINED:
            raise InputError(f"the clip is {status.state.value}; only one in quarantine can be released")
        await self._thread.call(lambda: self._directory(clip_id).change(released=True, state=ClipState.QUEUED))
        self._change(clip_id, state=ClipState.QUEUED)
        self._enqueue(clip_id)
        return self._clips[clip_id]

    async def moved(self, content_id: str, location: str, prefix: str) -> None:
        """Note that a clip that waited has reached the place it goes to."""
        found = [s.id for s in self._clips.values() if s.content_id == content_id and s.id not in self._twins]
        for clip_id in found:
            self._change(clip_id, location=location, prefix=prefix)
            self.on_change(self._clips[clip_id])
            self._chores.put_nowait(partial(self._directory(clip_id).change, location=location, prefix=prefix))

    # ---- what the rooms ask for ----

    def expect(self, request: ClipRequest) -> str:
        """Note a clip; return its id."""
        clip_id = f"{request.room}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"
        self._clips[clip_id] = ClipStatus(
            id=clip_id,
            room=request.room,
            state=ClipState.QUEUED,
            title=request.title or "",
            kind=request.kind,
            priority=request.priority,
            score=request.score,
            start_s=request.start_s,
            end_s=request.end_s,
            created_at=utc(time.time()),
        )
        self._forget_old()
        return clip_id

    def refuse(self, clip_id: str, reason: str) -> None:
        """Say that a clip cannot be made."""
        self._change(clip_id, state=ClipState.FAILED, error=reason)

    async def cut(self, cutting: Cutting, write: Callable[[Selection, Path], Awaitable[None]]) -> None:
        """Write a clip's job down and put it in line; the same moment again becomes what was made of it before."""
        job = job_of(cutting)
        known = self._known(job)
        request = job.request
        self._change(cutting.id, content_id=job.content_id, start_s=request.start_s, end_s=request.end_s)
        if known is not None:
            self._twins[cutting.id] = known
            return
        if self._line.is_full(request.priority):
            self._refused["waiting"] += 1
            self.refuse(cutting.id, f"{MAX_WAITING} clips are waiting already")
            return
        try:
            directory = self._directory(cutting.id)
            await write(cutting.selection, directory.path)
            await self._thread.call(directory.create, job)
        except LivefoleyError as error:
            self._cut_problem = str(error) if isinstance(error, OutputError) else ""
            self.refuse(cutting.id, str(error))
            await self._thread.call(self._directory(cutting.id).delete)
            return
        self._cut_problem = ""
        self._enqueue(cutting.id)

    def _known(self, job: Job) -> str | None:
        """Return the clip that is the same, if it has not failed."""
        same = (
            status.id
            for status in self._clips.values()
            if status.content_id == job.content_id and status.id != job.id and status.state is not ClipState.FAILED
        )
        return next((clip_id for clip_id in same if clip_id not in self._twins), None)

    # ---- the worker ----

    def _enqueue(self, clip_id: str) -> None:
        self._line.add(clip_id, self._clips[clip_id].priority)
        self._next()

    def _next(self) -> None:
        """Give the worker the next jobs."""
        while self._worker.ready and (clip_id := self._line.take()) is not None:
            path, priority = self._path(clip_id).absolute(), self._clips[clip_id].priority
            self._worker.send_nowait(MakeClip(clip_id, str(path), priority))
        if self._line.is_empty:
            self._settled.set()

    def _ready(self) -> None:
        """A worker is there, perhaps in place of one that died over a clip."""
        self._worker.send_nowait(OpenTools(self._tools))
        again = {}
        for clip_id, priority in self._line.interrupt().items():
            attempts = self._clips[clip_id].attempts + 1
            self._change(clip_id, attempts=attempts)
            if attempts < MAX_ATTEMPTS:
                again[clip_id] = priority
            else:
                self.refuse(clip_id, f"the worker died {attempts} times over it")
        self._line.put_first(again)
        self._next()

    def _message(self, message: FromClips | Failed, payload: bytes) -> None:
        match message:
            case ClipProgress(clip_id, state, part):
                self._change(clip_id, state=state, progress=part)
            case ClipOver(clip_id, record):
                self._over(clip_id, record)
            case Failed(of, error) if of == op_of(MakeClip) and self._line.making:
                self._over(self._line.making[0], Record(ClipState.FAILED, error=error))
            case Failed(of, error):
                log.error("the clips' worker refused", what=of, reason=error)

    def _over(self, clip_id: str, record: Record) -> None:
        self._change(
            clip_id,
            state=record.state,
            progress=1.0,
            error=record.error,
            location=record.location,
            prefix=record.prefix,
            title=record.title,
            findings=record.findings,
            latency_s=record.latency_s,
        )
        if record.state is ClipState.FAILED:
            self._chores.put_nowait(self._directory(clip_id).forget_input)
        if "whole" in record.latency_s:
            self._latencies.append(record.latency_s["whole"])
        self._line.forget(clip_id)
        self._next()

    def _change(self, clip_id: str, **changes: Any) -> None:
        before = self._clips.get(clip_id)
        if before is None:
            return
        status = self._clips[clip_id] = replace(before, **changes)
        if status.state is before.state:
            return
        if status.state.is_over:
            self._outcomes[status.state.value] += 1
            said = log.info if status.state is ClipState.READY else log.warning
            said(
                "clip is over",
                clip=clip_id,
                state=status.state.value,
                **({"why": status.error} if status.error else {}),
            )
        self.on_change(status)

    def _forget_old(self) -> None:
        """Tell of no more than ``MAX_KEPT`` clips. What is published stays so, what is in quarantine is never lost."""
        done = (ClipState.READY, ClipState.FAILED)
        over = [clip_id for clip_id, status in self._clips.items() if status.state in done]
        for clip_id in over[: max(0, len(self._clips) - MAX_KEPT)]:
            self._drop(clip_id)
            self._chores.put_nowait(self._directory(clip_id).delete)

    def _drop(self, clip_id: str) -> None:
        """Tell of a clip no more, nor of those that turned out to be the same."""
        for gone in [clip_id, *(twin for twin, of in self._twins.items() if of == clip_id)]:
            self._clips.pop(gone, None)
            self._twins.pop(gone, None)

    def _path(self, clip_id: str) -> Path:
        return self._jobs / clip_id

    def _directory(self, clip_id: str) -> JobDirectory:
        return JobDirectory(self._path(clip_id))

    def snapshot(self) -> ClipMakingSnapshot:
        """Return how the making of clips goes."""
        worker = self._worker.statistics()
        return ClipMakingSnapshot(
            worker=worker.snapshot(worker.name),
            waiting=len(self._line),
            ahead=sum(room.ahead for room in self.rooms.values()),
            refused=tuple(StateCount(why, count) for why, count in sorted(self._refused.items())),
            outcomes=tuple(StateCount(state, count) for state, count in sorted(self._outcomes.items())),
            latency_s=Latency(*percentiles(self._latencies)),
        )
