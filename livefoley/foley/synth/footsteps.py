"""Footsteps: heel, then toe, on what lies under them. Two clumps of force a tenth of a second apart make a step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth.blocks.modal import BOX, METAL, Body, placed, strike, thud
from livefoley.foley.synth.blocks.reverb import in_room
from livefoley.foley.synth.blocks.toolbox import (
    RATE,
    Signal,
    Take,
    band,
    count,
    decay,
    highpass,
    lay,
    lowpass,
    noise,
    octave_curve,
    peak,
    scatter,
    shaped,
    swell,
    times,
    unit,
    wander,
)
from livefoley.foley.synth.water import splash

FLOORBOARD = Body(BOX, (95, 150), 0.13, 0.6, 2.2, -11, (600, 4500), 0.08, 0.5)

Tread = Callable[[Generator, float], Signal]


def _step(rng: Generator, strength: float, heel: Tread, toe_level: float = 0.55) -> Signal:
    """Return heel and toe of one step, the heel on sample 0."""
    first, second = heel(rng, strength), heel(rng, strength * 0.6)
    apart = count(rng.uniform(0.07, 0.12) * (1.25 - 0.5 * strength))
    out = np.zeros(max(len(first), apart + len(second)))
    lay(out, first, 0)
    lay(out, lowpass(second, 1800, 1), apart, toe_level)  # the ball of the foot is softer than the heel, not brighter
    return out


def _sole(rng: Generator, strength: float, hz: tuple[float, float], seconds: float = 0.02) -> Signal:
    n = count(seconds * 3)
    return peak(band(noise(rng, n), *hz, 1) * decay(n, seconds), 0.3 + 0.5 * strength)


def on_wood(rng: Generator, strength: float = 0.7) -> Take:
    """Return a step on boards."""

    def heel(rng: Generator, strength: float) -> Signal:
        board = peak(strike(rng, FLOORBOARD, strength))
        lay(board, thud(rng, strength, 75, 0.1), 0, 0.5)
        lay(board, _sole(rng, strength, (900, 4000), 0.006), 0, 0.45)
        return board

    return placed(in_room(rng, _step(rng, strength, heel), 0.35, -14, 4000))


def on_concrete(rng: Generator, strength: float = 0.7) -> Take:
    """Return a step on stone or concrete: a dry click of the heel, hardly any ring."""

    def heel(rng: Generator, strength: float) -> Signal:
        out = np.zeros(count(0.14))
        body = shaped(rng, len(out), octave_curve(-40, -30, -12, -4, -4, -9, -16, -20, -26, -34)) * decay(
            len(out), 0.055
        )
        lay(out, body, 0, 0.30)
        lay(out, _sole(rng, strength, (1200, 5500), 0.007), 0, 0.8)
        lay(out, thud(rng, strength, 110, 0.06), 0, 0.35)
        return out

    scrape = _scuff(rng, (1800, 7000), 0.09) * 0.07
    dry = _step(rng, strength, heel)
    lay(dry, scrape, count(0.03))
    return placed(in_room(rng, dry, 0.5, -14, 5000))


def _scuff(rng: Generator, hz: tuple[float, float], seconds: float) -> Signal:
    n = count(seconds)
    return unit(band(noise(rng, n), *hz, 1)) * np.hanning(n) * np.exp(wander(rng, n, 90, 0.5))


def grains(
    rng: Generator, n: int, k: int, spread_s: float, hz: tuple[float, float], t60_ms: tuple[float, float]
) -> Signal:
    """Return ``k`` little collisions (stones, crystals, stalks) within about ``spread_s``."""
    starts = (rng.gamma(1.8, spread_s / 3, k) * RATE).astype(np.int64)
    keep = starts < n
    starts, k = starts[keep], int(keep.sum())
    t = times(count(t60_ms[1] / 1000))
    f = np.exp(rng.uniform(np.log(hz[0]), np.log(hz[1]), k))[:, None]
    fall = 6.9 / (rng.uniform(*t60_ms, k)[:, None] / 1000)
    body = (np.sin(2 * np.pi * f * t) + 0.6 * rng.standard_normal((k, len(t)))) * np.exp(-fall * t)
    return scatter(n, starts, body * rng.lognormal(0, 0.8, k)[:, None])


def on_gravel(rng: Generator, strength: float = 0.7) -> Take:
    """Return a step on gravel: stones grinding and giving way."""

    def tread(rng: Generator, strength: float) -> Signal:
        n = count(0.30)
        stones = grains(rng, n, int(60 + 120 * strength), 0.11, (700, 6500), (3, 14))
        low = shaped(rng, n, octave_curve(-40, -30, -16, -8, -6, -7, -10, -16, -24, -30)) * decay(n, 0.12)
        return unit(stones) + 0.5 * low

    return placed(in_room(rng, _step(rng, strength, tread, 0.8), 0.25, -20))


def on_sand(rng: Generator, strength: float = 0.7) -> Take:
    """Return a step on sand: fine grains, a soft push."""

    def tread(rng: Generator, strength: float) -> Signal:
        n = count(0.26)
        fine = shaped(rng, n, octave_curve(-44, -36, -28, -13, -8, -3, -7, -11, -17, -30))
        return fine * swell(n, (0, 0), (0.03, 1), (0.1, 0.4), (0.26, 0)) * np.exp(wander(rng, n, 200, 0.5))

    return placed(_step(rng, strength, tread, 0.7))


def on_grass(rng: Generator, strength: float = 0.7) -> Take:
    """Return a step on grass: stalks brushed aside, earth under them."""

    def tread(rng: Generator, strength: float) -> Signal:
        n = count(0.30)
        swish = shaped(rng, n, octave_curve(-44, -38, -28, -18, -12, -8, -5, -6, -9, -16))
        brush = swish * swell(n, (0, 0.05), (0.06, 1), (0.13, 0.5), (0.3, 0)) * np.exp(wander(rng, n, 70, 0.5))
        stalks = grains(rng, n, 40, 0.15, (1500, 8000), (2, 6))
        out = 0.8 * brush + 0.25 * unit(stalks)
        lay(out, thud(rng, strength * 0.6, 65, 0.09), 0, 0.9 * strength)
        return out

    return placed(_step(rng, strength, tread, 0.75))


def on_snow(rng: Generator, strength: float = 0.7) -> Take:
    """Return a step in snow: crystals breaking in a creaking series of slips, 60 to 140 a second, getting denser."""

    def tread(rng: Generator, strength: float) -> Signal:
        n = count(0.34)
        slips = rng.uniform(60, 90) * (1 + 0.7 * times(n) / 0.34) * np.exp(0.15 * wander(rng, n, 40))
        creak = np.maximum(0, np.sin(2 * np.pi * np.cumsum(slips) / RATE)) ** 3
        crush = shaped(rng, n, octave_curve(-30, -22, -12, -6, -6, -8, -11, -14, -18, -26))
        low = shaped(rng, n, octave_curve(-8, -6, -6, -9, -14, -22, -30, -36, -42, -50))
        shape = swell(n, (0, 0), (0.05, 0.9), (0.2, 1), (0.34, 0))
        return (crush * (0.35 + 1.1 * creak) * np.exp(wander(rng, n, 120, 0.4)) + 0.7 * low) * shape

    return placed(_step(rng, strength, tread, 0.5))


def on_metal(rng: Generator, strength: float = 0.7) -> Take:
    """Return a step on a metal grating or stair."""

    def heel(rng: Generator, strength: float) -> Signal:
        plate = peak(strike(rng, METAL, strength * 0.7, 0.55, 0.14))
        rattle = shaped(rng, len(plate), octave_curve(-18, -17, -12, -6, -4, -8, -12, -16, -25, -34))
        lay(plate, rattle * decay(len(plate), 0.22), 0, 0.35)
        lay(plate, thud(rng, strength, 85, 0.12), 0, 0.6)
        lay(plate, _sole(rng, strength, (800, 5000), 0.008), 0, 0.4)
        return plate

    return placed(in_room(rng, _step(rng, strength, heel), 0.5, -12))


def in_water(rng: Generator, strength: float = 0.7) -> Take:
    """Return a step into a puddle: the sole slaps, water is thrown out and falls back."""
    wet = splash(rng, 0.15 + 0.5 * strength).samples[:, count(0.002) :].astype(np.float64)
    sole = lowpass(thud(rng, strength, 120, 0.06), 900)
    lay(wet, np.stack((sole, sole)), 0, 0.08 * float(np.abs(wet).max()))
    return placed(highpass(wet, 120))
