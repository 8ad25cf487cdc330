"""Accents of a show: dings, tills, horns, rolls, stings, notifications, bells and other punctuation."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth import music
from livefoley.foley.synth.blocks.modal import BOX, Body, placed, ring, strike, thud
from livefoley.foley.synth.blocks.reverb import in_room
from livefoley.foley.synth.blocks.toolbox import (
    RATE,
    Signal,
    Take,
    band,
    count,
    decay,
    fade,
    lay,
    lowpass,
    noise,
    octave_curve,
    pan,
    peak,
    shaped,
    sine,
    swell,
    take,
    times,
    wander,
)


def cash_register(rng: Generator, strength: float = 0.7) -> Take:
    """Return 'ka-ching': keys and gears, the bell (the onset), the drawer rolling out and its coins."""
    n = count(1.5)
    out = np.zeros(n)
    works = Body(BOX, (500, 900), 0.05, 0.3, 0.5, -3, (900, 7000), 0.1, 0.2)
    for at, level in ((0.0, 0.6), (0.045, 0.35), (0.09, 0.8), (0.12, 0.3)):
        lay(out, peak(strike(rng, works, 0.8)), count(at), 0.5 * level)
    bell_at = 0.17
    lay(out, music.bell(rng, rng.uniform(2300, 2600), 1.1, strength, (1.0, 1.51, 2.7, 4.2)), count(bell_at))
    roll = shaped(rng, count(0.28), octave_curve(-30, -20, -12, -8, -7, -9, -10, -12, -16, -24))
    lay(out, roll * np.hanning(len(roll)), count(bell_at + 0.05), 0.12)
    lay(out, thud(rng, strength, 90, 0.12), count(bell_at + 0.32), 0.5)
    for late in rng.gamma(2, 0.05, 9):
        coin = peak(strike(rng, Body((1.0, 1.73, 2.9), (3800, 6000), 0.12, 0.2, 0.1, -10), 0.6))
        lay(out, coin, count(bell_at + 0.33 + float(late)), 0.12)
    made = placed(in_room(rng, out, 0.35, -16))
    return Take(made.samples, made.onset + count(bell_at))


def air_horn(rng: Generator, strength: float = 0.7) -> Take:
    """Return the stadium's air horn: three short blasts and a long one, two trumpets slightly apart."""
    hz = rng.uniform(455, 500)
    parts = []
    at = 0.0
    for seconds in (0.16, 0.16, 0.16, 0.75 + 0.4 * strength):
        blast = music.reed(rng, hz, seconds) + 0.7 * music.reed(rng, hz * 1.26, seconds)
        parts.append((at, blast))
        at += seconds + 0.045
    return placed(in_room(rng, np.tanh(0.8 * music.chord(parts, at + 0.05)), 0.7, -14))


def party_horn(rng: Generator, strength: float = 0.7) -> Take:
    """Return a party blower: a reed with a paper tongue unrolling."""
    seconds = 0.6
    n = count(seconds)
    f = 420 * swell(n, (0, 0.6), (0.15, 1.0), (0.5, 1.05), (seconds, 0.7)) * (1 + 0.02 * wander(rng, n, 30))
    buzz = np.tanh(4 * sine(f) + 2 * sine(2.01 * f)) + 0.1 * noise(rng, n)
    return placed(band(buzz, 400, 5000, 1) * swell(n, (0, 0), (0.03, 1), (0.5, 0.9), (seconds, 0)))


def drum_roll(rng: Generator, strength: float = 0.7) -> Take:
    """Return 2.4 s of snare roll, louder and louder, ending in a hit with a cymbal; that hit is the onset."""
    seconds = 2.4
    out = np.zeros(count(seconds + 2.6))
    at, hand = 0.0, 0
    while at < seconds - 0.06:
        x = at / seconds
        level = (0.16 + 0.7 * x**1.6) * rng.uniform(0.88, 1.08) * (1.0 if hand % 2 else 0.93)
        lay(out, music.snare(rng, 0.35 + 0.4 * x), count(at + abs(rng.normal(0, 0.0015))), level)
        at += 1 / rng.uniform(25, 28)
        hand += 1
    final = count(seconds)
    lay(out, music.snare(rng, 1.0), final, 1.6)
    lay(out, music.kick(rng, strength), final, 1.0)
    lay(out, music.cymbal(rng, 2.0, strength), final, 0.35 + 0.3 * strength)
    return take(in_room(rng, out, 0.8, -12), final)


