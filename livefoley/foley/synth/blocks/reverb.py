"""The space around a sound: a few early reflections and a decaying diffuse tail, different for each ear."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.random import Generator

from livefoley.foley.synth.blocks.toolbox import Signal, count, decay, highpass, lowpass


def impulse_response(rng: Generator, t60_s: float, damping_hz: float = 6000.0) -> Signal:
    """Return ``[2, n]`` of a room with reverberation time ``t60_s``; highs above ``damping_hz`` die twice as fast."""
    n = count(t60_s * 0.9 + 0.03)
    tail = np.zeros((2, n))
    for side in tail:
        raw = rng.standard_normal(n)
        low = lowpass(raw, damping_hz / 3)
        side += low * decay(n, t60_s) + (lowpass(raw, damping_hz) - low) * decay(n, t60_s / 2)
        for _ in range(6):
            side[rng.integers(count(0.004), count(0.03))] += rng.choice((-1.0, 1.0)) * rng.uniform(2, 6)
    tail[:, : count(0.003)] = 0
    tail = highpass(tail, 120)
    return np.asarray(tail / np.sqrt((tail**2).sum(axis=1, keepdims=True)))


def in_room(rng: Generator, sound: Signal, t60_s: float, wet_db: float, damping_hz: float = 6000.0) -> Signal:
    """Return stereo ``sound`` with its room ``wet_db`` under it, longer by the tail."""
    stereo = sound if sound.ndim == 2 else np.stack((sound, sound))
    response = impulse_response(rng, t60_s, damping_hz)
    wet = scipy.signal.fftconvolve(stereo, response, axes=1)
    wet[:, : stereo.shape[1]] += stereo * 10 ** (-wet_db / 20)
    return np.asarray(wet * 10 ** (wet_db / 20))
