"""Water: drops, rain, streams, surf, pouring, splashes.

What rings in water is the air in it: a bubble of radius r sounds at about 3.26 m/s / r (Minnaert 1933), decays within
some milliseconds and rises in pitch as it nears the surface (van den Doel, Physically based models for liquid sounds).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from livefoley.foley.synth.blocks.modal import placed
from livefoley.foley.synth.blocks.reverb import in_room
from livefoley.foley.synth.blocks.toolbox import (
    RATE,
    Signal,
    Take,
    band,
    coloured,
    count,
    decay,
    fade,
    lay,
    lowpass,
    noise,
    octave_curve,
    pan,
    peak,
    poisson,
    scatter_wide,
    shaped,
    swell,
    take,
    times,
    unit,
    wander,
    wide,
)

MINNAERT = 3.26
"""Radius in metres times frequency in Hz of an air bubble in water at atmospheric pressure."""

RAIN = octave_curve(-24, -19, -17, -13, -12, -10, -8, -6, -9, -18)
RAIN_HEAVY = octave_curve(-26, -17, -15, -12, -11, -8, -7, -8, -9, -14)
RAIN_WINDOW = octave_curve(-22, -16, -12, -10, -9, -8, -7, -9, -13, -22)
SURF = octave_curve(-24, -19, -13, -8, -6, -6, -10, -13, -17, -25)
SPLASH = octave_curve(-46, -34, -24, -12, -7, -5, -6, -8, -12, -20)
STREAM = octave_curve(-30, -30, -18, -10, -5, -5, -7, -14, -18, -27)


def _damping(radii_m: Signal) -> Signal:
    """Return the decay per second of bubbles of these radii (thermal and radiation losses)."""
    return np.asarray(0.13 / radii_m + 0.0072 * radii_m**-1.5)


def bubbles(rng: Generator, radii_m: Signal, seconds: float = 0.06) -> Signal:
    """Return one grain ``[K, L]`` for each bubble: a damped sine that rises, louder the larger."""
    t = times(count(seconds))
    f = MINNAERT / radii_m
    damping = _damping(radii_m)
    rise = rng.uniform(0.0, 0.12, len(f)) * damping
    phase = 2 * np.pi * f[:, None] * (t + 0.5 * rise[:, None] * t * t)
    loud = (radii_m / 0.001) ** 1.2 * rng.lognormal(0, 0.7, len(f))
    attack = 1 - np.exp(-t * 4000)
    return np.asarray(np.sin(phase) * np.exp(-damping[:, None] * t) * attack * loud[:, None])


def swarm(rng: Generator, n: int, starts: NDArray[np.int64], radii_m: Signal, width: float = 0.8) -> Signal:
    """Return stereo: one bubble at each start, in groups of like length: small ones die a hundred times faster."""
    out = np.zeros((2, n))
    lengths = np.ceil(np.log2(5.0 / _damping(radii_m) * 1000)).clip(1, 8)
    for length in np.unique(lengths):
        mine = lengths == length
        out += scatter_wide(rng, n, starts[mine], bubbles(rng, radii_m[mine], 2**length / 1000), width)
    return out


def _radii(rng: Generator, k: int, smallest_mm: float, largest_mm: float, power: float) -> Signal:
    u = rng.random(k)
    a, b = smallest_mm ** (1 - power), largest_mm ** (1 - power)
    return np.asarray((a + u * (b - a)) ** (1 / (1 - power)) / 1000)


def _ticks(
    rng: Generator, k: int, hz: tuple[float, float], t60_s: tuple[float, float], seconds: float = 0.008
) -> Signal:
    """Return the taps of drops on something hard: short damped tones in noise, drawn from 400 different ones."""
    t = times(count(seconds))
    kinds = min(k, 400)
    f = np.exp(rng.uniform(np.log(hz[0]), np.log(hz[1]), kinds))[:, None]
    fall = 6.9 / rng.uniform(*t60_s, kinds)[:, None]
    body = np.sin(2 * np.pi * f * t) + 0.5 * rng.standard_normal((kinds, len(t)))
    loud = rng.lognormal(0, 0.8, k)[:, None]
    return np.asarray((body * np.exp(-fall * t))[rng.integers(0, kinds, k)] * loud)


def rain(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return steady rain outdoors: a wash of far drops, taps of near ones, bubbles in puddles."""
    n = count(seconds)
    wash = wide(rng, n, RAIN_HEAVY if strength > 0.85 else RAIN)
    taps = poisson(rng, n, 900 + 1500 * strength)
    near = scatter_wide(rng, n, taps, _ticks(rng, len(taps), (1500, 9000), (0.002, 0.006), 0.005))
    plops = poisson(rng, n, 60 + 120 * strength)
    puddle = swarm(rng, n, plops, _radii(rng, len(plops), 0.4, 1.6, 1.5))
    mix = unit(wash) + (1.1 - 0.5 * strength) * unit(near) + 0.25 * unit(puddle)
    return coloured(mix, RAIN_HEAVY if strength > 0.85 else RAIN)


