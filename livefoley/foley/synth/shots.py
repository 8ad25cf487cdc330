"""Shots: the crack of a muzzle, its blast, what the place answers, and the works of the gun."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth.blocks.modal import placed, thud
from livefoley.foley.synth.blocks.reverb import in_room
from livefoley.foley.synth.blocks.toolbox import (
    Take,
    band,
    count,
    decay,
    highpass,
    lay,
    lowpass,
    noise,
    octave_curve,
    pan,
    shaped,
    wide,
)


def _shot(rng: Generator, strength: float, crack_hz: float, blast_s: float, tail_s: float) -> Take:
    """Return one shot outdoors: everything is there within a millisecond, then walls and hills answer."""
    n = count(tail_s + 0.4)
    blast = shaped(rng, n, octave_curve(-16, -8, -4, -3, -4, -5, -7, -10, -14, -20)) * decay(n, blast_s)
    crack = highpass(noise(rng, n), crack_hz) * decay(n, 0.02)
    dry = np.tanh((2.2 + strength) * (0.9 * blast + 0.7 * crack))
    lay(dry, thud(rng, strength, 62, 0.16), 0, 0.9)
    out = np.stack((dry, dry))
    for _ in range(int(rng.integers(3, 6))):
        late = rng.uniform(0.06, 0.45)
        answer = lowpass(dry, float(rng.uniform(700, 2200))) * 10 ** (-(9 + 22 * late) / 20)
        lay(out, pan(answer, rng.uniform(-0.8, 0.8)), count(late))
    out += 0.06 * wide(rng, n, octave_curve(-14, -8, -6, -7, -9, -13, -18, -26, -34, -44), 0.8) * decay(n, tail_s)
    return placed(in_room(rng, out, 0.9, -16, 3500))


def pistol(rng: Generator, strength: float = 0.7) -> Take:
    """Return a pistol shot; its slide goes back a moment later."""
    shot = _shot(rng, strength, 2200, 0.10, 0.7)
    works = np.zeros(shot.samples.shape[1])
    for at in (0.035, 0.075):
        click = band(noise(rng, count(0.012)), 2500, 8000, 1) * decay(count(0.012), 0.008)
        lay(works, click, shot.onset + count(at + rng.uniform(0, 0.01)), 0.06)
    return Take((shot.samples + works).astype(np.float32), shot.onset)


def rifle(rng: Generator, strength: float = 0.7) -> Take:
    """Return a rifle shot: sharper, and longer in coming back."""
    return _shot(rng, strength, 1400, 0.16, 1.3)
