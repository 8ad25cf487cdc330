"""What the benchmarks of the ears share: fixtures of shared/speech's form, noise of the wanted level, one listener."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
from common import ROOT
from numpy.typing import NDArray

from livefoley.core.events import HearingEvent, Keyword
from livefoley.core.ticks import TICK_RATE
from livefoley.perception.ears import LISTS, model
from livefoley.perception.ears.keywords import load, parse, patterns
from livefoley.perception.ears.listener import Listener
from livefoley.perception.ears.match import Finder, Sounds
from livefoley.perception.ears.normalise import is_han, units
from livefoley.perception.ears.recogniser import Recogniser

SPEECH = ROOT.parent / "shared" / "speech"
SOUNDS = ROOT.parent / "shared" / "sounds"
NOISES = ("CROWDS/blanket-coffee-shop.opus", "AMBIENCE/mac-city.opus", "AMBIENCE/blanket-city.opus")
LANGUAGES = ("zh", "en")
BLOCK = 4096
LEAD_S, TAIL_S = 1.0, 1.5  # of noise around a line
PAUSE_S = 0.45
MARGIN_S = 0.15  # kept around a line's voice


@dataclass(frozen=True)
class Said:
    """A keyword of a fixture, from ``start`` to ``end`` in seconds."""

    keyword: str
    start: float
    end: float


@dataclass(frozen=True)
class Clip:
    """A fixture; ``snr_db`` is None where it is clean."""

    name: str
    path: Path
    languages: tuple[str, ...]
    text: str
    keywords: tuple[Said, ...]
    speech: tuple[tuple[float, float], ...]
    snr_db: float | None


def clips(manifest: Path) -> list[Clip]:
    """Read a manifest."""
    with manifest.open(encoding="utf-8", newline="") as file:
        return [_clip(row, manifest.parent) for row in csv.DictReader(file)]


def _clip(row: dict[str, str], place: Path) -> Clip:
    said = tuple(Said(each["keyword"], each["start"], each["end"]) for each in json.loads(row["keywords"] or "[]"))
    spans = tuple((start, end) for start, end in json.loads(row["speech"] or "[]"))
    snr = float(row["snr_db"]) if row.get("snr_db") else None
    return Clip(row["path"], place / row["path"], tuple(row["language"].split("+")), row["text"], said, spans, snr)


@cache
def read(path: Path) -> NDArray[np.float32]:
    """Return a sound file as 48 kHz mono."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", TICK_RATE)
        frames = [made for frame in container.decode(audio=0) for made in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def in_noise(clip: Clip, snr_db: float, noise: str) -> NDArray[np.float32]:
    """Return a clean line with `LEAD_S` before and `TAIL_S` after it, in noise of that level under its voice."""
    voice = read(clip.path)
    voiced = np.concatenate([voice[int(a * TICK_RATE) : int(b * TICK_RATE)] for a, b in clip.speech or ((0, 1e9),)])
    padded = np.pad(voice, (int(LEAD_S * TICK_RATE), int(TAIL_S * TICK_RATE)))
    bed = read(SOUNDS / noise)
    offset = sum(map(ord, clip.name)) * TICK_RATE // 7 % len(bed)
    bed = np.tile(np.roll(bed, -offset), 1 + len(padded) // len(bed))[: len(padded)]
    gain = np.sqrt(np.mean(voiced**2) / np.mean(bed**2) / 10 ** (snr_db / 10))
    mixed = padded + gain * bed
    return (mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32)


def compose(
    lines: Sequence[Clip], snr_db: float, lead_s: float = LEAD_S, tail_s: float = TAIL_S, noise: str = NOISES[0]
) -> tuple[NDArray[np.float32], list[Said]]:
    """Return all lines one after the other in noise, with the pauses of an eager host, and where their keywords lie."""
    parts, said, at = [np.zeros(int(lead_s * TICK_RATE), np.float32)], [], lead_s
    for clip in lines:
        first, last = clip.speech[0][0] - MARGIN_S, clip.speech[-1][1] + MARGIN_S
        voice = read(clip.path)[int(first * TICK_RATE) : int(last * TICK_RATE)]
        said += [Said(each.keyword, at + each.start - first, at + each.end - first) for each in clip.keywords]
        parts += [voice / max(0.1, float(np.abs(voice).max())) * 0.6, np.zeros(int(PAUSE_S * TICK_RATE), np.float32)]
        at += (len(parts[-2]) + len(parts[-1])) / TICK_RATE
    whole = np.concatenate([*parts, np.zeros(int(tail_s * TICK_RATE), np.float32)])
    murmur = np.resize(read(SOUNDS / noise), len(whole))
    level = np.sqrt(np.mean(np.concatenate(parts[1::2]) ** 2) / np.mean(murmur**2)) / 10 ** (snr_db / 20)
    return (whole + level * murmur).astype(np.float32), said


@cache
def recogniser() -> Recogniser:
    """Return the model."""
    return Recogniser(*model.find())


def hear(sound: NDArray[np.float32], keywords: Sequence[Keyword]) -> Iterator[HearingEvent]:
    """Give what a listener hears in ``sound``."""
    listener = Listener(recogniser(), LANGUAGES, keywords)
    for start in range(0, len(sound), BLOCK):
        yield from listener.feed(sound[start : start + BLOCK], start)
    yield from listener.flush()


def room_keywords(fixtures: Sequence[Clip]) -> list[Keyword]:
    """Return the default lists, and those of the fixtures' keywords that they have not, as an operator adds them."""
    known = load(LISTS)
    said = sorted({each.keyword for clip in fixtures for each in clip.keywords})
    missing = [phrase for phrase in said if not spoken_in(phrase, known)]
    return [*known, *parse(json.dumps({"keywords": missing}), "fixtures")]


def spoken_in(text: str, keywords: Sequence[Keyword]) -> set[str]:
    """Return the phrases of ``keywords`` that stand in a written text."""
    found = set()
    for part in text.split(" / "):
        sounds = Sounds.of(units([part], "zh" if is_han(part) else "en"))
        fits = _finder(tuple(keywords)).find(sounds, lambda _: 0.0)
        found |= {fit.pattern.phrase for fit in fits}
    return found


@cache
def _finder(keywords: tuple[Keyword, ...]) -> Finder:
    return Finder(pattern for keyword in keywords for pattern in patterns(keyword))


def errors(spoken: Sequence[str], written: Sequence[str], language: str) -> tuple[int, int]:
    """Return the edits between what was said in ``language`` and what was written in its script, and the units said
    (characters or words)."""
    own = [text for text in written if is_han(text) == (language == "zh")]
    want, got = ([unit.text for text in texts for unit in units([text], language)] for texts in (spoken, own))
    row = list(range(len(got) + 1))
    for index, unit in enumerate(want, 1):
        diagonal, row[0] = row[0], index
        for column, other in enumerate(got, 1):
            change = diagonal + (unit != other)
            diagonal, row[column] = row[column], min(change, row[column] + 1, row[column - 1] + 1)
    return row[-1], len(want)