def rain_on_window(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return rain heard from inside: dulled wash, drops tapping the pane, trickles in the gutter."""
    n = count(seconds)
    wash = lowpass(wide(rng, n, RAIN_WINDOW, 0.5), 2500, 1)
    taps = poisson(rng, n, 25 + 110 * strength)
    grains = _ticks(rng, len(taps), (900, 3800), (0.006, 0.022), 0.025)
    pane = scatter_wide(rng, n, taps, grains, 0.7)
    fine = poisson(rng, n, 500)
    small = scatter_wide(rng, n, fine, _ticks(rng, len(fine), (2500, 7000), (0.002, 0.005), 0.004), 0.7)
    gutter = poisson(rng, n, 40)
    trickle = swarm(rng, n, gutter, _radii(rng, len(gutter), 1.2, 4.5, 1.3), 0.4)
    mix = unit(wash) + 0.9 * unit(pane) + 0.4 * unit(small) + 0.3 * unit(trickle)
    return coloured(mix, RAIN_WINDOW, 12)


def stream(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a brook: bubbles of all sizes in clusters over turbulent noise."""
    n = count(seconds)
    crowding = np.exp(wander(rng, n, 5.0, 0.5))
    starts = poisson(rng, n, 700 + 500 * strength)
    starts = starts[rng.random(len(starts)) < crowding[starts] / crowding.max() * 2]
    sound = swarm(rng, n, starts, _radii(rng, len(starts), 0.5, 6.0, 2.2), 0.8)
    rush = wide(rng, n, STREAM, 0.8) * np.exp(wander(rng, n, 3.0, 0.12))
    return coloured(0.6 * unit(np.tanh(0.5 * unit(sound))) + (0.7 + 0.6 * strength) * unit(rush), STREAM)


def wave(rng: Generator, strength: float = 0.7) -> Take:
    """Return one breaking wave, 7 to 10 s; its onset is the break."""
    sound, crest_s = _wave(rng, strength)
    return take(coloured(sound, SURF, 10), count(crest_s))


def _wave(rng: Generator, strength: float) -> tuple[Signal, float]:
    """Return a wave and when it breaks: a swelling rumble, the break, the hiss of foam running out."""
    length = rng.uniform(7.0, 10.0)
    n = count(length)
    crest = length * rng.uniform(0.3, 0.42)
    roar = swell(n, (0, 0), (crest, 1), (crest + 1.6, 0.45), (length, 0))
    foam = swell(n, (0, 0), (crest * 0.75, 0.05), (crest + 0.3, 1), (crest + 1.8, 0.5), (length, 0))
    low = shaped(rng, n, octave_curve(-18, -12, -7, -4, -5, -9, -18, -28, -36, -45)) * roar
    crash = wide(rng, n, octave_curve(-40, -36, -26, -14, -7, -5, -6, -9, -12, -18), 0.8) * foam
    starts = np.sort((rng.beta(3, 3.5, int(1500 * strength)) * n).astype(np.int64))
    fizz = swarm(rng, n, starts, _radii(rng, len(starts), 0.3, 1.5, 1.8))
    drift = pan(low, wander(rng, n, 0.2, 0.3).clip(-0.8, 0.8))
    return drift + (0.6 + 0.4 * strength) * crash + 0.15 * unit(fizz) * foam, crest + 0.2


def wash(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return the sea between the waves: the unbroken roar of a whole beach, far off."""
    n = count(seconds)
    return wide(rng, n, SURF, 0.8) * np.exp(wander(rng, n, 0.5, 0.15))


def surf(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return the sea on a beach: waves that overlap, over a distant wash."""
    n = count(seconds)
    out = 0.35 * wide(rng, n, SURF, 0.7) * np.exp(wander(rng, n, 0.5, 0.2))
    at = -count(rng.uniform(2, 5))
    while at < n:
        one, _ = _wave(rng, strength)
        lay(out, one[:, max(0, -at) :], max(0, at), rng.uniform(0.6, 1.0))
        at += count(rng.uniform(3.5, 6.5))
    return coloured(out, SURF, 12)


def drip(rng: Generator, strength: float = 0.7) -> Take:
    """Return one drop into water: a tick of the surface, then the bubble it leaves."""
    n = count(0.25)
    out = np.zeros(n)
    lay(out, _ticks(rng, 1, (2500, 5000), (0.003, 0.005))[0], 0, 0.12)
    radius = np.array([rng.uniform(1.3, 3.2) / 1000 * (0.7 + 0.5 * strength)])
    late = count(rng.uniform(0.008, 0.02))
    lay(out, peak(bubbles(rng, radius, 0.12)[0]), late)
    return placed(in_room(rng, out, 0.5, -12))


def splash(rng: Generator, strength: float = 0.7) -> Take:
    """Return something striking water: slap, a burst of spray that breaks up, drops raining back, bubbles closing."""
    seconds = 0.8 + 0.8 * strength
    n = count(seconds)
    burst = wide(rng, n, SPLASH, 0.7) * np.exp(wander(rng, n, 60, 0.45) + wander(rng, n, 14, 0.3))
    spray = burst * swell(n, (0, 0.5), (0.02, 1), (0.18, 0.55), (0.45, 0.16), (seconds, 0))
    late = np.sort((rng.gamma(2.2, 0.09 + 0.08 * strength, int(200 + 700 * strength)) * RATE).astype(np.int64))
    late = late[late < n]
    drops = scatter_wide(rng, n, late, _ticks(rng, len(late), (900, 6500), (0.004, 0.014), 0.012), 0.8)
    closing = swarm(rng, n, late[::3], _radii(rng, len(late[::3]), 0.7, 4.0, 1.8), 0.6)
    slap = shaped(rng, n, SPLASH) * decay(n, 0.09)
    mix = unit(spray) + 0.5 * unit(drops) + 0.25 * unit(closing) + 0.5 * np.stack((slap, slap)) * strength
    return placed(fade(mix, 0.001, 0.1))


def pour(rng: Generator, strength: float = 0.7) -> Take:
    """Return liquid poured into a glass for about 3 s: the gurgle rises as the air column over it shortens."""
    seconds = rng.uniform(2.6, 3.4)
    n = count(seconds)
    starts = _pour_starts(rng, n, 1400 + 1600 * strength)
    sound = swarm(rng, n, starts, _radii(rng, len(starts), 0.3, 2.0, 2.2), 0.25)
    splatter = band(noise(rng, n), 1500, 9000, 1) * np.exp(wander(rng, n, 20, 0.35))
    column = _filling(unit(sound)[0] + 0.5 * unit(splatter), 380 * rng.uniform(0.9, 1.15), 3.0)
    shape = swell(n, (0, 0), (0.12, 1), (seconds - 0.35, 0.9), (seconds, 0))
    mix = 0.6 * unit(sound) + 0.8 * unit(splatter) + 0.6 * unit(column)
    return placed(mix * shape)


def pouring(rng: Generator, n: int, strength: float) -> Signal:
    """Return ``n`` samples of liquid running into a vessel, without beginning or end: stereo."""
    starts = _pour_starts(rng, n, 260 + 220 * strength)
    sound = swarm(rng, n, starts, _radii(rng, len(starts), 0.9, 5.0, 1.7), 0.25)
    splatter = band(noise(rng, n), 1500, 9000, 1) * np.exp(wander(rng, n, 20, 0.35))
    air = unit(sound)[0] + 0.5 * unit(splatter)
    f = 520 * rng.uniform(0.9, 1.15)
    column = band(air, f * 0.93, f * 1.07, 1) + 0.4 * band(air, f * 2.8, f * 3.2, 1)
    return 0.6 * unit(sound) + 0.3 * unit(splatter) + 0.6 * unit(column)


def _pour_starts(rng: Generator, n: int, rate: float) -> NDArray[np.int64]:
    starts = poisson(rng, n, rate * 1.6)
    gurgle = 0.5 + 0.5 * np.sin(2 * np.pi * np.cumsum(9 + wander(rng, n, 3, 1.5)) / RATE)
    return starts[rng.random(len(starts)) < 0.25 + 0.75 * gurgle[starts]]


def _filling(sound: Signal, from_hz: float, factor: float) -> Signal:
    """Return ``sound`` through the resonance of an air column that shortens: steps, cross-faded."""
    n = len(sound)
    place = np.linspace(0, 7, n)
    out = np.zeros(n)
    for k in range(8):
        weight = np.clip(1 - np.abs(place - k), 0, 1)
        f = from_hz * factor ** (k / 7)
        out += weight * (band(sound, f * 0.93, f * 1.07, 1) + 0.4 * band(sound, f * 2.8, f * 3.2, 1))
    return out


def bubbling(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a pot on the boil: large slow bubbles in bursts, a low rumble under them."""
    n = count(seconds)
    starts = poisson(rng, n, 40 + 120 * strength)
    sound = swarm(rng, n, starts, _radii(rng, len(starts), 2.5, 12, 1.2), 0.5)
    return unit(sound) + 0.3 * lowpass(wide(rng, n, STREAM, 0.5), 700)
