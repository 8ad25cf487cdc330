"""The student beside the bank and the procedural bed where time waits for both: files, and single sounds."""

from __future__ import annotations

import structlog

from livefoley.core.cues import Cue, Sound, Stereo
from livefoley.core.errors import LivefoleyError
from livefoley.core.ports import BedSource
from livefoley.foley.bank.bank import EffectBank
from livefoley.foley.student.sources import StudentBed, StudentEffects
from livefoley.foley.student.student import Student

log = structlog.get_logger("livefoley.student")

OFFLINE_STEPS = 8


class EffectsBeside:
    """The bank where it has just the sound, else the student, else the bank again. An ``EffectSource``."""

    def __init__(self, bank: EffectBank, student: Student) -> None:
        self._bank = bank
        self._student = StudentEffects(student)

    def make(self, cue: Cue) -> Sound | None:
        """Return the sound of ``cue``; None when nobody has one."""
        sound = None if self._bank.covers(cue) else self._student.make(cue)
        return sound if sound is not None else self._bank.make(cue)


class BedBeside:
    """The student's ambience; where it fails, another one goes on in its place. A ``BedSource``."""

    def __init__(self, student: Student, seed: int, description: str, other: BedSource) -> None:
        """``other`` has been told the description, too."""
        self._other = other
        self._bed: StudentBed | None = None
        try:
            self._bed = StudentBed(student, seed, description)
        except LivefoleyError as error:
            self._leave(error)

    @property
    def source(self) -> str:
        """Who makes what is heard."""
        return "student" if self._bed is not None else "procedural"

    def describe(self, description: str) -> None:
        """Change what the place sounds like."""
        self._other.describe(description)
        if self._bed is not None:
            self._bed.describe(description)

    def read(self, samples: int) -> Stereo:
        """Return the next ``samples`` ticks, ``[2, samples]``."""
        if self._bed is not None:
            try:
                return self._bed.read(samples)
            except LivefoleyError as error:
                self._leave(error)
        return self._other.read(samples)

    def _leave(self, error: LivefoleyError) -> None:
        self._bed = None
        log.warning("the student's ambience stops, the procedural one goes on", reason=str(error))
