"""Hears when something sounds anew: the moments at which the spectrum rises suddenly.

Spectral flux of a logarithmic filterbank, against the loudest of the neighbouring bands a moment before, so that a
voice that glides is no onset (S. Böck, G. Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s

HOP = 240  # samples: 5 ms
WINDOW = 1024
LAG = 2  # hops between the spectra that are compared
LOWEST_HZ, HIGHEST_HZ, BANDS_AN_OCTAVE = 80.0, 16_000.0, 8
SENSITIVITY = 2000.0  # of the logarithm: what lies 66 dB below full scale counts about half
MIN_RISE = 0.1  # of a band on average, in nats, beyond ``CONTRAST`` times that of the hops before
CONTRAST = 2.0
BEFORE, PEAK_BEFORE, PEAK_AFTER = 24, 6, 6  # hops: what the contrast is against, and where an onset is the highest
APART: Tick = ticks_from_s(0.05)

_LEAD = 468  # samples of a window that an attack has entered when its spectrum rises most
_FULL = 0.6  # rise of a strength of 0.63


@dataclass(frozen=True, slots=True)
class SoundOnset:
    """Something begins to sound at ``at``; ``strength`` in 0..1 is how suddenly."""

    at: Tick
    strength: float


class SoundOnsets:
    """48 kHz mono in any blocks, ``SoundOnset`` out, in order and at most 60 ms late. Chunked equals whole."""

    def __init__(self) -> None:
        self._bands = _filterbank()
        self._window = np.hanning(WINDOW + 1)[:-1].astype(np.float32) * np.float32(2.0 / (WINDOW / 2))
        self._expected: Tick | None = None
        self._left: NDArray[np.float32]
        self._restart(0)

    def feed(self, samples: NDArray[np.float32], start: Tick) -> list[SoundOnset]:
        """Take ``[n]`` samples that begin at ``start``; after a gap, or a jump back, hearing starts afresh."""
        if start != self._expected:
            self._restart(start)
        self._expected = start + len(samples)
        self._left = np.concatenate((self._left, samples.astype(np.float32, copy=False)))
        count = (len(self._left) - WINDOW) // HOP + 1
        if count <= 0:
            return []
        levels = self._levels(count)
        self._left = self._left[count * HOP :]
        return [onset for level in levels for onset in self._rise(level)]

    def _restart(self, start: Tick) -> None:
        self._left = np.zeros(0, np.float32)
        self._at = start + WINDOW - _LEAD  # the moment that the next spectrum tells of
        self._past: deque[NDArray[np.float32]] = deque(maxlen=LAG)  # the loudest of each band and its neighbours
        self._flux: deque[float] = deque(maxlen=BEFORE + PEAK_AFTER + 1)
        self._last: Tick | None = None

    def _levels(self, count: int) -> NDArray[np.float32]:
        """Return the logarithmic levels ``[count, bands]`` of the next spectra."""
        frames = np.lib.stride_tricks.sliding_window_view(self._left, WINDOW)[: count * HOP : HOP] * self._window
        power = np.square(np.abs(np.fft.rfft(frames))).astype(np.float32) @ self._bands
        return np.asarray(np.log1p(SENSITIVITY * np.sqrt(power)), np.float32)

    def _rise(self, level: NDArray[np.float32]) -> list[SoundOnset]:
        if len(self._past) == LAG:
            self._flux.append(float(np.maximum(level - self._past[0], 0.0).mean()))
        padded = np.pad(level, 1, mode="edge")
        self._past.append(np.maximum(np.maximum(padded[:-2], padded[2:]), level))
        at = self._at - PEAK_AFTER * HOP
        self._at += HOP
        return self._decide(at)

    def _decide(self, at: Tick) -> list[SoundOnset]:
        """Say whether the spectrum of ``PEAK_AFTER`` hops ago rose more than those around it."""
        if len(self._flux) <= PEAK_AFTER + PEAK_BEFORE:
            return []
        flux = np.array(self._flux, np.float32)
        n = len(flux) - 1 - PEAK_AFTER
        rise = float(flux[n])
        least = MIN_RISE + CONTRAST * float(flux[: n - LAG].mean())
        if rise < least or rise < flux[n - PEAK_BEFORE :].max() or (self._last is not None and at - self._last < APART):
            return []
        self._last = at
        return [SoundOnset(at, float(1.0 - np.exp(-rise / _FULL)))]


def _filterbank() -> NDArray[np.float32]:
    """Return the share of each bin's power in each band, ``[bins, bands]``: triangles on a logarithmic axis."""
    octaves = np.log2(HIGHEST_HZ / LOWEST_HZ)
    edges_hz = LOWEST_HZ * 2.0 ** (np.arange(round(octaves * BANDS_AN_OCTAVE) + 2) / BANDS_AN_OCTAVE)
    edges = np.unique(np.round(edges_hz * WINDOW / TICK_RATE).astype(int))
    bins = np.arange(WINDOW // 2 + 1)[:, None]
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    share = np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle))
    return np.asarray(np.clip(share, 0.0, 1.0), np.float32)
