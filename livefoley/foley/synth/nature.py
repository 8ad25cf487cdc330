"""Animals: song birds, gulls, crickets, cicadas, frogs, an owl."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth.blocks.modal import placed
from livefoley.foley.synth.blocks.reverb import in_room
from livefoley.foley.synth.blocks.toolbox import (
    RATE,
    Signal,
    Take,
    band,
    coloured,
    count,
    highpass,
    lay,
    lowpass,
    noise,
    octave_curve,
    pan,
    sine,
    swell,
    times,
    unit,
    wander,
    wide,
)

CRICKETS = octave_curve(-30, -26, -24, -24, -24, -23, -22, -1, -24, -32)
CICADAS = octave_curve(-50, -46, -46, -45, -44, -42, -20, -4, -4, -20)


def _note(rng: Generator, seconds: float, start: float, middle: float, end: float, shiver: float = 0.0) -> Signal:
    """Return one whistled note through three frequencies, its second harmonic faint as in real syrinxes."""
    n = count(seconds)
    f = swell(n, (0, start), (seconds * rng.uniform(0.35, 0.65), middle), (seconds, end))
    if shiver:
        f = f * (1 + shiver * np.sin(2 * np.pi * rng.uniform(25, 60) * times(n)))
    level = np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 0.6 * (1 + 0.15 * wander(rng, n, 60))
    return (sine(f) + 0.06 * sine(2 * f)) * level


def _whistled(rng: Generator) -> list[tuple[float, Signal]]:
    """Return a fluting phrase (blackbird-like): slow pure notes, 1.6 to 3.2 kHz."""
    at, notes = 0.0, []
    for _ in range(int(rng.integers(3, 7))):
        length = rng.uniform(0.10, 0.28)
        a, b, c = rng.uniform(1600, 3200) * np.array([1, rng.uniform(0.8, 1.25), rng.uniform(0.85, 1.15)])
        notes.append((at, _note(rng, length, a, b, c, rng.choice((0.0, 0.0, 0.03)))))
        at += length + rng.uniform(0.02, 0.10)
    return notes


def _trilled(rng: Generator) -> list[tuple[float, Signal]]:
    """Return a trill (wren- or finch-like): one figure repeated 10 to 20 times a second, sinking."""
    top, every = rng.uniform(3800, 6200), rng.uniform(0.05, 0.11)
    k = int(rng.integers(8, 18))
    return [
        (i * every, _note(rng, every * 0.8, f * 1.12, f * 0.85, f * 0.8))
        for i, f in enumerate(np.linspace(top, top * 0.85, k))
    ]


def _chirped(rng: Generator) -> list[tuple[float, Signal]]:
    """Return chirps (sparrow-like): short hooks up and down, irregular."""
    f, at, notes = rng.uniform(3200, 5000), 0.0, []
    for _ in range(int(rng.integers(2, 7))):
        notes.append((at, _note(rng, rng.uniform(0.05, 0.12), f * 0.85, f * rng.uniform(1.1, 1.3), f * 0.75, 0.02)))
        at += rng.uniform(0.14, 0.34)
    return notes


def _doubled(rng: Generator) -> list[tuple[float, Signal]]:
    """Return a see-saw call (great-tit-like): two notes alternating."""
    f, every = rng.uniform(3400, 4600), rng.uniform(0.20, 0.28)
    pitches = (f, f * rng.uniform(0.72, 0.82))
    return [
        (i * every / 2, _note(rng, every * 0.42, p, p * 1.02, p))
        for i in range(2 * int(rng.integers(3, 6)))
        for p in (pitches[i % 2],)
    ]


def bird_phrase(rng: Generator, strength: float = 0.7) -> Take:
    """Return one bird's phrase among trees."""
    kinds = (_whistled, _trilled, _chirped, _doubled)
    notes = kinds[int(rng.integers(len(kinds)))](rng)
    n = count(notes[-1][0] + 0.4)
    out = np.zeros(n)
    for at, note in notes:
        lay(out, note, count(at), rng.uniform(0.6, 1.0))
    return placed(in_room(rng, out, 0.8, -20 + 8 * (1 - strength), 5000))


