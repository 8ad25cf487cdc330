"""Looks for the watermark in a sound, with a bound on how often it finds one where there is none.

The sound is taken to ``RATE``, whitened (every cell of its spectrogram to the same size, so that what is loud does not
drown the mark elsewhere), and its periods are added up. The score of a place is the correlation there of that sum
with the mark's first sequence, divided by the size of the sum. That sequence is of random signs which the sound knows
nothing of, so by Hoeffding's inequality a score of ``t`` comes about by chance with a probability of at most
``exp(-t**2 / 2)``, whatever the sound; over all places and speeds that are tried, at most the sum of that.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.fft import irfft, rfft
from scipy.signal import ShortTimeFFT

from livefoley.marks.carrier import PERIOD, RATE, SYMBOLS, TURN, VALUES, content_id, in_band, spectrum

FALSE_ALARM = 1e-6
"""The probability of finding a mark in a sound that has none is at most this."""

_FRAME, _HOP = 512, 128
_FINE = 2  # places tried for each sample
_MAX_SPEED = 1.5e-3
_SLIP_S = 1.6e-4  # by how much the ends of a window may slip between two speeds: less than a wave of the band
_WINDOW_S, _STEP_S = 16, 8
_MAX_WINDOWS = 64
_DRIFT_WINDOWS = 4

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: ``score`` in standard deviations, ``threshold`` what it takes, ``false_alarm`` the bound on the
    probability that a sound without mark gives this score or more, and the content id, None when it cannot be read."""

    found: bool
    score: float
    threshold: float
    false_alarm: float
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    score: float
    at: float  # where the period begins, in samples
    folded: Samples


_NOWHERE = _Place(0.0, 0.0, np.zeros(PERIOD, np.float32))


def detect(samples: Samples, rate: int = 48_000) -> Verdict:
    """Look for a mark in ``samples`` (``[n]`` or ``[channels, n]``) of ``rate`` samples a second."""
    mono = samples if samples.ndim == 1 else samples.mean(axis=0)
    white = whiten(soxr.resample(np.ascontiguousarray(mono, np.float32), rate, RATE))
    trials = _trials(len(white))
    threshold = math.sqrt(2 * math.log(trials / FALSE_ALARM))
    best = _NOWHERE
    for place in _places(white):
        best = max(best, place, key=_score)
        if best.score >= threshold and (read := _read(best)) is not None:
            return Verdict(True, best.score, threshold, _bound(trials, best.score), read)
    return Verdict(best.score >= threshold, best.score, threshold, _bound(trials, best.score))


def whiten(samples: Samples) -> Samples:
    """Return ``samples`` with every cell of the spectrogram at the same size."""
    window = np.sqrt(np.hanning(_FRAME + 1)[:-1])
    transform = ShortTimeFFT(window, _HOP, RATE)
    padded = np.pad(samples, (0, max(0, _FRAME - len(samples))))
    cells = transform.stft(padded)
    size = np.abs(cells)
    floor = max(1e-9, 1e-5 * float(size.max()))
    return np.asarray(transform.istft(cells / np.maximum(size, floor), k1=len(padded)), np.float32)


def _places(white: Samples) -> Iterator[_Place]:
    """Yield the best place of the whole, of each window, and of each of the first windows at any speed."""
    yield _best(white)
    windows = _windows(white)
    yield from map(_best, windows)
    for window in windows[:_DRIFT_WINDOWS] or [white]:
        speeds = _speeds(len(window))
        yield max((_best(window[_at_speed(len(window), speed)]) for speed in speeds), key=_score, default=_NOWHERE)


def _score(place: _Place) -> float:
    return place.score


def _speeds(length: int) -> NDArray[np.float64]:
    """Return the speeds to try on a window, less 1."""
    step = _SLIP_S * RATE / length
    most = int(_MAX_SPEED / step)
    return np.delete(np.arange(-most, most + 1, dtype=np.float64), most) * step


def _at_speed(length: int, speed: float) -> NDArray[np.intp]:
    """Return which samples to take of a sound that runs faster by ``speed``: the nearest are near enough."""
    places = np.rint(np.arange(round(length / (1 + speed))) * (1 + speed)).astype(np.intp)
    return np.asarray(places.clip(max=length - 1))


def _windows(white: Samples) -> list[Samples]:
    """Return the overlapping windows of a sound that is longer than one."""
    return [white[start : start + _WINDOW_S * RATE] for start in _starts(len(white))]


def _starts(length: int) -> range:
    return range(0, length - _STEP_S * RATE, _STEP_S * RATE)[:_MAX_WINDOWS] if length > _WINDOW_S * RATE else range(0)


def _trials(length: int) -> int:
    """Return how many places and speeds are looked at in a sound of so many samples."""
    if length <= _WINDOW_S * RATE:
        return _FINE * PERIOD * (1 + len(_speeds(length)))
    windows = len(_starts(length))
    return _FINE * PERIOD * (1 + windows + min(windows, _DRIFT_WINDOWS) * len(_speeds(_WINDOW_S * RATE)))


def _bound(trials: int, score: float) -> float:
    return min(1.0, trials * math.exp(-(min(score, 38.0) ** 2) / 2))


def _best(white: Samples) -> _Place:
    whole = np.zeros(-(-len(white) // PERIOD) * PERIOD, np.float32)
    whole[: len(white)] = white
    lines = np.where(in_band(), rfft(whole.reshape(-1, PERIOD).sum(axis=0)), 0)
    folded = np.asarray(irfft(lines, PERIOD), np.float32)
    scores = _correlate(lines, 0) / max(float(np.linalg.norm(folded)), 1e-9)
    best = int(scores.argmax())
    return _Place(float(scores[best]), best / _FINE, folded)


def _correlate(lines: NDArray[np.complex64], index: int) -> Samples:
    """Return the correlation with a sequence at every place, ``[_FINE * PERIOD]``."""
    return np.asarray(irfft(lines * np.conj(spectrum(index)), _FINE * PERIOD) * _FINE, np.float32)


def _read(place: _Place) -> str | None:
    """Return the content id at a place."""
    lines = rfft(place.folded)
    payload = bytearray()
    for index in range(1, SYMBOLS + 1):
        scores = _correlate(lines, index)
        turns = (round(place.at * _FINE) + np.arange(VALUES) * TURN * _FINE) % len(scores)
        payload.append(int(scores[turns].argmax()))
    return content_id(bytes(payload))
