"""How good a student is, measured on recordings it never saw: recognised share, distances, onsets, envelopes, seams.

Everything goes through the exported model and the run time's own code, so what is measured is what is heard. The judge
(``judge``) has no part in training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livefoley.core.errors import InputError, LivefoleyError, ModelError
from livefoley.foley.student import features
from livefoley.foley.student.features import FRAMES_PER_S, FRAMES_PER_TOKEN, HOP, Floats
from livefoley.foley.student.student import Student, Wish, open_student
from livefoley.train import judge
from livefoley.train.corpus import captions
from livefoley.train.corpus.recordings import Label, labels, mono

FEWEST = 5
"""Train recordings a class needs to be judged by its five nearest neighbours."""
JUDGED_SOURCE = "ESC-10"
NEAR_S = 0.05


@dataclass(frozen=True, slots=True)
class Recording:
    """A real recording and what it is an instance of."""

    label: Label
    group: str
    sound: Floats


class Yardstick:
    """The real recordings of a manifest, embedded: the train ones to compare with, the valid ones to be remade."""

    def __init__(self, manifest: Path, longest_s: float = 8.0) -> None:
        """Judge the classes whose train recordings come from ESC-10; without any, all with enough recordings."""
        self._folder, self._longest_s = manifest.parent, longest_s
        known = labels(manifest)
        curated = [label for label in known if JUDGED_SOURCE in label.source]
        self.train = [label for label in curated or known if label.split == "train"]
        counts = Counter(self.group(label) for label in self.train)
        self.groups = sorted(group for group, count in counts.items() if count >= FEWEST)
        self.train = [label for label in self.train if self.group(label) in self.groups]
        self.valid = [x for x in curated or known if x.split == "valid" and self.group(x) in self.groups]
        if not self.valid or not self.train:
            raise InputError(f"{manifest}: has no validation recordings of a class with {FEWEST} train recordings")
        self.judge = judge.Judge()
        self.train_patches = [self.judge.patches(self.read(label)) for label in self.train]
        self.train_means = np.stack([patches.mean(axis=0) for patches in self.train_patches])

    @staticmethod
    def group(label: Label) -> str:
        """Return the class of a recording."""
        return captions.group_of(label.english, label.category)

    def read(self, label: Label) -> Floats:
        """Return a recording at the reference level."""
        return features.referenced(mono(self._folder / label.name, self._longest_s))

    def recordings(self) -> Iterator[Recording]:
        """Yield the validation recordings of the judged classes."""
        for label in self.valid:
            yield Recording(label, self.group(label), self.read(label))

    def recognise(self, embeddings: Floats) -> list[str]:
        """Return the class of each embedding by its nearest train recordings."""
        return judge.nearest(self.train_means, [self.group(label) for label in self.train], embeddings)


Make = Callable[[str, Floats, int], Floats]
"""Makes the mono sound of a description, like a given sound in time, with a seed."""


def remade(student: Student, text: str, like: Floats | None, seed: int, seconds: float = 5.0) -> Floats:
    """Return the student's mono sound of ``text``, told the envelope and onsets of ``like`` (nothing when None)."""
    if like is None:
        return rendered(student, Wish(text, features.tokens_for(seconds), seed))
    envelope, onsets = conditions(like)
    return rendered(student, Wish(text, len(envelope) // FRAMES_PER_TOKEN, seed, envelope, onsets))


def conditions(sound: Floats) -> tuple[Floats, Floats]:
    """Return the envelope and the onsets of a sound, a whole number of tokens long."""
    frames = max(1, len(sound) // HOP // FRAMES_PER_TOKEN) * FRAMES_PER_TOKEN
    whole = np.pad(sound, (0, max(0, frames * HOP - len(sound))))[: frames * HOP]
    return features.level_db(whole), features.onset_track(features.mel_db(whole))


def rendered(student: Student, wish: Wish) -> Floats:
    """Return a wish's mono sound at the reference level. Raises what went wrong."""
    made = student.make([wish])[0]
    if isinstance(made, LivefoleyError):
        raise made
    return features.referenced(np.asarray(made.mean(axis=0), np.float32))


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one attempt at a validation recording."""

    group: str
    language: str
    heard_as: str
    patches: Floats
    sound: Floats
    label: Label


def attempts(
    yardstick: Yardstick, make: Make, takes: int = 1, seed: int = 0, languages: Sequence[str] = ("en", "zh")
) -> list[Judged]:
    """Remake every validation recording, in each language, ``takes`` times, and let the judge hear it."""
    found = []
    for number, real in enumerate(yardstick.recordings()):
        for language in languages:
            text = real.label.english if language == "en" else real.label.chinese
            for take in range(takes if text else 0):
                sound = _made(make, text, real.sound, seed + 1000 * take + number)
                patches = yardstick.judge.patches(sound)
                heard = yardstick.recognise(patches.mean(axis=0, keepdims=True))[0]
                found.append(Judged(real.group, language, heard, patches, sound, real.label))
    return found


def _made(make: Make, text: str, like: Floats, seed: int) -> Floats:
    """Return the sound; silence for one that the guard refused, which nobody would hear and no judge recognises."""
    try:
        return make(text, like, seed)
    except ModelError:
        return np.zeros_like(like)


def share(judged: Sequence[Judged]) -> float:
    """Return how many were recognised as what they should be."""
    return float(np.mean([one.group == one.heard_as for one in judged])) if judged else 0.0


def recognised(
    model: str, manifest: Path, steps: int | None, takes: int = 1, seed: int = 0, yardstick: Yardstick | None = None
) -> list[Judged]:
    """Return what became of a model's attempts at the validation recordings of a manifest."""
    student = open_student(model, "cpu", steps=steps)
    return attempts(yardstick or Yardstick(manifest), lambda text, like, s: remade(student, text, like, s), takes, seed)


def table(judged: Sequence[Judged]) -> Iterator[str]:
    """Yield the lines of a table: class, recognised, and what else it was taken for."""
    yield f"{'class':14s} {'share':>6s} {'en':>5s} {'zh':>5s}  taken for"
    for group in sorted({one.group for one in judged}):
        own = [one for one in judged if one.group == group]
        wrong = Counter(one.heard_as for one in own if one.heard_as != group)
        english, chinese = (share([one for one in own if one.language == x]) for x in ("en", "zh"))
        others = ", ".join(f"{name} {count}" for name, count in wrong.most_common(3))
        yield f"{group:14s} {share(own):6.0%} {english:5.0%} {chinese:5.0%}  {others}"
    yield f"{'all':14s} {share(judged):6.1%} of {len(judged)}"


# ---- time ----


def onset_f1(asked_s: Sequence[float], sound: Floats, near_s: float = NEAR_S) -> tuple[int, int, int]:
    """Return onsets (found where asked, asked, found) in a sound; each counts once, within ``near_s``."""
    heard = features.onset_times_s(features.onset_track(features.mel_db(features.referenced(sound))))
    free = list(heard)
    hits = 0
    for wanted in asked_s:
        close = [time for time in free if abs(time - wanted) <= near_s]
        if close:
            free.remove(min(close, key=lambda time: abs(time - wanted)))
            hits += 1
    return hits, len(asked_s), len(heard)


def f1(counts: Sequence[tuple[int, int, int]]) -> float:
    """Return F1 over the counts of ``onset_f1``."""
    hits, asked, heard = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0, 0)
    return 2 * hits / (asked + heard) if asked + heard else 1.0


def envelope_correlation(asked_db: Floats, sound: Floats) -> float:
    """Return how the loudness of a sound follows what was asked: correlation of levels in dB over frames that sound."""
    own = features.level_db(features.referenced(sound))
    frames = min(len(own), len(asked_db))
    own, asked = own[:frames], asked_db[:frames]
    if np.std(asked) < 0.5:  # a flat wish: nothing to follow
        return 1.0 if np.std(own) < 3.0 else 0.0
    return float(np.corrcoef(own, asked)[0, 1])


def seam_outliers(sound: Floats, borders_s: Sequence[float]) -> tuple[float, float]:
    """Return the spectral flux at the borders and elsewhere: the 90th percentiles, in dB.

    ``borders_s``: where one window meets the next. A seam shows as more flux within 30 ms of a border than elsewhere.
    """
    mel = np.maximum(features.mel_db(sound), -50.0)
    flux = np.abs(np.diff(mel, axis=0)).mean(axis=1)
    times = (np.arange(len(flux)) + 1.0) / FRAMES_PER_S
    at_border = np.min(np.abs(times[:, None] - np.asarray(borders_s)[None]), axis=1) <= 0.03
    return float(np.percentile(flux[at_border], 90)), float(np.percentile(flux[~at_border], 90))
