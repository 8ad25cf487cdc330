"""The rooms' access to the worker that recognises speech: one model, in one process, for all of them.

A room's sound goes there ahead of the delay line; transcripts and keywords come back. Where the worker is away, busy or
without a model, the sound is dropped and counted, and the rooms go on without ears.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import structlog
from numpy.typing import NDArray

from livefoley.core.backoff import Backoff
from livefoley.core.events import HearingEvent, Keyword, KeywordHit, Mention, Transcript
from livefoley.core.highlights import EvidenceState
from livefoley.core.media import TrackInfo, Unit
from livefoley.core.snapshots import EarsSnapshot, Latency
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.runtime.rooms.figures import percentiles
from livefoley.runtime.rooms.taps import AudioBatcher
from livefoley.runtime.workers.link import Failed
from livefoley.runtime.workers.messages import (
    EARS,
    EarsFigures,
    Flush,
    FromEars,
    Heard,
    Listen,
    Named,
    Opened,
    OpenModel,
    RoomAudio,
    Said,
    ToEars,
    Unavailable,
)
from livefoley.runtime.workers.process import WorkerProcess, WorkerStatistics
from livefoley.system.tasks import TaskGroup

log = structlog.get_logger("livefoley.ears")

MODULE = "livefoley.runtime.workers.ears_worker"
HANG_TIMEOUT_S = 15.0  # loading a large model is one message
MAX_BEHIND_S = 8.0  # a worker further behind is given no more sound
SILENT_S = 1.0  # no sound for so long: the publisher is away, what was begun is over
CHECK_S = 0.5
LOOK_AGAIN_S = (2.0, 60.0)  # for a model that was not there: soon at first, as somebody may be fetching it


@dataclass(slots=True)
class _Open:
    """What was told of a room and not settled yet; a worker that dies leaves it to us."""

    hits: dict[int, KeywordHit] = field(default_factory=dict)
    transcript: Transcript | None = None


class RoomEars:
    """One room's ears. Implements the engine's ``Taps``; ``on_event`` is called from the event loop."""

    def __init__(
        self,
        service: EarsService,
        room: str,
        languages: Sequence[str],
        keywords: Sequence[Keyword],
        on_event: Callable[[HearingEvent], None],
        on_mention: Callable[[Mention], None] | None = None,
    ) -> None:
        """Listen; tell ``on_mention`` what is named."""
        self.room = room
        self.figures: EarsFigures | None = None
        self.dropped = 0
        self._service = service
        self._languages, self._keywords = tuple(languages), tuple(keywords)
        self._on_event = on_event
        self._on_mention = on_mention
        self._batcher = AudioBatcher(self._send)
        self._open = _Open()
        self._next_id = 1
        self._head: Tick = 0  # where the sound that was sent ends
        self._fed_s: float | None = None
        self._delays_s: deque[float] = deque(maxlen=200)

    def video(self, item: TrackInfo | Unit) -> None:
        """Ears do not look."""

    def audio(self, samples: NDArray[np.float32], start: Tick) -> None:
        """Pass on sound, in batches."""
        self._batcher.feed(samples, start)
        self._fed_s = time.monotonic()

    def end_if_silent(self, now: float) -> None:
        """Finish what was begun when no sound comes any more."""
        if self._fed_s is not None and now - self._fed_s > SILENT_S:
            self._fed_s = None
            self._batcher.flush()
            self._service.worker.send_nowait(Flush(self.room))

    def _send(self, payload: bytes, start: Tick) -> None:
        self._head = start + len(payload) // 2
        message, worker = RoomAudio(self.room, start, time.monotonic()), self._service.worker
        if not self._service.listening or worker.behind_s > MAX_BEHIND_S or not worker.send_nowait(message, payload):
            self.dropped += 1

    def introduction(self) -> Listen:
        """Return what tells a new worker of this room; what it tells counts up from where the last one stopped."""
        return Listen(self.room, self._languages, self._keywords, self._next_id, steer=self._on_mention is not None)

    def take(self, event: HearingEvent) -> None:
        """Hand on an event."""
        if isinstance(event, Transcript):
            self._next_id = max(self._next_id, event.utterance + 1)
            self._open.transcript = None if event.final else event
        else:
            self._next_id = max(self._next_id, event.id + 1, event.utterance + 1)
            if event.id not in self._open.hits:
                self._delays_s.append((self._head - event.end) / TICK_RATE)
            if event.state is EvidenceState.SPOTTED:
                self._open.hits[event.id] = event
            else:
                self._open.hits.pop(event.id, None)
        self._on_event(event)

    def named(self, mention: Mention) -> None:
        """Hand on what was named."""
        if self._on_mention is not None:
            self._on_mention(mention)

    def settle(self) -> None:
        """The worker is dead: nobody will confirm what it spotted, nor finish what it began."""
        left, self._open = self._open, _Open()
        for hit in left.hits.values():
            self._on_event(replace(hit, state=EvidenceState.WITHDRAWN))
        if left.transcript is not None:
            self._on_event(replace(left.transcript, final=True, revision=left.transcript.revision + 1))

    def worker_statistics(self) -> WorkerStatistics:
        """Return the figures of the worker that all rooms share."""
        return self._service.worker.statistics()

    def snapshot(self) -> EarsSnapshot:
        """Return the room's figures."""
        service, told = self._service, self.figures or EarsFigures(self.room, 0, 0, 0, 0, 0, 0.0)
        return EarsSnapshot(
            state=service.state,
            reason=service.reason,
            device=service.device,
            utterances=told.utterances,
            foreign=told.foreign,
            made_up=told.made_up,
            shed=told.shed,
            passes=told.passes,
            cost_s=told.cost_s,
            dropped=self.dropped,
            keyword_delay_s=Latency(*percentiles(self._delays_s)),
        )


