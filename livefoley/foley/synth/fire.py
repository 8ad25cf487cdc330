"""Fire and hot fat: flames as rumble and hiss, and crackles whose loudness follows a power law."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth.blocks.modal import placed
from livefoley.foley.synth.blocks.toolbox import (
    RATE,
    Signal,
    Take,
    coloured,
    count,
    highpass,
    octave_curve,
    poisson,
    scatter_wide,
    swell,
    times,
    unit,
    wander,
    wide,
)

FIRE = octave_curve(-12, -10, -9, -14, -18, -17, -14, -10, -8, -16)
FLUTTER = octave_curve(-6, -4, -6, -12, -20, -26, -32, -38, -44, -50)
SAP = octave_curve(-40, -40, -34, -28, -22, -18, -13, -9, -6, -8)
SIZZLE = octave_curve(-44, -36, -30, -22, -17, -13, -9, -6, -5, -9)


def crackles(rng: Generator, n: int, per_second: float, loudest: float = 30.0) -> Signal:
    """Return snaps of wood: clicks of a few resonances, amplitudes Pareto-distributed, some in volleys."""
    return _snapped(rng, n, n, per_second, loudest)


def snaps(rng: Generator, n: int, strength: float = 0.7) -> Signal:
    """Return the snaps that begin within ``n`` samples and their ends: ``[2, n + m]``, about -14 LUFS."""
    return np.tanh(1.2 * _snapped(rng, n, n + count(0.25), 8 + 18 * strength, 9.0))


def _snapped(rng: Generator, within: int, n: int, per_second: float, loudest: float) -> Signal:
    starts = poisson(rng, within, per_second)
    volleys = starts[rng.random(len(starts)) < 0.15]
    followers = [v + (rng.exponential(0.012, 6).cumsum() * RATE).astype(np.int64) for v in volleys]
    starts = np.sort(np.concatenate([starts, *followers])) if followers else starts
    starts = starts[starts < n]
    k = len(starts)
    t = times(count(0.012))
    f = np.exp(rng.normal(np.log(3500), 0.75, (k, 3)))[:, :, None].clip(250, 14000)
    fall = 6.9 / rng.uniform(0.0015, 0.009, (k, 3))[:, :, None]
    signs = rng.choice((-1.0, 1.0), (k, 3, 1))  # all of one sign would add up to a steady pressure
    modes = (signs * np.sin(2 * np.pi * f * t) * np.exp(-fall * t)).sum(axis=1)
    crack = rng.standard_normal((k, len(t))) * np.exp(-6.9 / rng.uniform(0.0008, 0.006, (k, 1)) * t)
    loud = np.minimum(rng.pareto(1.4, k) + 0.3, loudest)
    modes = 0.5 * modes + crack
    return scatter_wide(rng, n, starts, modes * loud[:, None], 0.9)


def flames(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return burning wood without its crackle: flutter of the flames, hiss of the sap."""
    n = count(seconds)
    flutter = wide(rng, n, FLUTTER, 0.6)
    burning = flutter * np.exp(wander(rng, n, 9, 0.35) + wander(rng, n, 0.7, 0.2))
    hiss = highpass(wide(rng, n, SAP, 0.7), 600, 1) * np.exp(wander(rng, n, 4, 0.3))
    return unit(burning) + (0.4 + 0.2 * strength) * unit(hiss)


def fire(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return burning wood: flames, and the crackle over them."""
    snapping = crackles(rng, count(seconds), 8 + 18 * strength, 9.0)
    return coloured(flames(rng, seconds, strength) + unit(snapping), FIRE, 12)


def sizzle_texture(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return frying: a dense spatter of tiny steam bursts over hiss."""
    n = count(seconds)
    hiss = wide(rng, n, SIZZLE, 0.5) * np.exp(wander(rng, n, 12, 0.2) + wander(rng, n, 1.2, 0.15))
    spatter = crackles(rng, n, 150 + 250 * strength, 12.0)
    return coloured(unit(hiss) + 0.7 * unit(spatter), SIZZLE, 12)


def sizzle(rng: Generator, strength: float = 0.7) -> Take:
    """Return food laid into a hot pan: the hiss leaps up and settles over 3 s."""
    seconds = 3.2
    n = count(seconds)
    shape = swell(n, (0, 0.0), (0.04, 1.0), (0.7, 0.5), (2.4, 0.35), (seconds, 0.0))
    return placed(sizzle_texture(rng, seconds, strength) * shape)
