"""The rooms' access to the foley worker: cues in order of their deadlines, at most a few at a time.

A request whose moment has passed while it waited is shed before it costs anything.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from livefoley.core.cues import Cue, Sound, Stereo
from livefoley.foley.description import lexicon
from livefoley.runtime.rooms.figures import percentiles
from livefoley.runtime.workers.deadlines import DeadlineQueue
from livefoley.runtime.workers.link import LOOSE, Header
from livefoley.runtime.workers.messages import cue_header, stereo_bytes, stereo_from
from livefoley.runtime.workers.process import WorkerProcess, WorkerStatistics

MODULE = "livefoley.runtime.workers.foley_worker"
MAX_IN_FLIGHT = 3
MAX_WAITING = 256


@dataclass(slots=True)
class _Request:
    number: int
    header: Header
    answer: Callable[[Header, bytes], None]
    sent_s: float = 0.0


@dataclass(frozen=True, slots=True)
class FoleyStatistics:
    """The worker's figures and how long answers took (seconds, over the last thousand)."""

    worker: WorkerStatistics
    answered: int
    failed: int
    shed: int
    waiting: int
    latency_s: tuple[float, float, float]  # p50, p95, p99


class FoleyService:
    """One foley worker for all rooms of the process."""

    def __init__(self, libraries: Sequence[Path] = ()) -> None:
        """Serve from the built-in effects and the operator's ``libraries``."""
        self._libraries = [str(path) for path in libraries]
        self.worker: WorkerProcess[Header, Header] = WorkerProcess(
            "foley",
            MODULE,
            LOOSE,
            on_message=self._message,  # type: ignore[arg-type]
            on_ready=self._ready,
        )
        self.names: frozenset[str] = frozenset()  # the bank's effects, once the worker has told
        self.on_loss: Callable[[], None] = lambda: None  # the worker started anew: it has no segment of anybody
        self._rooms: dict[str, Header] = {}
        self._waiting: DeadlineQueue[_Request] = DeadlineQueue(MAX_WAITING)
        self._in_flight: dict[int, _Request] = {}
        self._numbers = itertools.count(1)
        self._latencies: deque[float] = deque(maxlen=1000)
        self._answered = self._failed = self._shed = 0

    async def run(self) -> None:
        """Keep the worker running until cancelled."""
        await self.worker.run()

    @property
    def ready(self) -> bool:
        return self.worker.ready

    def is_awake(self) -> bool:
        """Whether the worker has what the rooms asked for first."""
        return self.worker.caught_up

    def describe(self, room: str, description: str, seed: int) -> None:
        """Say what a room sounds like, now and after every restart of the worker."""
        self._rooms[room] = {"op": "describe", "room": room, "text": description, "seed": seed}
        self.worker.send_nowait(self._rooms[room])

    def forget(self, room: str) -> None:
        """The room is gone."""
        if self._rooms.pop(room, None) is not None:
            self.worker.send_nowait({"op": "forget", "room": room})

    def covers(self, cue: Cue) -> bool:
        """Say whether the bank has just the sound that ``cue`` asks for; of no words it has its own."""
        return not cue.prompt or cue.effect is not None or cue.prompt in self.names or lexicon.covers(cue.prompt)

    def give(self, room: str, description: str, segment: Stereo) -> None:
        """Give a room's bed a segment of sound that a student made of ``description``."""
        self.worker.send_nowait({"op": "segment", "room": room, "text": description}, stereo_bytes(segment))

    def ask(self, cue: Cue, deadline_s: float, wanted: Callable[[], bool], lay: Callable[[Sound | None], None]) -> None:
        """Ask for the sound of a cue; ``lay`` gets it, or None when nothing fits, from the event loop."""

        def answer(header: Header, payload: bytes) -> None:
            if header["op"] != "sound":
                lay(None)
                return
            lay(Sound(stereo_from(payload), header["onset"], header["source"], header["name"]))

        self._enqueue(cue_header(cue), deadline_s, wanted, answer)

    def ask_bed(self, room: str, length: int, deadline_s: float, lay: Callable[[Stereo, str], None]) -> None:
        """Ask for the next ``length`` ticks of a room's bed; ``lay`` gets them, and who made them."""

        def answer(header: Header, payload: bytes) -> None:
            if header["op"] == "bed":
                lay(stereo_from(payload), header["source"])

        self._enqueue({"op": "bed", "room": room, "length": length}, deadline_s, lambda: True, answer)

    def _enqueue(
        self,
        header: Header,
        deadline_s: float,
        wanted: Callable[[], bool],
        answer: Callable[[Header, bytes], None],
    ) -> None:
        if not self.worker.ready:
            self._shed += 1
            return
        number = next(self._numbers)
        self._waiting.push(deadline_s, wanted, _Request(number, {**header, "number": number}, answer))
        self._pump()

    def _pump(self) -> None:
        while len(self._in_flight) < MAX_IN_FLIGHT and (request := self._waiting.pop()) is not None:
            request.sent_s = time.monotonic()
            self._in_flight[request.number] = request
            self.worker.send_nowait(request.header)

    def _ready(self) -> None:
        self._shed += len(self._in_flight)
        self._in_flight.clear()
        self._waiting.clear()
        self.worker.send_nowait({"op": "open", "libraries": self._libraries})
        for header in self._rooms.values():
            self.worker.send_nowait(header)
        self.on_loss()

    def _message(self, header: Header, payload: bytes) -> None:
        if header["op"] == "names":
            self.names = frozenset(header["names"])
            return
        request = self._in_flight.pop(header.get("number", 0), None)
        if header["op"] == "failed":
            self._failed += 1
        else:
            self._answered += 1
        if request is not None:
            self._latencies.append(time.monotonic() - request.sent_s)
            request.answer(header, payload)
        self._pump()

    def statistics(self) -> FoleyStatistics:
        """Return a snapshot."""
        return FoleyStatistics(
            self.worker.statistics(),
            self._answered,
            self._failed,
            self._shed + self._waiting.shed,
            len(self._waiting),
            percentiles(self._latencies),
        )
