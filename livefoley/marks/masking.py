"""How loud something else may be within a sound without being heard: a masking threshold for each frame and band.

After J. D. Johnston, "Transform coding of audio signals using perceptual noise criteria" (1988): the power of
half-Bark bands is spread along the ear, and lowered by an offset that is small for noise and large for tones. A frame
in which the sound begins or ends is held to its quietest part, for little is masked before an onset; after a sound,
masking fades.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE

FRAME = 1024
HOP = FRAME // 2
PART = 128
"""Samples of the parts of a frame that are compared."""

PARTS = FRAME // PART
_STEP_BARK = 0.5
_NOISE_OFFSET_DB = 12.0  # 6 is the threshold for noise in noise; the rest is for safety
_TONE_OFFSET_DB = 17.5  # and one more for each Bark; 14.5 in Johnston
_FLAT_NOISE_DB = -2.5  # the flatness of noise, measured on one frame
_PURE_TONE_DB = -20.0
_FADE_DB_S = 400.0  # how fast masking fades after a sound: 20 dB in 50 ms
_FADING = (1, 2, 4, 8, 16, 32, 64)  # parts; what lies further back has faded by more than 130 dB
_PART_SCATTER = 2.0  # by how much the quietest part of steady noise lies below the mean

FloatArray: TypeAlias = NDArray[np.float32]


def bark(frequency_hz: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the critical-band rate (H. Traunmueller, 1990)."""
    return np.asarray(np.maximum(26.81 * frequency_hz / (1960.0 + frequency_hz) - 0.53, 0.0))


_LINES_BARK = bark(np.fft.rfftfreq(FRAME, 1 / TICK_RATE))
_BAND_OF = np.minimum(_LINES_BARK / _STEP_BARK, 24 / _STEP_BARK).astype(int)
_BANDS = int(_BAND_OF.max()) + 1
_WIDTH = np.maximum(np.bincount(_BAND_OF, minlength=_BANDS), 1)
_FIRST_OF = np.searchsorted(_BAND_OF, np.arange(_BANDS))  # no band is without a line
_CENTRE_BARK = (np.arange(_BANDS) + 0.5) * _STEP_BARK


def _spreading() -> FloatArray:
    """Return ``[bands, bands]``: what share of the power in one band (second index) masks in another."""
    apart = _CENTRE_BARK[:, None] - _CENTRE_BARK[None, :]
    db = 15.81 + 7.5 * (apart + 0.474) - 17.5 * np.sqrt(1 + (apart + 0.474) ** 2)
    power = 10 ** (db / 10)
    return np.asarray(power / power.sum(axis=1, keepdims=True), np.float32)


def _around() -> FloatArray:
    """Return ``[bands, bands]`` that averages over three Bark: where the flatness of a band is measured."""
    near = np.abs(_CENTRE_BARK[:, None] - _CENTRE_BARK[None, :]) <= 1.5
    weight = near * _WIDTH[None, :]
    return np.asarray(weight / weight.sum(axis=1, keepdims=True), np.float32)


_SPREADING = _spreading()
_AROUND = _around()


def threshold(power: FloatArray, steadiness: FloatArray) -> FloatArray:
    """Return the power that is masked on each spectral line, ``[frames, lines]``.

    ``power`` is that of the sound's lines (windowed frames of ``FRAME`` samples, every ``HOP``), ``steadiness`` what
    ``steadiness`` returns, ``[frames]``.
    """
    bands = _per_band(power)
    tonal = _tonality(power, bands)
    offset_db = tonal * (_TONE_OFFSET_DB + _CENTRE_BARK) + (1 - tonal) * _NOISE_OFFSET_DB
    spread = np.minimum(bands @ _SPREADING.T, bands)  # never more than the band itself has: its neighbours may go away
    allowed = spread * (10 ** (-offset_db / 10)).astype(np.float32) * steadiness[:, None]
    return np.asarray(allowed[:, _BAND_OF], np.float32)


def steadiness(samples: FloatArray, frames: int) -> FloatArray:
    """Return for each frame the power of its quietest part against its mean, at most 1; ``samples`` is ``[n]``."""
    held = held_power(samples[None, : frames * HOP + HOP], np.zeros((1, 1), np.float32))[:, 1:]
    return np.asarray(ratio_to_quietest(held, frames)[0], np.float32)


def held_power(samples: FloatArray, before: FloatArray) -> FloatArray:
    """Return the power of each part of ``samples`` ``[channels, n]``, or what masking fades to behind a louder one.

    ``before``, what was returned for the parts before, ``[channels, m]``, stands first in ``[channels, m + parts]``.
    """
    parts = np.square(samples.reshape(len(samples), -1, PART)).mean(axis=2)
    held = np.concatenate((before, parts), axis=1)
    fading = held[:, before.shape[1] - 1 :]
    for apart in _FADING:  # each step looks twice as far back
        faded = fading[:, :-apart] * np.float32(10 ** (-_FADE_DB_S * apart * PART / TICK_RATE / 10))
        fading[:, apart:] = np.maximum(fading[:, apart:], faded)
    return held


def ratio_to_quietest(held: FloatArray, frames: int) -> FloatArray:
    """Return ``steadiness`` of each channel from the ``held_power`` of its parts, ``[channels, frames]``."""
    windows = np.lib.stride_tricks.sliding_window_view(held, PARTS, axis=1)[:, :: HOP // PART][:, :frames]
    ratio = _PART_SCATTER * windows.min(axis=2) / np.maximum(windows.mean(axis=2), 1e-20)
    return np.asarray(np.minimum(ratio, 1.0), np.float32)


def _per_band(lines: FloatArray) -> FloatArray:
    """Return the mean of the lines of each band, ``[frames, bands]``."""
    return np.asarray(np.add.reduceat(lines, _FIRST_OF, axis=1) / _WIDTH, np.float32)


def _tonality(power: FloatArray, bands: FloatArray) -> FloatArray:
    """Return 0 for noise to 1 for tones, from the spectral flatness around each band."""
    logs = _per_band(np.log(power + 1e-20)) @ _AROUND.T
    means = np.log(bands @ _AROUND.T + 1e-20)
    flatness_db = 10 / np.log(10) * (logs - means)
    share = (flatness_db - _FLAT_NOISE_DB) / (_PURE_TONE_DB - _FLAT_NOISE_DB)
    return np.asarray(np.clip(share, 0.0, 1.0), np.float32)
