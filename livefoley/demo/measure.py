"""What came out against what went in: payloads, the offset of the original sound, the moments of generated sounds.

Everything is measured in what a player gets out of the recordings, not in what livefoley says of itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.demo.recording import Pictures

Mono = NDArray[np.float32]
Times = NDArray[np.float64]

HOP = TICK_RATE // 1000  # a millisecond
BAND_HZ = (100.0, 1500.0)  # where hits are louder than rain
MIN_RISE_DB = 6.0
MIN_OVER_BED_DB = 14.0
APART_MS = 50
NEAR_S = 0.15  # further from a contact than this, a sound does not belong to it


@dataclass(frozen=True, slots=True)
class PictureMatch:
    """How many payloads of the source came out, in order; ``shift_s`` is out minus in, ``jitter_s`` its spread."""

    sent: int
    equal: int
    shift_s: float
    jitter_s: float


@dataclass(frozen=True, slots=True)
class OnsetMatch:
    """Generated onsets against true moments: the error of each one found (seconds, late is positive)."""

    errors_s: tuple[float, ...]
    missed_s: tuple[float, ...]
    false_s: tuple[float, ...]

    @property
    def recall(self) -> float:
        """The share of the true moments that got a sound."""
        return len(self.errors_s) / max(1, len(self.errors_s) + len(self.missed_s))

    @property
    def precision(self) -> float:
        """The share of the sounds that belong to a true moment."""
        return len(self.errors_s) / max(1, len(self.errors_s) + len(self.false_s))

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.recall * self.precision / max(1e-9, self.recall + self.precision)

    def error_ms(self, percentile: float) -> float:
        """Return a percentile of the errors' size, in ms; infinite when nothing was found."""
        return float(1000 * np.percentile(np.abs(self.errors_s), percentile)) if self.errors_s else float("inf")


def match_pictures(source: Pictures, out: Pictures) -> PictureMatch:
    """Find the source's payloads in the output; both in the order of decoding."""
    if not source.hashes or source.hashes[0] not in out.hashes:
        return PictureMatch(len(source.hashes), 0, 0.0, 0.0)
    start = out.hashes.index(source.hashes[0])
    pairs = zip(source.hashes, out.hashes[start:], strict=False)
    equal = [index for index, (sent, came) in enumerate(pairs) if sent == came]
    shifts = np.array([out.pts_s[start + index] - source.pts_s[index] for index in equal])
    spread = float(np.ptp(shifts))
    return PictureMatch(len(source.hashes), len(equal), float(np.median(shifts)), spread)


def sound_shift_s(source: Mono, out: Mono, around_s: float = 0.0, within_s: float = 1.0) -> float:
    """Return by how much the sound of ``source`` comes later in ``out``, to a fraction of a sample.

    By cross-correlation, looking ``within_s`` about ``around_s``.
    """
    size = len(source) + len(out)
    correlation = signal.correlate(out, source, mode="full", method="fft")
    lags = signal.correlation_lags(len(out), len(source), mode="full")
    centre, reach = round(around_s * TICK_RATE), round(within_s * TICK_RATE)
    inside = np.flatnonzero(np.abs(lags - centre) <= reach)
    best = int(inside[np.argmax(correlation[inside])])
    if not 0 < best < size - 2:
        return float(lags[best]) / TICK_RATE
    left, peak, right = (float(correlation[best + step]) for step in (-1, 0, 1))
    bend = left - 2 * peak + right
    part = 0.5 * (left - right) / bend if bend else 0.0
    return (float(lags[best]) + part) / TICK_RATE


def local_shifts_s(
    source: Mono, out: Mono, spans_s: Sequence[tuple[float, float]], around_s: float
) -> list[tuple[float, float]]:
    """Return ``(middle of the span, shift)`` for every span of ``source``; looks 50 ms about ``around_s``."""
    found = []
    for begin, end in spans_s:
        first, last = round(begin * TICK_RATE), round(end * TICK_RATE)
        start = max(0, first + round((around_s - 0.05) * TICK_RATE))
        piece, where = source[first:last], out[start : last + round((around_s + 0.05) * TICK_RATE)]
        if len(piece) and len(where) >= len(piece):
            offset = (start - first) / TICK_RATE
            found.append(((begin + end) / 2, offset + sound_shift_s(piece, where, around_s - offset, 0.05)))
    return found


