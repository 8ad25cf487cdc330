"""``livefoley generate``: one sound from words, by the student, the bank or the procedural bed, and what it cost."""

from __future__ import annotations

import csv
import math
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import psutil

from livefoley.core.cues import Cue, CueKind, Stereo
from livefoley.core.errors import (
    BankError,
    DescriptionError,
    InputError,
    LivefoleyError,
    ModelError,
    OutputError,
    reason,
)
from livefoley.core.ticks import TICK_RATE, ticks_from_s
from livefoley.foley.description import lexicon
from livefoley.foley.source import Foley
from livefoley.foley.student import features
from livefoley.foley.student.embed import plain
from livefoley.foley.student.student import LONGEST_S, Student, Wish, open_student
from livefoley.media.files.audio_file import write_audio
from livefoley.system.dirs import library_directory

MOST_POINTS = 100_000


class SoundSource(StrEnum):
    """Who makes a sound."""

    STUDENT = "student"
    BANK = "bank"
    PROCEDURAL = "procedural"


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. ``onsets_s`` None leaves them to the model; ``envelope`` is a CSV file of ``seconds,dB``."""

    text: str
    seconds: float = 5.0
    seed: int = 0
    onsets_s: tuple[float, ...] | None = None
    envelope: Path | None = None
    source: SoundSource | None = None
    model: str = "nano"
    device: str = "auto"
    threads: int = 2
    steps: int | None = None


def generate_file(order: Order, output: Path, *, force: bool = False) -> str:
    """Make one sound and write it to ``output``; return a line that says who made it and what it cost.

    Raises a ``LivefoleyError`` in one line for words, curves, weights or an output that cannot be used.
    """
    _check(order, output, force)
    source, student = _source(order)
    if source is not SoundSource.STUDENT and (order.onsets_s is not None or order.envelope is not None):
        raise DescriptionError(f"--onsets and --envelope are for the student; {source} sounds are as they are")
    words = ""
    if student is not None:
        began_s = time.perf_counter()
        student.encoder.encode(order.text)
        words = f"{time.perf_counter() - began_s:.3f} s for the words, "
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    samples = _made(order, source, student)
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    write_audio(output, [np.ascontiguousarray(samples)])
    seconds = samples.shape[1] / TICK_RATE
    by = f"{student.spec.name} ({student.backend.name}, {student.steps} step(s))" if student else source.value
    memory_mb = psutil.Process().memory_info().rss / 1e6
    return (
        f"{output}: {seconds:.2f} s by {by}; {words}{wall_s:.3f} s for the sound ({wall_s / seconds:.3f} s per second, "
        f"{cpu_s:.3f} s of processor time), {memory_mb:.0f} MB"
    )


def _check(order: Order, output: Path, force: bool) -> None:
    if output.exists() and not force:
        raise OutputError(f"{output}: exists already; --force replaces it")
    plain(order.text)
    if not (math.isfinite(order.seconds) and 0 < order.seconds <= LONGEST_S):
        raise DescriptionError(f"--seconds {order.seconds:g}: want more than 0, at most {LONGEST_S:g}")


def _source(order: Order) -> tuple[SoundSource, Student | None]:
    """Return who is to make it: whom the order names, else the student, and without weights whoever has a sound for it.

    Raises ``ModelError`` when the student is asked for and cannot come.
    """
    if order.source in (None, SoundSource.STUDENT):
        try:
            return SoundSource.STUDENT, open_student(order.model, order.device, order.threads, order.steps)
        except ModelError:
            if order.source is not None:
                raise
    return order.source or (SoundSource.BANK if lexicon.covers(order.text) else SoundSource.PROCEDURAL), None


def _made(order: Order, source: SoundSource, student: Student | None) -> Stereo:
    if student is not None:
        return _by_student(student, order)
    length = ticks_from_s(order.seconds)
    if source is SoundSource.PROCEDURAL:
        if lexicon.bed_recipe(order.text).neutral:
            raise DescriptionError(f'"{order.text[:40]}": no ambience is known for it; try --source student')
        return Foley().bed("generate", order.text, order.seed).read(length)
    cue = Cue(1, CueKind.ACCENT, 0, 0, prompt=order.text, length=length, seed=order.seed)
    sound = Foley([library_directory()]).make(cue)
    if sound is None:
        raise BankError(f'"{order.text[:40]}": the bank has no such sound; try --source student')
    return sound.samples


def _by_student(student: Student, order: Order) -> Stereo:
    """Return the order as a wish, granted; raises what the student says against it."""
    tokens = features.tokens_for(order.seconds)
    frames = tokens * features.FRAMES_PER_TOKEN
    onsets = None
    if order.onsets_s is not None:
        if outside := [at_s for at_s in order.onsets_s if not 0 <= at_s < order.seconds]:
            raise DescriptionError(f"--onsets: {outside[0]:g} s lies outside the sound of {order.seconds:g} s")
        onsets = features.track_of(list(order.onsets_s), frames)
    envelope = read_envelope(order.envelope, frames) if order.envelope is not None else None
    [made] = student.make([Wish(order.text, tokens, order.seed, envelope, onsets)])
    if isinstance(made, LivefoleyError):
        raise made
    return np.asarray(made[:, : ticks_from_s(order.seconds)], np.float32)


def read_envelope(path: Path, frames: int) -> features.Floats:
    """Return the loudness envelope ``[frames]`` of a CSV file: ``seconds,dB`` a line, dB re the loudest moment.

    Between two lines the level goes straight. Raises ``InputError``.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for _, row in zip(range(MOST_POINTS), csv.reader(file), strict=False) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({reason(error)})") from None
    points = [_point(path, number, row) for number, row in enumerate(rows, 1) if number > 1 or _is_point(row)]
    if not points:
        raise InputError(f"{path}: holds no points; want a line like 0.5,-12 (seconds, dB re the loudest)")
    times, levels_db = (np.array(column) for column in zip(*points, strict=True))
    if np.any(np.diff(times) <= 0):
        raise InputError(f"{path}: its times do not go up from line to line")
    at = (np.arange(frames) + 0.5) / features.FRAMES_PER_S
    return np.asarray(np.interp(at, times, np.clip(levels_db, features.SILENT_DB, 0.0)), np.float32)


def _is_point(row: list[str]) -> bool:
    """Say whether the first line is no heading."""
    return row[0].strip()[:1] in "+-.0123456789"


def _point(path: Path, number: int, row: list[str]) -> tuple[float, float]:
    try:
        at_s, level_db = map(float, row)
    except ValueError:
        raise InputError(f"{path}:{number}: want two numbers like 0.5,-12 (seconds, dB re the loudest)") from None
    if not (math.isfinite(at_s) and math.isfinite(level_db)):
        raise InputError(f"{path}:{number}: holds a value that is no number")
    return at_s, level_db
