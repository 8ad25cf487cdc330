"""How good a student is, measured on recordings it never saw: recognised share, distances, onsets, envelopes, seams.

Everything goes through the exported model and the run time's own code, so what is measured is what is heard. The judge
(``judge``) has no part in training.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livefoley.core.errors import InputError, LivefoleyError, ModelError
from livefoley.foley.student import features
from livefoley.foley.student.features import FRAMES_PER_S, FRAMES_PER_TOKEN, HOP, Floats
from livefoley.foley.student.student import Student, Wish, open_student
from livefoley.train import judge, nothing
from livefoley.train.corpus import captions
from livefoley.train.corpus.recordings import Label, labels, mono
from livefoley.train.judge import Heard

FEWEST = 5
"""Train recordings a class needs to be judged by its five nearest neighbours."""
JUDGED_SOURCE = "ESC-10"
NOTHING = ""
"""What silence, noise and whatever else is like no class is heard as."""
UNLIKE = 0.01
"""The share of train recordings that may be taken for unlike all others: by that the limit of likeness is chosen."""
NEAR_S = 0.05
DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Recording:
    """A real recording and what it is an instance of."""

    label: Label
    group: str
    sound: Floats


class Yardstick:
    """The real recordings of a manifest: the train ones, as the judge hears them, and the valid ones, to be remade.

    Sounds of nothing lie among the train recordings. What is less like its neighbours than 99 of 100 train recordings
    are like others is heard as nothing, too.
    """

    def __init__(self, manifest: Path, longest_s: float = 8.0, references: Path | None = None) -> None:
        """Judge the classes whose train recordings come from ESC-10; without any, all with enough recordings.

        A manifest without a split is all held out; ``references`` is the manifest whose train recordings it is then
        compared with.
        """
        self._longest_s = longest_s
        valid, train = _split(manifest, references)
        counts = Counter(self.group(label) for _, label in train)
        self.groups = sorted(group for group, count in counts.items() if count >= FEWEST)
        self._train = [(folder, label) for folder, label in train if self.group(label) in self.groups]
        self._valid = [(folder, label) for folder, label in valid if self.group(label) in self.groups]
        if not self._valid or not self._train:
            raise InputError(f"{manifest}: has no validation recordings of a class with {FEWEST} train recordings")
        self.judge = judge.Judge()
        heard = [(label, self.judge.hear(self._read(folder, label))) for folder, label in self._train]
        heard = [(label, each) for label, each in heard if not each.silent]
        self.train = [label for label, _ in heard]
        self.train_patches = [each.patches for _, each in heard]
        empty = [each.mean() for each in map(self.judge.hear, nothing.sounds())]
        self._means = np.stack([each.mean(axis=0) for each in self.train_patches] + empty)
        self._names = [self.group(label) for label in self.train] + [NOTHING] * len(empty)
        self._origins = np.array([origin(label.name) for label in self.train] + [NOTHING] * len(empty))
        self.least = self._least_likeness()

    @staticmethod
    def group(label: Label) -> str:
        """Return the class of a recording."""
        return captions.group_of(label.english, label.category)

    @property
    def valid(self) -> list[Label]:
        """The recordings that are remade."""
        return [label for _, label in self._valid]

    def _read(self, folder: Path, label: Label) -> Floats:
        return features.referenced(mono(folder / label.name, self._longest_s))

    def recordings(self) -> Iterator[Recording]:
        """Yield the validation recordings of the judged classes."""
        for folder, label in self._valid:
            yield Recording(label, self.group(label), self._read(folder, label))

    def recognise(self, heard: Heard, without: Collection[str] = ()) -> str:
        """Return the class of what was heard by its nearest train recordings, ``NOTHING`` for none of them.

        ``without`` are names of recordings that it may have been made of: no take of theirs is compared with it.
        """
        if heard.silent:
            return NOTHING
        kept = ~np.isin(self._origins, [origin(name) for name in without]) if without else slice(None)
        names = np.array(self._names)[kept].tolist()
        name, likeness = judge.nearest(self._means[kept], names, heard.mean())
        return name if likeness >= self.least else NOTHING

    def _least_likeness(self) -> float:
        """Return how like its nearest neighbour of its own class nearly every train recording is."""
        units, names = judge.unit(self._means), np.array(self._names)
        found = []
        for number, label in enumerate(self.train):
            others = (self._origins != origin(label.name)) & (names == names[number])
            if others.any():
                found.append(float((units[others] @ units[number]).max()))
        return float(np.quantile(found, UNLIKE)) if found else -1.0


def origin(name: str) -> str:
    """Return what the takes of one recording share: the name of their file without suffix and letter of the take."""
    return _TAKE.sub("", Path(name).stem)


_TAKE = re.compile(r"-[a-z]$")


def _split(manifest: Path, references: Path | None) -> tuple[list[tuple[Path, Label]], list[tuple[Path, Label]]]:
    """Return the held-out recordings and those to compare with, each with the folder it lies in."""
    known = labels(manifest)
    valid, train = ([label for label in known if label.split == split] for split in ("valid", "train"))
    folder = manifest.parent
    if not valid:
        valid, train = train, []
    if not train and references is not None:
        folder, train = references.parent, [label for label in labels(references) if label.split == "train"]
    return [(manifest.parent, label) for label in _curated(valid)], [(folder, label) for label in _curated(train)]


def _curated(known: list[Label]) -> list[Label]:
    return [label for label in known if JUDGED_SOURCE in label.source] or known


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
    """What became of one attempt at a class. ``unit`` names what it depends on: a recording, or a wording; ``source``
    is who made the sound, empty where nobody did."""

    group: str
    language: str
    heard_as: str
    heard: Heard
    unit: str = ""
    source: str = ""

    @property
    def right(self) -> bool:
        """Whether it was recognised as what it should be."""
        return self.heard_as == self.group


def attempts(
    yardstick: Yardstick, make: Make, takes: int = 1, seed: int = 0, languages: Sequence[str] = ("en", "zh")
) -> list[Judged]:
    """Remake every validation recording, in each language, ``takes`` times, and let the judge hear it."""
    found = []
    for number, real in enumerate(yardstick.recordings()):
        for language in languages:
            text = real.label.english if language == "en" else real.label.chinese
            for take in range(takes if text else 0):
                heard = yardstick.judge.hear(_made(make, text, real.sound, seed + 1000 * take + number))
                found.append(Judged(real.group, language, yardstick.recognise(heard), heard, real.label.name))
    return found


def _made(make: Make, text: str, like: Floats, seed: int) -> Floats:
    """Return the sound; silence for one that the guard refused, which nobody would hear and no judge recognises."""
    try:
        return make(text, like, seed)
    except ModelError:
        return np.zeros_like(like)


def share(judged: Sequence[Judged]) -> float:
    """Return how many were recognised as what they should be, every class counted alike (macro average)."""
    groups: dict[str, list[bool]] = {}
    for one in judged:
        groups.setdefault(one.group, []).append(one.right)
    return float(np.mean([np.mean(own) for own in groups.values()])) if groups else 0.0


def interval(judged: Sequence[Judged], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % confidence interval of ``share``: units are drawn anew within each class (bootstrap)."""
    groups: dict[str, dict[str, list[bool]]] = {}
    for one in judged:
        groups.setdefault(one.group, {}).setdefault(one.unit, []).append(one.right)
    if not groups:
        return 0.0, 0.0
    rng = np.random.default_rng(seed)
    drawn = np.mean([_drawn_shares(list(units.values()), rng) for units in groups.values()], axis=0)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def _drawn_shares(units: list[list[bool]], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a class's share in every draw, ``[DRAWS]``."""
    right, count = (np.array([pick(unit) for unit in units]) for pick in (sum, len))
    chosen = rng.integers(0, len(units), (DRAWS, len(units)))
    return np.asarray(right[chosen].sum(axis=1) / count[chosen].sum(axis=1), np.float64)


def recognised(
    model: str, manifest: Path, steps: int | None, takes: int = 1, seed: int = 0, yardstick: Yardstick | None = None
) -> list[Judged]:
    """Return what became of a model's attempts, from words alone, at the validation recordings of a manifest."""
    student = open_student(model, "cpu", steps=steps)
    return attempts(
        yardstick or Yardstick(manifest), lambda text, _like, s: remade(student, text, None, s), takes, seed
    )


def table(judged: Sequence[Judged]) -> Iterator[str]:
    """Yield the lines of a table: class, recognised, and what else it was taken for."""
    yield f"{'class':14s} {'share':>6s} {'en':>5s} {'zh':>5s}  taken for"
    for group in sorted({one.group for one in judged}):
        own = [one for one in judged if one.group == group]
        wrong = Counter(one.heard_as or "nothing" for one in own if not one.right)
        english, chinese = (share([one for one in own if one.language == x]) for x in ("en", "zh"))
        others = ", ".join(f"{name} {count}" for name, count in wrong.most_common(3))
        yield f"{group:14s} {share(own):6.0%} {english:5.0%} {chinese:5.0%}  {others}"
    low, high = interval(judged)
    yield f"{'all, macro':14s} {share(judged):6.1%} [{low:.1%}, {high:.1%}] of {len(judged)}"


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
