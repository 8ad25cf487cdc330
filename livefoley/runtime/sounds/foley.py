"""The bank and the rooms' beds as the rooms reach them: a worker process, asked in order of deadlines, a few at a time.

A request whose moment has passed while it waited is shed before it costs anything.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from livefoley.core.cues import Sound, SoundRequest, SoundSource, Stereo
from livefoley.foley.chain import Offer, Refusal
from livefoley.foley.offers import bank_offer, is_named
from livefoley.runtime.rooms.figures import percentiles
from livefoley.runtime.sounds.chain import Answer, Wanted
from livefoley.runtime.workers.deadlines import DeadlineQueue
from livefoley.runtime.workers.link import LOOSE, Header
from livefoley.runtime.workers.messages import request_header, sound_from, stereo_bytes, stereo_from
from livefoley.runtime.workers.process import WorkerProcess, WorkerStatistics

MODULE = "livefoley.runtime.workers.foley_worker"
FIRST_TIMEOUT_S = 30.0  # rendering what all rooms begin with, where no cache has it, is the first it does
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
    """One foley worker for all rooms. As the bank it is a ``LiveMaker``; and it plays the rooms' beds."""

    source = SoundSource.BANK

    def __init__(self, libraries: Sequence[Path] = (), on_loss: Callable[[], None] = lambda: None) -> None:
        """Serve from the built-in effects and the operator's ``libraries``. ``on_loss`` is called when the worker
        started anew: it has no segment of anybody."""
        self._libraries = [str(path) for path in libraries]
        self.worker: WorkerProcess[Header, Header] = WorkerProcess(
            "foley",
            MODULE,
            LOOSE,
            on_message=self._message,  # type: ignore[arg-type]
            on_ready=self._ready,
            first_timeout_s=FIRST_TIMEOUT_S,
        )
        self.names: frozenset[str] = frozenset()  # the bank's effects, once the worker has told
        self._lower: frozenset[str] = frozenset()
        self._on_loss = on_loss
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

    def give(self, room: str, description: str, segment: Sound) -> None:
        """Give a room's bed a segment of sound that somebody made of ``description``."""
        header = {"op": "segment", "room": room, "text": description, "source": segment.source}
        self.worker.send_nowait(header, stereo_bytes(segment.samples))

    # ---- the bank ----

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        """Say how well the bank's sound would fit."""
        return bank_offer(request, self._is_named) if self.worker.ready else Refusal("is starting, or has failed")

    def _is_named(self, text: str) -> bool:
        return is_named(text, self._lower)

    def ask(self, request: SoundRequest, deadline_s: float, wanted: Wanted, answer: Answer) -> None:
        """Ask for the sound of a cue."""

        def take(header: Header, payload: bytes) -> None:
            match header["op"]:
                case "sound":
                    answer(sound_from(header, payload))
                case "nothing":
                    answer(Refusal("has no such sound"))
                case _:
                    answer(Refusal(header["error"], fault=True))

        message = {"op": "make", "request": request_header(request)}
        if not self._enqueue(message, deadline_s, wanted, take):
            answer(Refusal("is starting, or has too much to do"))

    # ---- beds ----

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
    ) -> bool:
        if not self.worker.ready:
            self._shed += 1
            return False
        number = next(self._numbers)
        taken = self._waiting.push(deadline_s, wanted, _Request(number, {**header, "number": number}, answer))
        self._pump()
        return taken

    def _pump(self) -> None:
        while len(self._in_flight) < MAX_IN_FLIGHT and (request := self._waiting.pop()) is not None:
            request.sent_s = time.monotonic()
            self._in_flight[request.number] = request
            self.worker.send_nowait(request.header)

    def _ready(self) -> None:
        lost = [*self._in_flight.values(), *self._waiting.clear()]
        self._shed += len(self._in_flight)
        self._in_flight.clear()
        for request in lost:
            request.answer({"op": "failed", "error": "the worker died"}, b"")
        self.worker.send_nowait({"op": "open", "libraries": self._libraries})
        for header in self._rooms.values():
            self.worker.send_nowait(header)
        self._on_loss()

    def _message(self, header: Header, payload: bytes) -> None:
        if header["op"] == "names":
            self.names = frozenset(header["names"])
            self._lower = frozenset(name.lower() for name in header["names"])
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
