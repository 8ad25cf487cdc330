"""The worker that runs the student for all rooms of a process: ``python -m livefoley.runtime.workers.student_worker``.

A process of its own: a network that hangs, or crashes a driver, takes nothing along but itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict

from livefoley.core.errors import LivefoleyError
from livefoley.foley.chain import refusal_of
from livefoley.foley.student.sources import cues_of, segments_of
from livefoley.foley.student.student import Student, Wish, open_student
from livefoley.runtime.workers.child import Answer, Rest, serve
from livefoley.runtime.workers.link import LOOSE, Header
from livefoley.runtime.workers.messages import request_from, sound_header, stereo_bytes

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

    def handle(self, header: Header, payload: bytes) -> Iterable[Answer[Header]]:
        """Return the answers to one message."""
        match header["op"]:
            case "open":
                return [(self._open(header), b"")]
            case "batch" if self._student is not None:
                began = time.perf_counter()
                replies = _batch(self._student, header["kind"], header["jobs"])
                return [*replies, ({"op": "done", "cost_s": time.perf_counter() - began}, b"")]
        return []

    def _open(self, header: Header) -> Header:
        try:
            given = {key: header[key] for key in ("model", "device", "threads", "steps")}
            self._student = student = open_student(**given)
            for result in student.make([Wish("rain", student.spec.window_tokens)]):  # loads, and compiles, what is lazy
                if isinstance(result, LivefoleyError):
                    raise result
        except LivefoleyError as error:
            self._student = None
            return {"op": "unavailable", "reason": str(error)}
        name = student.backend.name
        batch = BATCH_ON_CPU if name.endswith("cpu") else BATCH_ON_GPU
        return {"op": "opened", "model": student.spec.name, "device": name, "steps": student.steps, "batch": batch}


def _batch(student: Student, kind: str, jobs: list[Header]) -> list[Answer[Header]]:
    """Return an answer to each job: a sound, or why there is none."""
    make = segments_of if kind == "beds" else cues_of
    replies: list[Answer[Header]] = []
    for job, made in zip(jobs, make(student, [request_from(job["request"]) for job in jobs]), strict=True):
        if isinstance(made, LivefoleyError):
            refusal = refusal_of(made)
            replies.append(({"op": "refused", "number": job["number"], **asdict(refusal)}, b""))
        else:
            replies.append(({"op": "sound", "number": job["number"], **sound_header(made)}, stereo_bytes(made.samples)))
    return replies


if __name__ == "__main__":
    worker = StudentWorker()
    serve(LOOSE, worker.handle, NICE, Rest(worker.rest))