def rimshot(rng: Generator, strength: float = 0.7) -> Take:
    """Return 'ba-dum tss': two drums and a cymbal; the onset is the first."""
    parts = [
        (0.0, music.tom(rng, 190, strength, 0.3)),
        (0.17, music.tom(rng, 120, strength, 0.35)),
        (0.52, music.kick(rng, strength) * 0.8),
        (0.52, music.cymbal(rng, 1.4, strength) * 0.8),
    ]
    return placed(in_room(rng, music.chord(parts, 2.0), 0.5, -14))


def crash(rng: Generator, strength: float = 0.7) -> Take:
    """Return a cymbal crash."""
    return placed(in_room(rng, music.cymbal(rng, 2.6, strength), 0.6, -16))


def taiko(rng: Generator, strength: float = 0.7) -> Take:
    """Return one blow on a large drum."""
    out = music.tom(rng, rng.uniform(58, 72), strength, 1.3)
    lay(out, thud(rng, strength, 70, 0.25), 0, 0.7)
    return placed(in_room(rng, out, 1.4, -9, 3000))


def fanfare(rng: Generator, strength: float = 0.7) -> Take:
    """Return a short fanfare: three quick notes and a held chord."""
    root = int(rng.integers(57, 61))
    parts: list[tuple[float, Signal]] = []
    for k, at in enumerate((0.0, 0.13, 0.26)):
        parts += [
            (at, music.brass(rng, music.note_hz(root + step), 0.12, strength))
            for step in ((0, 4, 7), (0, 4, 7), (0, 5, 9))[k]
        ]
    parts += [(0.42, music.brass(rng, music.note_hz(root + step), 1.3, strength)) for step in (0, 4, 7, 12)]
    return placed(in_room(rng, music.chord(parts, 1.9), 1.2, -10))


def success(rng: Generator, strength: float = 0.7) -> Take:
    """Return a bright rising arpeggio: won, correct, unlocked."""
    root = int(rng.integers(70, 75))
    parts = [(0.085 * k, music.glocken(music.note_hz(root + step), 1.2)) for k, step in enumerate((0, 4, 7, 12))]
    return placed(in_room(rng, music.chord(parts, 1.7), 0.7, -14))


def failure(rng: Generator, strength: float = 0.7) -> Take:
    """Return four sinking muted notes, the last one wavering."""
    parts = []
    for k, step in enumerate((0, -1, -2, -3)):
        seconds = 0.28 if k < 3 else 1.1
        tone = music.brass(rng, music.note_hz(58 + step), seconds, 0.35)
        if k == 3:
            tone = tone * (0.75 + 0.25 * np.sin(2 * np.pi * 5.5 * times(len(tone))))
        parts.append((0.32 * k, lowpass(tone, 1800, 1)))
    return placed(in_room(rng, music.chord(parts, 2.2), 0.6, -12))


def stinger(rng: Generator, strength: float = 0.7) -> Take:
    """Return a dramatic sting: low brass and strings on a minor chord, drum under it."""
    root = int(rng.integers(38, 42))
    parts: list[tuple[float, Signal]] = [(0.0, music.tom(rng, 62, strength, 1.2))]
    parts += [(0.0, 0.5 * music.brass(rng, music.note_hz(root + step), 1.5, strength)) for step in (0, 12, 15, 19, 24)]
    strings = music.saws(rng, np.full(count(1.5), music.note_hz(root + 27)), 5, 0.006)
    parts.append((0.0, 0.5 * strings * swell(count(1.5), (0, 0), (0.02, 1), (0.4, 0.5), (1.5, 0))))
    return placed(in_room(rng, music.chord(parts, 1.7), 1.6, -8))


def notification(rng: Generator, strength: float = 0.7) -> Take:
    """Return a friendly two-note signal."""
    root = float(rng.integers(78, 84))
    step = float(rng.choice((4.0, 5.0, 7.0)))
    parts = [
        (0.0, music.mallet(rng, music.note_hz(root), 0.5, strength)),
        (0.11, music.mallet(rng, music.note_hz(root + step), 0.8, strength)),
    ]
    return placed(in_room(rng, music.chord(parts, 1.0), 0.4, -18))


def error(rng: Generator, strength: float = 0.7) -> Take:
    """Return a wrong-answer buzzer."""
    n = count(0.55)
    f = np.full(n, rng.uniform(135, 165))
    buzz = np.tanh(3 * (sine(f) + sine(f * 1.06)))
    return placed(lowpass(fade(buzz, 0.005, 0.03), 2500 + 2500 * strength))


def beep(rng: Generator, strength: float = 0.7) -> Take:
    """Return a plain electronic beep, as of a timer or a scanner."""
    n = count(0.14)
    f = np.full(n, float(rng.choice((1000, 1500, 2000, 2093))))
    return placed(fade(sine(f) + 0.2 * sine(3 * f) * strength, 0.002, 0.006))


