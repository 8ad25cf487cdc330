"""Small works: keyboards, switches, doors, clocks, a camera."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth.blocks.modal import (
    BOX,
    WOOD,
    WOOD_BLOCK,
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
    highpass,
    lay,
    lowpass,
    noise,
    octave_curve,
    peak,
    swell,
    unit,
    wander,
    wide,
)

DOOR = Body(BOX, (62, 95), 0.22, 0.5, 3.0, -8, (300, 2500), 0.1, 0.8)


def key_stroke(rng: Generator, strength: float) -> Signal:
    """Return one key pressed and let go: the bottom stop, the case, and a lighter click on the way up."""
    n = count(0.20)
    out = np.zeros(n)
    up = count(rng.uniform(0.06, 0.11))
    case = Body(BOX, (260, 420), 0.035, 0.4, 0.7, -2, (1800, 7500), 0.12, 0.15)
    lay(out, peak(strike(rng, case, strength)), 0)
    lay(out, peak(strike(rng, case, strength * 0.7, 1.5)), up, 0.35)
    return highpass(out, 120)


def key(rng: Generator, strength: float = 0.7) -> Take:
    """Return one key of a computer keyboard."""
    return placed(in_room(rng, key_stroke(rng, strength), 0.2, -18))


def typing(rng: Generator, strength: float = 0.7) -> Take:
    """Return 2.5 s of typing in bursts, with a space bar now and then."""
    n = count(2.6)
    out = np.zeros(n)
    at, run = 0.0, 0
    while at < 2.3:
        heavy = rng.random() < 0.14
        stroke = peak(key_stroke(rng, strength))
        lay(out, lowpass(stroke, 2500, 1) if heavy else stroke, count(at), rng.uniform(0.5, 1.0))
        run += 1
        pause = rng.random() < 0.1 and run > 4
        at += rng.gamma(5, 0.021 - 0.006 * strength) + (0.2 if pause else 0.0)
    return placed(in_room(rng, out, 0.2, -18))


def mouse_click(rng: Generator, strength: float = 0.7) -> Take:
    """Return a mouse button: down, and up a tenth of a second later."""
    n = count(0.16)
    out = np.zeros(n)
    click = Body(BOX, (3200, 4600), 0.016, 0.3, 0.08, -5, (4000, 14000), 0.1, -0.2)
    lay(out, peak(strike(rng, click, strength)), 0)
    lay(out, peak(strike(rng, click, strength * 0.7, 1.2)), count(rng.uniform(0.07, 0.1)), 0.6)
    return placed(highpass(out, 1200))


def switch(rng: Generator, strength: float = 0.7) -> Take:
    """Return a switch flipped: a spring, then the stop."""
    n = count(0.15)
    out = np.zeros(n)
    body = Body(BOX, (700, 1300), 0.02, 0.3, 0.3, -3, (2000, 10000), 0.1, 0.2)
    lay(out, peak(strike(rng, body, 0.4, 1.6)), 0, 0.35)
    lay(out, peak(strike(rng, body, strength)), count(0.012))
    return placed(out)


def door_close(rng: Generator, strength: float = 0.7) -> Take:
    """Return a wooden door falling shut: the panel, the latch a moment later, the frame rattling."""
    n = count(0.7)
    out = np.zeros(n)
    lay(out, peak(strike(rng, DOOR, strength)), 0)
    lay(out, thud(rng, strength, 52, 0.3), 0, 0.9)
    latch = Body(BOX, (900, 1500), 0.03, 0.3, 0.3, -4, (1500, 8000), 0.1, 0.2)
    lay(out, peak(strike(rng, latch, 0.6)), count(rng.uniform(0.015, 0.035)), 0.30)
    lay(out, peak(strike(rng, latch, 0.4, 1.2)), count(rng.uniform(0.05, 0.09)), 0.15)
    return placed(in_room(rng, out, 0.8, -9, 3000))


def door_open(rng: Generator, strength: float = 0.7) -> Take:
    """Return a door opened: handle, latch drawn, hinges breathing."""
    n = count(1.3)
    out = np.zeros(n)
    latch = Body(BOX, (700, 1200), 0.04, 0.3, 0.4, -4, (1200, 7000), 0.1, 0.3)
    for at, level in ((0.0, 0.5), (0.11, 1.0), (0.16, 0.4)):
        lay(out, peak(strike(rng, latch, strength)), count(at), level)
    lay(out, 0.06 * _creak(rng, 0.9, 180), count(0.22))
    lay(out, 0.05 * band(noise(rng, count(0.9)), 200, 1500, 1) * np.hanning(count(0.9)), count(0.2))
    return placed(in_room(rng, out, 0.6, -10, 4000))


def _creak(rng: Generator, seconds: float, base_hz: float) -> Signal:
    """Return stick-slip: a train of slips whose rate wanders, ringing in the wood."""
    n = count(seconds)
    rate = base_hz * np.exp(wander(rng, n, 4, 0.35)) * swell(n, (0, 0.5), (seconds * 0.6, 1.2), (seconds, 0.6))
    slips = np.diff(np.floor(np.cumsum(rate) / RATE), prepend=0.0) * (1 + 0.4 * rng.standard_normal(n))
    wood = strike(rng, WOOD, 0.9, 1.7, 0.4)[: count(0.03)]
    return unit(np.convolve(slips, wood)[:n]) * np.hanning(n) ** 0.5


def creak(rng: Generator, strength: float = 0.7) -> Take:
    """Return an old hinge or board creaking."""
    return placed(in_room(rng, _creak(rng, rng.uniform(0.7, 1.5), 60 + 90 * strength), 0.6, -10))


def knock(rng: Generator, strength: float = 0.7) -> Take:
    """Return three knocks on a door; the first is the onset."""
    n = count(0.9)
    out = np.zeros(n)
    every = rng.uniform(0.15, 0.20)
    for k in range(3):
        lay(
            out,
            peak(strike(rng, Body(BOX, (190, 260), 0.10, 0.5, 1.2, -8, (600, 4000), 0.07, 0.6), strength)),
            count(k * every),
            1 - 0.1 * k,
        )
        lay(out, thud(rng, strength, 95, 0.08), count(k * every), 0.5)
    return placed(in_room(rng, out, 0.6, -10, 4000))


def clock_tick(rng: Generator, strength: float = 0.7) -> Take:
    """Return one tick of a clock: the escapement's two or three tiny blows within 20 ms, in a wooden case."""
    n = count(0.12)
    out = np.zeros(n)
    works = Body((1.0, 1.6, 2.3, 3.4, 4.6), (1300, 2600), 0.025, 0.3, 0.15, -3, (700, 9000), 0.1, 0.1)
    for at, level in ((0.0, 0.5), (0.006, 1.0), (0.017, 0.45), (0.03, 0.2)):
        lay(out, peak(strike(rng, works, strength)), count(at * rng.uniform(0.9, 1.1)), level)
    lay(out, peak(strike(rng, WOOD_BLOCK, 0.5, 0.9, 0.35)), count(0.006), 0.3)
    return placed(in_room(rng, out, 0.25, -14))


