"""The sounds of all live rooms, and of each: who is asked for a cue, who gives the ambience, and who made what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from livefoley.core.cues import Cue, CueKind, Sound, Stereo
from livefoley.core.notices import SourceNotice
from livefoley.core.snapshots import RefusalCount, SourceCount, StudentSnapshot
from livefoley.foley.chain import MakerOrder, Refusal, StudentUse
from livefoley.runtime.sounds.bed_supply import BedSupply
from livefoley.runtime.sounds.chain import LiveChain, LiveMaker
from livefoley.runtime.sounds.foley import FoleyService, FoleyStatistics
from livefoley.runtime.sounds.recordings import LiveRecordings
from livefoley.runtime.sounds.sound_log import SourceLog
from livefoley.runtime.sounds.student import StudentService
from livefoley.runtime.workers.process import WorkerStatistics

STEP_S = 0.05


class LiveSounds:
    """The makers that all rooms share: the bank, which plays the rooms' beds, too, its recordings, and others.

    ``student`` is among the others where there is one; it is named for its figures.
    """

    def __init__(
        self,
        libraries: Sequence[Path] = (),
        others: Sequence[LiveMaker] = (),
        student: StudentService | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.foley = FoleyService(libraries, lambda: self.beds.restart())
        self.student = student
        self.chain = LiveChain((self.foley, LiveRecordings(self.foley), *others), now)
        self.beds = BedSupply(self.chain.makers, self.foley.add_segment, now)
        self.now = now
        self._rooms: list[RoomSounds] = []

    def room(self, name: str, order: MakerOrder, seed: int, tell: Callable[[SourceNotice], object]) -> RoomSounds:
        """Return the sounds of a room; ``tell`` gets a notice when somebody else makes them."""
        self._rooms.append(RoomSounds(name, self, order, seed, tell))
        return self._rooms[-1]

    @property
    def effects(self) -> frozenset[str]:
        """The names of the bank's effects; empty until its worker has told."""
        return self.foley.names

    def workers(self) -> Iterator[tuple[str, LiveMaker]]:
        """Yield the makers that one of the rooms may ask, by name; they must run beside the rooms."""
        for maker in self.chain.makers if self._rooms else ():
            if maker is self.foley or any(room.order.asks(maker.source) for room in self._rooms):
                yield maker.source, maker

    async def supply_beds(self) -> None:
        """Ask for what the rooms' beds are made of until cancelled."""
        while True:
            await asyncio.sleep(STEP_S)
            self.beds.step(self.now())


class RoomSounds:
    """One room's. Nothing here waits, and nothing here can fail the room."""

    def __init__(
        self, room: str, shared: LiveSounds, order: MakerOrder, seed: int, tell: Callable[[SourceNotice], object]
    ) -> None:
        self.order = order
        self._room = room
        self._shared = shared
        self._seed = seed
        self._describe = ""
        self._log = SourceLog(tell)

    @property
    def ready(self) -> bool:
        """Whether there can be any sound at all."""
        return self._shared.foley.ready

    def describe(self, text: str) -> None:
        """Change what the place sounds like; the bed cross-fades."""
        self._describe = text
        self._shared.foley.describe(self._room, text, self._seed)
        self._shared.beds.describe(self._room, text, self._seed, self.order)

    def forget(self) -> None:
        """The room is gone."""
        self._shared.foley.forget(self._room)
        self._shared.beds.forget(self._room)

    def ask(self, cue: Cue, deadline_s: float, wanted: Callable[[], bool], lay: Callable[[Sound | None], None]) -> None:
        """Ask for the sound of a cue that is needed at ``deadline_s`` (seconds, monotonic); ``lay`` gets it, or None
        when nobody has one. ``wanted`` says whether the room still waits for it."""

        def take(sound: Sound | None) -> None:
            if sound is not None:
                self._log.heard(cue.kind.value, sound.source, sound.name, self._shared.now())
            lay(sound)

        def note(refusal: Refusal) -> None:
            self._log.refused(cue.kind.value, refusal.source, refusal.reason)

        self._shared.chain.ask(cue.request, self.order, deadline_s, wanted, take, note)

    def ask_bed(self, length: int, deadline_s: float, lay: Callable[[Stereo], None]) -> None:
        """Ask for the next ``length`` ticks of the bed."""

        def take(samples: Stereo, source: str) -> None:
            self._log.heard(CueKind.BED.value, source, self._describe, self._shared.now())
            lay(samples)

        self._shared.foley.ask_bed(self._room, length, deadline_s, take)

    # ---- figures ----

    def foley(self) -> FoleyStatistics:
        """Return how the bank's worker does."""
        return self._shared.foley.statistics()

    def student_worker(self) -> WorkerStatistics | None:
        """Return how the student's worker does; None for a room that has no student."""
        student = self._student()
        return student.worker_statistics() if student is not None else None

    def student(self) -> StudentSnapshot:
        """Return how the student does."""
        student = self._student()
        return student.snapshot() if student is not None else StudentSnapshot()

    @property
    def student_use(self) -> StudentUse:
        """What the student makes in this room."""
        if self._student() is None:
            return StudentUse.NEVER
        return StudentUse.ALWAYS if self.order == MakerOrder.of(StudentUse.ALWAYS) else StudentUse.AUTO

    def _student(self) -> StudentService | None:
        student = self._shared.student
        return student if student is not None and self.order.asks(student.source) else None

    def sources(self) -> tuple[SourceCount, ...]:
        """Return how many sounds of each kind came from each source."""
        return self._log.counts()

    def refusals(self) -> tuple[RefusalCount, ...]:
        """Return how many sounds of each kind each source was asked for in vain, and why it was the last time."""
        return self._log.refusals()

    @property
    def bed_source(self) -> str:
        """Who makes the ambience; empty before the first of it."""
        return self._log.current.get(CueKind.BED, "")
