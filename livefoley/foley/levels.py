"""Levels of all foley, in one place: how loud a sound is made.

Beds lie at -14 LUFS integrated. Effects at the default intensity have their loudest 400 ms at -14 LUFS, or less where
their peak would pass -1 dBFS (clicks are too short to be that loud). Rooms then lower them by ``foley.*.gain_db``.
"""

from __future__ import annotations

import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.dsp.biquads import filtered, highpass
from livefoley.dsp.levels import linear_from_db, peak, true_peak_db
from livefoley.dsp.loudness import ABSOLUTE_GATE_LUFS, HOP, integrated_lufs, loudest_lufs, momentary_lufs

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

FADE_IN: Tick = ticks_from_s(0.02)
FADE_OUT: Tick = ticks_from_s(0.1)
MOST_TREND_DB = 20.0
"""How much a texture may sink or rise in all and be brought back to one level."""
MOST_SPREAD_DB = 15.0
"""How far the loudness of an ambience may come and go: waves do by some 10 dB, single sounds in silence by 30."""

_MARGIN_DB = 0.1

_RUMBLE = highpass(25.0)


def without_rumble(samples: Stereo) -> Stereo:
    """Return samples without what lies below 25 Hz, which is not heard and costs headroom (second order)."""
    return filtered(samples, _RUMBLE).astype(np.float32)


def normalise_effect(samples: Stereo) -> Stereo:
    """Return an effect at its level; silence stays silence."""
    highest = peak(samples)
    if highest < 1e-6:
        return samples
    factor = min(linear_from_db(EFFECT_LUFS - loudest_lufs(samples)), linear_from_db(PEAK_DBFS + ROUNDING_DB) / highest)
    return round_off((samples * np.float32(factor)).astype(np.float32))


def normalise_bed(samples: Stereo) -> Stereo:
    """Return a texture at its level, its rare peaks rounded off below -1 dBFS."""
    if peak(samples) < 1e-6:
        return samples
    level = samples
    for _ in range(2):  # rounding peaks off takes a little loudness; the second pass gives it back
        level = round_off(level * np.float32(linear_from_db(BED_LUFS - integrated_lufs(level))))
    return level


def at_target(samples: Stereo, *, bed: bool) -> Stereo:
    """Return a finished sound at its level: an ambience by its integrated loudness, anything else by its loudest
    400 ms, or as near as its peak allows; its true peak lies below ``PEAK_DBFS``."""
    if peak(samples) < 1e-6:
        return samples
    if bed:
        level = normalise_bed(samples)
    else:
        gain_db = min(EFFECT_LUFS - loudest_lufs(samples), PEAK_DBFS - true_peak_db(samples))
        level = (samples * np.float32(linear_from_db(gain_db))).astype(np.float32)
    over_db = true_peak_db(level) - (PEAK_DBFS - _MARGIN_DB)
    return level if over_db <= 0 else (level * np.float32(linear_from_db(-over_db))).astype(np.float32)


def faded(samples: Stereo) -> Stereo:
    """Return an excerpt of something endless with soft ends: `FADE_IN` ticks and `FADE_OUT`, a quarter at most."""
    shaped = samples.copy()
    quarter = samples.shape[1] // 4
    into, out = min(FADE_IN, quarter), min(FADE_OUT, quarter)
    shaped[:, :into] *= np.sin(np.linspace(0, np.pi / 2, into, dtype=np.float32)) ** 2
    shaped[:, samples.shape[1] - out :] *= np.cos(np.linspace(0, np.pi / 2, out, dtype=np.float32)) ** 2
    return shaped


def level_bed(samples: Stereo) -> Stereo:
    """Return a texture at its level that neither sinks nor rises from its beginning to its end; what swells in it
    swells on."""
    loud = momentary_lufs(samples)
    heard = np.flatnonzero(loud > ABSOLUTE_GATE_LUFS)
    if len(heard) > 1:
        slope, _ = np.polyfit(heard * HOP, loud[heard], 1)
        far_db = abs(slope) * samples.shape[1]
        slope *= min(1.0, MOST_TREND_DB / max(far_db, 1e-9))
        curve_db = -slope * (np.arange(samples.shape[1]) - samples.shape[1] / 2)
        samples = (samples * (10 ** (curve_db / 20)).astype(np.float32)).astype(np.float32)
    return normalise_bed(samples)


def spread_db(samples: Stereo) -> float:
    """Return how far the momentary loudness of a texture comes and goes: its lowest tenth to its highest, in LU."""
    low, high = np.percentile(momentary_lufs(samples), (10, 90))
    return float(high - low)


def round_off(samples: Stereo, knee_db: float = -6.0) -> Stereo:
    """Return samples with what lies above the knee bent smoothly below -1 dBFS; nothing below the knee changes."""
    knee, top = linear_from_db(knee_db), linear_from_db(PEAK_DBFS)
    over = np.abs(samples) - knee
    if not np.any(over > 0):
        return samples
    bent = knee + (top - knee) * np.tanh(np.maximum(over, 0) / (top - knee))
    return np.where(over > 0, np.sign(samples) * bent, samples).astype(np.float32)
