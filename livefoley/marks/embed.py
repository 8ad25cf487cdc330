"""Lays the watermark into a sound, a generated stem or the mix it is heard in, as loud as that itself hides it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.marks.carrier import BAND_HZ, waveform
from livefoley.marks.masking import FRAME, HOP, steadiness, threshold

_WINDOW = np.sqrt(np.hanning(FRAME + 1)[:-1]).astype(np.float32)
_BLOCK = 2048  # frames at a time: 22 s, which bounds the memory


def embed(sound: Stereo, content_id: str) -> Stereo:
    """Return ``sound`` with the mark of ``content_id`` (its first 12 hexadecimal digits) in both channels.

    The mark begins at the first sample and goes on to the last; where the sound is silent there is none. Raises
    ``ConfigError`` for an id that is none.
    """
    return (sound + mark(sound, content_id)).astype(np.float32)


def mark(sound: Stereo, content_id: str) -> Stereo:
    """Return the mark alone, as it is to be added to ``sound``."""
    period = waveform(content_id, TICK_RATE)
    with ThreadPoolExecutor(len(sound), "clip-mark") as threads:  # transforms leave the interpreter to each other
        return np.stack(list(threads.map(lambda channel: _shaped(channel, period), sound)))


def _shaped(channel: NDArray[np.float32], period: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the endless ``period`` under the masking threshold of ``channel``, both ``[n]``."""
    length = channel.shape[0]
    frames = -(-length // HOP) + 1
    padded = np.zeros((frames + 1) * HOP, np.float32)
    padded[HOP : HOP + length] = channel
    carrier = period[np.arange(-HOP, len(padded) - HOP) % len(period)]
    out = np.zeros_like(padded)
    steady = steadiness(padded, frames)
    for first in range(0, frames, _BLOCK):
        last = min(frames, first + _BLOCK)
        span = slice(first * HOP, (last + 1) * HOP)
        out[span] += _frames(padded[span], carrier[span], steady[first:last])
    return out[HOP : HOP + length]


def _frames(
    sound: NDArray[np.float32], carrier: NDArray[np.float32], steady: NDArray[np.float32]
) -> NDArray[np.float32]:
    lines = rfft(_cut(sound))
    allowed = threshold(np.square(np.abs(lines)), steady)
    shaped = irfft(rfft(_cut(carrier)) * np.sqrt(allowed / _flat_power()), FRAME) * _WINDOW
    out = np.zeros_like(sound)
    out[:-HOP] += shaped[:, :HOP].ravel()
    out[HOP:] += shaped[:, HOP:].ravel()
    return out


def _cut(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the windowed frames of ``samples``, ``[frames, FRAME]``."""
    return np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP] * _WINDOW


def _flat_power() -> float:
    """Return the mean power of a spectral line of the carrier within its band: it has power 1 in all."""
    return float(np.square(_WINDOW).sum() * TICK_RATE / 2 / (BAND_HZ[1] - BAND_HZ[0]))
