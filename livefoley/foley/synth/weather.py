"""Wind and thunder, and the still air of a night."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth.blocks.reverb import in_room
from livefoley.foley.synth.blocks.toolbox import (
    RATE,
    Signal,
    Take,
    band,
    coloured,
    count,
    fade,
    lay,
    lowpass,
    noise,
    octave_curve,
    resonate,
    shaped,
    swell,
    take,
    times,
    unit,
    wander,
    wide,
)

WIND = octave_curve(-36, -33, -27, -12, -8, -10, -18, -33, -42, -54)
LEAVES = octave_curve(-40, -36, -28, -18, -12, -9, -7, -6, -8, -15)
AIR = octave_curve(-10, -9, -9, -11, -14, -18, -24, -30, -36, -44)


def wind(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return wind: bands of noise that gust together, the higher the more (the spectrum opens with the speed)."""
    n = count(seconds)
    speed = wander(rng, n, 0.35, 0.30 * (0.4 + strength)) + wander(rng, n, 1.7, 0.10)
    out = np.zeros((2, n))
    source = wide(rng, n, {20.0: -10.0, 20000.0: -10.0}, 0.6)
    for k, centre in enumerate((110, 210, 400, 760, 1450, 2700)):
        gust = np.exp(speed * (0.6 + 0.45 * k))
        out += unit(band(source, centre * 0.7, centre * 1.4, 1)) * gust * (1.0, 1.2, 1.3, 1.0, 0.45, 0.15)[k]
    howl = resonate(noise(rng, n), rng.uniform(420, 620), 18) + 0.6 * resonate(noise(rng, n), rng.uniform(700, 900), 22)
    out += (0.15 + 0.5 * strength) * unit(howl) * np.exp(2.2 * speed) * 0.6
    return coloured(out, WIND, 10)


def leaves(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return wind in foliage: hiss of leaves that swells with every gust."""
    n = count(seconds)
    speed = np.exp(wander(rng, n, 0.5, 0.35) + wander(rng, n, 3.0, 0.15))
    rustle = wide(rng, n, LEAVES, 0.9) * speed * np.exp(wander(rng, n, 25, 0.25))
    return coloured(unit(rustle) + 0.35 * unit(wind(rng, seconds, strength * 0.7)), LEAVES, 8)


def air(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return the quiet of a place: soft low noise, nothing in it that draws the ear."""
    return wide(rng, count(seconds), AIR, 0.6) * np.exp(wander(rng, count(seconds), 0.4, 0.05))


def thunder(rng: Generator, near: float = 0.7) -> Take:
    """Return a stroke that rolls away. The channel is a crooked line: its parts arrive one after another.

    ``near`` 1 is a crack overhead, 0 a rumble behind the hills (Ribner & Roy, Acoustics of thunder).
    """
    seconds = 5.5 + 2.5 * rng.random()
    n = count(seconds)
    out = np.zeros((2, n))
    first = count(0.03 + 0.5 * (1 - near))
    claps = int(26 + 30 * near)
    arrivals = np.sort(rng.gamma(0.9, 0.9, claps))
    arrivals -= arrivals[0]
    for k, late in enumerate(arrivals):
        distance = 0.4 + 1.2 * (1 - near) + late
        _clap(rng, out, first + count(late) - 1, near, distance, k == 0)
    roll = shaped(rng, n, octave_curve(-14, -8, -4, -4, -8, -14, -22, -34, -44, -50))
    lay(out, _stereo_roll(rng, roll, n, first), 0)
    wet = in_room(rng, out, 2.2, -9, 1800)[:, :n]
    return take(fade(wet, 0.002 if near > 0.6 else 0.25, 1.5), first)


def _clap(rng: Generator, out: Signal, at: int, near: float, distance: float, main: bool) -> None:
    length = count(rng.uniform(0.08, 0.3))
    burst = rng.standard_normal(length) * np.exp(-times(length) / rng.uniform(0.02, 0.08))
    # air takes the highs with the way: about 4 kHz left close by, 150 Hz from afar
    dull = lowpass(burst, max(110.0, (350 + 4500 * near**2) / distance**2.2), 1)
    side = rng.uniform(-0.6, 0.6)
    loud = (2.2 if main else rng.uniform(0.3, 1.0)) / distance**1.2
    lay(out, np.stack((unit(dull) * (1 - side), unit(dull) * (1 + side))) * loud, at)


def _stereo_roll(rng: Generator, roll: Signal, n: int, first: int) -> Signal:
    start, end = first / RATE, n / RATE
    shape = swell(n, (0, 0), (start, 0.3), (start + 0.5, 1), (start + 2.5, 0.45), (end - 1, 0.08), (end, 0))
    left, right = (roll * shape * np.exp(wander(rng, n, 2.5, 0.6)) for _ in range(2))
    return 0.9 * np.stack((left, right))
