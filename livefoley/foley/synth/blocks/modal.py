"""Struck things: banks of damped sines with the ratios and dampings of real bodies, set off by a short contact.

Ratios are those of the ideal body (free bar 1 : 2.76 : 5.40, wine glass 1 : 2.32 : 4.25, bell with hum, prime, tierce,
quint and nominal, circular membrane 1 : 1.59 : 2.14; Fletcher & Rossing, The Physics of Musical Instruments), dampings
grow with frequency as in van den Doel's contact sounds. A harder hit has a shorter contact, which lets higher
modes speak.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth.blocks.toolbox import (
    Signal,
    Take,
    band,
    count,
    decay,
    fade,
    lowpass,
    noise,
    peak,
    take,
    times,
)

BAR = (1.0, 2.756, 5.404, 8.933, 13.34)
PLATE = (1.0, 1.41, 1.73, 2.33, 2.68, 3.24, 3.91, 4.55, 5.32, 6.71, 8.1, 9.6, 11.7)
GLASS = (1.0, 2.32, 4.25, 6.63, 9.38)
BELL = (0.5, 1.0, 1.19, 1.505, 2.0, 2.51, 2.66, 3.01, 4.17, 5.43, 6.79)
MEMBRANE = (1.0, 1.594, 2.136, 2.296, 2.653, 2.918, 3.156, 3.501, 3.6)
BOX = (1.0, 1.27, 1.62, 2.05, 2.43, 3.1, 3.87, 4.9, 6.2)


@dataclass(frozen=True, slots=True)
class Body:
    """What a struck thing is made of. ``t60_s`` is the decay of the lowest mode, ``damping`` how it shrinks as f grows.

    ``contact_ms`` is the length of a middling contact, ``rattle_db`` the level of the contact noise between
    ``rattle_hz``, and ``stray`` how far real modes lie from the ideal ratios.
    """

    ratios: tuple[float, ...]
    base_hz: tuple[float, float]
    t60_s: float
    damping: float
    contact_ms: float
    rattle_db: float
    rattle_hz: tuple[float, float] = (800.0, 8000.0)
    stray: float = 0.03
    slope: float = 0.6


WOOD = Body(BOX, (180, 420), 0.16, 0.55, 0.9, -6, (900, 6000), 0.06)
WOOD_BLOCK = Body(BAR, (500, 900), 0.12, 0.5, 0.35, -8, (1500, 9000), 0.03)
METAL = Body(PLATE, (240, 700), 1.0, 0.3, 0.25, -5, (700, 12000), 0.07, 0.25)
GLASSWARE = Body(GLASS, (1500, 2600), 0.7, 0.5, 0.12, -14, (4000, 14000), 0.01, 0.5)
CERAMIC = Body(GLASS, (900, 1700), 0.22, 0.6, 0.2, -9, (2500, 12000), 0.04, 0.45)
PLASTIC = Body(BOX, (300, 800), 0.07, 0.5, 0.8, -4, (800, 7000), 0.08)
CARDBOARD = Body(MEMBRANE, (110, 190), 0.12, 0.6, 2.0, -4, (400, 3500), 0.06, 0.9)
STONE = Body(BOX, (900, 2000), 0.05, 0.4, 0.3, -3, (1500, 9000), 0.08)
SOFT = Body(MEMBRANE, (60, 110), 0.14, 0.7, 6.0, -10, (150, 1500), 0.08, 1.3)


def ring(n: int, frequencies: Signal, t60s_s: Signal, amplitudes: Signal, phases: Signal | None = None) -> Signal:
    """Return the sum of damped sines; modes above 20 kHz are left out."""
    t = times(n)
    out = np.zeros(n)
    for k, (f, t60, a) in enumerate(zip(frequencies, t60s_s, amplitudes, strict=True)):
        if f < 20000:
            m = min(n, count(t60 * 1.2))
            phase = 0.0 if phases is None else phases[k]
            out[:m] += a * np.sin(2 * np.pi * f * t[:m] + phase) * decay(m, t60)
    return out


def strike(rng: Generator, body: Body, strength: float, pitch: float = 1.0, damp: float = 1.0) -> Signal:
    """Return one hit, mono, its attack on sample 0. ``damp`` below 1 shortens the ring (a hand, a table under it)."""
    base = rng.uniform(*body.base_hz) * pitch
    ratios = np.array(body.ratios)
    spread = 1 + body.stray * rng.standard_normal(len(ratios))
    frequencies = base * ratios * spread
    t60s = body.t60_s * damp * (frequencies / frequencies[0]) ** -body.damping * rng.uniform(0.8, 1.25, len(ratios))
    contact_s = body.contact_ms / 1000 * 2 ** (1.2 - 2 * strength)
    # a half-sine push of length T loses its highs above 1/T
    push = 1 / (1 + (frequencies * contact_s) ** 2)
    amplitudes = push * ratios**-body.slope * rng.uniform(0.35, 1.0, len(ratios))
    n = count(min(4.0, 1.1 * float(t60s.max()) + 0.05))
    out = fade(peak(ring(n, frequencies, t60s, amplitudes)), min(contact_s, 0.0004), 0.005)
    return out + contact(rng, n, contact_s, body.rattle_hz, 10 ** (body.rattle_db / 20) * (0.5 + strength))


@dataclass(frozen=True, slots=True)
class Plate:
    """A stiff thing of so many modes that no tone stands out: ``modes`` pairs between ``low_hz`` and ``high_hz``.

    ``t60_s`` is the decay at 2 kHz; one mode in twelve rings ``ringing`` times as long.
    """

    low_hz: float
    high_hz: float
    modes: int
    t60_s: float
    ringing: float


RAIL = Plate(400, 12000, 60, 0.12, 3.5)
SHEET = Plate(250, 12000, 80, 0.3, 3.0)
ANVIL = Plate(900, 13000, 60, 0.3, 5.0)
TUMBLER = Plate(2500, 15000, 25, 0.2, 3.5)


def clank(rng: Generator, plate: Plate, strength: float) -> Signal:
    """Return a hit on a plate, mono, its attack on sample 0: modes in pairs that beat, and a rattle."""
    f = plate.low_hz + (plate.high_hz - plate.low_hz) * rng.random(plate.modes) ** 1.3
    both = np.concatenate((f, f * (1 + rng.uniform(0.001, 0.006, plate.modes))))
    t60s = plate.t60_s * (both / 2000) ** -0.35 * rng.lognormal(0, 0.35, len(both))
    t60s[rng.random(len(both)) < 1 / 12] *= plate.ringing
    contact_s = 0.00012 * 2 ** (1.2 - 2 * strength)
    loud = rng.lognormal(0, 0.7, len(both)) / (1 + (both * contact_s) ** 2)
    n = count(min(2.0, 1.1 * float(t60s.max())))
    out = fade(peak(ring(n, both, t60s, loud, rng.uniform(0, 2 * np.pi, len(both)))), 0.0003, 0.01)
    return out + contact(rng, n, contact_s, (1500, 14000), 0.25 + 0.35 * strength)


def contact(rng: Generator, n: int, contact_s: float, between_hz: tuple[float, float], level: float) -> Signal:
    """Return the noise of the contact itself: a burst a few contacts long."""
    m = min(n, count(contact_s * 12 + 0.004))
    out = np.zeros(n)
    burst = band(noise(rng, m), *between_hz, 1) * decay(m, contact_s * 8 + 0.003)
    out[:m] = peak(burst, level)
    return out


def thud(rng: Generator, strength: float, base_hz: float, t60_s: float = 0.12) -> Signal:
    """Return the low body of a heavy contact: a sine that sinks as it dies."""
    n = count(t60_s * 1.3)
    f = base_hz * rng.uniform(0.9, 1.1) * (1 + 0.6 * strength * np.exp(-times(n) / 0.012))
    tone = np.sin(2 * np.pi * np.cumsum(f) / 48000) * decay(n, t60_s)
    return fade(tone + 0.3 * lowpass(noise(rng, n), base_hz * 4) * decay(n, t60_s / 3), 0.001, 0.005)


def placed(sound: Signal, lead_s: float = 0.002) -> Take:
    """Return a hit as a take with a little silence before its onset."""
    lead = count(lead_s)
    return take(np.pad(sound, [(0, 0)] * (sound.ndim - 1) + [(lead, 0)]), lead)
