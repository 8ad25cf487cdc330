"""Loudness of sound ``[channels, n]`` at 48 kHz as ITU-R BS.1770-4 and EBU Tech 3341 measure it.

The K-weighting is applied as a product of spectra, which gives what its recursive filters give to the last digits: the
response has died away by 270 dB where it is cut off. It needs no more than NumPy.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.levels import SILENCE_DB

BLOCK = TICK_RATE * 2 // 5
HOP = TICK_RATE // 10
"""Loudness is measured over blocks of 400 ms, one every 100 ms."""

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0

# Tables 1 and 2, b0 b1 b2 a0 a1 a2: the shelf of the head, then the high-pass.
_SECTIONS = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585),
    (1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621),
)
_TAIL = 8192  # samples until the filters' response has died away
_CHUNK = (1 << 17) - _TAIL


def momentary_lufs(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the momentary loudness of each block of 400 ms, every 100 ms.

    A shorter sound gives one value, as a meter shows it: silence follows.
    """
    return _lufs(_block_powers(samples))


def loudest_lufs(samples: NDArray[np.floating]) -> float:
    """Return the highest momentary loudness."""
    return float(momentary_lufs(samples).max())


def integrated_lufs(samples: NDArray[np.floating]) -> float:
    """Return the loudness of the whole, gated; of sound shorter than a block of 400 ms, over its own length."""
    powers = _block_powers(samples)
    if samples.shape[1] < BLOCK:
        return float(_lufs(powers * (BLOCK / max(samples.shape[1], 1)))[0])
    loud = powers[_lufs(powers) > ABSOLUTE_GATE_LUFS]
    if not loud.size:
        return SILENCE_DB
    louder = loud[_lufs(loud) > float(_lufs(loud.mean())) + RELATIVE_GATE_LU]
    return float(_lufs(louder.mean()))


def _block_powers(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the mean power of each block, summed over the channels, ``[blocks]``."""
    power = np.square(_k_weighted(samples)).sum(axis=0)
    sums = np.concatenate(([0.0], np.cumsum(power)))
    ends = np.arange(BLOCK, max(len(sums), BLOCK + 1), HOP)
    last = len(sums) - 1
    return np.asarray((sums[np.minimum(ends, last)] - sums[ends - BLOCK]) / BLOCK)


def _k_weighted(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return ``samples`` as loud as they seem to an ear, a chunk at a time so that memory stays small."""
    n = samples.shape[1]
    out = np.zeros((samples.shape[0], n + _TAIL))
    for start in range(0, n, _CHUNK):
        chunk = samples[:, start : start + _CHUNK].astype(np.float64)
        size = 1 << (chunk.shape[1] + _TAIL - 1).bit_length()
        heard = np.fft.irfft(np.fft.rfft(chunk, size) * _response(size), size)
        end = start + chunk.shape[1] + _TAIL
        out[:, start:end] += heard[:, : end - start]
    return out[:, :n]


@lru_cache(maxsize=4)
def _response(size: int) -> NDArray[np.complex128]:
    """Return the frequency response of the weighting at the bins of a real FFT of ``size``."""
    delay = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    whole = np.ones(len(delay), np.complex128)
    for b0, b1, b2, a0, a1, a2 in _SECTIONS:
        whole *= (b0 + b1 * delay + b2 * delay**2) / (a0 + a1 * delay + a2 * delay**2)
    return whole


def _lufs(power: NDArray[np.float64] | np.floating) -> NDArray[np.float64]:
    floor = 10.0 ** ((SILENCE_DB + 0.691) / 10.0)
    return np.asarray(-0.691 + 10.0 * np.log10(np.maximum(power, floor)))
