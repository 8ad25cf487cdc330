"""The student as a maker of sounds in this process: opened when it is first asked for something, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from livefoley.core.cues import CueKind, Sound, SoundRequest, SoundSource
from livefoley.core.errors import LivefoleyError, ModelError
from livefoley.foley.chain import Offer, Refusal, refusal_of
from livefoley.foley.offers import student_offer
from livefoley.foley.student.settings import StudentSettings

if TYPE_CHECKING:
    from livefoley.foley.student.student import Student

log = structlog.get_logger("livefoley.student")


class StudentMaker:
    """Makes of any words what they say. Implements ``foley.chain.SoundMaker``; for one thread.

    Opening takes half a second and 100 MB, which whoever has no words for it does not spend. Without weights it
    says so, once.
    """

    source = SoundSource.STUDENT

    def __init__(self, settings: StudentSettings) -> None:
        self._settings = settings
        self._student: Student | None = None
        self._missing: ModelError | None = None

    def student(self) -> Student:
        """Return the student, opened now if it has not been. Raises ``ModelError``."""
        if self._missing is not None:
            raise self._missing
        if self._student is None:
            from livefoley.foley.student.student import open_student  # ONNX Runtime: most have no need of it

            given = self._settings
            try:
                self._student = open_student(given.model, given.device, given.threads, given.steps)
            except ModelError as error:
                self._missing = error
                raise
        return self._student

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        """Say that it makes whatever has words, as long as it is not known to be missing."""
        return student_offer(request) if self._missing is None else Refusal(str(self._missing))

    def make(self, request: SoundRequest) -> Sound | Refusal:
        """Return the sound, or a segment of an ambience."""
        if self._missing is not None:
            return Refusal(str(self._missing))
        try:
            student = self.student()
        except ModelError as error:
            log.warning("no student; bank and procedural sounds go on", reason=str(error))
            return refusal_of(error)
        from livefoley.foley.student.sources import cues_of, segments_of

        make = segments_of if request.kind is CueKind.BED else cues_of
        try:
            [made] = make(student, [request])
        except ModelError as error:
            return refusal_of(error)
        return refusal_of(made) if isinstance(made, LivefoleyError) else made

    def rest(self) -> None:
        """Let go of what can be loaded again: the tables of the text encoder are half of all memory."""
        if self._student is not None:
            self._student.encoder.release()
