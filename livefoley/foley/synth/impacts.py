"""Things that strike: impacts by material, breakage, a coin, a ball, keys."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth.blocks.modal import (
    BOX,
    CARDBOARD,
    CERAMIC,
    GLASSWARE,
    PLASTIC,
    RAIL,
    SHEET,
    SOFT,
    STONE,
    TUMBLER,
    WOOD,
    WOOD_BLOCK,
    Body,
    clank,
    placed,
    strike,
    thud,
)
from livefoley.foley.synth.blocks.reverb import in_room
from livefoley.foley.synth.blocks.toolbox import (
    Take,
    band,
    count,
    decay,
    fade,
    highpass,
    lay,
    noise,
    octave_curve,
    peak,
    shaped,
    unit,
)

DOOR = Body(BOX, (62, 95), 0.22, 0.5, 3.0, -8, (300, 2500), 0.1, 0.8)


def _hit(rng: Generator, body: Body, strength: float, weight_hz: float, weight: float, wet_db: float = -15) -> Take:
    """Return a struck body with the thud of what it stands on."""
    out = peak(strike(rng, body, strength))
    out = np.pad(out, (0, count(0.1)))
    lay(out, thud(rng, strength, weight_hz), 0, weight * (0.4 + strength))
    return placed(in_room(rng, out, 0.35, wet_db, 5000))


def impact_wood(rng: Generator, strength: float = 0.7) -> Take:
    """Return something wooden struck."""
    return _hit(rng, WOOD, strength, 120, 0.5)


def impact_metal(rng: Generator, strength: float = 0.7) -> Take:
    """Return something metal struck."""
    out = peak(clank(rng, RAIL if rng.random() < 0.6 else SHEET, strength))
    out = np.pad(out, (0, count(0.1)))
    lay(out, thud(rng, strength, 140), 0, 0.35 * (0.4 + strength))
    return placed(in_room(rng, out, 0.35, -12, 6000))


def impact_glass(rng: Generator, strength: float = 0.7) -> Take:
    """Return a glass touched or set against another."""
    return placed(in_room(rng, np.pad(peak(clank(rng, TUMBLER, strength)), (0, count(0.1))), 0.35, -18, 7000))


def impact_ceramic(rng: Generator, strength: float = 0.7) -> Take:
    """Return a cup or plate set down."""
    return _hit(rng, CERAMIC, strength, 150, 0.25)


def impact_plastic(rng: Generator, strength: float = 0.7) -> Take:
    """Return something of plastic struck."""
    return _hit(rng, PLASTIC, strength, 150, 0.3)


def impact_stone(rng: Generator, strength: float = 0.7) -> Take:
    """Return stone on stone."""
    return _hit(rng, STONE, strength, 110, 0.4)


def impact_box(rng: Generator, strength: float = 0.7) -> Take:
    """Return a cardboard box struck or put down."""
    return _hit(rng, CARDBOARD, strength, 85, 0.6)


def impact_soft(rng: Generator, strength: float = 0.7) -> Take:
    """Return a soft, neutral hit: a hand on a cushion, something padded put down."""
    out = np.pad(peak(strike(rng, SOFT, strength)), (0, count(0.06)))
    n = len(out)
    cloth = shaped(rng, n, octave_curve(-30, -18, -9, -5, -7, -11, -16, -22, -28, -36)) * decay(n, 0.10)
    return placed(in_room(rng, out + (0.14 + 0.12 * strength) * cloth, 0.3, -14, 3500))


def impact_heavy(rng: Generator, strength: float = 0.7) -> Take:
    """Return something heavy dropped: deep thud, the floor answering, a rattle after it."""
    n = count(0.8)
    out = np.zeros(n)
    lay(out, thud(rng, strength, 48, 0.35), 0, 1.2)
    lay(out, peak(strike(rng, DOOR, strength)), 0, 0.8)
    slap = shaped(rng, n, octave_curve(-24, -14, -8, -8, -11, -12, -11, -9, -10, -24)) * decay(n, 0.16)
    lay(out, slap, 0, 0.25)
    for _ in range(int(rng.integers(2, 5))):
        lay(out, peak(strike(rng, WOOD, 0.3)), count(rng.uniform(0.08, 0.35)), 0.08)
    return placed(in_room(rng, out, 0.6, -12, 4000))


def punch(rng: Generator, strength: float = 0.7) -> Take:
    """Return a blow landing: smack of skin, body behind it."""
    n = count(0.35)
    smack = shaped(rng, n, octave_curve(-30, -18, -10, -12, -11, -13, -6, -8, -13, -18)) * decay(n, 0.09)
    out = 0.9 * smack
    lay(out, thud(rng, strength, 85, 0.12), 0, 0.55)
    lay(out, peak(strike(rng, SOFT, strength, 2.2)), 0, 0.4)
    return placed(in_room(rng, np.tanh(1.5 * out), 0.4, -12, 6000))


def bottle(rng: Generator, strength: float = 0.7) -> Take:
    """Return a bottle set on a table: glass, damped by what is in it, and the wood under it."""
    out = np.pad(peak(strike(rng, GLASSWARE, strength * 0.8, 0.55, 0.3)), (0, count(0.15)))
    lay(out, peak(strike(rng, WOOD, strength)), 0, 0.6)
    lay(out, peak(strike(rng, GLASSWARE, 0.3, 0.55, 0.3)), count(rng.uniform(0.035, 0.07)), 0.25)
    return placed(in_room(rng, out, 0.35, -15))


def glass_break(rng: Generator, strength: float = 0.7) -> Take:
    """Return glass shattering: the crack, then shards, each ringing high and short, falling for a second."""
    n = count(1.5)
    crack = highpass(noise(rng, n), 1500) * decay(n, 0.11)
    out = 0.35 * unit(crack)
    out += 0.25 * unit(shaped(rng, n, octave_curve(-30, -28, -22, -16, -10, -9, -10, -9, -6, -8)) * decay(n, 0.35))
    for _ in range(int(50 + 90 * strength)):
        late = rng.gamma(1.1, 0.17)
        shard = peak(strike(rng, GLASSWARE, 0.8, rng.uniform(1.2, 4.5), rng.uniform(0.1, 0.5)))
        lay(out, shard, count(late), 0.35 * rng.lognormal(0, 0.6) * np.exp(-late * 1.8))
    return placed(in_room(rng, out, 0.5, -15))


def ceramic_break(rng: Generator, strength: float = 0.7) -> Take:
    """Return a plate breaking on a floor: duller than glass, fewer pieces, some spin out."""
    n = count(1.3)
    out = 0.4 * unit(band(noise(rng, n), 600, 9000, 1) * decay(n, 0.14))
    lay(out, thud(rng, strength, 110, 0.08), 0, 0.6)
    for _ in range(int(18 + 24 * strength)):
        late = rng.gamma(1.1, 0.13)
        lay(out, peak(strike(rng, CERAMIC, 0.7, rng.uniform(0.9, 3.0), 0.5)), count(late), 0.5 * np.exp(-late * 2))
    return placed(in_room(rng, out, 0.4, -15))


def wood_block(rng: Generator, strength: float = 0.7) -> Take:
    """Return a dry wooden knock, higher than the plain impact."""
    return placed(in_room(rng, peak(strike(rng, WOOD_BLOCK, strength)), 0.3, -14))


def ball_bounce(rng: Generator, strength: float = 0.7) -> Take:
    """Return a ball on a floor: the skin's low ring, the air inside faintly pinging."""
    n = count(0.4)
    out = np.zeros(n)
    lay(out, thud(rng, strength, 85, 0.14), 0)
    lay(
        out,
        peak(strike(rng, Body((1.0, 1.9, 2.9), (560, 680), 0.16, 0.4, 2.5, -6, (500, 3000), 0.02, 1.0), strength)),
        0,
        0.35,
    )
    return placed(in_room(rng, out, 0.7, -8, 4000))