def click(rng: Generator, strength: float = 0.7) -> Take:
    """Return a tiny interface click."""
    n = count(0.04)
    f = rng.uniform(1600, 3200)
    tone = ring(n, np.array((f, 2.3 * f)), np.array((0.015, 0.008)), np.array((1.0, 0.6)))
    return placed(peak(tone) + 0.4 * noise(rng, n) * decay(n, 0.004 + 0.003 * strength))


def countdown(rng: Generator, strength: float = 0.7) -> Take:
    """Return one tick of a countdown: a wood block with a low pulse."""
    out = music.mallet(rng, 1250, 0.12, strength)
    out = np.pad(out, (0, count(0.2)))
    lay(out, thud(rng, strength, 80, 0.18), 0, 0.5)
    return placed(in_room(rng, out, 0.6, -14))


def ringtone(rng: Generator, strength: float = 0.7) -> Take:
    """Return a mobile's ringtone: a marimba figure."""
    steps = (0, 7, 12, 7, 4, 7, 12, 16)
    root = float(rng.integers(70, 76))
    parts = [(0.13 * k, music.mallet(rng, music.note_hz(root + s), 0.4, strength)) for k, s in enumerate(steps)]
    return placed(in_room(rng, music.chord(parts, 1.7), 0.3, -20))


def sparkle(rng: Generator, strength: float = 0.7) -> Take:
    """Return a magic shimmer: small bells running up, some strewn after them."""
    parts = []
    for k in range(int(12 + 10 * strength)):
        pitch = music.note_hz(84 + (0, 2, 4, 7, 9)[k % 5] + 12 * (k // 5) * 0.6)
        parts.append((0.045 * k + rng.uniform(0, 0.02), music.glocken(min(pitch, 7000), 1.0) * rng.uniform(0.3, 1.0)))
    left = music.chord(parts[::2], 2.2)
    right = music.chord(parts[1::2], 2.2)
    return placed(in_room(rng, np.stack((left + 0.4 * right, right + 0.4 * left)), 1.4, -8))


def boing(rng: Generator, strength: float = 0.7) -> Take:
    """Return a cartoon spring."""
    n = count(0.9)
    t = times(n)
    f = 180 * (1 + 0.5 * np.exp(-t / 0.25) * np.sin(2 * np.pi * (9 + 8 * t) * t)) * (1 + 0.6 * t)
    return placed((sine(f) + 0.5 * sine(2.7 * f) * strength + 0.25 * sine(5.3 * f)) * decay(n, 1.1))


def pop(rng: Generator, strength: float = 0.7) -> Take:
    """Return a pop: a cork, a bubble, a lip."""
    n = count(0.09)
    f = swell(n, (0, 380), (0.05, 900 + 500 * strength), (0.09, 1500)) * rng.uniform(0.85, 1.15)
    return placed(sine(f) * np.hanning(n) ** 0.5 * decay(n, 0.12))


def slide_up(rng: Generator, strength: float = 0.7) -> Take:
    """Return a slide whistle going up."""
    n = count(0.7)
    f = 500 * 4.0 ** (times(n) / 0.7) * (1 + 0.01 * sine(np.full(n, 6.0)))
    tone = sine(f) + 0.1 * sine(3 * f) + 0.05 * strength * noise(rng, n)
    return placed(tone * swell(n, (0, 0), (0.04, 1), (0.6, 0.9), (0.7, 0)))


def record_scratch(rng: Generator, strength: float = 0.7) -> Take:
    """Return a record stopped by hand: the music dragged back and forth under the needle."""
    n = count(0.55)
    speed = swell(n, (0, 1), (0.08, 6), (0.18, 0.1), (0.26, -5), (0.4, 0.2), (0.55, 0))
    place = np.cumsum(speed) / RATE
    source = (
        np.sin(2 * np.pi * 320 * place) + 0.6 * np.sin(2 * np.pi * 960 * place) + 0.4 * np.sin(2 * np.pi * 2400 * place)
    )
    grit = band(noise(rng, n), 900, 7000, 1) * np.abs(speed) / 6
    return placed((source + 0.8 * grit) * np.minimum(1, np.abs(speed)))


def shaker(rng: Generator, strength: float = 0.7) -> Take:
    """Return one shake of a shaker, or dice in a cup."""
    n = count(0.22)
    grains = (
        band(noise(rng, n), 3000, 11000, 1)
        * swell(n, (0, 0.05), (0.06, 1), (0.22, 0))
        * np.exp(wander(rng, n, 150, 0.6))
    )
    return placed(pan(grains, rng.uniform(-0.3, 0.3)))