def birds(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a wood in the morning: phrases from all sides, each singer keeping to its tune, over quiet air."""
    n = count(seconds)
    out = np.zeros((2, n))
    for _ in range(int(2 + 5 * strength)):
        song = bird_phrase(rng, rng.uniform(0.3, 1.0)).samples.mean(axis=0).astype(np.float64)
        side, loud = rng.uniform(-0.95, 0.95), rng.uniform(0.15, 1.0)
        at = count(rng.uniform(0, 3)) - count(1.5)
        while at < n:
            lay(out, pan(song, side)[:, max(0, -at) :], max(0, at), loud * rng.uniform(0.7, 1))
            at += len(song) + count(rng.uniform(0.8, 3.5))
    air = wide(rng, n, octave_curve(-16, -12, -12, -13, -14, -15, -17, -17, -20, -28), 0.8)
    return unit(out) + 0.3 * air


def crickets(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a summer night: each cricket rubs 3 or 4 pulses near 4.5 kHz to a chirp, 2 to 3 chirps a second."""
    n = count(seconds)
    out = np.zeros((2, n))
    for _ in range(int(5 + 9 * strength)):
        out += _cricket(rng, n)
    bed = wide(rng, n, octave_curve(-12, -12, -14, -18, -20, -22, -26, -30, -32, -38), 0.8)
    return coloured(unit(out) + 0.05 * unit(out) ** 2 + 0.25 * bed, CRICKETS, 8)


def _cricket(rng: Generator, n: int) -> Signal:
    pulse_s, pulses, every = rng.uniform(0.012, 0.018), int(rng.integers(3, 5)), rng.uniform(0.32, 0.55)
    m = count(pulse_s)
    f = rng.uniform(4100, 5000) * np.linspace(1.02, 0.99, m)
    pulse = sine(f) * np.hanning(m)
    chirp = np.zeros(count(pulse_s * 1.55 * pulses + 0.01))
    for i in range(pulses):
        lay(chirp, pulse, count(i * pulse_s * 1.5), 0.6 + 0.4 * i / pulses)
    voice = np.zeros(n)
    at = count(rng.uniform(0, every))
    while at < n:
        if rng.random() > 0.06:
            lay(voice, chirp, at)
        at += count(every * rng.normal(1, 0.03))
    return pan(voice * rng.uniform(0.1, 1.0) ** 1.5, rng.uniform(-0.95, 0.95))


def cicadas(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return cicadas: hard buzzing at 4 to 9 kHz that swells and sinks over seconds."""
    n = count(seconds)
    out = np.zeros((2, n))
    for _ in range(int(3 + 5 * strength)):
        centre = rng.uniform(4200, 7500)
        buzz = band(noise(rng, n), centre * 0.93, centre * 1.07, 2)
        teeth = 0.35 + 0.65 * np.maximum(
            0, np.sin(2 * np.pi * np.cumsum(rng.uniform(90, 170) + wander(rng, n, 2, 4)) / RATE)
        )
        out += pan(unit(buzz) * teeth * np.exp(wander(rng, n, 0.6, 0.4)), rng.uniform(-0.9, 0.9))
    return coloured(out, CICADAS, 12)


def gull(rng: Generator, strength: float = 0.7) -> Take:
    """Return a gull: nasal 'kyow's rich in harmonics, rising to 1.4 kHz and falling, sometimes laughing on."""
    calls = int(rng.integers(1, 6))
    n = count(0.5 * calls + 0.6)
    out = np.zeros(n)
    at = 0.0
    for i in range(calls):
        m = count(rng.uniform(0.28, 0.5) * (1 if calls < 3 else 0.65))
        top = rng.uniform(1250, 1700)
        f = swell(m, (0, top * 0.62), (m / RATE * 0.3, top), (m / RATE, top * 0.7)) * (1 + 0.01 * wander(rng, m, 40))
        reed = np.asarray(
            sum(a * sine(k * f) for k, a in ((1, 0.8), (2, 1.0), (3, 0.7), (4, 0.5), (5, 0.35), (6, 0.2)))
        )
        reed = reed + 0.2 * band(noise(rng, m), 1500, 5000, 1)
        lay(out, reed * np.hanning(m) ** 0.5, count(at), 1 - 0.08 * i)
        at += m / RATE + rng.uniform(0.03, 0.12)
    return placed(in_room(rng, out, 0.9, -14 - 4 * strength, 5000))


def frog(rng: Generator, strength: float = 0.7) -> Take:
    """Return a frog's 'ribbit': two trains of pulses, the second higher, ringing in throat and sac (1 to 4 kHz)."""
    out = np.zeros(count(0.75))
    f = rng.uniform(950, 1400)
    m = count(0.015)
    shape = np.asarray(sum(a * np.sin(2 * np.pi * f * k * times(m)) for k, a in ((1.0, 0.8), (2.1, 1.0), (3.2, 0.5))))
    shape *= np.exp(-times(m) / 0.0025)
    for at, length, lift in ((0.0, 0.16, 1.0), (0.22, 0.26, 1.35)):
        n = count(length)
        rate = lift * rng.uniform(70, 110) * (1 + 0.3 * np.arange(n) / n)
        pulses = np.diff(np.floor(np.cumsum(rate) / RATE), prepend=0.0)
        lay(out, np.convolve(pulses, shape)[:n] * np.hanning(n) ** 0.5, count(at), 0.6 + 0.4 * (lift > 1))
    return placed(in_room(rng, highpass(out, 500), 0.4, -16 + 4 * (1 - strength)))


def owl(rng: Generator, strength: float = 0.7) -> Take:
    """Return an owl far off: 'hoo', a pause, 'hu-huhuhooo'."""
    n = count(3.4)
    out = np.zeros(n)
    base = rng.uniform(360, 440)
    for at, length, level in ((0.0, 0.5, 0.8), (1.3, 0.14, 0.5), (1.55, 0.12, 0.4), (1.75, 1.1, 1.0)):
        m = count(length)
        f = (
            base
            * swell(m, (0, 0.94), (length * 0.3, 1.02), (length, 0.95))
            * (1 + 0.008 * np.sin(2 * np.pi * 9 * times(m)))
        )
        hoo = sine(f) + 0.12 * sine(2 * f) + 0.08 * lowpass(noise(rng, m), 900)
        lay(out, hoo * np.hanning(m) ** 0.5, count(at), level)
    return placed(in_room(rng, out, 1.6, -10 - 2 * strength, 2500))
