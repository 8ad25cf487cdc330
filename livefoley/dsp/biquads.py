"""Recursive filters from rest, as a product of spectra: to the last digits what the recursion gives, by NumPy alone.

``scipy.signal`` does the same and costs every process that imports it 80 MB and most of a second.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE

Section: TypeAlias = tuple[float, float, float, float, float, float]
"""The coefficients b0 b1 b2 a0 a1 a2."""

_CHUNK = 1 << 17
_SMALL = 1e-14


def highpass(hz: float) -> Section:
    """Return a Butterworth filter of second order at 48 kHz."""
    k = math.tan(math.pi * hz / TICK_RATE)
    return 1.0, -2.0, 1.0, 1 + math.sqrt(2) * k + k * k, 2 * (k * k - 1), 1 - math.sqrt(2) * k + k * k


def highs(hz: float, gain: float) -> Section:
    """Return a shelf of first order at 48 kHz: what lies above ``hz`` becomes ``gain`` times as large."""
    k = math.tan(math.pi * hz / TICK_RATE)
    return gain + k, k - gain, 0.0, 1 + k, k - 1, 0.0


def filtered(samples: NDArray[np.floating], *sections: Section) -> NDArray[np.float64]:
    """Return ``samples`` ``[channels, n]`` through all ``sections``, a chunk at a time so that memory stays small."""
    n, tail = samples.shape[1], _tail(sections)
    out = np.zeros((samples.shape[0], n + tail))
    step = max(_CHUNK, 1 << (4 * tail).bit_length()) - tail
    for start in range(0, n, step):
        chunk = samples[:, start : start + step].astype(np.float64)
        size = fast_length(chunk.shape[1] + tail)
        heard = np.fft.irfft(np.fft.rfft(chunk, size) * _response(sections, size), size)
        end = start + chunk.shape[1] + tail
        out[:, start:end] += heard[:, : end - start]
    return out[:, :n]


def fast_length(n: int) -> int:
    """Return a length of at least ``n`` that is quick to transform: a power of two, or three quarters of one."""
    power = 1 << (n - 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= n else power


@lru_cache(maxsize=16)
def _tail(sections: tuple[Section, ...]) -> int:
    """Return how many samples it takes the response to die away: its slowest pole falls by 280 dB."""
    poles = [abs(pole) for *_, a0, a1, a2 in sections for pole in np.roots((a0, a1, a2))]
    slowest = max(poles)
    return math.ceil(math.log(_SMALL) / math.log(slowest)) if slowest > 0 else 1


@lru_cache(maxsize=4)
def _response(sections: tuple[Section, ...], size: int) -> NDArray[np.complex128]:
    """Return the frequency response at the bins of a real FFT of ``size``."""
    delay = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    whole = np.ones(len(delay), np.complex128)
    for b0, b1, b2, a0, a1, a2 in sections:
        whole *= (b0 + b1 * delay + b2 * delay**2) / (a0 + a1 * delay + a2 * delay**2)
    return whole
