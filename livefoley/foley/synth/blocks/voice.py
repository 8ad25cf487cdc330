"""Voices by source and filter: glottal pulses through vowel formants, for people one hears but does not understand."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.random import Generator

from livefoley.foley.synth.blocks.toolbox import RATE, Signal, wander

VOICE_RATE = 16_000
"""Voices are built at 16 kHz, three times cheaper, and brought up at the end: what matters of them lies below 7 kHz."""

VOWELS = {  # formants of an adult male in Hz (after Peterson & Barney 1952); others scale
    "a": (730, 1090, 2440, 3400),
    "e": (530, 1840, 2480, 3500),
    "i": (270, 2290, 3010, 3600),
    "o": (570, 840, 2410, 3300),
    "u": (300, 870, 2240, 3200),
    "er": (490, 1350, 1690, 3300),
}
_WIDTHS = (80, 100, 140, 220)
_LEVELS = (1.0, 0.6, 0.25, 0.12)


def glottis(rng: Generator, pitch_hz: Signal, breath: float = 0.05) -> Signal:
    """Return the flow derivative of a voice at ``pitch_hz`` (one value a sample at 16 kHz), with breath noise."""
    jitter = 1 + 0.01 * rng.standard_normal(len(pitch_hz))
    phase = np.cumsum(pitch_hz * jitter) / VOICE_RATE % 1.0
    opening = np.where(phase < 0.6, np.sin(np.pi * phase / 0.6) ** 2, 0.0)
    flow = np.diff(opening, prepend=opening[0])
    return np.asarray(flow / (np.abs(flow).max() + 1e-9) + breath * rng.standard_normal(len(flow)) * (0.3 + opening))


def vowel(source: Signal, name: str, scale: float = 1.0) -> Signal:
    """Return ``source`` (16 kHz) through the formants of one vowel; ``scale`` above 1 is a shorter vocal tract."""
    out = np.zeros_like(source)
    for f, width, level in zip(VOWELS[name], _WIDTHS, _LEVELS, strict=True):
        centre = min(f * scale, 7200.0)
        b, a = scipy.signal.iirpeak(centre, centre / width, fs=VOICE_RATE)
        out += level * scipy.signal.lfilter(b, a, source)
    return out


def speak(rng: Generator, seconds: float, base_hz: float, scale: float) -> Signal:
    """Return babble at 48 kHz: syllables at 4 to 6 a second in phrases, vowels wandering, hisses between, no words."""
    n = round(seconds * VOICE_RATE)
    level, place, names = _syllables(rng, n)
    pitch = base_hz * np.exp(_slow(rng, n, 3.0, 0.12) + _slow(rng, n, 0.6, 0.10))
    source = glottis(rng, pitch, 0.08)
    voiced = np.zeros(n)
    for k, name in enumerate(names):
        voiced += vowel(source, name, scale) * np.clip(1 - np.abs(place - k), 0, 1)
    sibilant = scipy.signal.butter(2, (3000, 7500), "band", fs=VOICE_RATE, output="sos")
    hiss = scipy.signal.sosfilt(sibilant, rng.standard_normal(n))
    consonants = hiss * np.clip(0.35 - level, 0, 1) * (level > 0.02)
    return raised(voiced * level + 0.25 * consonants)


def _syllables(rng: Generator, n: int) -> tuple[Signal, Signal, list[str]]:
    """Return the loudness, the walk through the vowels, and which vowels there are."""
    names = list(rng.choice(list(VOWELS), 4, replace=False))
    level, place = np.zeros(n), np.zeros(n)
    at, here = -int(rng.integers(0, VOICE_RATE)), 0.0
    while at < n:
        for _ in range(int(rng.integers(4, 14))):
            length = int(rng.uniform(0.12, 0.27) * VOICE_RATE)
            there = float(rng.integers(0, 4))
            shape = np.sin(np.pi * np.arange(length) / length) ** 0.8 * rng.lognormal(0, 0.35)
            a, b = max(at, 0), min(at + length, n)
            if b > a:
                level[a:b] = shape[a - at : b - at]
                place[a:b] = np.linspace(here, there, length)[a - at : b - at]
            at, here = at + length, there
        at += int(rng.exponential(0.6) * VOICE_RATE + 0.15 * VOICE_RATE)
    return level, place, names


def shout(rng: Generator, seconds: float, base_hz: float, scale: float, names: tuple[str, str]) -> Signal:
    """Return a held cry at 48 kHz: pitch up and over, one vowel opening into another, strained."""
    n = round(seconds * VOICE_RATE)
    x = np.arange(n) / n
    pitch = (
        base_hz * (1 + 0.35 * np.sin(np.pi * np.minimum(x * 1.4, 1)) ** 1.5 - 0.15 * x) * np.exp(_slow(rng, n, 6, 0.03))
    )
    source = glottis(rng, pitch, 0.25)
    mix = vowel(source, names[0], scale) * (1 - x) + vowel(source, names[1], scale) * x
    level = np.minimum(1, x / 0.12) * np.minimum(1, (1 - x) / 0.3)
    return raised(np.tanh(3 * mix / (np.abs(mix).max() + 1e-9)) * level)


def laugh(rng: Generator, base_hz: float, scale: float) -> Signal:
    """Return a laugh at 48 kHz: breathy 'ha's at about 5 a second, falling in pitch and strength."""
    k = int(rng.integers(5, 11))
    every = rng.uniform(0.16, 0.22)
    n = round((k + 2) * every * VOICE_RATE)
    level = np.zeros(n)
    for i in range(k):
        at = int(i * every * VOICE_RATE * rng.uniform(0.97, 1.03))
        length = int(every * 0.72 * VOICE_RATE)
        shape = np.sin(np.pi * np.arange(length) / length) * (1 - 0.6 * i / k)
        level[at : at + length] = np.maximum(level[at : at + length], shape[: len(level[at : at + length])])
    pitch = base_hz * (1.35 - 0.5 * np.arange(n) / n) * np.exp(_slow(rng, n, 5, 0.06)) * (0.85 + 0.3 * level)
    source = glottis(rng, pitch, 0.3)
    aspirated = vowel(0.4 * rng.standard_normal(n), "a", scale) * np.roll(level, -int(0.05 * VOICE_RATE)).clip(0) * 0.3
    return raised(vowel(source, "a", scale) * level + aspirated)


def raised(voice: Signal) -> Signal:
    """Return a 16 kHz voice at 48 kHz."""
    return np.asarray(scipy.signal.resample_poly(voice, RATE // VOICE_RATE, 1))


def _slow(rng: Generator, n: int, rate_hz: float, depth: float) -> Signal:
    return wander(rng, n, rate_hz * VOICE_RATE / RATE, depth)
