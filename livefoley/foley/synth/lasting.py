"""What goes on as long as something moves: steady textures; their level, place and pitch are laid over them later.

A car is heard by its tyres and its engine; how near it is, and how its pitch bends as it passes, is laid over it live.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth.blocks.toolbox import (
    Signal,
    count,
    octave_curve,
    shaped,
    sine,
    unit,
    wander,
    wide,
)

TYRES = octave_curve(-24, -15, -10, -6, -4, -3, -6, -13, -22, -33)
WIND = octave_curve(-20, -14, -10, -10, -12, -14, -16, -20, -27, -38)


def drive(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a car that drives by, heard from the roadside: tyres on the road, an engine under load, air."""
    n = count(seconds)
    tyres = wide(rng, n, TYRES, 0.35) * np.exp(wander(rng, n, 8.0, 0.08))
    firing = rng.uniform(55, 75) * (1 + 0.004 * wander(rng, n, 2.0))
    orders = zip(range(1, 13), rng.uniform(0.4, 1.0, 12) / np.arange(1, 13) ** 0.8, strict=True)
    engine = np.asarray(sum(sine(order * firing / 2, rng.random()) * level for order, level in orders))
    rattle = shaped(rng, n, octave_curve(-30, -20, -12, -8, -8, -11, -16, -22, -30, -42)) * (1 + 0.5 * sine(firing))
    motor = unit(engine) * (1 + 0.06 * wander(rng, n, 12.0)) + 0.35 * unit(rattle)
    air = wide(rng, n, WIND, 0.6)
    return unit(tyres) + (0.28 + 0.2 * strength) * np.stack((motor, motor)) + 0.2 * unit(air)
