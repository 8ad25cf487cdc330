"""The picture of sound that Whisper reads: 80 mel bands of log power, a column every 10 ms.

The recipe is that of the model's training (Radford et al., "Robust speech recognition via large-scale weak
supervision", 2022): 16 kHz, Hann window of 25 ms, Slaney's mel scale with bands of equal area, the loudest 80 dB.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
WINDOW = 400
HOP = 160
FRAMES_PER_S = RATE // HOP
DYNAMIC_RANGE = 8.0  # in powers of ten
LEAST_POWER = 1e-10

_LINEAR_HZ = 200.0 / 3.0  # Slaney's scale: a mel is this many Hz up to 1 kHz, then a step of a logarithm
_BREAK_HZ = 1000.0
_LOG_STEP = np.log(6.4) / 27.0


def log_mel(samples: NDArray[np.float32], frames: int, bands: int = 80) -> NDArray[np.float32]:
    """Return ``[bands, frames]`` of ``[n]`` samples at 16 kHz, cut or padded with silence to ``frames``."""
    padded = np.zeros(frames * HOP + WINDOW, np.float32)
    sound = samples[: frames * HOP]
    padded[WINDOW // 2 : WINDOW // 2 + len(sound)] = sound
    padded[: WINDOW // 2] = padded[WINDOW : WINDOW // 2 : -1]  # the model saw reflected edges
    heard = min(frames, -(-(len(sound) + WINDOW // 2) // HOP))  # the rest is silence, which needs no transform
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[: heard * HOP : HOP]
    spectrum = np.fft.rfft(windows * _hann(), axis=1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    logarithm = np.full((bands, frames), np.log10(LEAST_POWER), np.float32)
    logarithm[:, :heard] = np.log10(np.maximum(_filters(bands) @ power.T, LEAST_POWER))
    floored = np.maximum(logarithm, logarithm.max() - DYNAMIC_RANGE)
    return np.ascontiguousarray((floored + 4.0) / 4.0, np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)


@cache
def _filters(bands: int) -> NDArray[np.float32]:
    """Return triangles ``[bands, WINDOW // 2 + 1]`` of equal area on Slaney's mel scale."""
    edges = _hertz(np.linspace(0.0, _mel(RATE / 2), bands + 2))
    bins = np.linspace(0.0, RATE / 2, WINDOW // 2 + 1)
    rising = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def _mel(hertz: float) -> float:
    if hertz < _BREAK_HZ:
        return hertz / _LINEAR_HZ
    return float(_BREAK_HZ / _LINEAR_HZ + np.log(hertz / _BREAK_HZ) / _LOG_STEP)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    knee = _BREAK_HZ / _LINEAR_HZ
    return np.where(mel < knee, mel * _LINEAR_HZ, _BREAK_HZ * np.exp(_LOG_STEP * (mel - knee)))