def ticking(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a clock going, in a quiet room: tick and tock differ, four beats a second or two."""
    n = count(seconds)
    pair = [clock_tick(rng, 0.7).samples.astype(np.float64), clock_tick(rng, 0.5).samples.astype(np.float64)]
    out = np.zeros((2, n))
    beats = float(rng.choice((1.0, 2.0, 2.0, 4.0)))
    for k in range(int(seconds * beats)):
        lay(out, pair[k % 2], count(k / beats), rng.uniform(0.9, 1.0))
    room = wide(rng, n, octave_curve(-10, -10, -11, -14, -17, -19, -21, -24, -27, -36), 0.5)
    return peak(out) + 0.006 * strength * room


def camera(rng: Generator, strength: float = 0.7) -> Take:
    """Return a camera's shutter: mirror up, curtain, mirror down."""
    n = count(0.3)
    out = np.zeros(n)
    works = Body(BOX, (900, 1500), 0.03, 0.3, 0.3, -2, (1500, 10000), 0.1, 0.2)
    for at, level in ((0.0, 0.8), (0.045, 0.5), (0.11, 1.0)):
        lay(out, peak(strike(rng, works, strength)), count(at), level)
    lay(out, 0.1 * band(noise(rng, count(0.07)), 2000, 8000, 1), count(0.03))
    return placed(out)
