"""Helpers of the tests: test signals, sound cut into blocks of any sizes, true peaks measured by other means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat

import numpy as np
from hypothesis import strategies as st
from scipy.signal import resample_poly

from livefoley.core.cues import Stereo

BLOCK_SIZES = st.lists(st.integers(1, 1500), min_size=1, max_size=12)


def spans(sizes: Iterable[int], total: int) -> Iterator[tuple[int, int]]:
    """Yield ``(start, n)`` that cover ``total`` samples in blocks of ``sizes`` and then of 997."""
    start = 0
    for size in chain(sizes, repeat(997)):
        n = min(size, total - start)
        if not n:
            return
        yield start, n
        start += n


def fed(feed: Callable[[Stereo], Stereo], samples: Stereo, sizes: Iterable[int]) -> Stereo:
    """Return what ``feed`` makes of ``samples`` in blocks of ``sizes``."""
    return np.concatenate([feed(samples[:, start : start + n]) for start, n in spans(sizes, samples.shape[1])], axis=1)


def noise(n: int, level: float = 1.0, seed: int = 0) -> Stereo:
    """Return ``n`` samples of white noise, ``[2, n]``, with a standard deviation of ``level``."""
    return (np.random.default_rng(seed).standard_normal((2, n)) * level).astype(np.float32)


def sine(frequency_hz: float, n: int, amplitude: float = 1.0, phase: float = 0.0) -> Stereo:
    """Return ``n`` samples of a tone on both channels."""
    wave = amplitude * np.sin(2 * np.pi * frequency_hz * np.arange(n) / 48_000 + phase)
    return np.stack((wave, wave)).astype(np.float32)


def measured_peak_db(samples: Stereo, oversampling: int = 4) -> float:
    """Return the true peak in dBTP as scipy's polyphase resampler sees it."""
    padded = np.pad(samples, ((0, 0), (200, 200)))
    wave = resample_poly(padded, oversampling, 1, axis=1, window=("kaiser", 9.0))
    return float(20 * np.log10(max(np.abs(wave).max(), 1e-9)))
