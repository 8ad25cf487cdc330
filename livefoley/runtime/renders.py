"""All renders of a process: what waits, what is fetched, what is being made, what can be had, and for how long.

Each is made in a process of its own, below the priority of everything live. A render is on disk before it is begun, so
it survives its client, and what was not over when this process ended is made after the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import structlog

from livefoley.core.errors import InputError, LivefoleyError, OutputError
from livefoley.renders.child import NO_ANSWER, answer, order_line
from livefoley.renders.fetch import fetch
from livefoley.renders.job import RenderDirectory, RenderJob, found_in, new_id
from livefoley.renders.model import Busy, Rendered, RenderRequest, RenderState, RenderStatistics, RenderStatus
from livefoley.renders.settings import RenderSettings
from livefoley.runtime.child_log import forward
from livefoley.system import children
from livefoley.system.tasks import TaskGroup

log = structlog.get_logger("livefoley.renders")

MODULE = "livefoley.renders.make"
FETCHERS = 4
MAX_ATTEMPTS = 3  # a render that takes its process along this often is given up
TIDY_S = 5.0
RECALL_S = 5.0
PRINTED_S = 0.3  # for the last that a process printed
BYTES_PER_S = 4 * 48_000  # of a WAV
_LINE_BYTES = 64 * 1024
_BROKE = "takes more time or memory than may be spent on it"


@dataclass
class _Entry:
    job: RenderJob
    bytes: int  # on disk, or set aside
    url: str = ""
    progress: float = 0.0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    process: asyncio.subprocess.Process | None = None
    ended: str = ""  # how its last process did, in words


class RenderService:
    """See the module. Implements ``control.renders.Renders``."""

    def __init__(self, settings: RenderSettings) -> None:
        self.settings = settings
        self._directory = settings.directory.absolute()
        self._entries: dict[str, _Entry] = {}
        self._arriving: dict[str, int] = {}  # bytes set aside for what is being uploaded
        self._to_fetch: asyncio.Queue[str] = asyncio.Queue()  # bounded by ``waiting``
        self._to_make: asyncio.Queue[str] = asyncio.Queue()
        self._unsaved: dict[str, str] = {}  # why, by the render
        self._outcomes: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._sound_s = self._took_s = 0.0
        self._looked = asyncio.Event()  # what an earlier process left is known

    # ---- life ----

    async def run(self) -> None:
        """Make what is asked for until cancelled; first what was left undone."""
        if not self._looked.is_set():
            for job in await asyncio.to_thread(lambda: list(found_in(self._directory))):
                await self._take_up(job)
            self._looked.set()
        async with TaskGroup() as tasks:
            tasks.create_task(self._tidy())
            for _ in range(FETCHERS):
                tasks.create_task(self._serve(self._to_fetch, self._fetch))
            for _ in range(self.settings.jobs):
                tasks.create_task(self._serve(self._to_make, self._make))

    async def _take_up(self, job: RenderJob) -> None:
        """Go on with what an earlier process left."""
        place = self._place(job.id)
        entry = self._entries[job.id] = _Entry(job, job.bytes or self._set_aside(None))
        if job.state.is_over:
            entry.over.set()
        elif job.attempts >= MAX_ATTEMPTS:
            await self._end(entry, error=_BROKE)
        elif place.input.exists():
            entry.job = replace(job, state=RenderState.QUEUED)
            self._to_make.put_nowait(job.id)
        else:
            await self._end(entry, error="the server was started anew before the video had come; ask again")

    # ---- what is asked for: see ``control.renders.Renders`` ----

    async def begin(self, size: int | None) -> tuple[str, Path]:
        """Set room aside for a video of ``size`` bytes (None: unknown); return an id, and where to put the video.

        Raises ``Busy``. To be followed by ``submit`` or ``abandon``.
        """
        await self._looked.wait()
        waiting = len(self._arriving) + sum(not entry.job.state.is_over for entry in self._entries.values())
        if waiting >= self.settings.waiting + self.settings.jobs:
            self._refuse("queue", f"{waiting} renders wait already; try again later", 10)
        needed = self._set_aside(size)
        if self._used() + needed > self.settings.disk_bytes:
            self._refuse("disk", "there is no room for more renders now; delete some, or try again later", 60)
        render = new_id()
        self._arriving[render] = needed
        place = self._place(render)
        try:
            await asyncio.to_thread(place.path.mkdir, parents=True)
        except OSError:
            del self._arriving[render]
            raise
        return render, place.input

    async def submit(self, render: str, request: RenderRequest, url: str = "") -> RenderStatus:
        """Ask for the sound of the video that was put in its place, or of the one at ``url``."""
        state = RenderState.FETCHING if url else RenderState.QUEUED
        job = RenderJob(render, new_id(), request, time.time(), state)
        await asyncio.to_thread(self._place(render).save, job)
        self._entries[render] = _Entry(job, self._arriving.pop(render), url)
        (self._to_fetch if url else self._to_make).put_nowait(render)
        return self._status(self._entries[render])

    async def abandon(self, render: str) -> None:
        """Give up what was begun and not submitted."""
        self._arriving.pop(render, None)
        await asyncio.to_thread(self._place(render).delete)

    async def recall(self) -> bool:
        """Return once what an earlier process left is known; False when that cannot be found out in time."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._looked.wait(), RECALL_S)
        return self._looked.is_set()

    def get(self, render: str) -> RenderStatus | None:
        """Return where a render stands."""
        entry = self._entries.get(render)
        return self._status(entry) if entry is not None else None

    async def wait(self, render: str, timeout_s: float) -> RenderStatus | None:
        """Return where a render stands when it is over, or after so long; None when it was deleted."""
        entry = self._entries.get(render)
        if entry is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(entry.over.wait(), timeout_s)
        return self.get(render)

    def result(self, render: str) -> Path:
        """Return where the sound of a render that is ready lies."""
        return self._place(render).result(self._entries[render].job.request.output_format)

    async def delete(self, render: str) -> None:
        """Stop a render, and delete what came of it."""
        entry = self._entries.pop(render, None)
        if entry is None:
            return
        entry.over.set()
        if entry.process is not None:
            _kill(entry.process)
        await asyncio.to_thread(self._place(render).delete)

    def refused(self, reason: str) -> None:
        """Count a request that was turned away."""
        self._refused[reason] += 1

    def statistics(self) -> RenderStatistics:
        """Return a snapshot."""
        states = Counter({state.value: 0 for state in RenderState})
        states.update(entry.job.state.value for entry in self._entries.values())
        return RenderStatistics(
            states, dict(self._outcomes), dict(self._refused), self._sound_s, self._took_s, self._used()
        )

    # ---- the work ----

    async def _serve(self, queue: asyncio.Queue[str], work: Callable[[_Entry], Awaitable[None]]) -> None:
        """Do one thing after the other, whatever becomes of each."""
        while True:
            entry = self._entries.get(await queue.get())
            if entry is None:
                continue
            try:
                await work(entry)
            except LivefoleyError as error:
                await self._end(entry, error=_plain(error))
            except Exception as error:
                log.exception("a render was lost", render=entry.job.id)
                await self._end(entry, error=f"an error of livefoley's own ({type(error).__name__}); its log says more")

    async def _fetch(self, entry: _Entry) -> None:
        fetched = await fetch(entry.url, self._place(entry.job.id).input, self.settings.fetch)
        entry.url, entry.bytes = "", self._set_aside(fetched.bytes)
        await self._change(entry, state=RenderState.QUEUED)
        self._to_make.put_nowait(entry.job.id)

    async def _make(self, entry: _Entry) -> None:
        while entry.job.attempts < MAX_ATTEMPTS:
            await self._change(entry, state=RenderState.RENDERING, attempts=entry.job.attempts + 1)
            try:
                rendered = await self._run(entry)
            except asyncio.CancelledError:  # we are stopped, which is not the render's fault
                with contextlib.suppress(LivefoleyError):
                    self._place(entry.job.id).save(replace(entry.job, attempts=entry.job.attempts - 1))
                raise
            if entry.job.id not in self._entries:
                return
            if rendered is not None:
                self._sound_s += rendered.duration_s
                self._took_s += rendered.took_s
                await self._end(entry, rendered)
                return
            log.warning("a render's process ended before it was done", render=entry.job.id, how=entry.ended)
        raise InputError(f"{_BROKE}: its process {entry.ended}" if entry.ended else _BROKE)

    async def _run(self, entry: _Entry) -> Rendered | None:
        """Run the process; return what came of it, None when it died. Raises ``InputError`` with why it refused."""
        timeout_s = self.settings.limits.timeout_s
        process = entry.process = await asyncio.create_subprocess_exec(
            *children.command(MODULE),
            stdin=asyncio.subprocess.PIPE,  # it ends when we do
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=children.environment(),
            limit=_LINE_BYTES,
            **children.OWN_GROUP,
        )
        order = self.settings.order(entry.job, self._place(entry.job.id))
        if process.stdin is not None:
            process.stdin.write(order_line(order.to_json()))
        printed = asyncio.create_task(forward(process.stderr, log, render=entry.job.id))
        try:
            async with asyncio.timeout(timeout_s):
                return await _listen(entry, process)
        except TimeoutError:
            raise InputError(f"takes longer than {timeout_s:g} s, which is all that may be spent on it") from None
        finally:
            entry.process = None
            ended = asyncio.ensure_future(process.wait())
            try:
                if process.stdout is not None and process.stdout.at_eof():  # a signal would take its exit status
                    await asyncio.wait([ended], timeout=PRINTED_S)
            finally:
                if not ended.done():
                    _kill(process)
            entry.ended = children.how_it_ended(await asyncio.shield(ended))
            await asyncio.wait([printed], timeout=PRINTED_S)
            printed.cancel()

    async def _end(self, entry: _Entry, rendered: Rendered | None = None, error: str = "") -> None:
        job, place = entry.job, self._place(entry.job.id)
        try:
            if job.id not in self._entries:
                return
            with contextlib.suppress(OSError):  # what cannot be deleted now is, when the render is
                entry.bytes = await asyncio.to_thread(place.keep_result_alone, job.request.output_format)
            state = RenderState.READY if rendered is not None else RenderState.FAILED
            self._outcomes[state.value] += 1
            over = {"state": state, "rendered": rendered, "error": error, "over_s": time.time(), "bytes": entry.bytes}
            await self._change(entry, **over)
            log.info("a render is over", render=job.id, state=state.value, error=error or None)
        finally:
            entry.over.set()

    async def _change(self, entry: _Entry, **changes: Any) -> None:
        """Note what changed, here first: a disk that refuses it now is told until it takes it."""
        entry.job = replace(entry.job, **changes)
        if entry.job.id in self._entries:
            await self._save(entry.job)

    async def _save(self, job: RenderJob) -> None:
        try:
            await asyncio.to_thread(self._place(job.id).save, job)
        except OutputError as error:
            if not self._unsaved:
                log.error("renders cannot be written down, it is tried again", reason=str(error))
            self._unsaved[job.id] = str(error)
        else:
            self._unsaved.pop(job.id, None)

    @property
    def problem(self) -> str:
        """Why some render could not be written down; empty when all are."""
        return next(iter(self._unsaved.values()), "")

    # ---- room ----

    async def _tidy(self) -> None:
        """Delete what was kept for long enough, and write down what could not be."""
        while True:
            for render in list(self._unsaved):
                if (entry := self._entries.get(render)) is not None:
                    await self._save(entry.job)
                else:
                    del self._unsaved[render]
            now_s = time.time()
            for render, entry in list(self._entries.items()):
                if entry.job.over_s and now_s > entry.job.over_s + self.settings.keep_s:
                    await self.delete(render)
            await asyncio.sleep(TIDY_S)

    def _set_aside(self, size: int | None) -> int:
        """Return the bytes that a render may take: of its video, and of its sound before and after its labels."""
        sound = int(self.settings.limits.max_duration_s * BYTES_PER_S)
        return (size if size is not None else self.settings.fetch.max_bytes) + sound

    def _used(self) -> int:
        return sum(self._arriving.values()) + sum(entry.bytes for entry in self._entries.values())

    def _place(self, render: str) -> RenderDirectory:
        return RenderDirectory(self._directory / render)

    def _status(self, entry: _Entry) -> RenderStatus:
        return entry.job.status(entry.progress, self.settings.keep_s)

    def _refuse(self, reason: str, text: str, retry_after_s: int) -> NoReturn:
        self._refused[reason] += 1
        raise Busy(text, retry_after_s)


async def _listen(entry: _Entry, process: asyncio.subprocess.Process) -> Rendered | None:
    """Follow a process; return what came of it, None when it ended before. Raises ``InputError``."""
    try:
        while process.stdout is not None and (line := await process.stdout.readline()):
            match answer(line):
                case {"refused": str(why)}:
                    raise InputError(why)
                case {"rendered": dict(made)}:
                    return msgspec.convert(made, Rendered)
                case {"progress": float() | int() as part}:
                    entry.progress = min(1.0, max(0.0, part))
                case _:
                    raise InputError(NO_ANSWER)
    except (ValueError, msgspec.ValidationError):  # a line without end, or figures that are none
        raise InputError(NO_ANSWER) from None
    return None


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def _plain(error: LivefoleyError) -> str:
    """Return what was wrong, without the name that a video has with us."""
    return str(error).removeprefix("input: ")