class EarsService:
    """One recogniser for all rooms of the process; ``model`` is a name or a directory."""

    def __init__(self, model: str, unavailable: str = "") -> None:
        """Serve with ``model``; ``unavailable`` says why there are no ears on this machine at all."""
        self.worker: WorkerProcess[ToEars, FromEars] = WorkerProcess(
            "ears", MODULE, EARS, on_message=self._message, on_ready=self._ready, hang_timeout_s=HANG_TIMEOUT_S
        )
        self.listening = False
        self.reason = unavailable
        self.device = ""
        self.usable = not unavailable
        self._opening = False
        self._model = model
        self._rooms: dict[str, RoomEars] = {}

    @property
    def state(self) -> str:
        """``listening``, ``starting``, or ``unavailable`` (``reason`` says why)."""
        if self.listening and self.worker.ready:
            return "listening"
        return "unavailable" if self.reason else "starting"

    def is_awake(self) -> bool:
        """Whether the rooms are listened to, or will not be soon."""
        return self.state != "starting"

    def open(
        self,
        room: str,
        languages: Sequence[str],
        keywords: Sequence[Keyword],
        on_event: Callable[[HearingEvent], None],
        on_mention: Callable[[Mention], None] | None = None,
    ) -> RoomEars:
        """Return the ears of a room."""
        self._rooms[room] = made = RoomEars(self, room, languages, keywords, on_event, on_mention)
        return made

    async def run(self) -> None:
        """Keep the worker running until cancelled; without what it needs, say so once and do nothing."""
        if not self.usable:
            log.warning("rooms run without ears", rooms=sorted(self._rooms), reason=self.reason)
            return
        async with TaskGroup() as tasks:
            tasks.create_task(self.worker.run())
            tasks.create_task(self._watch_silence())
            tasks.create_task(self._look_again())

    async def _watch_silence(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            for room in self._rooms.values():
                room.end_if_silent(time.monotonic())

    async def _look_again(self) -> None:
        """Open a model that could not be opened once it can: `livefoley models fetch` needs no restart."""
        backoff = Backoff(LOOK_AGAIN_S)
        while True:
            await asyncio.sleep(backoff.next_s())
            if self.state != "unavailable":
                backoff.reset()
            elif self.worker.ready and not self._opening:
                self._open()

    def _ready(self) -> None:
        self.listening, self.reason = False, ""
        for room in self._rooms.values():
            room.settle()
        self._open()

    def _open(self) -> None:
        self._opening = self.worker.send_nowait(OpenModel(self._model))  # until the answer: some open slowly
        for room in self._rooms.values():
            self.worker.send_nowait(room.introduction())

    def _message(self, message: FromEars | Failed, payload: bytes) -> None:
        match message:
            case Said(room, event) | Heard(room, event) if room in self._rooms:
                self._rooms[room].take(event)
            case Named(mention, room) if room in self._rooms:
                self._rooms[room].named(mention)
            case EarsFigures() if message.room in self._rooms:
                self._rooms[message.room].figures = message
            case Opened(device):
                self.listening, self.device, self.reason, self._opening = True, device, "", False
                log.info("ears are open", model=self._model, device=device, rooms=sorted(self._rooms))
            case Unavailable(reason):
                if reason != self.reason:
                    log.warning("rooms run without ears", rooms=sorted(self._rooms), reason=reason)
                self.reason, self._opening = reason, False
            case Failed(of, error):
                log.warning("sound could not be listened to", of=of, error=error)
