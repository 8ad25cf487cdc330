"""Worker processes that many rooms share: few for all of them, and inside each a fair turn for every room.

A process that dies or hangs costs its rooms what it does for them, for a second; each tells the new one its state
again. One that dies again and again has a room that kills it: then each of its rooms gets a process of its own, so that
the others are rid of it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic

import structlog

from livefoley.runtime.workers.ipc import Data, Frame
from livefoley.runtime.workers.link import LEAVE, MARK, MARKED, Failed, Link, Reply, Request
from livefoley.runtime.workers.process import HANG_TIMEOUT_S, PING_INTERVAL_S, Process, WorkerStatistics
from livefoley.system.tasks import TaskGroup

log = structlog.get_logger("livefoley.worker")

ROOMS_A_PROCESS = 4
DEATHS, WITHIN_S = 2, 60.0  # so many in so short a time: its rooms are parted


def processes_for(rooms: int, cpus: int | None = None) -> int:
    """Return how many processes watch so many rooms: one for every four, none more than there are processors."""
    return max(1, min(-(-rooms // ROOMS_A_PROCESS), cpus or os.cpu_count() or 1))


class Seat(Generic[Request, Reply]):
    """One room's place in a shared worker. ``on_message`` and ``on_ready`` are called from the event loop, the latter
    whenever there is a worker that knows nothing of the room."""

    def __init__(
        self,
        room: str,
        link: Link[Request, Reply],
        on_message: Callable[[Reply | Failed, bytes], None],
        on_ready: Callable[[], None],
        process: _Process,
    ) -> None:
        self.room = room
        self.on_ready = on_ready
        self._link = link
        self._on_message = on_message
        self.process = process
        self.marks: deque[float] = deque(maxlen=64)  # when those were sent that have not been answered
        self._sent = self._dropped = 0

    @property
    def behind_s(self) -> float:
        """How long the worker has left waiting what this room sent."""
        return time.monotonic() - self.marks[0] if self.marks else 0.0

    def take(self, frame: Frame) -> None:
        """Take what the worker says to this room."""
        self._on_message(self._link.reply(frame.head), frame.payload)

    def send_nowait(self, message: Request, payload: Data = b"") -> bool:
        """Send a message, or drop and count it when the worker is away or has too much to read."""
        if self.room not in self.process.seats:
            return False
        sent = self.process.worker.write_nowait(self._link.encode(message), payload, self.room)
        self._sent += sent
        self._dropped += not sent
        return sent

    def leave(self) -> None:
        """The room is gone."""
        if self.process.seats.pop(self.room, None) is not None:
            self.process.worker.write_nowait(LEAVE, room=self.room)

    def statistics(self) -> WorkerStatistics:
        """Return the figures of the process, with what this room sent and lost."""
        return replace(self.process.worker.statistics(), sent=self._sent, dropped=self._dropped)


class _Process:
    """A worker process and the rooms in it."""

    def __init__(self, name: str, module: str, hang_timeout_s: float) -> None:
        self.seats: dict[str, Seat[Any, Any]] = {}
        self._starts_s: deque[float] = deque(maxlen=DEATHS + 1)
        self.worker = Process(name, module, on_frame=self._take, on_ready=self._ready, hang_timeout_s=hang_timeout_s)

    def _take(self, frame: Frame) -> None:
        seat = self.seats.get(frame.room)
        if seat is None:
            return
        if frame.head == MARKED:
            if seat.marks:
                seat.marks.popleft()
        else:
            seat.take(frame)

    def _ready(self) -> None:
        self._starts_s.append(time.monotonic())
        for seat in self.seats.values():
            seat.marks.clear()
            seat.on_ready()

    def mark(self) -> None:
        """Ask how far behind the worker is with each room."""
        for seat in self.seats.values():
            if self.worker.write_nowait(MARK, room=seat.room):
                seat.marks.append(time.monotonic())

    def is_troubled(self) -> bool:
        """Say whether one of several rooms seems to kill the process."""
        often = len(self._starts_s) > DEATHS and self._starts_s[-1] - self._starts_s[0] < WITHIN_S
        return often and len(self.seats) > 1


class SharedWorkers(Generic[Request, Reply]):
    """``count`` processes that run ``module`` and speak the messages of ``link``, for any number of rooms."""

    def __init__(
        self,
        name: str,
        module: str,
        link: Link[Request, Reply],
        count: int = 1,
        hang_timeout_s: float = HANG_TIMEOUT_S,
    ) -> None:
        self._name = name
        self._module = module
        self._link = link
        self._hang_timeout_s = hang_timeout_s
        self._processes: list[_Process] = []
        for _ in range(count):
            self._add()

    def _add(self) -> _Process:
        name = f"{self._name}-{len(self._processes) + 1}"
        self._processes.append(_Process(name, self._module, self._hang_timeout_s))
        return self._processes[-1]

    def seat(
        self, room: str, on_message: Callable[[Reply | Failed, bytes], None], on_ready: Callable[[], None]
    ) -> Seat[Request, Reply]:
        """Give ``room`` a place in the process with the fewest rooms."""
        process = min(self._processes, key=lambda process: len(process.seats))
        seat = process.seats[room] = Seat(room, self._link, on_message, on_ready, process)
        return seat

    @property
    def ready(self) -> bool:
        """Whether all processes have started."""
        return all(process.worker.ready for process in self._processes)

    def is_awake(self) -> bool:
        """Whether they have done all they were told then."""
        return all(process.worker.caught_up for process in self._processes)

    async def run(self) -> None:
        """Keep the processes running until cancelled."""
        async with TaskGroup() as tasks:
            for process in self._processes:
                tasks.create_task(process.worker.run())
            while True:
                await asyncio.sleep(PING_INTERVAL_S)
                for process in tuple(self._processes):
                    process.mark()
                    if process.is_troubled():
                        for made in self._part(process):
                            tasks.create_task(made.worker.run())

    def _part(self, process: _Process) -> list[_Process]:
        """Leave a process one of its rooms; return new ones with one of the others each."""
        _, *others = process.seats.values()
        log.warning("rooms that shared a worker get one each", worker=process.worker.name, rooms=sorted(process.seats))
        made = []
        for seat in others:
            seat.leave()
            seat.process = self._add()
            seat.process.seats[seat.room] = seat
            made.append(seat.process)
        return made
