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
)
from livefoley.foley.synth.blocks.voice import CRIES, breath_in, cry, laugh, person, raised, talk, varied

BABBLE = octave_curve(-40, -30, -14, -6, 0, -2, -6, -11, -18, -30)
APPLAUSE = octave_curve(-60, -54, -40, -26, -12, -2, 0, -6, -15, -26)
ROAR = octave_curve(-44, -36, -22, -10, -2, 0, -3, -9, -18, -30)


def _far(rng: Generator, sound: Signal, distance: float) -> Signal:
    """Return a mono sound from ``distance`` 0 (beside one) to 1 (across the room): duller, quieter, somewhere."""
    dull = lowpass(sound, 11000 * (1 - distance) + 1600 * distance, 1) if distance > 0.15 else sound
    return pan(dull * (1.1 - 0.95 * distance), rng.uniform(-0.9, 0.9))


def talkers(rng: Generator, seconds: float, near: int, far: int) -> tuple[Signal, Signal]:
    """Return people who talk at once, ``[2, n]`` each: those near, whom one can tell apart, and the ``far`` ones.

    The far are the same few again, at other times and pitches: whom nobody can tell apart need not be others.
    """
    n = count(seconds)
    voices = [raised(talk(rng, seconds, person(rng), 1.2))[:n] for _ in range(near)]
    level = float(np.mean([np.std(voice) for voice in voices]))
    close, distant = np.zeros((2, n)), np.zeros((2, n))
    for voice in voices:
        close += _far(rng, voice * (level / (np.std(voice) + 0.2 * level)), rng.uniform(0.0, 0.7))
    for _ in range(far):
        base = voices[int(rng.integers(near))]
        other = varied(np.roll(base, int(rng.integers(n))), rng.choice((-1, 1)) * rng.uniform(0.03, 0.22) + 1)
        distant += pan(np.resize(other, n), rng.uniform(-0.95, 0.95))
    return close, distant


def babble(rng: Generator, seconds: float, near: int, far: int, t60_s: float, closeness: float = 0.5) -> Signal:
    """Return a room full of people talking: ``near`` voices over ``far`` ones, in a room of ``t60_s``."""
    n = count(seconds)
    close, distant = talkers(rng, seconds, near, far)
    room = in_room(rng, lowpass(distant, 3800, 1), t60_s, 4, 4500)[:, :n]
    mix = closeness * unit(in_room(rng, close, t60_s, -5, 6000)[:, :n]) + unit(room)
    return equalise(mix, BABBLE, 5)


def murmur(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return many people talking at once, hardly any of them understood, in a live room."""
    return babble(rng, seconds, int(6 + 5 * strength), 24, 0.8, 0.8)


def chatter(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a cafe's guests: a few tables near, the rest a hum behind them, in a small room."""
    return babble(rng, seconds, int(5 + 3 * strength), 12, 0.5, 1.2)


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
    for each in range(people):
        every = RATE / rng.uniform(3.0, 5.5)
        beats = int(n / every) + 1
        at = rng.uniform(-every, 0) + np.cumsum(every * rng.normal(1, 0.06, beats).clip(0.6, 1.6))
        at = at[(at > 0) & (at < n)].astype(np.int64)
        starts.append(at)
        who.append(np.full(len(at), each * 3) + rng.integers(0, 3, len(at)))
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


def cries(rng: Generator, seconds: float, people: int, height: float = 2.4) -> Signal:
    """Return ``people`` who shout for joy, each when it takes them: ``[2, n]``, dry."""
    n = count(seconds)
    out = np.zeros((2, n))
    shouts = []
    for _ in range(14):
        vowels = CRIES[int(rng.integers(len(CRIES)))]
        one = cry(rng, rng.uniform(0.8, 2.2), person(rng, 0.8), vowels, height * rng.uniform(0.75, 1.2))
        shouts.append(unit(raised(one)))
    for k in range(people):
        one = shouts[k % len(shouts)]
        if k >= len(shouts):
            one = varied(one, rng.uniform(0.8, 1.25))
        at = int(rng.uniform(-0.5 * len(one), 0.98 * n))
        lay(out, _far(rng, one[max(0, -at) :], rng.uniform(0.1, 0.8)), max(0, at))
    return out


def roar(rng: Generator, seconds: float, strength: float = 0.7) -> Signal:
    """Return a stadium: cries out of all its stands, one over the other, and hands that clap here and there."""
    n = count(seconds)
    dry = unit(cries(rng, seconds, int(seconds * (3 + 4 * strength))))
    hands = unit(applause_texture(rng, seconds, 0.4))
    mix = unit(in_room(rng, dry, 1.3, -3, 4500)[:, :n]) + 0.1 * hands
    return equalise(mix, ROAR, 6)


def cheer(rng: Generator, strength: float = 0.7) -> Take:
    """Return a crowd breaking into cheers and applause, 4.5 s; its onset is where it is full."""
    seconds = 4.5
    n = count(seconds)
    dry = unit(cries(rng, seconds, int(30 + 50 * strength)))
    voices = unit(in_room(rng, dry, 0.9, -4, 5000)[:, :n])
    hands = unit(applause_texture(rng, seconds, strength))
    mix = voices + 0.2 * hands + 0.08 * _whistles(rng, n)
    mix = mix * swell(n, (0, 0.05), (0.4, 1), (2.2, 0.9), (seconds, 0))
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
    """Return a crowd drawing breath: many short inward hisses, voiced 'oh's after them."""
    n = count(1.5)
    out = np.zeros((2, n))
    for k in range(int(14 + 14 * strength)):
        breath = raised(breath_in(rng, rng.uniform(0.18, 0.35), person(rng)))
        lay(out, _far(rng, unit(breath), rng.uniform(0.1, 0.8)), 0 if k == 0 else count(rng.gamma(2, 0.03)), 0.35)
    for _ in range(int(10 + 10 * strength)):
        vowels = (("o", "o", "u"), ("a", "uh", "schwa"))[int(rng.integers(2))]
        oh = raised(cry(rng, rng.uniform(0.35, 0.8), person(rng, 0.4), vowels, 1.5))
        lay(out, _far(rng, unit(oh), rng.uniform(0.1, 0.9)), count(0.18 + rng.gamma(2, 0.05)), strength)
    return placed(in_room(rng, fade(out, 0.005, 0.2), 0.8, -8))


def laughter(rng: Generator, strength: float = 0.7) -> Take:
    """Return an audience laughing, about 4 s."""
    seconds = 4.0
    n = count(seconds)
    out = np.zeros((2, n))
    for k in range(int(5 + 8 * strength)):
        one = raised(laugh(rng, person(rng, 0.5)))
        lay(out, _far(rng, unit(one), rng.uniform(0.0, 0.9) if k else 0.0), count(rng.gamma(1.8, 0.4)) if k else 0)
    shape = swell(n, (0, 0.7), (0.5, 1), (2.2, 0.7), (seconds, 0))
    return placed(in_room(rng, out * shape, 0.8, -8, 5000))


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
