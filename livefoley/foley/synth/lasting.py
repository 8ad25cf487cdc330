"""What goes on as long as something moves: steady textures; their level, place and pitch are laid over them later.

A car is heard by its tyres and its engine: how near it is, and how its pitch bends as it passes, is laid over it live.
A saw hisses all the time: its strokes are those of the hand that is seen.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth.blocks.modal import CERAMIC, METAL, strike
from livefoley.foley.synth.blocks.reverb import in_room
from livefoley.foley.synth.blocks.toolbox import (
    RATE,
    Signal,
    band,
    count,
    lay,
    lowpass,
    noise,
    octave_curve,
    pan,
    peak,
    poisson,
    resonate,
    scatter,
    shaped,
    sine,
    unit,
    wander,
    wide,
)
from livefoley.foley.synth.mechanisms import key_stroke
from livefoley.foley.synth.water import pouring

TYRES = octave_curve(-24, -15, -10, -6, -4, -3, -6, -13, -22, -33)
SAW = octave_curve(-44, -38, -26, -17, -10, -6, -4, -6, -12, -22)
SCRAPE = octave_curve(-50, -44, -36, -28, -18, -10, -5, -5, -10, -18)
ROLL = octave_curve(-22, -12, -7, -5, -6, -9, -14, -21, -30, -42)
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
    return unit(tyres) + (0.4 + 0.25 * strength) * np.stack((motor, motor)) + 0.2 * unit(air)


def pour(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return liquid that runs into a vessel: gurgling bubbles, splatter, the air column over it."""
    return pouring(rng, count(seconds), strength)


def keys(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return somebody typing: runs of keys and short pauses, a space bar now and then."""
    n = count(seconds)
    out = np.zeros((2, n))
    at = float(rng.uniform(0.0, 0.1))
    while at < seconds - 0.2:
        stroke = peak(key_stroke(rng, strength))
        heavy = rng.random() < 0.14
        place = pan(lowpass(stroke, 2500, 1) if heavy else stroke, float(rng.uniform(-0.15, 0.15)))
        lay(out, place, count(at), float(rng.uniform(0.5, 1.0)))
        at += float(rng.gamma(5, 0.026)) + (0.22 if rng.random() < 0.07 else 0.0)
    return in_room(rng, out, 0.2, -18)[:, :n]


def saw(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return the teeth of a handsaw in wood: a hiss that rasps, and the board that hums with it."""
    n = count(seconds)
    rasp = 1 + 0.6 * sine(rng.uniform(85, 115) * (1 + 0.05 * wander(rng, n, 9.0)))
    teeth = shaped(rng, n, SAW) * rasp * np.exp(wander(rng, n, 40.0, 0.18))
    board = resonate(teeth, float(rng.uniform(260, 380)), 6.0) + resonate(teeth, float(rng.uniform(600, 900)), 8.0)
    dry = unit(teeth) + (0.35 + 0.2 * strength) * unit(board)
    return in_room(rng, np.stack((dry, dry)), 0.3, -16)[:, :n]


def stir(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a spoon that goes round in a cup: a scrape, and clinks where it touches the side."""
    n = count(seconds)
    out = 0.08 * wide(rng, n, SCRAPE, 0.3) * np.exp(wander(rng, n, 12.0, 0.5))
    for at in poisson(rng, n, 3.0 + 2.0 * strength):
        body, damp = (CERAMIC, 0.5) if rng.random() < 0.7 else (METAL, 0.12)
        clink = peak(strike(rng, body, float(rng.uniform(0.2, 0.5)), float(rng.uniform(1.4, 1.7)), damp))
        lay(out, pan(clink, float(rng.uniform(-0.2, 0.2))), int(at), float(rng.uniform(0.4, 1.0)))
    return in_room(rng, out, 0.25, -17)[:, :n]


def roll(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return something hard that rolls over a floor: a rumble, and the grain of the ground under it."""
    n = count(seconds)
    rumble = wide(rng, n, ROLL, 0.4) * np.exp(wander(rng, n, 6.0, 0.2))
    m = count(0.012)
    grains = band(rng.standard_normal((12, m)), 250, 2600, 1) * np.exp(-np.arange(m) / (0.003 * RATE))
    starts = poisson(rng, n, 90 + 80 * strength)
    ground = scatter(n, starts, grains[rng.integers(0, 12, len(starts))] * rng.lognormal(0, 0.7, len(starts))[:, None])
    turns = 1 + 0.25 * sine(np.full(n, rng.uniform(3.0, 5.0)))
    return unit(rumble) * turns + (0.4 + 0.3 * strength) * unit(np.stack((ground, ground))) + 0.02 * noise(rng, n)
