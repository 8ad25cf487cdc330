"""Streets, rooms and machines: traffic, passing cars, trains, fans, offices, the hum of a room."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.random import Generator

from livefoley.foley.synth.blocks.modal import CERAMIC, GLASSWARE, METAL, strike
from livefoley.foley.synth.blocks.reverb import in_room
from livefoley.foley.synth.blocks.toolbox import (
    RATE,
    Signal,
    Take,
    band,
    coloured,
    count,
    lay,
    lowpass,
    noise,
    octave_curve,
    pan,
    peak,
    poisson,
    resonate,
    shaped,
    sine,
    swell,
    take,
    times,
    unit,
    wander,
    wide,
)
from livefoley.foley.synth.mechanisms import key_stroke

CITY = octave_curve(-22, -11, -7, -4, -8, -9, -14, -23, -29, -45)
ROOM = octave_curve(-12, -10, -8, -8, -11, -16, -22, -28, -34, -42)
FAN = octave_curve(-16, -11, -7, -5, -6, -10, -15, -21, -28, -38)
TRAIN = octave_curve(-24, -16, -6, -4, -9, -13, -18, -23, -31, -45)
CABIN = octave_curve(-14, -8, -5, -6, -8, -12, -18, -26, -35, -48)


def traffic(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a street: the far roar of many wheels, near cars that pass."""
    n = count(seconds)
    out = wide(rng, n, CITY, 0.8) * np.exp(wander(rng, n, 0.6, 0.15))
    for _ in range(int(1 + seconds * 0.35 * strength)):
        one = car_pass(rng, rng.uniform(0.3, 0.8)).samples.astype(np.float64)
        at = int(rng.uniform(-0.5, 0.9) * n)
        lay(out, one[:, max(0, -at) :], max(0, at), 0.56 / (float(np.std(one)) + 1e-9))
    return coloured(out, CITY, 8)


def car_pass(rng: Generator, strength: float = 0.7) -> Take:
    """Return a car going by, about 5 s: tyres and engine, pitch falling as it passes, from one side to the other."""
    seconds = rng.uniform(4.0, 6.0)
    n = count(seconds)
    speed = rng.uniform(9, 17) * (0.7 + 0.6 * strength)
    x = (times(n) - seconds / 2) * speed
    way = np.sqrt(x * x + 16)
    towards = -x / way * speed / 340
    tyres = shaped(rng, n, octave_curve(-22, -14, -9, -6, -5, -3, -7, -15, -24, -34))
    far = lowpass(tyres, 600)
    close = np.clip(4 / way, 0, 1)
    hiss = tyres * close + far * (1 - close)
    f = rng.uniform(28, 48) * (1 + towards)
    engine = np.asarray(sum(sine(k * f, rng.random()) / k**0.7 for k in range(1, 9)))
    sound = (hiss + 0.35 * unit(engine)) * (5 / (way + 1)) ** 1.2
    direction = rng.choice((-1.0, 1.0))
    return take(
        pan(sound, direction * (x / way) * 0.9) * swell(n, (0, 0), (0.8, 1), (seconds - 0.8, 1), (seconds, 0)), n // 2
    )


