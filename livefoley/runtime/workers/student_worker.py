"""The worker that runs the student for all rooms of a process: ``python -m livefoley.runtime.workers.student_worker``.

A process of its own: a network that hangs, or crashes a driver, takes nothing along but itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.errors import LivefoleyError, ModelError
from livefoley.foley.student.sources import answer, bed_seed, wish_of
from livefoley.foley.student.student import Continuation, Student, Wish, open_student
from livefoley.runtime.workers.child import Answer, Rest, serve
from livefoley.runtime.workers.link import LOOSE, Header
from livefoley.runtime.workers.messages import cue_from, stereo_bytes

SEGMENT_WINDOWS = 2
MOST_ROOMS = 256
BATCH_ON_CPU, BATCH_ON_GPU = 2, 32
NICE = 10  # bank and procedural bed go before it, for they stand in for it


@dataclass(slots=True)
class _Bed:
    """A room's ambience and what it is of."""

    text: str
    sound: Continuation


class StudentWorker:
    """Makes batches of sounds for cues, and of segments for beds; every answer carries the number of its job."""

    def __init__(self) -> None:
        self._student: Student | None = None
        self._beds: dict[str, _Bed] = {}

    def rest(self) -> None:
        """There has been nothing to do for a while: the tables of the text encoder are half of all memory."""
        if self._student is not None:
            self._student.encoder.release()

    def handle(self, header: Header, payload: bytes) -> Iterable[Answer[Header]]:
        """Return the answers to one message."""
        match header["op"]:
            case "open":
                return [(self._open(header), b"")]
            case "forget":
                self._beds.pop(header["room"], None)
            case "batch" if self._student is not None:
                began = time.perf_counter()
                make = self._cues if header["kind"] == "cues" else self._segments
                replies = make(self._student, header["jobs"])
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

    # ---- batches ----

    def _cues(self, student: Student, jobs: list[Header]) -> list[Answer[Header]]:
        cues = [cue_from(job["cue"]) for job in jobs]
        made = student.make([wish_of(cue) for cue in cues])

        def sound(place: int) -> Answer[Header]:
            found = made[place]
            if isinstance(found, LivefoleyError):
                raise found
            sound = answer(cues[place], found)
            return {"op": "sound", "onset": sound.onset, "name": sound.name}, stereo_bytes(sound.samples)

        return _each(jobs, sound)

    def _segments(self, student: Student, jobs: list[Header]) -> list[Answer[Header]]:
        beds: dict[int, Continuation] = {}
        refused: dict[int, LivefoleyError] = {}
        for place, job in enumerate(jobs):
            try:
                beds[place] = self._bed(student, job)
            except LivefoleyError as error:
                refused[place] = error
        pieces: dict[int, list[Stereo]] = {place: [] for place in beds}
        for _ in range(SEGMENT_WINDOWS):
            for place, made in zip(beds, student.advance(list(beds.values())), strict=True):
                if isinstance(made, ModelError):
                    refused[place] = made
                else:
                    pieces[place].append(made)

        def segment(place: int) -> Answer[Header]:
            if place in refused:
                raise refused[place]
            return {"op": "segment"}, stereo_bytes(np.concatenate(pieces[place], axis=1))

        return _each(jobs, segment)

    def _bed(self, student: Student, job: dict[str, Any]) -> Continuation:
        room, text = job["room"], job["text"]
        bed = self._beds.get(room)
        if bed is None or bed.text != text:
            if len(self._beds) >= MOST_ROOMS:
                self._beds.pop(next(iter(self._beds)))
            bed = self._beds[room] = _Bed(text, student.bed(text, bed_seed(room, text, job["seed"])))
        return bed.sound


def _each(jobs: list[Header], make: Callable[[int], Answer[Header]]) -> list[Answer[Header]]:
    """Return an answer to each job: what ``make`` returns, or why it could not."""
    replies: list[Answer[Header]] = []
    for place, job in enumerate(jobs):
        try:
            header, payload = make(place)
        except LivefoleyError as error:
            header, payload = {"op": "refused", "reason": str(error), "broken": isinstance(error, ModelError)}, b""
        replies.append(({**header, "number": job["number"]}, payload))
    return replies


if __name__ == "__main__":
    worker = StudentWorker()
    serve(LOOSE, worker.handle, NICE, Rest(worker.rest))
