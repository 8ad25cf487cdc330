"""Loudness of sound ``[channels, n]`` at 48 kHz as ITU-R BS.1770-4 and EBU Tech 3341 measure it.

It needs no more than NumPy: see `livefoley.dsp.biquads`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.biquads import filtered
from livefoley.dsp.levels import SILENCE_DB

BLOCK = TICK_RATE * 2 // 5
HOP = TICK_RATE // 10
"""Loudness is measured over blocks of 400 ms, one every 100 ms."""

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0

# Tables 1 and 2, b0 b1 b2 a0 a1 a2: the shelf of the head, then the high-pass.
K_WEIGHTING = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585),
    (1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621),
)


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
    power = np.square(filtered(samples, *K_WEIGHTING)).sum(axis=0)
    sums = np.concatenate(([0.0], np.cumsum(power)))
    ends = np.arange(BLOCK, max(len(sums), BLOCK + 1), HOP)
    last = len(sums) - 1
    return np.asarray((sums[np.minimum(ends, last)] - sums[ends - BLOCK]) / BLOCK)


def _lufs(power: NDArray[np.float64] | np.floating) -> NDArray[np.float64]:
    floor = 10.0 ** ((SILENCE_DB + 0.691) / 10.0)
    return np.asarray(-0.691 + 10.0 * np.log10(np.maximum(power, floor)))
