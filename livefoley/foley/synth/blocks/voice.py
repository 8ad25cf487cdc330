"""Voices by source and filter: glottal pulses and breath through a vocal tract that moves from sound to sound.

What is said is written as phones (vowels with their formants, stops, hisses, nasals: after Peterson & Barney 1952 and
Klatt 1980) and rendered in frames of 5 ms, each with its own formants. No words come of it: syllables fall by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy
from numpy.random import Generator
from numpy.typing import NDArray

from livefoley.foley.synth.blocks.toolbox import RATE, Signal, wander

VOICE_RATE = 24_000
"""Voices are built at 24 kHz, which halves their cost; what hisses above 12 kHz is lost in any room."""
HOP = 120
_WINDOW, _FFT = 2 * HOP, 512
_UPPER_HZ = (3500.0, 4500.0, 5600.0, 6700.0)
_WIDTHS_HZ = (70.0, 90.0, 130.0, 220.0, 300.0, 400.0, 500.0)


@dataclass(frozen=True, slots=True)
class Person:
    """Whose voice: its pitch at rest, how much shorter than a man's the tract is, how fast and how lively they talk.

    ``pressed`` from 0 (soft, breathy) to 1 (shouting): how much of the glottal pulse's highs there are.
    """

    pitch_hz: float
    tract: float
    pace: float = 1.0
    lively: float = 1.0
    pressed: float = 0.5


@dataclass(frozen=True, slots=True)
class Phone:
    """One speech sound: the formants it goes to, and how much voice, breath and hiss (between ``hiss_hz``) it has."""

    seconds: float
    formants_hz: tuple[float, float, float]
    voice: float = 0.0
    breath: float = 0.0
    hiss: float = 0.0
    hiss_hz: tuple[float, float] = (3000.0, 8000.0)
    stress: float = 0.0


VOWELS = {
    "i": (280.0, 2250.0, 2950.0),
    "ih": (400.0, 1990.0, 2550.0),
    "e": (530.0, 1840.0, 2480.0),
    "ae": (660.0, 1720.0, 2410.0),
    "a": (730.0, 1090.0, 2440.0),
    "o": (570.0, 840.0, 2410.0),
    "u": (310.0, 870.0, 2240.0),
    "uh": (640.0, 1190.0, 2390.0),
    "er": (490.0, 1350.0, 1690.0),
    "schwa": (500.0, 1480.0, 2500.0),
}
_VOWEL_NAMES = tuple(VOWELS)
_PLACES = ((200.0, 900.0, 2200.0), (220.0, 1750.0, 2650.0), (220.0, 2000.0, 2400.0))  # lips, teeth, palate
_BURSTS_HZ = ((400.0, 2500.0), (3000.0, 8000.0), (1400.0, 3600.0))
_HISSES_HZ = ((4800.0, 10500.0), (2300.0, 6500.0), (1500.0, 9500.0))  # s, sh, f


def person(rng: Generator, pressed: float = 0.5) -> Person:
    """Return somebody: a man, a woman, seldom a child."""
    kind = rng.choice(3, p=(0.47, 0.45, 0.08))
    pitch, spread, tract = ((115, 18, 1.0), (200, 24, 1.16), (275, 30, 1.3))[int(kind)]
    return Person(
        float(rng.normal(pitch, spread)),
        float(tract * rng.normal(1.0, 0.03)),
        float(rng.uniform(0.85, 1.2)),
        float(rng.uniform(0.7, 1.4)),
        float(np.clip(pressed + rng.normal(0, 0.12), 0.05, 1.0)),
    )


# ---- what is said ----


def _onset(rng: Generator) -> list[Phone]:
    """Return a consonant that begins a syllable."""
    kind = rng.choice(6, p=(0.33, 0.22, 0.15, 0.14, 0.06, 0.10))
    place = int(rng.integers(3))
    at = _PLACES[place]
    if kind == 0:
        burst = Phone(0.012, at, 0.0, 0.2, 0.9, _BURSTS_HZ[place])
        if rng.random() < 0.5:
            return [Phone(rng.uniform(0.04, 0.07), at), burst, Phone(rng.uniform(0.02, 0.05), at, 0.1, 0.6)]
        return [Phone(rng.uniform(0.04, 0.06), at, 0.12), burst]
    if kind == 1:
        voiced = 0.35 if rng.random() < 0.25 else 0.0
        sharp = (0.9, 0.9, 0.25)[place]
        return [Phone(rng.uniform(0.07, 0.13), _PLACES[1], voiced, 0.1, sharp, _HISSES_HZ[place])]
    if kind == 2:
        return [Phone(rng.uniform(0.05, 0.08), (260.0, at[1] * 0.8, 2300.0), 0.35)]
    if kind == 3:
        glides = ((360.0, 1250.0, 2600.0), (330.0, 1150.0, 1600.0), (300.0, 700.0, 2200.0), (280.0, 2200.0, 3000.0))
        return [Phone(rng.uniform(0.05, 0.08), glides[int(rng.integers(4))], 0.55)]
    if kind == 4:
        return [Phone(rng.uniform(0.04, 0.07), VOWELS["schwa"], 0.05, 0.8)]
    return []


def _syllable(rng: Generator, stress: float) -> list[Phone]:
    name = _VOWEL_NAMES[int(rng.integers(len(VOWELS)))] if stress > 0.3 or rng.random() < 0.4 else "schwa"
    length = (0.055 + 0.075 * stress) * rng.uniform(0.8, 1.35)
    phones = [*_onset(rng), Phone(length, VOWELS[name], 0.65 + 0.35 * stress, 0.08, stress=stress)]
    if stress > 0.5 and rng.random() < 0.3:  # a diphthong
        phones.append(Phone(0.06, VOWELS[("i", "u", "ih")[int(rng.integers(3))]], 0.6, 0.05, stress=stress * 0.6))
    if rng.random() < 0.35:
        closing = _onset(rng)
        phones += [replace(phone, seconds=phone.seconds * 0.8, hiss=phone.hiss * 0.8) for phone in closing]
    return phones


def _phrase(rng: Generator) -> list[Phone]:
    """Return 3 to 12 syllables, every second or third of them stressed."""
    phones: list[Phone] = []
    rest = int(rng.integers(0, 3))
    for _ in range(int(rng.integers(3, 13))):
        stress = rng.uniform(0.6, 1.0) if rest == 0 else rng.uniform(0.0, 0.35)
        phones += _syllable(rng, float(stress))
        rest = int(rng.integers(1, 3)) if rest == 0 else rest - 1
    return phones


# ---- how it sounds ----


@dataclass(frozen=True, slots=True)
class Score:
    """An utterance in frames of 5 ms: pitch (Hz), loudness of voice, breath and hiss, formants and hiss bands (Hz)."""

    pitch_hz: Signal
    voice: Signal
    breath: Signal
    hiss: Signal
    formants_hz: Signal
    hiss_hz: Signal

    @staticmethod
    def of(phones: Sequence[Phone], pitch_hz: Signal | float, pace: float = 1.0) -> Score:
        """Return the frames of phones one after another; ``pitch_hz`` one for all, or one a frame."""
        lengths = np.array([max(1, round(phone.seconds / pace * VOICE_RATE / HOP)) for phone in phones])

        def held(values: Sequence[float] | Sequence[tuple[float, ...]]) -> Signal:
            return np.repeat(np.asarray(values, dtype=float), lengths, axis=0)

        frames = int(lengths.sum())
        pitch = np.full(frames, pitch_hz) if isinstance(pitch_hz, float) else np.resize(pitch_hz, frames)
        return Score(
            pitch,
            _smooth(held([p.voice for p in phones]), 5),
            _smooth(held([p.breath for p in phones]), 5),
            _smooth(held([p.hiss for p in phones]), 3),
            _smooth(held([p.formants_hz for p in phones]), 9),
            held([p.hiss_hz for p in phones]),
        )


def _smooth(track: Signal, frames: int) -> Signal:
    window = np.hanning(frames + 2)[1:-1]
    return np.asarray(scipy.ndimage.convolve1d(track, window / window.sum(), axis=0, mode="nearest"))


def stresses(phones: Sequence[Phone], pace: float) -> Signal:
    """Return the stress of each frame, smoothed to what pitch can follow."""
    lengths = [max(1, round(phone.seconds / pace * VOICE_RATE / HOP)) for phone in phones]
    return _smooth(np.repeat([phone.stress for phone in phones], lengths), 25)


def voiced(rng: Generator, score: Score, who: Person) -> Signal:
    """Return an utterance at 24 kHz."""
    frames = len(score.pitch_hz)
    n = frames * HOP
    flow = _pulses(rng, np.interp(np.arange(n), np.arange(frames) * HOP, score.pitch_hz), who.pressed)
    air = rng.standard_normal(n)
    tract = _tract(score.formants_hz * who.tract, who.pressed)
    mouth = _through(flow, score.voice, tract) + 0.1 * _through(air, score.breath, tract)
    if score.hiss.max() > 0.01:
        mouth += 0.22 * _through(rng.standard_normal(n), score.hiss, _hiss(score.hiss_hz))
    return mouth


def _pulses(rng: Generator, pitch_hz: Signal, pressed: float) -> Signal:
    """Return the derivative of glottal flow (KLGLOTT88: a t^2 - b t^3 while open), soft voices without its highs."""
    drift = np.exp(wander(rng, len(pitch_hz), 40.0, 0.012))
    cycles = np.cumsum(pitch_hz * drift) / VOICE_RATE
    phase = cycles % 1.0
    opening = 0.7 - 0.25 * pressed
    x = phase / opening
    flow = np.where(x < 1, 2 * x - 3 * x * x, 0.0)
    flow *= np.exp(0.06 * rng.standard_normal(int(cycles[-1]) + 2))[cycles.astype(int)]  # no two pulses are alike
    dull = np.exp(-2 * np.pi * (900 + 5000 * pressed) / VOICE_RATE)
    flow = scipy.signal.lfilter([1 - dull], [1, -dull], flow)
    return np.asarray(flow + 0.02 * (1.2 - pressed) * rng.standard_normal(len(flow)) * (x < 1))


def _tract(formants_hz: Signal, pressed: float) -> NDArray[np.complex64]:
    """Return the gain of every frame at every frequency: seven resonances in a row."""
    z = np.exp(-2j * np.pi * np.arange(_FFT // 2 + 1) / _FFT).astype(np.complex64)
    upper = np.tile(_UPPER_HZ, (len(formants_hz), 1)) * (formants_hz[:, 2:] / 2500.0) ** 0.3
    gain = np.ones((len(formants_hz), len(z)), np.complex64)
    for centres, width in zip(np.concatenate((formants_hz, upper), axis=1).T, _WIDTHS_HZ, strict=True):
        radius = np.exp(-np.pi * width * (1.3 - 0.3 * pressed) / VOICE_RATE)
        b = (2 * radius * np.cos(2 * np.pi * np.minimum(centres, 11000.0) / VOICE_RATE)).astype(np.float32)[:, None]
        c = np.float32(-radius * radius)
        gain *= (1 - b - c) / (1 - b * z - c * z * z)
    return gain


def _hiss(between_hz: Signal) -> NDArray[np.complex64]:
    frequencies = np.arange(_FFT // 2 + 1) * (VOICE_RATE / _FFT)
    low, high = between_hz[:, :1], between_hz[:, 1:]
    gain = 1 / (1 + (low / (frequencies + 1)) ** 6) / (1 + (frequencies / high) ** 6)
    return gain.astype(np.complex64)


def _through(source: Signal, level: Signal, gain: NDArray[np.complex64]) -> Signal:
    """Return ``source`` through a filter that changes from frame to frame, by overlapping frames."""
    frames = len(level)
    padded = np.pad(source * np.interp(np.arange(len(source)), np.arange(frames) * HOP, level), (0, _WINDOW))
    cut = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP][:frames]
    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    spectra = scipy.fft.rfft((cut * window).astype(np.float32), _FFT, axis=1) * gain
    pieces = scipy.fft.irfft(spectra, _FFT, axis=1)
    pieces[:, -_WINDOW // 4 :] *= np.linspace(1, 0, _WINDOW // 4, dtype=np.float32)
    rows = -(-_FFT // HOP)
    pieces = np.pad(pieces, ((0, 0), (0, rows * HOP - _FFT))).reshape(frames, rows, HOP)
    out = np.zeros((frames + rows, HOP))
    for row in range(rows):
        out[row : row + frames] += pieces[:, row]
    return out.reshape(-1)[: frames * HOP]


# ---- people ----


def talk(rng: Generator, seconds: float, who: Person, pauses: float = 1.0) -> Signal:
    """Return somebody talking, at 24 kHz: phrases that fall in pitch, with ``pauses`` times the usual breaks."""
    n = round(seconds * VOICE_RATE)
    out = np.zeros(n)
    at = -int(rng.uniform(0, 1.2) * VOICE_RATE)
    while at < n:
        spoken = _utterance(rng, who)
        start, skip = max(0, at), max(0, -at)
        part = spoken[skip : skip + n - start]
        out[start : start + len(part)] += part
        at += len(spoken) + int((0.1 + pauses * rng.exponential(0.45)) * VOICE_RATE)
    return out


def _utterance(rng: Generator, who: Person) -> Signal:
    phones = _phrase(rng)
    accent = stresses(phones, who.pace)
    x = np.arange(len(accent)) / len(accent)
    rising = rng.random() < 0.2
    tune = 0.12 - 0.28 * x + (0.5 * np.maximum(0, x - 0.8) / 0.2 if rising else 0) + 0.45 * (accent - 0.3)
    pitch = who.pitch_hz * np.exp(who.lively * tune + rng.normal(0, 0.06)) * (1 + 0.25 * max(0.0, who.pressed - 0.5))
    spoken = voiced(rng, Score.of(phones, np.asarray(pitch), who.pace), who)
    return spoken * rng.lognormal(0, 0.2)


CRIES: tuple[tuple[str, ...], ...] = (
    ("i", "ae", "a"),  # yeah
    ("u", "u", "u"),  # woo
    ("u", "o", "a"),  # whoa
    ("e", "e", "ih"),  # hey
    ("a", "a", "a"),
    ("o", "o", "u"),
)


def cry(rng: Generator, seconds: float, who: Person, vowels: tuple[str, ...], height: float = 2.0) -> Signal:
    """Return a cry at 24 kHz, up to ``height`` times as high as the voice at rest: up it leaps, and sinks."""
    shares = zip((0.2, 0.5, 0.3), vowels, strict=True)
    held = [Phone(seconds * share, VOWELS[name], 1.0, 0.15) for share, name in shares]
    loud = replace(who, pressed=min(1.0, who.pressed + 0.4))
    frames = sum(max(1, round(phone.seconds * VOICE_RATE / HOP)) for phone in held)
    x = np.arange(frames) / frames
    knots = np.array([rng.uniform(0.55, 0.8), 1.0, rng.uniform(0.75, 1.05), rng.uniform(0.4, 0.75)])
    at = np.array([0.0, rng.uniform(0.1, 0.35), rng.uniform(0.45, 0.75), 1.0])
    shake = np.interp(x, np.linspace(0, 1, max(4, int(seconds * 14))), rng.normal(0, 0.03, max(4, int(seconds * 14))))
    top = who.pitch_hz * height * np.interp(x, at, knots) * np.exp(shake)
    hoarse = np.exp(rng.normal(0, 0.15, frames))  # each 5 ms otherwise: a voice at its limit
    score = Score.of(held, top * np.exp(rng.normal(0, 0.02, frames)))
    level = np.minimum(1, x / 0.06) * np.minimum(1, (1 - x) / 0.3) * hoarse
    opened = replace(
        score,
        formants_hz=score.formants_hz * (1.25, 1.0, 1.0),  # who shouts opens the mouth
        voice=score.voice * level,
        breath=score.breath * level,
    )
    sound = voiced(rng, opened, loud)
    return np.asarray(np.tanh(2.0 * sound / (np.abs(sound).max() + 1e-9)))


def laugh(rng: Generator, who: Person, syllables: int = 0) -> Signal:
    """Return a laugh at 24 kHz: 'ha's at about 5 a second, breath before voice, falling in pitch and strength."""
    count = syllables or int(rng.integers(4, 11))
    vowel = VOWELS[("a", "uh", "ae", "e", "schwa")[int(rng.integers(5))]]
    length = rng.uniform(0.16, 0.22)
    phones: list[Phone] = []
    for k in range(count):
        level = (1 - 0.55 * k / count) * rng.uniform(0.8, 1.1)
        open_s = length * rng.uniform(0.45, 0.6)
        phones.append(Phone(length - open_s, vowel, 0.0, 0.1 * level, 0.03, (1500.0, 6000.0)))
        phones.append(Phone(open_s, vowel, level, 0.05 * level, stress=level))
    phones.append(Phone(0.25, vowel, 0.0, 0.2, 0.04, (1500.0, 6000.0)))
    each = stresses(phones, 1.0)
    x = np.arange(len(each)) / len(each)
    pitch = who.pitch_hz * rng.uniform(1.8, 2.8) * np.exp(0.5 * (each - 0.5) - 0.8 * x + rng.normal(0, 0.05))
    return voiced(rng, Score.of(phones, np.asarray(pitch)), replace(who, pressed=min(1.0, who.pressed + 0.15)))


def breath_in(rng: Generator, seconds: float, who: Person) -> Signal:
    """Return somebody drawing breath at 24 kHz, sharply."""
    phones = [Phone(seconds, VOWELS["schwa"], 0.0, 1.0, 0.25, (1200.0, 7000.0))]
    score = Score.of(phones, who.pitch_hz)
    shape = np.sin(np.pi * np.linspace(0, 1, len(score.pitch_hz)) ** 0.7) ** 0.8
    return voiced(rng, replace(score, breath=score.breath * shape, hiss=score.hiss * shape), who)


def varied(voice: Signal, ratio: float) -> Signal:
    """Return a voice played ``ratio`` times as fast: to those far off, another one's."""
    return np.asarray(np.interp(np.arange(0, len(voice) - 1, ratio), np.arange(len(voice)), voice))


def raised(voice: Signal) -> Signal:
    """Return voices of 24 kHz (``[..., n]``) at 48 kHz."""
    return np.asarray(scipy.signal.resample_poly(voice, RATE // VOICE_RATE, 1, axis=-1))
