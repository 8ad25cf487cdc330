"""People together: murmur, applause, cheering, gasps, laughter."""

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
    count,
    decay,
    equalise,
    fade,
    highpass,
    lay,
    lowpass,
    octave_curve,
    pan,
    scatter,
    swell,
    take,
    times,
    unit,
    wander,
    wide,
)
from livefoley.foley.synth.blocks.voice import laugh, shout, speak

MURMUR = octave_curve(-24, -19, -8, -4, -6, -13, -19, -23, -26, -34)
APPLAUSE = octave_curve(-66, -58, -42, -26, -14, -5, -3, -10, -18, -29)
ROAR = octave_curve(-40, -34, -22, -13, -6, -3, -8, -15, -22, -32)


def _person(rng: Generator) -> tuple[float, float]:
    """Return the pitch of a voice and the scale of its formants."""
    low = rng.random() < 0.5
    return (rng.normal(118, 16), rng.normal(1.0, 0.04)) if low else (rng.normal(205, 22), rng.normal(1.16, 0.04))


def murmur(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return many people talking at once, none of them understood, in a live room."""
    n = count(seconds)
    out = np.zeros((2, n))
    for k in range(int(7 + 7 * strength)):
        voice = unit(speak(rng, seconds, *_person(rng))[:n])
        far = rng.uniform(0.3, 1.0)
        dull = lowpass(voice, 900 + 3200 * (1 - far), 1)
        out[:, : len(voice)] += pan(dull, rng.uniform(-0.9, 0.9)) * (1.15 - far)
        if k % 2:  # the same voice thrown back later makes two of one
            lay(out, pan(dull, rng.uniform(-0.9, 0.9)), count(rng.uniform(0.7, 2.0)), 0.5)
    room = in_room(rng, out, 0.9, -2, 3500)[:, :n]
    babble = wide(rng, n, MURMUR, 0.8) * np.exp(wander(rng, n, 4, 0.25))
    return equalise(unit(room) + 0.35 * unit(babble), MURMUR, 10)


def _hands(rng: Generator, people: int) -> Signal:
    """Return ``[people * 3, L]`` claps: each pair of hands has its own hollow (0.6 to 2.5 kHz) and sharpness."""
    n = count(0.035)
    t = times(n)
    grains = []
    for _ in range(people):
        hollow, q = rng.uniform(700, 2400), rng.uniform(0.9, 2.6)
        near, fall = rng.uniform(0.25, 1.0) ** 1.5, rng.uniform(0.003, 0.009)
        for _ in range(3):
            burst = rng.standard_normal(n) * np.exp(-t / fall) * (1 - np.exp(-t / 0.0003))
            grains.append(near * unit(band(burst, hollow / 2 ** (0.5 / q), hollow * 2 ** (0.8 / q), 1) + 0.15 * burst))
    return np.array(grains)


def _claps(rng: Generator, n: int, people: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return when hands meet, and whose: everyone keeps a tempo of their own between 3 and 5.5 a second."""
    starts, who = [], []
    for person in range(people):
        every = RATE / rng.uniform(3.0, 5.5)
        beats = int(n / every) + 1
        at = rng.uniform(-every, 0) + np.cumsum(every * rng.normal(1, 0.06, beats).clip(0.6, 1.6))
        at = at[(at > 0) & (at < n)].astype(np.int64)
        starts.append(at)
        who.append(np.full(len(at), person * 3) + rng.integers(0, 3, len(at)))
    return np.concatenate(starts), np.concatenate(who)


def applause_texture(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return steady applause of 15 to 150 people in a hall."""
    n = count(seconds)
    people = int(12 + 130 * strength**2)
    hands = _hands(rng, people)
    starts, who = _claps(rng, n, people)
    position = rng.uniform(-0.95, 0.95, people)[who // 3]
    angle = (position + 1) * np.pi / 4
    dry = np.stack([scatter(n, starts, hands[who] * side[:, None]) for side in (np.cos(angle), np.sin(angle))])
    return equalise(in_room(rng, dry, 0.9, -6, 5000)[:, :n], APPLAUSE, 14)


def applause(rng: Generator, strength: float = 0.7) -> Take:
    """Return 5 s of applause that bursts out, holds and thins away."""
    seconds = 5.0
    body = applause_texture(rng, seconds, strength)
    return placed(body * swell(body.shape[1], (0, 0.15), (0.35, 1), (3.0, 0.85), (seconds, 0)))


def roar(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a cheering crowd: many cries at once over the broad noise of the far ones."""
    n = count(seconds)
    out = np.zeros((2, n))
    vowels = (("a", "e"), ("u", "u"), ("e", "a"), ("o", "a"))
    for _ in range(int(seconds * (3 + 6 * strength))):
        length = rng.uniform(0.7, 2.0)
        pitch, scale = _person(rng)
        cry = shout(rng, length, pitch * rng.uniform(1.7, 2.7), scale, vowels[rng.integers(4)])
        lay(
            out,
            pan(unit(cry), rng.uniform(-0.9, 0.9)),
            int(rng.uniform(-0.3, 0.98) * n) % n,
            rng.uniform(0.2, 1) ** 1.5,
        )
    far = wide(rng, n, ROAR, 0.9) * np.exp(wander(rng, n, 2.5, 0.12))
    mix = unit(in_room(rng, out, 1.4, 0, 4000)[:, :n]) + (0.5 + 0.4 * strength) * unit(far)
    return equalise(mix, ROAR, 12)


def cheer(rng: Generator, strength: float = 0.7) -> Take:
    """Return a crowd breaking into cheers and applause, 4.5 s; its onset is where it is full."""
    seconds = 4.5
    voices = unit(roar(rng, seconds, strength))
    hands = unit(applause_texture(rng, seconds, strength))
    n = voices.shape[1]
    mix = (voices + 0.35 * hands + 0.1 * _whistles(rng, n)) * swell(n, (0, 0.05), (0.4, 1), (2.2, 0.9), (seconds, 0))
    return take(mix, count(0.25))


def _whistles(rng: Generator, n: int) -> Signal:
    out = np.zeros((2, n))
    for _ in range(3):
        m = count(rng.uniform(0.35, 0.7))
        f = rng.uniform(1900, 2700) * swell(m, (0, 0.75), (m / RATE * 0.4, 1.2), (m / RATE, 0.8))
        tone = np.sin(2 * np.pi * np.cumsum(f) / RATE) * np.hanning(m)
        lay(out, pan(tone, rng.uniform(-0.8, 0.8)), int(rng.uniform(0.1, 0.7) * n))
    return out


def gasp(rng: Generator, strength: float = 0.7) -> Take:
    """Return a crowd drawing breath: many short inward hisses, some voiced 'oh's after them."""
    n = count(1.3)
    out = np.zeros((2, n))
    for _ in range(int(20 + 30 * strength)):
        m = count(rng.uniform(0.25, 0.5))
        breath = band(rng.standard_normal(m), rng.uniform(900, 1600), rng.uniform(3500, 6500), 1)
        lay(out, pan(unit(breath) * np.hanning(m) ** 0.7, rng.uniform(-0.9, 0.9)), count(rng.gamma(2, 0.04)), 0.6)
    for _ in range(8):
        pitch, scale = _person(rng)
        oh = unit(shout(rng, rng.uniform(0.35, 0.7), pitch * 1.3, scale, ("o", "u")))
        lay(out, pan(oh, rng.uniform(-0.9, 0.9)), count(0.12 + rng.gamma(2, 0.05)), 0.5 * strength)
    return placed(in_room(rng, fade(out, 0.005, 0.2), 0.8, -8))


def laughter(rng: Generator, strength: float = 0.7) -> Take:
    """Return an audience laughing, about 3.5 s."""
    n = count(3.6)
    out = np.zeros((2, n))
    for _ in range(int(10 + 26 * strength)):
        pitch, scale = _person(rng)
        one = unit(laugh(rng, pitch * rng.uniform(1.3, 2.1), scale))
        lay(out, pan(lowpass(one, rng.uniform(2500, 7000), 1), rng.uniform(-0.9, 0.9)), count(rng.gamma(1.5, 0.3)))
    shape = swell(n, (0, 0.6), (0.5, 1), (2.0, 0.7), (3.6, 0))
    return placed(in_room(rng, out * shape, 0.9, -6, 4500))


def clap(rng: Generator, strength: float = 0.7) -> Take:
    """Return one pair of hands, close."""
    hand = _hands(rng, 1)[0]
    dry = np.zeros(count(0.08))
    lay(dry, hand, 0)
    lay(dry, lowpass(hand, 900), count(0.001), 0.6 * strength)
    return placed(in_room(rng, highpass(dry, 200), 0.35, -14))


def whistle_blow(rng: Generator, strength: float = 0.7) -> Take:
    """Return a referee's whistle: two close tones near 3 kHz chopped by the pea at 35 Hz."""
    n = count(0.35 + 0.5 * strength)
    t = times(n)
    pea = 0.75 + 0.25 * np.sin(2 * np.pi * np.cumsum(35 + wander(rng, n, 8, 3)) / RATE)
    f = rng.uniform(2900, 3400) * (1 + 0.008 * np.sin(2 * np.pi * 35 * t))
    partials = ((1, 1), (1.08, 0.25), (2.0, 0.12), (3.0, 0.05))
    tone = sum(np.sin(2 * np.pi * np.cumsum(f * ratio) / RATE) * level for ratio, level in partials)
    breath = 0.05 * band(rng.standard_normal(n), 2000, 9000, 1)
    return placed(in_room(rng, fade((np.asarray(tone) + breath) * pea, 0.012, 0.04), 0.6, -14))


def heartbeat(rng: Generator, strength: float = 0.7) -> Take:
    """Return one beat: the closing valves, 'lub' and a shorter, higher 'dub' a third of a second later."""
    n = count(0.8)
    out = np.zeros(n)
    for at, f, level in ((0.0, 48, 1.0), (0.30, 62, 0.7)):
        m = count(0.18)
        sink = f * rng.uniform(0.95, 1.05) * (1 + 0.8 * np.exp(-times(m) / 0.015))
        beat = np.sin(2 * np.pi * np.cumsum(sink) / RATE) * decay(m, 0.14)
        lay(out, fade(beat + 0.3 * np.tanh(2 * beat), 0.004, 0.03), count(at), level)
    return placed(lowpass(out, 300 + 500 * strength))
