"""Levels: decibels, pan, peaks and loudness of stereo sound ``[2, n]`` at 48 kHz."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.truepeak import true_peak

SILENCE_DB = -120.0
"""What the functions of this module return for silence, in dBFS, dBTP or LUFS."""

GATE_BLOCK = TICK_RATE * 2 // 5
GATE_HOP = TICK_RATE // 10
"""Loudness is measured over blocks of 400 ms, one every 100 ms (ITU-R BS.1770-4)."""

# K-weighting at 48 kHz, ITU-R BS.1770-4 tables 1 and 2: the shelf of the head, then the high-pass.
_K_WEIGHTING = np.array(
    [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
)


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


def panned(samples: Stereo, pan: float) -> Stereo:
    """Return ``samples`` moved to ``pan`` in -1 (left) .. 1 (right)."""
    return samples * np.array(pan_gains(pan), np.float32)[:, None]


def finite(samples: Stereo) -> Stereo:
    """Return ``samples``, with zeros in the place of what is not a number: one NaN would silence a mix for good."""
    if np.isfinite(samples).all():
        return samples
    return np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)


def rms_db(samples: Stereo) -> float:
    """Return the RMS over both channels in dBFS."""
    return (
        db_from_linear(math.sqrt(float(np.mean(np.square(samples, dtype=np.float64))))) if samples.size else SILENCE_DB
    )


def peak_db(samples: Stereo) -> float:
    """Return the highest sample in dBFS."""
    return db_from_linear(float(np.abs(samples).max(initial=0.0)))


def true_peak_db(samples: Stereo) -> float:
    """Return the true peak in dBTP (ITU-R BS.1770-4 annex 2)."""
    return db_from_linear(true_peak(samples))


def momentary_lufs(samples: Stereo) -> NDArray[np.float64]:
    """Return the momentary loudness of each block of 400 ms, every 100 ms; shorter sound gives one value."""
    if not samples.size:
        return np.array([SILENCE_DB])
    power = np.sum(np.square(_k_weighted(samples)), axis=0)
    if power.size <= GATE_BLOCK:
        return np.array([_lufs(power)])
    starts = range(0, power.size - GATE_BLOCK + 1, GATE_HOP)
    return np.array([_lufs(power[start : start + GATE_BLOCK]) for start in starts])


def integrated_lufs(samples: Stereo) -> float:
    """Return the integrated (gated) loudness; of sound shorter than a block of 400 ms, its momentary loudness."""
    if samples.shape[1] < GATE_BLOCK:
        return float(momentary_lufs(samples)[0])
    from pyloudnorm import Meter  # brings in scipy.signal, which the live path never needs

    loudness = float(Meter(TICK_RATE).integrated_loudness(samples.T.astype(np.float64)))
    return max(loudness, SILENCE_DB)


def _k_weighted(samples: Stereo) -> NDArray[np.float64]:
    from scipy.signal import sosfilt

    return np.asarray(sosfilt(_K_WEIGHTING, samples.astype(np.float64), axis=1))


def _lufs(power: NDArray[np.float64]) -> float:
    mean = float(power.mean()) if power.size else 0.0
    return max(-0.691 + 10.0 * math.log10(mean), SILENCE_DB) if mean > 0.0 else SILENCE_DB
