"""``livefoley generate``: one sound from words, by whoever makes it best, and what it cost."""

from __future__ import annotations

import csv
import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from livefoley.clips.model import PROVIDER
from livefoley.commands.marking import content_id, write_labelled
from livefoley.core.cues import CueKind, SoundRequest, SoundSource
from livefoley.core.errors import BankError, DescriptionError, InputError, LivefoleyError, OutputError, reason
from livefoley.core.text.credits import Credit
from livefoley.core.ticks import TICK_RATE, ticks_from_s
from livefoley.foley.auto import best_sound
from livefoley.foley.makers import Makers
from livefoley.foley.student.embed import plain
from livefoley.foley.student.maker import StudentMaker
from livefoley.foley.student.settings import StudentSettings
from livefoley.foley.student.student import LONGEST_S
from livefoley.marks.embed import embed
from livefoley.system.dirs import library_directory

MOST_POINTS = 100_000
MOST_CREDITS = 8


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
    provider: str = PROVIDER


def generate_file(order: Order, output: Path, *, force: bool = False) -> str:
    """Make one sound and write it to ``output``; return a line that says who made it and what it cost.

    Raises a ``LivefoleyError`` in one line for words, curves, weights or an output that cannot be used.
    """
    request = _request(order, output, force)
    makers = Makers([library_directory()], StudentSettings(order.model, order.device, order.threads, order.steps))
    words = _prepared(makers.student, order) if makers.student is not None else ""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    if order.source is SoundSource.RECORDINGS and not makers.has_recordings:
        raise BankError("there are no recordings; `livefoley bank add DIR` takes some in")
    made = best_sound(makers, order.source, request)
    sound = made.sound
    wall_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    content = content_id(order.text, order.seed, order.seconds, sound.name, sound.source)
    write_labelled(output, [embed(np.ascontiguousarray(sound.samples), content)], order.provider, content)
    seconds = sound.samples.shape[1] / TICK_RATE
    by = sound.source if not made.neutral else f"{sound.source}, neutral: nobody knows these words"
    if by == SoundSource.STUDENT and makers.student is not None:
        student = makers.student.student()
        by = f"{student.spec.name} ({student.backend.name}, {student.steps} step(s))"
    heard = f"; recordings: {credited(sound.credits)}" if sound.credits else ""
    memory_mb = psutil.Process().memory_info().rss / 1e6
    return (
        f"{output}: {seconds:.2f} s by {by}; {words}{wall_s:.3f} s for the sound ({wall_s / seconds:.3f} s per second, "
        f"{cpu_s:.3f} s of processor time), {memory_mb:.0f} MB{heard}"
    )


def _request(order: Order, output: Path, force: bool) -> SoundRequest:
    """Return what is asked of the makers. Raises for what nobody could make, or write."""
    if output.exists() and not force:
        raise OutputError(f"{output}: exists already; --force replaces it")
    plain(order.text)
    if not (math.isfinite(order.seconds) and 0 < order.seconds <= LONGEST_S):
        raise DescriptionError(f"--seconds {order.seconds:g}: want more than 0, at most {LONGEST_S:g}")
    if outside := [at_s for at_s in order.onsets_s or () if not 0 <= at_s < order.seconds]:
        raise DescriptionError(f"--onsets: {outside[0]:g} s lies outside the sound of {order.seconds:g} s")
    return SoundRequest(
        CueKind.ACCENT,
        order.text,
        length=ticks_from_s(order.seconds),
        seed=order.seed,
        onsets_s=order.onsets_s,
        envelope=read_envelope(order.envelope) if order.envelope is not None else None,
    )


def _prepared(student: StudentMaker, order: Order) -> str:
    """Open the student and let it read the words, if it is to make the sound; return what the words took.

    Raises ``LivefoleyError`` for words or weights that cannot be used when nobody else is to be asked.
    """
    if order.source not in (None, SoundSource.STUDENT):
        return ""
    try:
        encoder = student.student().encoder
        began_s = time.perf_counter()
        encoder.encode(order.text)
        return f"{time.perf_counter() - began_s:.3f} s for the words, "
    except LivefoleyError:
        if order.source is not None:
            raise
        return ""


def credited(credits: Sequence[Credit]) -> str:
    """Return whose recordings are heard, in one line."""
    more = f" and {len(credits) - MOST_CREDITS} more" if len(credits) > MOST_CREDITS else ""
    return ", ".join(map(str, credits[:MOST_CREDITS])) + more


def read_envelope(path: Path) -> tuple[tuple[float, float], ...]:
    """Return the loudness envelope of a CSV file: ``seconds,dB`` a line, dB re the loudest moment.

    Raises ``InputError``.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for _, row in zip(range(MOST_POINTS), csv.reader(file), strict=False) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({reason(error)})") from None
    points = [_point(path, number, row) for number, row in enumerate(rows, 1) if number > 1 or _is_point(row)]
    if not points:
        raise InputError(f"{path}: holds no points; want a line like 0.5,-12 (seconds, dB re the loudest)")
    if any(after[0] <= before[0] for before, after in itertools.pairwise(points)):
        raise InputError(f"{path}: its times do not go up from line to line")
    return tuple(points)


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
