"""A supervised worker process: started, listened to, killed when it hangs, started again when it dies.

The room never waits for it. What is sent while it is away or behind is dropped and counted. One that is silent because
it gets no processor time is waited for (`patience`), and of several that have to be started anew one is at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic

import structlog

from livefoley.core.backoff import Backoff
from livefoley.core.snapshots import WorkerSnapshot
from livefoley.core.throttle import LogThrottle
from livefoley.runtime.child_log import forward
from livefoley.runtime.patience import Turns, Verdict, Vigil, read
from livefoley.runtime.workers.ipc import BrokenPipe, Data, Frame, pack, read_frame
from livefoley.runtime.workers.link import PING, PONG, READY, Failed, Link, MessageError, Reply, Request
from livefoley.system import children
from livefoley.system.tasks import TaskGroup

log = structlog.get_logger("livefoley.worker")

PING_INTERVAL_S = 0.5
HANG_TIMEOUT_S = 3.0
START_TIMEOUT_S = 30.0
BACKOFF_S = (0.1, 5.0)
LEAVE_S = 0.3  # how long a worker may take to leave by itself
STEADY_S = 10.0  # a worker that lived this long starts again at once
MAX_BACKLOG = 16 * 1024 * 1024
TURN_POLL_S = 0.1
TURNS = Turns()
"""Of all workers of this process."""


@dataclass(frozen=True, slots=True)
class WorkerStatistics:
    """A worker's figures since the room began."""

    name: str
    alive: bool
    starts: int
    hangs: int
    sent: int
    dropped: int
    unusable: int  # messages of the worker that were none, or that nothing could be made of
    starvations: int = 0  # times it was silent for want of processor time, and waited for

    def snapshot(self, name: str, skipped: int = 0) -> WorkerSnapshot:
        """Return what is shown of it; ``skipped`` is what its owner did not even send."""
        return WorkerSnapshot(
            name,
            self.alive,
            restarts=max(0, self.starts - 1),
            hangs=self.hangs,
            starvations=self.starvations,
            dropped=self.dropped + skipped,
            unusable=self.unusable,
        )


