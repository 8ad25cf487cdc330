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
    shaped,
    swell,
    times,
    unit,
    wander,
    wide,
)

FIRE = octave_curve(-12, -10, -9, -14, -18, -17, -14, -10, -8, -16)
SIZZLE = octave_curve(-44, -36, -30, -22, -17, -13, -9, -6, -5, -9)


def crackles(rng: Generator, n: int, per_second: float, loudest: float = 30.0) -> Signal:
    """Return snaps of wood: clicks of a few resonances, amplitudes Pareto-distributed, some in volleys."""
    starts = poisson(rng, n, per_second)
    volleys = starts[rng.random(len(starts)) < 0.15]
    followers = [v + (rng.exponential(0.012, 6).cumsum() * RATE).astype(np.int64) for v in volleys]
    starts = np.sort(np.concatenate([starts, *followers])) if followers else starts
    k = len(starts)
    t = times(count(0.012))
    f = np.exp(rng.normal(np.log(3500), 0.75, (k, 3)))[:, :, None].clip(250, 14000)
    fall = 6.9 / rng.uniform(0.0015, 0.009, (k, 3))[:, :, None]
    modes = (np.sin(2 * np.pi * f * t) * np.exp(-fall * t)).sum(axis=1)
    loud = np.minimum(rng.pareto(1.4, k) + 0.3, loudest)
    return scatter_wide(rng, n, starts, modes * loud[:, None], 0.6)


def fire(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return burning wood: flutter of the flames, hiss of the sap, crackle."""
    n = count(seconds)
    flutter = shaped(rng, n, octave_curve(-6, -4, -6, -12, -20, -26, -32, -38, -44, -50))
    flames = flutter * np.exp(wander(rng, n, 9, 0.35) + wander(rng, n, 0.7, 0.2))
    hiss = highpass(wide(rng, n, octave_curve(-40, -40, -34, -28, -22, -18, -13, -9, -6, -8), 0.5), 600, 1)
    hiss = hiss * np.exp(wander(rng, n, 4, 0.3))
    snaps = crackles(rng, n, 8 + 18 * strength, 9.0)
    mix = unit(flames) + 0.55 * unit(hiss) + unit(snaps)
    return coloured(mix, FIRE, 12)


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
