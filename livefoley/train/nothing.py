"""Sounds of nothing: noise, clicks and tones, which a judge must take for none of its classes.

They lie among the judge's references under a name of their own, so that white noise with a dog's envelope is no dog.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator
from scipy import signal

from livefoley.foley.student.features import RATE, Floats, referenced

LENGTH = 4 * RATE
_SLOPES = (0.0, 0.5, 1.0)  # white, pink, brown: the power of 1 / frequency by which amplitude falls


def sounds(seed: int = 0) -> Iterator[Floats]:
    """Yield mono sounds of nothing at 48 kHz, each at the reference level; another seed, others."""
    rng = np.random.default_rng(seed)
    for slope in _SLOPES:
        for _ in range(3):
            yield referenced(noise(slope, rng))
            yield referenced(noise(slope, rng) * drawn(rng))
            yield referenced(noise(slope, rng) * struck(rng, int(rng.integers(1, 5))))
    for number in range(12):
        yield referenced(clicks(rng, 1 + number % 3))
    for hertz in rng.uniform(100, 3000, 3):
        yield referenced(np.sin(2 * np.pi * hertz * np.arange(LENGTH) / RATE).astype(np.float32))


def noise(slope: float, rng: Generator, length: int = LENGTH) -> Floats:
    """Return noise whose amplitude falls with the power ``slope`` of frequency, from 20 Hz on."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    hertz = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 20.0)
    return np.fft.irfft(spectrum * (20.0 / hertz) ** slope, length).astype(np.float32)


def drawn(rng: Generator, length: int = LENGTH) -> Floats:
    """Return an envelope as one might draw it: a few points between -30 and 0 dB, joined by lines."""
    at = np.linspace(0, length - 1, 7)
    return np.asarray(10 ** (np.interp(np.arange(length), at, rng.uniform(-30, 0, 7)) / 20), np.float32)


def struck(rng: Generator, hits: int, length: int = LENGTH) -> Floats:
    """Return an envelope of some hits, each dying away within 0.1 to 0.8 s."""
    starts = np.zeros(length)
    starts[rng.integers(0, length - RATE // 2, hits)] = rng.uniform(0.5, 1.0, hits)
    decay = np.exp(-np.arange(RATE) / (RATE * rng.uniform(0.03, 0.2)))
    return np.asarray(signal.fftconvolve(starts, decay)[:length], np.float32)


def clicks(rng: Generator, count: int, length: int = LENGTH) -> Floats:
    """Return silence with a few clicks of one sample to five milliseconds."""
    sound = np.zeros(length, np.float32)
    for at in rng.integers(0, length - RATE // 10, count):
        width = int(rng.integers(1, RATE // 200))
        sound[at : at + width] = rng.uniform(-1, 1, width)
    return sound