def mono(samples: Stereo) -> Mono:
    """Return the mean of both channels."""
    return np.asarray(samples.mean(0), np.float32)


def ducking_db(foley: Stereo, speech_s: Sequence[tuple[float, float]], shift_s: float) -> float:
    """Return how much lower (negative) the generated sound's usual level is under speech than without; 0 if unknown.

    Medians of short levels, so that single hits do not count. The first 0.3 s of a span and the second after it are
    left out: the gain is on its way then.
    """
    level = _decibels(ndimage.uniform_filter1d(_power(_level_db(foley)), 50))
    at = np.arange(len(level)) / 1000 - shift_s
    under = np.any([(at > begin + 0.3) & (at < end) for begin, end in speech_s], axis=0)
    near = np.any([(at > begin - 0.5) & (at < end + 1.5) for begin, end in speech_s], axis=0)
    free = ~near & (at > 0.5) & (at < len(level) / 1000 - 0.5)
    if not (np.any(under) and np.any(free)):
        return 0.0
    return float(np.median(level[under]) - np.median(level[free]))


# ---- onsets ----


def find_onsets_s(foley: Stereo) -> Times:
    """Return the moments (seconds) at which a hit begins to sound over the bed.

    Energy in a band where hits are, by the millisecond; a hit rises over what was before and over the room's level.
    Its moment is where it reaches half its height (in amplitude) for the first time.
    """
    level = _level_db(foley)
    slow = _decibels(ndimage.uniform_filter1d(_power(level), 5))
    before = ndimage.shift(ndimage.uniform_filter1d(slow, 20), 13, mode="nearest")
    soon = ndimage.maximum_filter1d(slow, 12, origin=-5)
    bed = ndimage.median_filter(slow[::20], 101, mode="nearest").repeat(20)[: len(slow)]
    rise = np.where(soon - bed >= MIN_OVER_BED_DB, soon - before, 0.0)
    peaks, _ = signal.find_peaks(rise, height=MIN_RISE_DB, distance=APART_MS)
    return np.array(sorted({_begin_ms(level, int(peak)) for peak in peaks}), np.float64) / 1000


def match_onsets(found_s: Times, true_s: Sequence[float], near_s: float = NEAR_S) -> OnsetMatch:
    """Pair every true moment with the nearest onset within ``near_s``, the closest pairs first, each used once."""
    distances = [
        (abs(float(onset) - moment), i, j) for i, onset in enumerate(found_s) for j, moment in enumerate(true_s)
    ]
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for distance, i, j in sorted(distances):
        if distance <= near_s and i not in used and j not in pairs:
            pairs[j] = i
            used.add(i)
    errors = tuple(float(found_s[pairs[j]]) - true_s[j] for j in sorted(pairs))
    missed = tuple(moment for j, moment in enumerate(true_s) if j not in pairs)
    return OnsetMatch(errors, missed, tuple(float(o) for i, o in enumerate(found_s) if i not in used))


def _level_db(foley: Stereo) -> Times:
    """Return the level of every millisecond in the band, in dB."""
    band = signal.butter(2, BAND_HZ, "bandpass", fs=TICK_RATE, output="sos")
    energy = (signal.sosfiltfilt(band, foley, axis=1) ** 2).sum(0)
    energy = energy[: len(energy) // HOP * HOP].reshape(-1, HOP).mean(1)
    return _decibels(ndimage.uniform_filter1d(energy, 3))


def _decibels(power: Times) -> Times:
    return np.asarray(10 * np.log10(power + 1e-10), np.float64)


def _power(decibels: Times) -> Times:
    return np.asarray(10 ** (decibels / 10), np.float64)


def _begin_ms(level: Times, peak: int) -> int:
    first, last = max(0, peak - 6), min(len(level), peak + 16)
    top = float(level[first:last].max())
    return first + int(np.argmax(level[first:last] >= top - 6.0))


def drift_ms_per_minute(shifts_s: Sequence[tuple[float, float]]) -> float:
    """Return the slope of ``(moment, shift)`` pairs in ms a minute."""
    if len(shifts_s) < 2 or all(a[0] == b[0] for a, b in pairwise(shifts_s)):
        return 0.0
    at, shift = np.array(shifts_s).T
    return float(np.polyfit(at, shift, 1)[0] * 60_000)
