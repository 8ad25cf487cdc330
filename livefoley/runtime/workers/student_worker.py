"""The worker that runs the student for all rooms of a process: ``python -m livefoley.runtime.workers.student_worker``.

A process of its own: a network that hangs, or crashes a driver, takes nothing along but itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from livefoley.core.cues import CueKind
from livefoley.core.errors import LivefoleyError
from livefoley.foley.chain import refusal_of
from livefoley.foley.student.settings import StudentSettings
from livefoley.foley.student.sources import cues_of, segments_of
from livefoley.foley.student.student import Student, Wish, open_student
from livefoley.runtime.sounds.messages import (
    STUDENT,
    BatchDone,
    FromStudent,
    MakeBatch,
    MakeSound,
    OpenStudent,
    SoundMade,
    SoundRefused,
    StudentOpened,
    ToStudent,
    stereo_bytes,
)
from livefoley.runtime.workers.child import Answer, Rest, serve
from livefoley.runtime.workers.messages import Unavailable

BATCH_ON_CPU, BATCH_ON_GPU = 2, 32
NICE = 10  # bank and procedural bed go before it, for they stand in for it


class StudentWorker:
    """Makes batches of sounds for cues, and of segments for beds; every answer carries the number of its job."""

    def __init__(self) -> None:
        self._student: Student | None = None

    def rest(self) -> None:
        """There has been nothing to do for a while: the tables of the text encoder are half of all memory."""
        if self._student is not None:
            self._student.encoder.release()

    def handle(self, message: ToStudent, payload: bytes) -> Iterable[Answer[FromStudent]]:
        """Return the answers to one message."""
        match message:
            case OpenStudent(settings):
                return [(self._open(settings), b"")]
            case MakeBatch(jobs) if self._student is not None:
                began = time.perf_counter()
                answers = _batch(self._student, jobs)
                done = BatchDone(time.perf_counter() - began, self._student.encoder.statistics())
                return [*answers, (done, b"")]
        return []

    def _open(self, given: StudentSettings) -> StudentOpened | Unavailable:
        try:
            self._student = student = open_student(given.model, given.device, given.threads, given.steps)
            for result in student.make([Wish("rain", student.spec.window_tokens)]):  # loads, and compiles, what is lazy
                if isinstance(result, LivefoleyError):
                    raise result
        except LivefoleyError as error:
            self._student = None
            return Unavailable(str(error))
        name = student.backend.name
        batch = BATCH_ON_CPU if name.endswith("cpu") else BATCH_ON_GPU
        return StudentOpened(student.spec.name, name, student.steps, batch)


def _batch(student: Student, jobs: Sequence[MakeSound]) -> list[Answer[FromStudent]]:
    """Return an answer to each job, all of one kind: a sound, or why there is none."""
    make = segments_of if jobs[0].request.kind is CueKind.BED else cues_of
    answers: list[Answer[FromStudent]] = []
    for job, made in zip(jobs, make(student, [job.request for job in jobs]), strict=True):
        if isinstance(made, LivefoleyError):
            refusal = refusal_of(made)
            answers.append((SoundRefused(job.number, refusal.reason, refusal.fault), b""))
        else:
            answers.append((SoundMade.of(job.number, made), stereo_bytes(made.samples)))
    return answers


if __name__ == "__main__":
    worker = StudentWorker()
    serve(STUDENT, worker.handle, NICE, Rest(worker.rest))
