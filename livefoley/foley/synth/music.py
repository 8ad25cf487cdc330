"""Instruments for accents: bells, drums, brass, horns, mallets, strings of saws."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from livefoley.foley.synth.blocks.modal import BAR, BELL, MEMBRANE, PLATE, Body, ring
from livefoley.foley.synth.blocks.toolbox import (
    RATE,
    Signal,
    band,
    count,
    decay,
    fade,
    highpass,
    lay,
    lowpass,
    noise,
    octave_curve,
    peak,
    shaped,
    swell,
    times,
    unit,
    wander,
)


def note_hz(midi: float) -> float:
    """Return the frequency of a MIDI note number."""
    return float(440.0 * 2 ** ((midi - 69) / 12))


def saws(rng: Generator, frequency: Signal, voices: int, detune: float) -> Signal:
    """Return detuned sawtooth voices that follow ``frequency``, softened above 6 kHz."""
    out = np.zeros(len(frequency))
    for spread in np.linspace(-detune, detune, voices):
        out += 2 * (np.cumsum(frequency * (1 + spread)) / RATE + rng.random()) % 2.0 - 1
    return unit(lowpass(out - out.mean(), 6000, 1))


def bell(rng: Generator, hz: float, t60_s: float, strength: float = 0.7, ratios: tuple[float, ...] = BELL) -> Signal:
    """Return a bell: partials in pairs a hair apart, so that they beat."""
    partials = np.array(ratios) * hz
    spread = 1 + 0.0006 * rng.standard_normal(len(partials))
    both = np.concatenate((partials, partials * spread * 1.0008))
    t60s = t60_s * (both / both[0]) ** -0.55
    loud = (np.array(ratios) / ratios[0]) ** (-0.6 + 0.5 * strength) * rng.uniform(0.6, 1.0, len(ratios))
    n = count(min(5.0, t60_s))
    return fade(peak(ring(n, both, t60s, np.concatenate((loud, loud * 0.8)))), 0.0006, 0.05)


def mallet(rng: Generator, hz: float, t60_s: float = 0.5, strength: float = 0.7) -> Signal:
    """Return a bar tuned like a marimba's (fourth and tenth partial) struck by a mallet."""
    n = count(t60_s * 1.1)
    partials = np.array((1.0, 3.98, 9.9)) * hz
    out = ring(n, partials, t60_s * np.array((1, 0.35, 0.15)), np.array((1, 0.25 * strength, 0.12 * strength)))
    tick = band(noise(rng, n), 1500, 7000, 1) * decay(n, 0.012)
    return fade(peak(out), 0.001, 0.01) + 0.05 * strength * tick


def glocken(hz: float, t60_s: float = 1.6) -> Signal:
    """Return a glockenspiel's bar."""
    n = count(t60_s)
    f = np.array(BAR[:3]) * hz
    return fade(peak(ring(n, f, t60_s * np.array((1, 0.3, 0.1)), np.array((1, 0.3, 0.12)))), 0.0005, 0.05)


def brass(rng: Generator, hz: float, seconds: float, strength: float = 0.7) -> Signal:
    """Return a brass note: brightness follows loudness, the pitch scoops in, vibrato sets in late."""
    n = count(seconds)
    t = times(n)
    level = swell(n, (0, 0), (0.045, 1), (0.2, 0.85), (max(0.25, seconds - 0.08), 0.8), (seconds, 0))
    pitch = hz * (1 - 0.03 * np.exp(-t / 0.02)) * (1 + 0.004 * np.sin(2 * np.pi * 5.3 * t) * np.minimum(1, t / 0.5))
    phase = np.cumsum(pitch) / RATE
    out = np.zeros(n)
    for k in range(1, 22):
        if k * hz < 16000:
            out += np.sin(2 * np.pi * k * phase) * np.exp(-k / (1.5 + 7 * strength * level)) * level
    return out + 0.01 * highpass(noise(rng, n), 1000) * level


def snare(rng: Generator, strength: float = 0.7) -> Signal:
    """Return a snare stroke: two membrane modes and the wires."""
    n = count(0.28)
    head = ring(n, np.array((185.0, 330.0)), np.array((0.14, 0.09)), np.array((1.0, 0.6)))
    wires = shaped(rng, n, octave_curve(-60, -50, -24, -10, -9, -12, -9, -7, -7, -14)) * decay(
        n, 0.16 + 0.08 * strength
    )
    return peak(head) * 0.6 * strength + wires * (0.25 + 0.35 * strength)


def kick(rng: Generator, strength: float = 0.7) -> Signal:
    """Return a bass drum stroke."""
    n = count(0.4)
    f = 50 + 130 * np.exp(-times(n) / 0.018)
    return np.sin(2 * np.pi * np.cumsum(f) / RATE) * decay(n, 0.35) + 0.15 * strength * band(
        noise(rng, n), 1500, 6000, 1
    ) * decay(n, 0.02)


def tom(rng: Generator, hz: float, strength: float = 0.7, t60_s: float = 0.7) -> Signal:
    """Return a drum with a ringing head (tom, taiko, timpani by pitch and length)."""
    n = count(t60_s * 1.1)
    f = np.array(MEMBRANE[:6]) * hz
    out = ring(n, f, t60_s * (f / hz) ** -1.1, (f / hz) ** (-1.2 + 0.6 * strength))
    stick = band(noise(rng, n), 300, 4000, 1) * decay(n, 0.03)
    return fade(peak(out), 0.0008, 0.02) + 0.15 * strength * stick


def cymbal(rng: Generator, t60_s: float = 2.5, strength: float = 0.7) -> Signal:
    """Return a crash: hundreds of modes are as good as noise, each band with its own decay, highs building up late."""
    n = count(min(4.0, t60_s * 1.1))
    out = np.zeros(n)
    for low, high, fall, level in (
        (300, 900, 0.9, 0.3),
        (900, 2800, 1.0, 0.5),
        (2800, 7000, 1.0, 0.9),
        (7000, 17000, 0.7, 0.9),
    ):
        rise = 1 - np.exp(-times(n) / (0.002 + 0.012 * (low > 2000)))
        out += level * unit(band(noise(rng, n), low, high, 1)) * decay(n, t60_s * fall) * rise
    f = rng.uniform(400, 6000, 40)
    return out * (0.6 + 0.4 * strength) + 0.25 * peak(
        ring(n, f, t60_s * rng.uniform(0.3, 1, 40), rng.uniform(0.2, 1, 40))
    )


def reed(rng: Generator, hz: float, seconds: float) -> Signal:
    """Return an air horn's diaphragm: a buzzing pulse wave through a horn, pitch sagging as it starts and ends."""
    n = count(seconds)
    pitch = hz * swell(n, (0, 0.86), (0.05, 1), (seconds - 0.12, 1), (seconds, 0.93)) * (1 + 0.002 * wander(rng, n, 20))
    phase = np.cumsum(pitch) / RATE % 1
    wave = np.tanh(6 * (np.sin(2 * np.pi * phase) + 0.35)) + 0.4 * np.sin(4 * np.pi * phase)
    return band(wave + 0.08 * noise(rng, n), 250, 6500, 1) * swell(
        n, (0, 0), (0.03, 1), (seconds - 0.07, 1), (seconds, 0)
    )


def chord(parts: list[tuple[float, Signal]], seconds: float) -> Signal:
    """Return sounds laid one over another, each at its time."""
    out = np.zeros(count(seconds))
    for at, sound in parts:
        lay(out, sound, count(at))
    return out


GONG = Body(PLATE, (130, 210), 2.6, 0.15, 0.6, -16, (300, 4000), 0.08, -0.35)
