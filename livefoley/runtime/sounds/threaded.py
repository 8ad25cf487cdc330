"""A maker that was made for files, live: its sounds are made in a thread of its own, one after the other.

For what waits for others (another machine, a disk) or computes for some milliseconds; what computes for longer belongs
in a worker process, as the student does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from livefoley.core.breaker import Breaker, BreakerState
from livefoley.core.cues import Sound, SoundRequest
from livefoley.core.errors import LivefoleyError
from livefoley.core.throttle import LogThrottle
from livefoley.foley.chain import Offer, Refusal, SoundMaker, refusal_of
from livefoley.media.blocking_thread import BlockingThread
from livefoley.runtime.sounds.chain import Answer, Wanted
from livefoley.runtime.workers.deadlines import DeadlineQueue

MAX_WAITING = 64
HANGS_S = 1.0  # what has not answered so long after its deadline is asked no more until it does


@dataclass(slots=True)
class _Job:
    request: SoundRequest
    deadline_s: float
    answer: Answer


class ThreadedMaker:
    """Implements ``LiveMaker`` around a ``SoundMaker``. After three failures or late answers in a row it rests."""

    def __init__(self, maker: SoundMaker, now: Callable[[], float] = time.monotonic) -> None:
        self.source = maker.source
        self._maker = maker
        self._now = now
        self._log = LogThrottle(structlog.get_logger("livefoley.sounds"), now)
        self._breaker = Breaker()
        self._reason = ""
        self._waiting: DeadlineQueue[_Job] = DeadlineQueue(MAX_WAITING)
        self._running: _Job | None = None
        self._more = asyncio.Event()

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        """Say what the maker says, unless it rests or hangs."""
        if self._breaker.state(now) is BreakerState.OPEN:
            return Refusal(f"rests after it failed ({self._reason})")
        if self._running is not None and now > self._running.deadline_s + HANGS_S:
            return Refusal("has not answered for a while")
        return self._maker.offer(request, now)

    def ask(self, request: SoundRequest, deadline_s: float, wanted: Wanted, answer: Answer) -> None:
        """Put a request in line."""
        if self._waiting.push(deadline_s, wanted, _Job(request, deadline_s, answer)):
            self._more.set()
        else:
            answer(Refusal(f"has {MAX_WAITING} requests waiting"))

    async def run(self) -> None:
        """Make what is asked for until cancelled."""
        thread = BlockingThread(f"sounds-{self.source}")
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                while (job := self._waiting.pop()) is not None:
                    await self._serve(job, thread)
        finally:
            self._running = None
            thread.close()

    def is_awake(self) -> bool:
        """Nobody needs to wait for a thread."""
        return True

    async def _serve(self, job: _Job, thread: BlockingThread) -> None:
        if not self._breaker.allow(self._now()):
            job.answer(Refusal(f"rests after it failed ({self._reason})"))
            return
        self._running = job
        try:
            made = await thread.call(self._maker.make, job.request)
        except LivefoleyError as error:
            made = refusal_of(error)
        except Exception as error:  # a mistake in it costs its sounds alone
            self._log.exception("a maker of sounds broke", source=self.source)
            made = Refusal(f"{type(error).__name__} in it", fault=True)
        self._running = None
        self._judge(made, job)
        job.answer(made)

    def _judge(self, made: Sound | Refusal, job: _Job) -> None:
        now = self._now()
        late = now > job.deadline_s
        if not late and (isinstance(made, Sound) or not made.fault):
            self._breaker.success()
            return
        self._reason = made.reason if isinstance(made, Refusal) else "answers come too late"
        before = self._breaker.openings
        self._breaker.failure(now)
        if self._breaker.openings > before:
            self._log.warning("a maker of sounds rests, others go on", source=self.source, reason=self._reason)
