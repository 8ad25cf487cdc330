"""Levels: decibels, pan and peaks of stereo sound ``[2, n]`` at 48 kHz."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.dsp.truepeak import true_peak

MOMENT = 19_200  # samples of a momentary level: 0.4 s
SILENCE_DB = -120.0
"""What the functions of this module return for silence, in dBFS, dBTP or LUFS."""


def linear_from_db(db: float) -> float:
    """Return the amplitude ratio of ``db`` decibels."""
    return float(10.0 ** (db / 20.0))


def db_from_linear(ratio: float) -> float:
    """Return an amplitude ratio in decibels, at least ``SILENCE_DB``."""
    return max(20.0 * math.log10(ratio), SILENCE_DB) if ratio > 0.0 else SILENCE_DB


def pan_gains(pan: float) -> tuple[float, float]:
    """Return the gains of the left and right channel for ``pan`` in -1 (left) .. 1 (right).

    Their power is constant and the centre is unity, so a sound hard at one side is 3 dB louder there.
    """
    angle = (min(max(pan, -1.0), 1.0) + 1.0) * math.pi / 4.0
    if pan == 0.0:
        return 1.0, 1.0
    return math.sqrt(2.0) * math.cos(angle), math.sqrt(2.0) * math.sin(angle)


def finite(samples: Stereo) -> Stereo:
    """Return ``samples``, with zeros in the place of what is not a number: one NaN would silence a mix for good."""
    if np.isfinite(samples).all():
        return samples
    return np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)


def peak(samples: NDArray[np.floating]) -> float:
    """Return the highest absolute sample."""
    return float(np.abs(samples).max(initial=0.0))


def true_peak_db(samples: Stereo) -> float:
    """Return the true peak in dBTP (ITU-R BS.1770-4 annex 2)."""
    return db_from_linear(true_peak(samples))


def background_db(samples: Stereo) -> float:
    """Return the level that sound ``[2, n]`` does not fall below for long: the quietest tenth of its momentary levels,
    in dBFS of both channels together."""
    count = samples.shape[1] // MOMENT * MOMENT
    power = np.square(samples[:, :count], dtype=np.float64).mean(axis=0) if count else np.zeros(1)
    moments = power.reshape(-1, MOMENT if count else 1).mean(axis=1)
    return max(SILENCE_DB, 10.0 * math.log10(max(float(np.percentile(moments, 10)), 1e-12)))
