"""Things that ring: bells large and small, a gong, telephones, glasses, an anvil."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth import music
from livefoley.foley.synth.blocks.modal import ANVIL, GLASS, clank, contact, placed, ring, strike
from livefoley.foley.synth.blocks.reverb import in_room
from livefoley.foley.synth.blocks.toolbox import (
    Take,
    band,
    count,
    decay,
    fade,
    lay,
    noise,
    peak,
    times,
)


def ding(rng: Generator, strength: float = 0.7) -> Take:
    """Return a clear small bell: a counter bell or a right answer."""
    tone = music.bell(rng, rng.uniform(1900, 2300) / 2, 1.8, strength, (2.0, 3.1, 4.1, 5.4, 6.2, 8.1, 9.8))
    return placed(in_room(rng, tone, 0.6, -18))


def bell_large(rng: Generator, strength: float = 0.7) -> Take:
    """Return a church bell."""
    return placed(in_room(rng, music.bell(rng, rng.uniform(260, 340), 5.0, strength), 1.5, -12))


def hand_bell(rng: Generator, strength: float = 0.7) -> Take:
    """Return a hand bell shaken three or four times."""
    n = count(1.8)
    out = np.zeros(n)
    hz = rng.uniform(1100, 1500)
    for k in range(int(rng.integers(3, 6))):
        lay(out, music.bell(rng, hz, 0.9, strength, (1.0, 2.4, 4.5, 6.9)), count(k * rng.uniform(0.13, 0.17)), 0.8)
    return placed(in_room(rng, out, 0.5, -18))


def gong(rng: Generator, strength: float = 0.7) -> Take:
    """Return a gong: a low tone at once, the shimmer blooming after it."""
    n = count(4.0)
    low = strike(rng, music.GONG, strength)[:n]
    out = np.zeros(n)
    lay(out, peak(low), 0)
    bloom = band(noise(rng, n), 700, 4500, 1) * (1 - np.exp(-times(n) / 0.3)) * decay(n, 2.6)
    return placed(in_room(rng, out + 0.25 * strength * peak(bloom), 1.5, -12))


def doorbell(rng: Generator, strength: float = 0.7) -> Take:
    """Return 'ding dong'."""
    high = music.bell(rng, 659.3, 1.4, strength, (1.0, 2.0, 2.76, 4.1, 5.4, 8.9))
    low = music.bell(rng, 523.3, 1.9, strength, (1.0, 2.0, 2.76, 4.1, 5.4, 8.9))
    return placed(in_room(rng, music.chord([(0.0, high), (0.55, low)], 2.4), 0.5, -14))


def bicycle_bell(rng: Generator, strength: float = 0.7) -> Take:
    """Return a bicycle bell: the clapper whirring against the dome, 'tring tring'."""
    n = count(1.3)
    out = np.zeros(n)
    hz = rng.uniform(2200, 2700)
    for start in (0.0, 0.35):
        for k in range(7):
            hit = music.bell(rng, hz, 0.7, strength, (1.0, 1.02, 2.6, 4.4))
            lay(out, hit, count(start + k * 0.03), 0.5 * np.exp(-k * 0.12))
    return placed(out)


def phone(rng: Generator, strength: float = 0.7) -> Take:
    """Return an old telephone ringing once: a clapper at 20 Hz between two gongs."""
    n = count(1.9)
    out = np.zeros(n)
    ratios = (1.0, 1.52, 2.3, 2.95, 3.9, 5.3)
    gongs = [music.bell(np.random.default_rng(k), hz, 0.8, strength, ratios) for k, hz in enumerate((1180, 1410))]
    for k in range(int(1.3 * 40)):
        lay(out, gongs[k % 2], count(k / 40), 0.4 * rng.uniform(0.85, 1.0))
        lay(out, contact(rng, count(0.02), 0.0004, (600, 7000), 0.5), count(k / 40))
    return placed(in_room(rng, out, 0.4, -16))


def glass_toast(rng: Generator, strength: float = 0.7) -> Take:
    """Return two wine glasses touching: both ring, thin and long."""
    parts = []
    for k in range(2):
        hz = rng.uniform(1500, 2100)
        f = np.array(GLASS) * hz
        t60s = 1.4 * (f / hz) ** -0.6
        parts.append(
            (0.002 * k, peak(ring(count(1.6), f, t60s, np.array((1, 0.8, 0.5, 0.3, 0.15)) ** (1.4 - strength))))
        )
    return placed(in_room(rng, fade(music.chord(parts, 1.7), 0.0003, 0.05), 0.4, -18))


def anvil(rng: Generator, strength: float = 0.7) -> Take:
    """Return hammer on anvil."""
    return placed(in_room(rng, peak(clank(rng, ANVIL, 0.5 + 0.5 * strength)), 0.8, -14))