class Process:
    """Runs ``MODULE`` as a program and exchanges frames with it over pipes.

    ``on_frame(frame)`` and ``on_ready()`` are called from the event loop; ``on_ready`` after every start, so that the
    owner can tell the worker its state again. It is hung after ``hang_timeout_s`` without an answer; until it has done
    what it was told then, after ``first_timeout_s``.
    """

    def __init__(
        self,
        name: str,
        module: str,
        *,
        on_frame: Callable[[Frame], None],
        on_ready: Callable[[], None] = lambda: None,
        hang_timeout_s: float = HANG_TIMEOUT_S,
        first_timeout_s: float | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._module = module
        self._on_frame = on_frame
        self._on_ready = on_ready
        self._hang_timeout_s = hang_timeout_s
        self._first_timeout_s = first_timeout_s if first_timeout_s is not None else hang_timeout_s
        self._environment = environment or {}
        self._process: asyncio.subprocess.Process | None = None
        self._ready = self._caught_up = False
        self._vigil = Vigil(time.monotonic, lambda: read(self.pid))
        self._pings: deque[float] = deque(maxlen=64)  # when those were sent that have not been answered
        self._ended = ""  # how the last process did, in words
        self._throttled = LogThrottle(log, time.monotonic)
        self._starts = self._hangs = self._sent = self._dropped = self._unusable = 0

    @property
    def ready(self) -> bool:
        return self._ready

    @property
    def caught_up(self) -> bool:
        """Whether it has done all that it was told when it was ready."""
        return self._caught_up

    @property
    def pid(self) -> int | None:
        """The process, for the operator and for tests that kill it."""
        return self._process.pid if self._process is not None else None

    @property
    def behind_s(self) -> float:
        """How long the worker has been busy with what it was sent before the oldest ping it has not answered."""
        return self._now() - self._pings[0] if self._pings else 0.0

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def write_nowait(self, head: bytes, payload: Data = b"", room: str = "") -> bool:
        """Send a frame, or drop and count it when the worker is away or more than ``MAX_BACKLOG`` bytes behind."""
        pipe = self._process.stdin if self._process is not None and self._ready else None
        if pipe is None or pipe.is_closing() or pipe.transport.get_write_buffer_size() > MAX_BACKLOG:
            self._dropped += 1
            return False
        pipe.write(pack(head, payload, room))
        if payload:
            pipe.write(payload)
        self._sent += 1
        return True

    async def run(self) -> None:
        """Keep the worker running until cancelled."""
        backoff = Backoff(BACKOFF_S, steady_s=STEADY_S)
        try:
            while True:
                started_s = self._now()
                try:
                    await self._one_life()
                except (BrokenPipe, OSError, TimeoutError) as error:
                    reason = f"{str(error) or 'no answer'}{self._ended}"
                    log.warning("worker stopped, starting it again", worker=self.name, reason=reason)
                await asyncio.sleep(backoff.next_s(self._now() - started_s))
                while not TURNS.take(self):  # noqa: ASYNC110 - who leaves its turn tells nobody
                    await asyncio.sleep(TURN_POLL_S)
        finally:
            TURNS.leave(self)

    async def _one_life(self) -> None:
        self._process = process = await asyncio.create_subprocess_exec(
            *children.command(self._module),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=children.environment(self._environment),
            **children.OWN_GROUP,
            limit=4 * 1024 * 1024,
        )
        self._starts += 1
        self._vigil.heard()
        printed = asyncio.create_task(forward(process.stderr, log, worker=self.name))
        try:
            async with TaskGroup() as tasks:
                tasks.create_task(self._listen(process))
                tasks.create_task(self._watch())
        except* (BrokenPipe, OSError, TimeoutError) as group:
            raise group.exceptions[0] from None
        finally:
            self._ready = self._caught_up = False
            self._pings.clear()
            try:
                await self._end(process)
                await asyncio.wait([printed], timeout=LEAVE_S)
            finally:
                printed.cancel()

    async def _listen_once(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            raise BrokenPipe("the worker has no output")
        frame = await read_frame(process.stdout)
        self._vigil.heard()
        if frame.head == PONG:
            self._caught_up = True
            if self._pings:
                self._pings.popleft()
        elif frame.head == READY and not self._ready:
            self._pings.clear()
            self._ready = True
            TURNS.leave(self)
            self._on_ready()
        else:
            self._hand_on(frame)

    def _hand_on(self, frame: Frame) -> None:
        try:
            self._on_frame(frame)
        except MessageError as error:
            self._unusable += 1
            self._throttled.warning("a worker said what it may not", worker=self.name, reason=str(error))
        except Exception:  # a fault of ours in what becomes of it: no reason to end the worker, or the room
            self._unusable += 1
            self._throttled.exception("what a worker said was lost", worker=self.name, lost=self._unusable)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        while True:
            await self._listen_once(process)

    async def _watch(self) -> None:
        """Ping; a worker that says nothing although it could is hung. So is one that does not get ready."""
        while True:
            if self._ready and self.write_nowait(PING):
                self._pings.append(self._now())
            await asyncio.sleep(PING_INTERVAL_S)
            timeout_s = self._timeout_s()
            found = self._vigil.look(timeout_s + PING_INTERVAL_S)
            if found is Verdict.STARVES:
                self._throttled.warning("a worker gets too little processor time, waiting for it", worker=self.name)
            if found is Verdict.HANGS and TURNS.take(self):
                self._hangs += self._ready
                raise TimeoutError(f"no answer for {timeout_s:g} s")

    def _timeout_s(self) -> float:
        if not self._ready:
            return START_TIMEOUT_S
        return self._hang_timeout_s if self._caught_up else self._first_timeout_s

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """See the process off: it leaves by itself when its pipe closes, unless it hangs."""
        self._process = None
        if process.stdin is not None:
            process.stdin.close()
        self._ended = ""
        try:
            async with asyncio.timeout(LEAVE_S):
                self._ended = f"; it {children.how_it_ended(await process.wait())}"
        except (TimeoutError, asyncio.CancelledError) as error:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())
            if isinstance(error, asyncio.CancelledError):
                raise

    def statistics(self) -> WorkerStatistics:
        """Return a snapshot."""
        return WorkerStatistics(
            self.name,
            self._ready,
            self._starts,
            self._hangs,
            self._sent,
            self._dropped,
            self._unusable,
            self._vigil.starvations,
        )


class WorkerProcess(Process, Generic[Request, Reply]):
    """A process that speaks the messages of ``link``; ``on_message(message, payload)`` is called from the event loop.
    What the worker says and may not is counted, and costs nothing else."""

    def __init__(
        self,
        name: str,
        module: str,
        link: Link[Request, Reply],
        *,
        on_message: Callable[[Reply | Failed, bytes], None],
        on_ready: Callable[[], None] = lambda: None,
        hang_timeout_s: float = HANG_TIMEOUT_S,
        first_timeout_s: float | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            name,
            module,
            on_frame=lambda frame: on_message(link.reply(frame.head), frame.payload),
            on_ready=on_ready,
            hang_timeout_s=hang_timeout_s,
            first_timeout_s=first_timeout_s,
            environment=environment,
        )
        self._link = link

    def send_nowait(self, message: Request, payload: Data = b"") -> bool:
        """Send a message, or drop and count it when the worker is away or more than ``MAX_BACKLOG`` bytes behind."""
        return self.write_nowait(self._link.encode(message), payload)