def engine(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a motor idling: uneven firing, its orders through the exhaust, mechanical noise."""
    n = count(seconds)
    f = rng.uniform(22, 30) * (1 + 0.02 * wander(rng, n, 6))
    firing = np.asarray(
        sum(
            sine(k * f, rng.random()) * a
            for k, a in zip(range(1, 16), rng.uniform(0.2, 1, 15) / np.arange(1, 16) ** 0.5, strict=True)
        )
    )
    pulses = 0.6 + 0.4 * np.maximum(0, sine(2 * f))
    mech = wide(rng, n, octave_curve(-20, -10, -8, -8, -10, -13, -18, -24, -32, -44), 0.5) * pulses
    return coloured(
        unit(firing) + (0.3 + 0.3 * strength) * mech, octave_curve(-18, -2, -9, -15, -20, -24, -30, -34, -38, -48), 10
    )


def train_ride(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return the inside of a train: rumble, and the rail joints 'da-dum' every 1.2 s or so."""
    n = count(seconds)
    out = wide(rng, n, TRAIN, 0.7) * np.exp(wander(rng, n, 1.0, 0.12))
    every = rng.uniform(1.1, 1.5)
    at = rng.uniform(0, every)
    while at < seconds:
        for late, level in ((0.0, 1.0), (0.16, 0.8)):
            knock = shaped(rng, count(0.14), octave_curve(-20, -8, -4, -5, -9, -14, -20, -28, -36, -46))
            lay(
                out,
                pan(knock * np.exp(-times(len(knock)) / 0.03), rng.uniform(-0.3, 0.3)),
                count(at + late),
                2.2 * level * strength,
            )
        at += every * rng.normal(1, 0.01)
    return coloured(out, TRAIN, 8)


def room_tone(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a quiet room: soft low noise, a trace of mains hum and ventilation."""
    n = count(seconds)
    hum = sum(np.sin(2 * np.pi * f * times(n)) * a for f, a in ((100, 0.05), (200, 0.025), (300, 0.012)))
    return wide(rng, n, ROOM, 0.6) * np.exp(wander(rng, n, 0.3, 0.05)) + np.asarray(hum) * strength


def fan(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return an air conditioner or fan: broad flow noise, blade tone, motor hum."""
    n = count(seconds)
    blades = rng.uniform(70, 130) * (1 + 0.002 * wander(rng, n, 1))
    tone = np.asarray(sum(sine(k * blades) / k for k in (1, 2, 3, 4)))
    return coloured(wide(rng, n, FAN, 0.7) * (1 + 0.05 * sine(blades / 5)) + (0.05 + 0.1 * strength) * tone, FAN, 6)


def cabin(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return the inside of an aircraft or a car at speed: steady low noise."""
    n = count(seconds)
    hum = sine(np.full(n, rng.uniform(90, 140)) * (1 + 0.002 * wander(rng, n, 0.5)))
    return wide(rng, n, CABIN, 0.8) + 0.15 * strength * hum


def machine_hall(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a workshop: motors, belts, a press that comes round, all in a large hall."""
    n = count(seconds)
    out = wide(rng, n, FAN, 0.8)
    motor = np.asarray(sum(sine(np.full(n, rng.uniform(48, 52) * k)) / k for k in (1, 2, 4, 6, 8)))
    dry = 0.3 * np.stack((motor, motor))
    every = rng.uniform(0.7, 1.1)
    for at in np.arange(rng.uniform(0, every), seconds, every):
        lay(dry, pan(strike(rng, METAL, 0.6, 0.5, 0.3), rng.uniform(-0.5, 0.5)), count(float(at)), 0.8 * strength)
    return unit(out) + unit(in_room(rng, dry, 1.5, -3, 3500)[:, :n]) * 0.7


def dishes(rng: Generator, strength: float = 0.7) -> Take:
    """Return cups and cutlery from another table: one to four clinks, in the room."""
    n = count(1.2)
    out = np.zeros(n)
    at = 0.0
    for _ in range(int(rng.integers(1, 5))):
        body = (CERAMIC, GLASSWARE, METAL)[int(rng.choice(3, p=(0.6, 0.2, 0.2)))]
        hit = peak(
            strike(rng, body, rng.uniform(0.2, 0.6) * (0.6 + 0.5 * strength), 2.0 if body is METAL else 1.0, 0.35)
        )
        lay(out, lowpass(hit, 7000, 1), count(at), rng.uniform(0.3, 1.0))
        at += rng.gamma(2, 0.06)
    return take(in_room(rng, out, 0.7, -4, 4500))


def espresso(rng: Generator, strength: float = 0.7) -> Take:
    """Return a coffee machine across the room: pump hum, then steam hissing into milk."""
    n = count(4.0)
    pump = band(noise(rng, n), 90, 600, 1) + 2 * sine(np.full(n, 50.0)) * 0.3
    steam = resonate(noise(rng, n), 2600, 1.2) + 0.4 * noise(rng, n) * np.exp(wander(rng, n, 15, 0.3))
    mix = unit(pump) * swell(n, (0, 0), (0.2, 0.7), (1.4, 0.7), (1.6, 0), (4, 0)) * 0.7
    mix = mix + unit(steam) * swell(n, (0, 0), (1.7, 0), (1.9, 1), (3.4, 0.8), (4.0, 0)) * strength
    return take(in_room(rng, lowpass(mix, 6500, 1), 0.6, -4, 4500))


def office(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return an office: air handling, keyboards near and far."""
    n = count(seconds)
    keys = np.zeros((2, n))
    for at in poisson(rng, n, 2 + 5 * strength):
        lay(
            keys,
            pan(lowpass(key_stroke(rng, 0.5), rng.uniform(2500, 7000), 1), rng.uniform(-0.9, 0.9)),
            int(at),
            rng.uniform(0.1, 0.7),
        )
    return unit(wide(rng, n, FAN, 0.7)) + 1.1 * unit(in_room(rng, keys, 0.4, -8)[:, :n])


def horn_far(rng: Generator, strength: float = 0.7) -> Take:
    """Return a car horn some streets away."""
    return _horn(rng, rng.choice((0.18, 0.35, 0.8)), 1800 + 1500 * strength, -2.0)


def car_horn(rng: Generator, strength: float = 0.7) -> Take:
    """Return a car horn close by: two reeds a third apart."""
    return _horn(rng, 0.45 + 0.3 * strength, 9000, -14.0)


def _horn(rng: Generator, seconds: float, dull_hz: float, wet_db: float) -> Take:
    n = count(seconds)
    t = times(n)
    low = rng.uniform(390, 430)
    reeds = sum(scipy.signal.sawtooth(2 * np.pi * f * t) for f in (low, low * 1.245))
    body = band(np.asarray(reeds) + 0.03 * noise(rng, n), 380, 1400, 1) * swell(
        n, (0, 0), (0.02, 1), (seconds - 0.03, 1), (seconds, 0)
    )
    wet = in_room(rng, lowpass(body, dull_hz, 1), 0.9, wet_db, 4000)
    return take(np.pad(wet, ((0, 0), (count(0.002), 0))), count(0.002))


def siren_far(rng: Generator, strength: float = 0.7) -> Take:
    """Return a siren passing in the distance."""
    n = count(6.0)
    f = 750 + 350 * np.sin(2 * np.pi * 0.45 * times(n)) * (1 - 0.03 * times(n) / 6)
    tone = sine(f) + 0.3 * sine(2 * f) + 0.15 * sine(3 * f)
    wet = in_room(rng, lowpass(tone, 1400 + 600 * strength, 1), 1.5, 0, 2500)
    shape = swell(wet.shape[1], (0, 0), (2.5, 1), (wet.shape[1] / RATE, 0))
    return take(wet * shape)
