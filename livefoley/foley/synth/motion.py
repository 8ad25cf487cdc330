"""Movement through air and time: whooshes, risers, booms, bass drops; all made to land on their cue."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.random import Generator

from livefoley.foley.synth.blocks.modal import placed, thud
from livefoley.foley.synth.blocks.reverb import in_room
from livefoley.foley.synth.blocks.toolbox import (
    RATE,
    Signal,
    Take,
    count,
    decay,
    fade,
    lay,
    lowpass,
    moving_band,
    noise,
    octave_curve,
    pan,
    shaped,
    sine,
    swell,
    take,
    times,
    unit,
    wander,
    wide,
)
from livefoley.foley.synth.music import saws


def _sweep(rng: Generator, seconds: float, at: float, low_hz: float, high_hz: float, width: float) -> Signal:
    """Return air moved past the ear, stereo: pitch and loudness peak at ``at`` of its length, crossing the middle."""
    n = count(seconds)
    x = np.arange(n) / n
    near = np.exp(-0.5 * ((x - at) / np.where(x < at, at / 2.6, (1 - at) / 2.2)) ** 2)
    centre = low_hz * (high_hz / low_hz) ** near
    body = moving_band(rng, centre, width)
    side = np.tanh((x - at) * 5) * rng.choice((-0.7, 0.7))
    return pan(body * near**1.5, side)


def whoosh(rng: Generator, strength: float = 0.7) -> Take:
    """Return something large passing, 0.5 to 0.9 s; the onset is where it is nearest."""
    seconds, at = rng.uniform(0.55, 0.95) * (1.3 - 0.5 * strength), rng.uniform(0.33, 0.5)
    sound = _sweep(rng, seconds, at, 140, 450 + 650 * strength, 0.75)
    low = _sweep(rng, seconds, at, 70, 180, 0.6)
    return take(fade(unit(sound) + 0.8 * unit(low), 0.01, 0.05), count(seconds * at))


def swish(rng: Generator, strength: float = 0.7) -> Take:
    """Return something thin swung fast, 0.2 s: a stick, a sleeve, a rope."""
    seconds, at = rng.uniform(0.14, 0.26), rng.uniform(0.4, 0.55)
    sound = _sweep(rng, seconds, at, 170, 300 + 900 * strength, 0.4)
    return take(fade(sound, 0.005, 0.02), count(seconds * at))


def riser(rng: Generator, strength: float = 0.7) -> Take:
    """Return 3 s of rising tension that stops at its top; the onset is the top, so it lands on the cue."""
    seconds = 3.0
    n = count(seconds)
    x = np.arange(n) / n
    air = moving_band(rng, 250 * 28**x, 0.6)
    pitch = 110 * 2 ** (2.2 * x**1.3)
    beat = 2 * np.pi * np.cumsum(4 + 14 * x) / RATE
    pulse = 1 - 0.45 * x * (0.5 - 0.5 * np.cos(beat - beat[-1]))
    choir = saws(rng, pitch, 5, 0.010)
    beats = scipy.ndimage.uniform_filter1d(choir**2, count(0.06))
    choir /= np.sqrt(beats) + 0.05  # evens out the beats, so that the top is on top
    airs = np.stack((unit(air), unit(moving_band(rng, 250 * 28**x, 0.6))))
    stereo = 0.9 * np.stack((choir, np.roll(choir, 480))) + 0.4 * airs
    landing = 1 + 1.6 * np.exp((x - 1) * seconds / 0.025)  # it lands where it stops, whatever the beats are at
    shape = (0.03 + 0.97 * x**3) * pulse * landing
    wet = in_room(rng, fade(stereo * shape, 0.05, 0.012), 1.2, -14)
    return take(wet, n - count(0.012))


def boom(rng: Generator, strength: float = 0.7) -> Take:
    """Return a cinematic hit: slap, deep drop, long dark tail."""
    n = count(2.2)
    t = times(n)
    f = 34 + (70 + 50 * strength) * np.exp(-t / 0.07)
    air = wide(rng, n, octave_curve(-30, -20, -12, -10, -10, -10, -11, -12, -14, -20), 0.8) * decay(n, 0.7)
    deep = np.tanh(1.6 * np.sin(2 * np.pi * np.cumsum(f) / RATE) * decay(n, 1.5))
    slap = shaped(rng, n, octave_curve(-18, -12, -8, -7, -8, -9, -9, -10, -13, -18)) * decay(n, 0.35)
    return placed(in_room(rng, 0.8 * deep + 0.5 * slap + 0.35 * air, 2.4, -8, 4500))


def bass_drop(rng: Generator, strength: float = 0.7) -> Take:
    """Return a low tone that falls two octaves in 1.5 s."""
    n = count(1.7)
    f = 120 * 2 ** (-2.2 * np.minimum(times(n) / 1.4, 1) ** 0.7)
    tone = np.tanh((1 + strength) * np.sin(2 * np.pi * np.cumsum(f) / RATE))
    return placed(tone * swell(n, (0, 0.2), (0.02, 1), (0.9, 0.9), (1.7, 0)))


def explosion(rng: Generator, strength: float = 0.7) -> Take:
    """Return an explosion: the front, a fireball that rumbles, debris coming down."""
    n = count(3.2)
    out = wide(rng, n, octave_curve(-10, -5, -4, -6, -9, -13, -18, -24, -30, -38), 0.7) * decay(n, 1.6)
    out *= np.exp(wander(rng, n, 9, 0.4))
    front = np.tanh(3 * noise(rng, count(0.12)) * decay(count(0.12), 0.12))
    lay(out, np.stack([front] * 2), 0, 2.0)
    lay(out, np.stack([thud(rng, strength, 42, 0.9)] * 2), 0, 3.0)
    for _ in range(int(40 * strength)):
        bit = lowpass(noise(rng, count(0.03)), rng.uniform(800, 5000)) * decay(count(0.03), 0.02)
        lay(out, pan(bit, rng.uniform(-0.9, 0.9)), count(0.4 + rng.gamma(2, 0.4)), 0.5)
    return placed(np.tanh(in_room(rng, out, 1.8, -9, 3000) * 0.4))


def glitch(rng: Generator, strength: float = 0.7) -> Take:
    """Return a digital stutter: slices of tones and noise, hard cut, crushed."""
    n = count(0.5)
    out = np.zeros(n)
    at = 0
    while at < n - 500:
        m = int(rng.integers(300, 2400))
        f = float(rng.choice((220, 440, 880, 1760, 3520))) * rng.uniform(0.97, 1.03)
        slice_ = np.sign(sine(np.full(m, f))) if rng.random() < 0.6 else np.repeat(noise(rng, m // 8 + 1), 8)[:m] * 0.5
        lay(out, fade(np.round(slice_ * 4) / 4, 0.0005, 0.0005), at, rng.uniform(0.4, 1))
        at += m + int(rng.integers(0, 900))
    return placed(lowpass(out, 7000 + 6000 * strength, 1))
