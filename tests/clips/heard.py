"""What an ear hears of one sound under another: the noise-to-mask ratio of ITU-R BS.1387, without masking in time.

It knows nothing of how the watermark is made (``livefoley/marks/masking``): quarter-Bark bands of the pitch scale,
upper slopes that depend on level, 2048 samples a frame.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.clips.sounds import RATE

Powers = NDArray[np.float64]
_FRAME = 2048
_STEP_BARK = 0.25
_RANGE_HZ = (80.0, 18_000.0)
_FULL_SCALE_DB = 92.0  # the sound pressure of a sine at full scale
_LOWER_DB = 27.0  # slope towards low pitches, dB a Bark
_ADDING = 0.4  # exponent by which excitations add
_MASK_DB = 3.0  # how far below the excitation masking begins, up to 12 Bark


def noise_to_mask_db(sound: NDArray[np.float32], noise: NDArray[np.float32]) -> Powers:
    """Return by how much ``noise`` exceeds what ``sound`` masks, ``[frames, bands]``; both are ``[n]``."""
    centres = _centres_hz()
    mask = _excitation(_patterns(sound) + _quiet()) * 10 ** (-_MASK_DB / 10)
    ratio = 10 * np.log10(_patterns(noise) / mask + 1e-12)
    return np.asarray(ratio[:, (centres > 400) & (centres < 5500)])


def _edges_bark() -> Powers:
    low, high = (7 * np.arcsinh(hertz / 650) for hertz in _RANGE_HZ)
    return np.append(np.arange(low, high, _STEP_BARK), high)


def _centres_hz() -> Powers:
    edges = _edges_bark()
    return np.asarray(650 * np.sinh((edges[:-1] + edges[1:]) / 14))


def _quiet() -> Powers:
    """Return the noise of the ear itself, which is added to every band."""
    return np.asarray(10 ** (0.4 * 0.364 * (_centres_hz() / 1000) ** -0.8))


@cache
def _groups() -> Powers:
    """Return ``[lines, bands]``: what share of each spectral line lies in each band."""
    width = RATE / _FRAME
    lines = np.arange(_FRAME // 2 + 1)[:, None] * width
    edges = 650 * np.sinh(_edges_bark() / 7)[None, :]
    inside = np.minimum(lines + width / 2, edges[:, 1:]) - np.maximum(lines - width / 2, edges[:, :-1])
    return np.asarray(np.clip(inside, 0, None) / width)


def _patterns(samples: NDArray[np.float32]) -> Powers:
    loud = samples * (10 ** (_FULL_SCALE_DB / 20) / (_FRAME / 4))
    frames = np.lib.stride_tricks.sliding_window_view(loud, _FRAME)[:: _FRAME // 2]
    return np.asarray(np.square(np.abs(np.fft.rfft(frames * np.hanning(_FRAME)))) @ _groups())


def _excitation(powers: Powers) -> Powers:
    """Spread the power of each band over the others, as the ear does."""
    ones = np.ones((1, powers.shape[1]))
    return _spread(powers) / _spread(ones)


def _spread(powers: Powers) -> Powers:
    centres, total = _centres_hz(), np.zeros_like(powers)
    for band, hertz in enumerate(centres):
        apart = (np.arange(len(centres)) - band) * _STEP_BARK
        upper_db = np.minimum(-24 - 230 / hertz + 0.2 * 10 * np.log10(powers[:, band] + 1e-12), -2.0)
        slopes_db = _LOWER_DB * np.minimum(apart, 0) + upper_db[:, None] * np.maximum(apart, 0)
        share = 10 ** (slopes_db / 10)
        total += (powers[:, band, None] * share / share.sum(axis=1, keepdims=True)) ** _ADDING
    return np.asarray(total ** (1 / _ADDING))
