"""The making of a clip, stage by stage: a function of a job's directory and of the tools it is given.

Each stage leaves its results in the directory and is then written down as done, so a job that was cut off goes on where
it was. A clip that a check finds fault with is kept and not published, until somebody releases it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from livefoley.clips.compose import compose, cut
from livefoley.clips.jobs.files import read_input
from livefoley.clips.jobs.job import Job, JobDirectory, Record
from livefoley.clips.marked import encode_marked
from livefoley.clips.model import CONTENT_ID_CHARACTERS, ClipMetadata, ClipState
from livefoley.clips.ports import Captions, Checks, Marks, Publisher
from livefoley.clips.sound import master
from livefoley.core.errors import LivefoleyError
from livefoley.core.notices import utc
from livefoley.core.ticks import TICK_RATE
from livefoley.foley.makers import Makers


@dataclass(frozen=True, slots=True)
class Progress:
    """A stage begins; ``part`` of the whole, 0..1, is done."""

    state: ClipState
    part: float


@dataclass(frozen=True, slots=True)
class Tools:
    """What clips are made with."""

    makers: Makers
    checks: Checks
    marks: Marks
    publisher: Publisher
    captions: Captions


def warm(tools: Tools) -> None:
    """Do what is slow the first time, so that it is not the first clip that waits for it."""
    noise = np.random.default_rng(0).normal(0.0, 0.05, (2, TICK_RATE)).astype(np.float32)
    encode_marked(master(noise, noise), tools.marks, "0" * CONTENT_ID_CHARACTERS, 128_000, 0)


def steps(directory: JobDirectory, tools: Tools) -> Iterator[Progress | Record]:
    """Make the clip, or go on with it: yield each stage as it begins, and at last how it ended.

    What is wrong with the clip itself ends in a record; only errors of our own are raised.
    """
    record = directory.change(attempts=directory.record().attempts + 1, error="")
    if record.state is ClipState.READY:
        yield record
        return
    try:
        yield from _Run(directory, tools, record).steps()
    except LivefoleyError as error:
        yield _failed(directory, str(error))


def _failed(directory: JobDirectory, why: str) -> Record:
    """Note why there is no clip, and return that whether it can be written down or not."""
    try:
        return directory.change(state=ClipState.FAILED, error=why)
    except LivefoleyError:
        return Record(ClipState.FAILED, error=why)


def run(directory: JobDirectory, tools: Tools) -> Record:
    """Make the clip, or go on with it; return how it ended."""
    *_, last = steps(directory, tools)
    assert isinstance(last, Record)  # noqa: S101 - for the type checker
    return last


class _Run:
    """One run over a job."""

    def __init__(self, directory: JobDirectory, tools: Tools, record: Record) -> None:
        self._directory = directory
        self._tools = tools
        self._record = record
        self._job: Job = directory.job()
        self._files = directory.files(self._job.content_id)

    def steps(self) -> Iterator[Progress | Record]:
        stages = (
            (ClipState.CUTTING, 0.05, self._cut),
            (ClipState.SOUNDING, 0.25, self._sound),
            (ClipState.CHECKING, 0.7, self._check),
            (ClipState.PUBLISHING, 0.9, self._publish),
        )
        for state, progress, stage in stages:
            if state.value in self._record.done:
                continue
            if state is ClipState.PUBLISHING and self._is_blocked():
                yield self._save(state=ClipState.QUARANTINED)
                return
            self._save(state=state)
            yield Progress(state, progress)
            began_s = time.perf_counter()
            stage()
            took = {**self._record.latency_s, state.value: round(time.perf_counter() - began_s, 3)}
            self._save(done=(*self._record.done, state.value), latency_s=took)
        self._save(state=ClipState.READY)
        self._directory.forget_input()
        yield self._record

    def _save(self, **changes: object) -> Record:
        self._record = self._directory.change(**changes)
        return self._record

    def _is_blocked(self) -> bool:
        return not self._record.released and any(finding.blocks for finding in self._record.findings)

    # ---- stages ----

    def _cut(self) -> None:
        self._files.directory.mkdir(parents=True, exist_ok=True)
        cut(self._job, read_input(self._directory.path), self._tools.marks)

    def _sound(self) -> None:
        clip_input = read_input(self._directory.path)
        tools = self._tools
        metadata = compose(self._job, clip_input, self._files, tools.makers, tools.marks, tools.captions)
        self._save(title=metadata.title)
        self._tools.marks.label_container(self._files.clip, metadata)
        self._write(metadata)

    def _check(self) -> None:
        findings = tuple(self._tools.checks.run(self._files, self._metadata()))
        self._save(findings=findings)
        self._write(replace(self._metadata(), findings=findings))

    def _publish(self) -> None:
        now_s = time.time()
        self._save(latency_s={**self._record.latency_s, "whole": round(now_s - self._job.due_s, 3)})
        metadata = replace(self._metadata(), latency_s=self._record.latency_s, created_at=utc(now_s))
        self._write(metadata)
        published = self._tools.publisher.publish(self._files, metadata)
        self._save(location=published.location, prefix=published.prefix, published_s=round(time.time(), 3))

    def _metadata(self) -> ClipMetadata:
        return ClipMetadata.from_json(self._files.metadata.read_text(encoding="utf-8"))

    def _write(self, metadata: ClipMetadata) -> None:
        self._files.metadata.write_text(metadata.to_json(), encoding="utf-8")
