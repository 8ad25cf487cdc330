"""Levels of all foley, in one place: how loud a sound is made, and how that is measured (ITU-R BS.1770-4, EBU 3341).

Beds lie at -14 LUFS integrated. Effects at the default intensity have their loudest 400 ms at -14 LUFS, or less where
their peak would pass -1 dBFS (clicks are too short to be that loud). Rooms then lower them by ``foley.*.gain_db``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE

BED_LUFS = -14.0
EFFECT_LUFS = -14.0
PEAK_DBFS = -1.0
FULL_INTENSITY = 0.7
"""The intensity at which effects have their normalised level; it is also the default of a cue."""
INTENSITY_DB = 12.0
"""Change of level over the whole range of intensity, 0 to 1."""
ROUNDING_DB = 5.0
"""How far a hit's peak may be rounded off to come nearer to its loudness, as a limiter would."""
INTENSITY_TILT_DB = 9.0
"""Change of the highs (above about 2.5 kHz) over the whole range of intensity, besides the level."""

_K_WEIGHTING = np.array(
    [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
)
_RUMBLE = signal.butter(2, 25.0, "high", fs=TICK_RATE, output="sos")
_WINDOW = TICK_RATE * 2 // 5
_HOP = TICK_RATE // 10


def gain(db: float) -> float:
    """Return decibels as a factor."""
    return float(10 ** (db / 20))


def momentary_lufs(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the loudness of every 400 ms window, 100 ms apart; a shorter sound counts as if silence followed it."""
    weighted = signal.sosfilt(_K_WEIGHTING, samples.astype(np.float64), axis=1)
    power = np.concatenate(([0.0], np.cumsum((weighted**2).sum(axis=0))))
    ends = np.arange(_WINDOW, max(len(power), _WINDOW + 1), _HOP)
    sums = power[np.minimum(ends, len(power) - 1)] - power[np.minimum(ends - _WINDOW, len(power) - 1)]
    return np.asarray(-0.691 + 10 * np.log10(sums / _WINDOW + 1e-12))


def loudest_lufs(samples: NDArray[np.floating]) -> float:
    """Return the highest momentary loudness, about -121 for silence."""
    return float(momentary_lufs(samples).max())


def integrated_lufs(samples: NDArray[np.floating]) -> float:
    """Return the gated loudness of the whole."""
    windows = momentary_lufs(samples)
    for threshold in (-70.0, None):
        level = threshold if threshold is not None else _mean_lufs(windows) - 10.0
        kept = windows[windows > level]
        windows = kept if len(kept) else windows
    return _mean_lufs(windows)


def _mean_lufs(windows: NDArray[np.float64]) -> float:
    return float(10 * np.log10(np.mean(10 ** (windows / 10)) + 1e-15))


def without_rumble(samples: Stereo) -> Stereo:
    """Return samples without what lies below 25 Hz, which is not heard and costs headroom (second order)."""
    return np.asarray(signal.sosfilt(_RUMBLE, samples, axis=1), dtype=np.float32)


def peak_of(samples: NDArray[np.floating]) -> float:
    """Return the highest absolute sample."""
    return float(np.max(np.abs(samples), initial=0.0))


def normalise_effect(samples: Stereo) -> Stereo:
    """Return an effect at its level; silence stays silence."""
    highest = peak_of(samples)
    if highest < 1e-6:
        return samples
    factor = min(gain(EFFECT_LUFS - loudest_lufs(samples)), gain(PEAK_DBFS + ROUNDING_DB) / highest)
    return round_off((samples * np.float32(factor)).astype(np.float32))


def normalise_bed(samples: Stereo) -> Stereo:
    """Return a texture at its level, its rare peaks rounded off below -1 dBFS."""
    if peak_of(samples) < 1e-6:
        return samples
    level = samples
    for _ in range(2):  # rounding peaks off takes a little loudness; the second pass gives it back
        level = round_off(level * np.float32(gain(BED_LUFS - integrated_lufs(level))))
    return level


def round_off(samples: Stereo, knee_db: float = -6.0) -> Stereo:
    """Return samples with what lies above the knee bent smoothly below -1 dBFS; nothing below the knee changes."""
    knee, top = gain(knee_db), gain(PEAK_DBFS)
    over = np.abs(samples) - knee
    if not np.any(over > 0):
        return samples
    bent = knee + (top - knee) * np.tanh(np.maximum(over, 0) / (top - knee))
    return np.where(over > 0, np.sign(samples) * bent, samples).astype(np.float32)
