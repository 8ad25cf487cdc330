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
from livefoley.core.snapshots import RenderCacheSnapshot
from livefoley.foley.chain import Offer, Refusal
from livefoley.foley.offers import bank_offer, is_named
from livefoley.runtime.rooms.figures import percentiles
from livefoley.runtime.sounds.chain import Answer, Wanted
from livefoley.runtime.sounds.messages import (
    FOLEY,
    BankNames,
    BedPlayed,
    CacheFigures,
    DescribeBed,
    ForgetBed,
    FromFoley,
    GiveSegment,
    MakeRecording,
    MakeSound,
    OpenBank,
    PlayBed,
    SoundMade,
    SoundRefused,
    ToFoley,
    stereo_bytes,
    stereo_from,
)
from livefoley.runtime.workers.deadlines import DeadlineQueue
from livefoley.runtime.workers.link import Failed
from livefoley.runtime.workers.process import WorkerProcess, WorkerStatistics

MODULE = "livefoley.runtime.workers.foley_worker"
FIRST_TIMEOUT_S = 30.0  # rendering what all rooms begin with, where no cache has it, is the first it does
MAX_IN_FLIGHT = 3
MAX_WAITING = 256


@dataclass(slots=True)
class _Request:
    message: MakeSound | MakeRecording | PlayBed
    answer: Callable[[FromFoley | Failed, bytes], None]
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
    renders: RenderCacheSnapshot


class FoleyService:
    """One foley worker for all rooms. As the bank it is a ``LiveMaker``; and it plays the rooms' beds."""

    source = SoundSource.BANK

    def __init__(self, libraries: Sequence[Path] = (), on_loss: Callable[[], None] = lambda: None) -> None:
        """Serve from the built-in effects and the operator's ``libraries``. ``on_loss`` is called when the worker
        started anew: it has no segment of anybody."""
        self._libraries = [str(path) for path in libraries]
        self.worker: WorkerProcess[ToFoley, FromFoley] = WorkerProcess(
            "foley",
            MODULE,
            FOLEY,
            on_message=self._message,
            on_ready=self._ready,
            first_timeout_s=FIRST_TIMEOUT_S,
        )
        self.names: frozenset[str] = frozenset()  # the bank's effects, once the worker has told
        self.recordings = 0  # how many there are
        self._lower: frozenset[str] = frozenset()
        self._on_loss = on_loss
        self._rooms: dict[str, DescribeBed] = {}
        self._waiting: DeadlineQueue[_Request] = DeadlineQueue(MAX_WAITING)
        self._in_flight: dict[int, _Request] = {}
        self._numbers = itertools.count(1)
        self._latencies: deque[float] = deque(maxlen=1000)
        self._answered = self._failed = self._shed = 0
        self._renders = RenderCacheSnapshot()

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
        self._rooms[room] = DescribeBed(room, description, seed)
        self.worker.send_nowait(self._rooms[room])

    def forget(self, room: str) -> None:
        """The room is gone."""
        if self._rooms.pop(room, None) is not None:
            self.worker.send_nowait(ForgetBed(room))

    def add_segment(self, room: str, description: str, segment: Sound) -> None:
        """Give a room's bed a segment of sound that somebody made of ``description``."""
        self.worker.send_nowait(GiveSegment(room, description, str(segment.source)), stereo_bytes(segment.samples))

    # ---- the bank ----

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        """Say how well the bank's sound would fit."""
        return bank_offer(request, self._is_named) if self.worker.ready else Refusal("is starting, or has failed")

    def _is_named(self, text: str) -> bool:
        return is_named(text, self._lower)

    def ask(self, request: SoundRequest, deadline_s: float, wanted: Wanted, answer: Answer) -> None:
        """Ask for the sound of a cue."""
        self._ask(MakeSound(next(self._numbers), request), deadline_s, wanted, answer)

    def ask_recording(self, request: SoundRequest, deadline_s: float, wanted: Wanted, answer: Answer) -> None:
        """Ask for the sound of a cue, or a segment of an ambience, of recordings."""
        self._ask(MakeRecording(next(self._numbers), request), deadline_s, wanted, answer)

    def _ask(self, message: MakeSound | MakeRecording, deadline_s: float, wanted: Wanted, answer: Answer) -> None:
        def take(message: FromFoley | Failed, payload: bytes) -> None:
            match message:
                case SoundMade():
                    answer(message.sound(payload))
                case SoundRefused(_, reason, fault):
                    answer(Refusal(reason, fault))
                case Failed(_, error):
                    answer(Refusal(error, fault=True))

        if not self._enqueue(message, deadline_s, wanted, take):
            answer(Refusal("is starting, or has too much to do", fault=isinstance(message, MakeRecording)))

    # ---- beds ----

    def ask_bed(self, room: str, length: int, deadline_s: float, lay: Callable[[Stereo, str], None]) -> None:
        """Ask for the next ``length`` ticks of a room's bed; ``lay`` gets them, and who made them."""

        def take(message: FromFoley | Failed, payload: bytes) -> None:
            if isinstance(message, BedPlayed):
                lay(stereo_from(payload), message.source)

        self._enqueue(PlayBed(next(self._numbers), room, length), deadline_s, lambda: True, take)

    def _enqueue(
        self,
        message: MakeSound | MakeRecording | PlayBed,
        deadline_s: float,
        wanted: Callable[[], bool],
        answer: Callable[[FromFoley | Failed, bytes], None],
    ) -> bool:
        if not self.worker.ready:
            self._shed += 1
            return False
        taken = self._waiting.push(deadline_s, wanted, _Request(message, answer))
        self._pump()
        return taken

    def _pump(self) -> None:
        while len(self._in_flight) < MAX_IN_FLIGHT and (request := self._waiting.pop()) is not None:
            request.sent_s = time.monotonic()
            self._in_flight[request.message.number] = request
            self.worker.send_nowait(request.message)

    def _ready(self) -> None:
        lost = [*self._in_flight.values(), *self._waiting.clear()]
        self._shed += len(self._in_flight)
        self._in_flight.clear()
        for request in lost:
            request.answer(Failed("", "the worker died"), b"")
        self.worker.send_nowait(OpenBank(tuple(self._libraries)))
        for described in self._rooms.values():
            self.worker.send_nowait(described)
        self._on_loss()

    def _message(self, message: FromFoley | Failed, payload: bytes) -> None:
        if isinstance(message, BankNames):
            self.names, self.recordings = frozenset(message.names), message.recordings
            self._lower = frozenset(name.lower() for name in message.names)
            return
        if isinstance(message, CacheFigures):
            self._renders = message.renders
            return
        request = self._in_flight.pop(message.number, None)
        if isinstance(message, Failed):
            self._failed += 1
        else:
            self._answered += 1
        if request is not None:
            self._latencies.append(time.monotonic() - request.sent_s)
            request.answer(message, payload)
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
            self._renders,
        )
