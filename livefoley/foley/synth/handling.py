"""Things handled: paper, cloth, tape, zips, a knife on a board."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth.blocks.modal import (
    BOX,
    METAL,
    Body,
    placed,
    strike,
    thud,
)
from livefoley.foley.synth.blocks.reverb import in_room
from livefoley.foley.synth.blocks.toolbox import (
    RATE,
    Signal,
    Take,
    band,
    count,
    decay,
    lay,
    noise,
    octave_curve,
    peak,
    shaped,
    swell,
    unit,
    wander,
)

BOARD = Body(BOX, (210, 330), 0.08, 0.5, 1.0, -5, (1200, 7000), 0.06, 0.5)


def page_turn(rng: Generator, strength: float = 0.7) -> Take:
    """Return a page turned: the sheet rises and bends (crackles), sweeps through the air, falls flat."""
    seconds = rng.uniform(0.55, 0.8)
    n = count(seconds)
    paper = shaped(rng, n, octave_curve(-40, -34, -26, -20, -14, -9, -5, -5, -8, -15))
    shape = swell(n, (0, 0.1), (0.1, 0.6), (seconds * 0.45, 0.35), (seconds * 0.7, 1.0), (seconds, 0))
    sweep = paper * shape * np.exp(wander(rng, n, 60, 0.45))
    out = sweep + 0.5 * _crinkles(rng, n, int(25 + 40 * strength), octave=(1800, 9000)) * shape
    lay(
        out,
        0.4
        * shaped(rng, count(0.08), octave_curve(-24, -16, -8, -6, -8, -12, -16, -20, -26, -34))
        * decay(count(0.08), 0.05),
        count(seconds * 0.72),
    )
    return placed(out)


def _crinkles(rng: Generator, n: int, k: int, octave: tuple[float, float]) -> Signal:
    out = np.zeros(n)
    for at in rng.integers(0, max(1, n - 400), k):
        m = count(rng.uniform(0.001, 0.005))
        lay(out, unit(band(rng.standard_normal(m), *octave, 1)) * decay(m, m / RATE), int(at), rng.lognormal(0, 0.6))
    return out


def paper(rng: Generator, strength: float = 0.7) -> Take:
    """Return paper or packaging crumpled."""
    n = count(0.9)
    shape = swell(n, (0, 0.2), (0.15, 1), (0.5, 0.6), (0.9, 0))
    hiss = shaped(rng, n, octave_curve(-44, -40, -32, -24, -16, -10, -6, -5, -6, -11)) * np.exp(wander(rng, n, 45, 0.7))
    return placed((0.5 * hiss + _crinkles(rng, n, int(80 + 160 * strength), (1200, 10000))) * shape)


def cloth(rng: Generator, strength: float = 0.7) -> Take:
    """Return cloth moved: soft brushing with a few folds snapping."""
    n = count(0.5)
    brush = shaped(rng, n, octave_curve(-38, -28, -18, -12, -8, -7, -8, -11, -16, -24))
    shape = swell(n, (0, 0.05), (0.12, 1), (0.3, 0.5), (0.5, 0)) * np.exp(wander(rng, n, 35, 0.5))
    out = brush * shape
    if strength > 0.5:
        lay(out, thud(rng, 0.3, 120, 0.05), count(0.1), 0.3)
    return placed(out)


def zipper(rng: Generator, strength: float = 0.7) -> Take:
    """Return a zip pulled: teeth passing ever faster, none quite in time, and the cloth they are sewn to."""
    n = count(0.75)
    rate = swell(n, (0, 60), (0.5, 190 + 80 * strength), (0.75, 110)) * np.exp(wander(rng, n, 300, 0.35))
    teeth = np.diff(np.floor(np.cumsum(rate) / RATE), prepend=0.0) * rng.lognormal(0, 0.4, n)
    m = count(0.012)
    click = shaped(rng, m, octave_curve(-40, -30, -22, -14, -8, -5, -6, -9, -14, -20)) * decay(m, 0.010)
    cloth = shaped(rng, n, octave_curve(-40, -30, -20, -12, -8, -6, -8, -11, -16, -24)) * 0.25
    return placed((np.convolve(teeth, click)[:n] + cloth) * swell(n, (0, 0.2), (0.15, 0.7), (0.5, 1), (0.75, 0)))


def chop(rng: Generator, strength: float = 0.7) -> Take:
    """Return a knife through a vegetable onto a board: crisp fibres for some ms, then the stop on the wood."""
    n = count(0.3)
    out = np.zeros(n)
    through = count(0.018)
    crisp = (
        band(noise(rng, through), 1200, 9000, 1) * np.linspace(0.3, 1, through) * np.exp(wander(rng, through, 400, 0.6))
    )
    lay(out, unit(crisp), 0, 0.13)
    lay(out, peak(strike(rng, BOARD, strength)), through)
    lay(out, thud(rng, strength, 105, 0.07), through, 0.55)
    lay(out, peak(strike(rng, METAL, 0.4, 3.5, 0.06)), through, 0.05)
    made = placed(in_room(rng, out, 0.3, -16, 5000))
    return Take(made.samples, made.onset + through)


def tape(rng: Generator, strength: float = 0.7) -> Take:
    """Return packing tape pulled off its roll: a tearing that speeds up."""
    n = count(0.9)
    rate = swell(n, (0, 250), (0.5, 700), (0.9, 500)) * np.exp(wander(rng, n, 12, 0.2))
    slips = np.diff(np.floor(np.cumsum(rate) / RATE), prepend=0.0) * (0.5 + rng.random(n))
    grain = band(noise(rng, count(0.003)), 900, 9000, 1) * decay(count(0.003), 0.003)
    out = np.convolve(slips, grain)[:n] + 0.2 * band(noise(rng, n), 1500, 8000, 1) * 0.2
    return placed(out * swell(n, (0, 0.2), (0.2, 0.8), (0.75, 1), (0.9, 0)) * (0.6 + 0.4 * strength))


def bite(rng: Generator, strength: float = 0.7) -> Take:
    """Return a bite into something crisp: a handful of cracks tens of milliseconds apart, flesh giving way between."""
    n = count(0.6)
    out = np.zeros(n)
    at, m = 0.0, count(0.03)
    while at < 0.4:
        crack = shaped(rng, m, octave_curve(-34, -26, -18, -10, -7, -7, -7, -8, -9, -14))
        lay(out, crack * decay(m, rng.uniform(0.012, 0.03)), count(at), rng.lognormal(0, 0.5) * (1 - at))
        at += rng.gamma(2, 0.022 - 0.008 * strength)
    shape = swell(n, (0, 0.4), (0.05, 1), (0.4, 0.4), (0.6, 0))
    return placed(out + 0.25 * shaped(rng, n, octave_curve(-30, -24, -16, -9, -7, -8, -10, -14, -20, -28)) * shape)