def coin(rng: Generator, strength: float = 0.7) -> Take:
    """Return a coin dropped on a table: ever quicker bounces."""
    n = count(1.1)
    out = np.zeros(n)
    body = Body((1.0, 1.3, 1.73, 2.33, 2.9, 3.9), (3100, 4300), 0.3, 0.2, 0.1, -2, (2000, 15000), 0.02, 0.0)
    generator_state = rng.integers(2**32)
    at, gap, level = 0.0, 0.16, 1.0
    while gap > 0.012:
        same = np.random.default_rng(int(generator_state))
        lay(out, peak(strike(same, body, strength * level)), count(at), level)
        lay(out, peak(strike(rng, WOOD_BLOCK, 0.5, 1.4, 0.3)), count(at), 0.3 * level)
        at, gap, level = at + gap, gap * 0.72, level * 0.72
    return placed(out)


def keys(rng: Generator, strength: float = 0.7) -> Take:
    """Return a bunch of keys jingling."""
    n = count(0.8)
    out = np.zeros(n)
    body = Body((1.0, 2.1, 3.3, 4.7), (2600, 4200), 0.16, 0.3, 0.1, -8, (3000, 13000), 0.08, 0.2)
    for at in np.sort(rng.gamma(1.8, 0.13, int(10 + 14 * strength))):
        lay(out, peak(strike(rng, body, 0.6)), count(float(at)), rng.lognormal(-0.4, 0.5))
    return placed(fade(out, 0, 0.05))
