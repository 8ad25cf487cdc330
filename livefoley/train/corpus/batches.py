"""What the network is shown: windows of the corpus, varied, mixed, partly known, with captions that vary.

Everything happens on mel frames, so a batch costs milliseconds: a tilt over the bands, speed (chosen among the prepared
ones), place in time, mixtures of two recordings by power; envelopes smoothed and blurred, so that a hand-drawn curve
will do; onsets shifted by a frame; each told or kept back at random.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from livefoley.foley.student import features
from livefoley.foley.student.features import BANDS, FLOOR_DB, FRAMES_PER_TOKEN, SILENT_DB, Floats
from livefoley.train.corpus.prepare import Clip, Corpus, clip_weights

LENGTHS = (25, 38, 50, 63)
"""Windows in tokens, 2 to 5 s; a batch has one length, and as many clips as make its tokens."""
EMPHASIS = 3.0
_MOST_KNOWN = 19
_TEXT_NOISE = 0.012


@dataclass
class Batch:
    """Tensors by the names of the graph's ports, with the sound's ``latents``; ``counts`` is 1 where loss counts.

    ``seen`` is what a video teacher saw, where the corpus has any: ``[batch, tokens, d]``, zeros where nobody watched.
    """

    latents: Tensor
    text: Tensor
    controls: Tensor
    past: Tensor
    known: Tensor
    counts: Tensor
    seen: Tensor | None = None

    def told(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the conditions in the order of the network's arguments."""
        return self.text, self.controls, self.past, self.known

    def to(self, device: torch.device | str) -> Batch:
        """Return the batch on a device."""
        return Batch(*(None if value is None else value.to(device) for value in vars(self).values()))


@dataclass
class _Window:
    mel: Floats  # [frames, bands]
    level: Floats  # [frames]
    onset: Floats  # [frames]
    seen: Floats  # [tokens, d]


