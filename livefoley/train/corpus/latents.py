"""The latents: eight mel frames as one short vector, by principal components scaled towards equal power.

The components keep the shape and drop the fine texture, which is noise for most sounds; the last latent keeps how
strong that texture was, the grain. Fitted once on training sound. Turning latents back is a matrix product, so it lies
inside the exported graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livefoley.foley.student.features import BANDS, COLUMNS, FRAMES_PER_TOKEN, Floats

WHITENING = 0.7
"""1 gives every component the same power, 0 keeps the powers of the mel frames; between, coarse things come first."""
_GRAIN_POWER = 1.5


@dataclass(frozen=True, slots=True)
class Basis:
    """Components ``forward`` of tokens of ``BANDS`` columns, and ``backward`` from latents to tokens of ``COLUMNS``.

    ``power [latent]`` weighs the loss, so that a component counts by about the root of its power in dB.
    """

    mean: Floats  # [frames_per_token * COLUMNS]
    forward: Floats  # [frames_per_token * BANDS, latent - 1]
    backward: Floats  # [latent, frames_per_token * COLUMNS]
    power: Floats  # [latent], mean 1
    explained: float

    @staticmethod
    def fit(tokens: Floats, latent: int) -> Basis:
        """Fit to ``tokens`` ``[n, frames_per_token * BANDS]``: ``latent - 1`` components and the grain."""
        kept = latent - 1
        mean = tokens.mean(axis=0, dtype=np.float64)
        covariance = np.cov((tokens - mean).T.astype(np.float64))
        values, vectors = np.linalg.eigh(covariance)
        values, vectors = values[::-1][:kept], vectors[:, ::-1][:, :kept]
        spread = values ** (WHITENING / 2)
        spread *= np.sqrt(np.mean(values / spread**2))  # latents have unit power on the average
        parts = (tokens - mean) @ vectors
        grain = np.sqrt(np.mean((tokens - mean - parts @ vectors.T) ** 2, axis=1))
        worth = values**0.25
        worth = np.append(worth, _GRAIN_POWER * worth.mean())
        return Basis(
            _columns(mean, grain.mean()),
            (vectors / spread).astype(np.float32),
            np.concatenate((_columns((vectors * spread).T, 0.0), _columns(np.zeros((1, len(mean))), grain.std()))),
            np.asarray(worth / worth.mean(), np.float32),
            float(values.sum() / np.trace(covariance)),
        )

    @property
    def latent(self) -> int:
        """The size of a latent."""
        return self.backward.shape[0]

    def encode(self, mel_db: Floats) -> Floats:
        """Return the latents ``[..., tokens, latent]`` of mel frames ``[..., tokens * frames_per_token, BANDS]``."""
        *lead, frames, _ = mel_db.shape
        tokens = mel_db.reshape(*lead, frames // FRAMES_PER_TOKEN, FRAMES_PER_TOKEN * BANDS)
        parts = (tokens - _bands(self.mean)) @ self.forward
        lost = tokens - _bands(self.mean) - parts @ _bands(self.backward)[:-1]
        grain = np.sqrt(np.mean(lost**2, axis=-1, keepdims=True))
        grain = (grain - self.mean[COLUMNS - 1]) / self.backward[-1, COLUMNS - 1]
        return np.concatenate((parts, grain), axis=-1, dtype=np.float32)

    def decode(self, latents: Floats) -> Floats:
        """Return the frames ``[..., frames, COLUMNS]`` of latents."""
        *lead, tokens, _ = latents.shape
        return np.asarray((latents @ self.backward + self.mean).reshape(*lead, tokens * FRAMES_PER_TOKEN, COLUMNS))

    def save(self, path: Path) -> None:
        """Write to an ``.npz`` file."""
        np.savez(
            path,
            mean=self.mean,
            forward=self.forward,
            backward=self.backward,
            power=self.power,
            explained=self.explained,
        )

    @staticmethod
    def load(path: Path) -> Basis:
        """Read what ``save`` wrote."""
        with np.load(path) as held:
            return Basis(held["mean"], held["forward"], held["backward"], held["power"], float(held["explained"]))


def _columns(tokens: NDArray[np.float64], grain: float) -> Floats:
    """Return tokens of bands with the grain's column added to every frame."""
    framed = tokens.reshape(*tokens.shape[:-1], FRAMES_PER_TOKEN, BANDS)
    whole = np.concatenate((framed, np.full((*framed.shape[:-1], 1), grain)), axis=-1)
    return whole.reshape(*tokens.shape[:-1], FRAMES_PER_TOKEN * COLUMNS).astype(np.float32)


def _bands(tokens: Floats) -> Floats:
    """Return tokens of frames without the grain's column."""
    framed = tokens.reshape(*tokens.shape[:-1], FRAMES_PER_TOKEN, COLUMNS)[..., :BANDS]
    return np.ascontiguousarray(framed.reshape(*tokens.shape[:-1], FRAMES_PER_TOKEN * BANDS))
