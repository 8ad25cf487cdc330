"""A clip's sound: the foley laid under the original, brought to the loudness of clips."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from livefoley.core.cues import Stereo
from livefoley.dsp.levels import SILENCE_DB, background_db, linear_from_db, true_peak_db
from livefoley.dsp.limiter import Limiter
from livefoley.dsp.loudness import integrated_lufs

TARGET_LUFS = -14.0
CEILING_DBTP = -1.5  # AAC rounds: half a decibel more than the -1 dBTP that the clip keeps
TOLERANCE_LU = 0.2
TRIES = 4
MOST_GAIN_DB = 24.0  # a clip in which nothing is to be heard is not made noise
AMBIENCE_DB = -24.0  # what goes on under nothing else is no louder: a quiet room stays quiet
UNHEARD_LUFS = -60.0


@dataclass(frozen=True, slots=True)
class Mastered:
    """The finished sound: ``mix`` is what is heard, ``stem`` and ``original`` what it is made of at the same level."""

    mix: Stereo
    original: Stereo
    stem: Stereo
    loudness_lufs: float
    true_peak_dbtp: float


def master(original: Stereo, stem: Stereo) -> Mastered:
    """Mix ``original`` and ``stem`` (both ``[2, n]``) at ``TARGET_LUFS``, true peaks under the ceiling."""
    whole = original + stem
    loudness = integrated_lufs(whole)
    if loudness <= SILENCE_DB:
        return Mastered(whole, original, stem, loudness, true_peak_db(whole))
    gain_db, mix = 0.0, whole
    most_db = MOST_GAIN_DB if integrated_lufs(original) > UNHEARD_LUFS else min(MOST_GAIN_DB, ambience_gain_db(stem))
    for _ in range(TRIES):
        if abs(TARGET_LUFS - loudness) <= TOLERANCE_LU or gain_db >= most_db:
            break
        gain_db = min(most_db, gain_db + TARGET_LUFS - loudness)
        mix = _limited(whole * np.float32(linear_from_db(gain_db)))
        loudness = integrated_lufs(mix)
    factor = np.float32(linear_from_db(gain_db))
    return Mastered(mix, original * factor, stem * factor, loudness, true_peak_db(mix))


def with_mark(mastered: Mastered, mark: Stereo) -> Mastered:
    """Return the sound with ``mark`` in its mix, true peaks under the ceiling still."""
    mix = (mastered.mix + mark).astype(np.float32)
    peak_dbtp = true_peak_db(mix)
    if peak_dbtp > CEILING_DBTP:
        mix = _limited(mix)
        peak_dbtp = true_peak_db(mix)
    return replace(mastered, mix=mix, loudness_lufs=integrated_lufs(mix), true_peak_dbtp=peak_dbtp)


def ambience_gain_db(stem: Stereo) -> float:
    """Return by how much foley alone may be raised for its ambience to stay one."""
    return AMBIENCE_DB - background_db(stem)


def _limited(samples: Stereo) -> Stereo:
    limiter = Limiter(CEILING_DBTP)
    return np.concatenate((limiter.feed(samples), limiter.flush()), axis=1)