class Batches:
    """Endless batches of the training recordings; seeded, so that a resumed run goes on where it was."""

    def __init__(self, corpus: Corpus, tokens: int, seed: int = 0, emphasis: Collection[str] = ()) -> None:
        """``tokens`` is the size of a batch, counted over its clips; groups of ``emphasis`` are drawn more often."""
        self._corpus = corpus
        self._tokens = tokens
        self._seed = seed
        self._clips = [clip for clip in corpus.clips if clip.split == "train"]
        factor = np.asarray([EMPHASIS if clip.group in emphasis else 1.0 for clip in self._clips])
        weights = clip_weights(self._clips) * factor
        self._weights = weights / weights.sum()

    def batch(self, step: int, progress: float) -> Batch:
        """Return the batch of ``step``. ``progress`` in 0..1: mixtures come in over its first third."""
        rng = np.random.default_rng((self._seed, step))
        length = int(rng.choice(LENGTHS))
        mixing = 0.2 * min(1.0, progress * 3)
        chosen = rng.choice(len(self._clips), max(1, self._tokens // length), p=self._weights)
        return stacked([self._example(self._clips[i], length, mixing, rng) for i in chosen])

    def _example(self, clip: Clip, tokens: int, mixing: float, rng: Generator) -> dict[str, Floats]:
        frames = tokens * FRAMES_PER_TOKEN
        if self._corpus.pairs and rng.random() < mixing:
            first, second, text = self._corpus.pairs[int(rng.integers(len(self._corpus.pairs)))]
            a, b = (self._window(self._corpus.clips[i], frames, rng) for i in (first, second))
            found = mixed(a, b, float(rng.uniform(-8.0, 8.0)))
        else:
            text = int(rng.choice(clip.texts))
            found = self._window(clip, frames, rng)
        latents = self._corpus.basis.encode(found.mel)
        said = self._corpus.text[text] + rng.normal(0.0, _TEXT_NOISE, self._corpus.text.shape[1])
        if rng.random() < 0.1:
            said = np.zeros_like(said)
        known = known_tokens(tokens, rng)
        past = np.where(known[:, None] > 0, latents + rng.normal(0, 0.07, latents.shape), 0.0)
        return {
            "latents": latents,
            "text": said.astype(np.float32),
            "controls": told(found, rng),
            "past": past.astype(np.float32),
            "known": known,
            "counts": 1.0 - known,
            **({"seen": found.seen} if found.seen.shape[1] else {}),
        }

    def _window(self, clip: Clip, frames: int, rng: Generator) -> _Window:
        cut = window(self._corpus, clip, frames, rng)
        return tilted(cut, rng)


def stacked(examples: list[dict[str, Floats]]) -> Batch:
    """Return examples of one length as a batch."""
    return Batch(**{name: torch.from_numpy(np.stack([e[name] for e in examples])) for name in examples[0]})


def window(corpus: Corpus, clip: Clip, frames: int, rng: Generator) -> _Window:
    """Return ``frames`` of a clip from a random place; a shorter one lies somewhere in silence."""
    spare = clip.frames - frames
    start = int(rng.integers(spare + 1)) if spare > 0 else 0
    taken = slice(clip.first + start, clip.first + start + min(frames, clip.frames))
    before = int(rng.integers(-spare + 1)) if spare < 0 else 0
    after = max(0, -spare - before)
    mel = np.pad(np.asarray(corpus.mel[taken], np.float32), ((before, after), (0, 0)), constant_values=FLOOR_DB)
    level = np.pad(np.asarray(corpus.level[taken], np.float32), (before, after), constant_values=SILENT_DB)
    onset = np.pad(np.asarray(corpus.onset[taken], np.float32), (before, after))
    return _Window(mel, level, onset, _seen(corpus, clip, start - before, frames // FRAMES_PER_TOKEN))


def _seen(corpus: Corpus, clip: Clip, start: int, tokens: int) -> Floats:
    """Return what was seen from frame ``start`` of a clip, ``[tokens, d]``; zeros outside it."""
    found = np.zeros((tokens, corpus.seen.shape[1]), np.float32)
    if clip.seen >= 0:
        wanted = start // FRAMES_PER_TOKEN + np.arange(tokens)
        there = (wanted >= 0) & (wanted < clip.frames // FRAMES_PER_TOKEN)
        found[there] = corpus.seen[clip.seen + wanted[there]]
    return found


def tilted(found: _Window, rng: Generator) -> _Window:
    """Return a window through a random gentle equaliser and, half the time, softer by up to 8 dB."""
    across = np.linspace(-1.0, 1.0, BANDS)
    curve = rng.normal(0, 2.0) * across + rng.normal(0, 1.0) * (across**2 - 0.4) + rng.normal(0, 0.7) * across**3
    quieter = float(rng.uniform(-8.0, 0.0)) if rng.random() < 0.5 else 0.0
    mel = np.where(found.mel <= FLOOR_DB + 0.5, FLOOR_DB, found.mel + (curve + quieter).astype(np.float32))
    level = np.maximum(found.level + quieter, SILENT_DB)
    return _Window(np.clip(mel, FLOOR_DB, features.CEILING_DB).astype(np.float32), level, found.onset, found.seen)


def mixed(a: _Window, b: _Window, gain_db: float) -> _Window:
    """Return both at once, ``b`` louder by ``gain_db``; powers add up, and the louder one keeps its level."""
    lower_a, lower_b = -max(0.0, gain_db), min(0.0, gain_db)
    mel = 10 * np.log10(10 ** ((a.mel + lower_a) / 10) + 10 ** ((b.mel + lower_b) / 10))
    level = 10 * np.log10(10 ** ((a.level + lower_a) / 10) + 10 ** ((b.level + lower_b) / 10))
    return _Window(
        np.clip(mel, FLOOR_DB, features.CEILING_DB).astype(np.float32),
        np.maximum(level, SILENT_DB).astype(np.float32),
        np.maximum(a.onset, b.onset),
        np.zeros_like(a.seen),  # of two films at once nothing is foretold
    )


def known_tokens(tokens: int, rng: Generator) -> Floats:
    """Return which tokens are known beforehand: none in three of five windows, else up to 1.5 s at the start."""
    known = np.zeros(tokens, np.float32)
    if rng.random() < 0.4:
        known[: int(rng.integers(1, min(_MOST_KNOWN, tokens // 2) + 1))] = 1.0
    return known


def told(found: _Window, rng: Generator) -> Floats:
    """Return the controls of a window as a user might give them: blurred, shifted, or not at all."""
    envelope = blurred(found.level, rng) if rng.random() < 0.6 else None
    onsets = shifted(found.onset, rng) if rng.random() < 0.5 else None
    return features.controls(len(found.level), envelope, onsets)


def blurred(level_db: Floats, rng: Generator) -> Floats:
    """Return an envelope smoothed by up to 100 ms and wrong by a slow 1.5 dB."""
    width = float(rng.choice((0.0, 1.0, 2.0, 4.0, 8.0)))
    smooth = ndimage.gaussian_filter1d(level_db, width) if width else level_db
    wrong = ndimage.gaussian_filter1d(rng.normal(0, 1, len(level_db)), 20) * np.sqrt(2 * 20 * np.sqrt(np.pi)) * 1.5
    return np.asarray(smooth + wrong, np.float32)


def shifted(track: Floats, rng: Generator) -> Floats:
    """Return onsets up to a frame early or late; half the time all of full strength."""
    moved: NDArray[np.float32] = np.roll(track, int(rng.integers(-1, 2)))
    return np.asarray(moved > 0, np.float32) if rng.random() < 0.5 else moved
