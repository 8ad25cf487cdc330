"""People sound like people: spectra as of recordings of crowds, syllables, hisses, single claps, laughs that repeat."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from livefoley.foley.bank.catalogue import OneShot, Texture
from livefoley.foley.rendered import generator
from livefoley.foley.synth import crowd
from livefoley.foley.synth.blocks.toolbox import RATE, Signal, equalise, octave_curve, wide
from livefoley.foley.synth.blocks.voice import VOICE_RATE, Person, laugh, talk

MAN = Person(pitch_hz=115.0, tract=1.0)


def power_between(sound: Signal, low_hz: float, high_hz: float) -> float:
    """Return the share of the power that lies between two frequencies."""
    power = np.abs(np.fft.rfft(sound, axis=-1)) ** 2
    frequencies = np.fft.rfftfreq(sound.shape[-1], 1 / RATE)
    inside = (frequencies >= low_hz) & (frequencies < high_hz)
    return float(power[..., inside].sum() / power.sum())


def centroid_hz(sound: Signal) -> float:
    power = (np.abs(np.fft.rfft(sound, axis=-1)) ** 2).reshape(-1, sound.shape[-1] // 2 + 1).sum(axis=0)
    return float((power * np.fft.rfftfreq(sound.shape[-1], 1 / RATE)).sum() / power.sum())


@pytest.mark.parametrize(
    ("texture", "lowest_hz", "highest_hz"),
    [
        (crowd.murmur, 500, 1300),
        (crowd.chatter, 500, 1300),
        (crowd.roar, 800, 1800),
        (crowd.applause_texture, 1400, 3200),
    ],
)
def test_many_people_lie_where_recordings_of_them_do(texture: Texture, lowest_hz: float, highest_hz: float) -> None:
    """Recordings of bars and squares have their centroid at 760 to 810 Hz, of applause at 1650 to 2250."""
    for seed in range(2):
        sound = texture(generator(seed, "people"), 4.0, 0.7)
        assert lowest_hz < centroid_hz(sound) < highest_hz
        assert power_between(sound, 700, 24000) > 0.25
        assert power_between(sound, 8000, 12000) > 3e-4  # no wall at 8 kHz


def test_who_talks_makes_syllables_and_hisses() -> None:
    """Speech changes most in loudness about 2 to 8 times a second (Houtgast & Steeneken 1985)."""
    voice = talk(generator("talk"), 12.0, MAN, pauses=0.2)
    envelope = np.sqrt(np.convolve(voice**2, np.ones(240) / 240, "same"))[::240]
    spectrum = np.abs(np.fft.rfft(envelope - envelope.mean())) ** 2
    rates = np.fft.rfftfreq(len(envelope), 240 / VOICE_RATE)
    assert spectrum[(rates > 2) & (rates < 9)].sum() > 0.4 * spectrum[(rates > 0.5) & (rates < 40)].sum()
    high = signal.sosfilt(signal.butter(4, 4500, "high", fs=VOICE_RATE, output="sos"), voice)
    low = signal.sosfilt(signal.butter(4, 1500, "low", fs=VOICE_RATE, output="sos"), voice)
    frames = [np.sqrt(np.mean(x[: len(x) // 480 * 480].reshape(-1, 480) ** 2, axis=1)) for x in (high, low)]
    hissed = frames[0] > 2 * frames[1]
    assert 0.03 < np.mean(hissed[frames[0] + frames[1] > 1e-3 * frames[1].max()]) < 0.5


def test_a_voice_has_the_pitch_of_its_person() -> None:
    for pitch in (110.0, 210.0):
        voice = talk(generator("pitch"), 6.0, Person(pitch, 1.0), pauses=0.1)
        low = signal.sosfilt(signal.butter(2, 900, "low", fs=VOICE_RATE, output="sos"), voice)
        alike = signal.correlate(low, low, "full", "fft")[len(low) - 1 :]
        lags = np.arange(VOICE_RATE // 400, VOICE_RATE // 70)
        found = VOICE_RATE / lags[np.argmax(alike[lags])]
        assert 0.7 * pitch < found < 1.45 * pitch


def test_a_laugh_repeats_about_five_times_a_second() -> None:
    for seed in range(3):
        one = laugh(generator(seed), MAN, syllables=8)
        envelope = np.sqrt(np.convolve(one**2, np.ones(720) / 720, "same"))[::240]
        peaks, _ = signal.find_peaks(envelope, height=0.15 * envelope.max(), distance=8)
        assert 6 <= len(peaks) <= 11
        assert 0.14 < np.median(np.diff(peaks)) * 240 / VOICE_RATE < 0.25


def test_few_hands_are_heard_as_single_claps() -> None:
    """A clap rises in a millisecond or two: of few people the loudest stand out, of many they run together."""
    few, many = (crowd.applause_texture(generator("hands"), 3.0, strength) for strength in (0.2, 1.0))
    crest = [float(np.abs(sound).max() / np.sqrt(np.mean(sound**2))) for sound in (few, many)]
    assert crest[0] > 1.3 * crest[1]


def test_bands_are_moved_to_where_they_are_wanted() -> None:
    wanted = octave_curve(-30, -24, -18, -12, -6, 0, -6, -12, -18, -24)
    flat = wide(generator("flat"), RATE * 4, octave_curve(*[0.0] * 10), 0.7)
    moved = equalise(flat, wanted)
    octaves = [(f * 2**-0.5, f * 2**0.5) for f in (125, 500, 1000, 4000)]
    levels = [10 * np.log10(power_between(moved, *edges)) for edges in octaves]
    assert np.allclose(np.diff(levels), [12, 6, -12], atol=2.0)


@pytest.mark.parametrize("make", [crowd.laughter, crowd.gasp, crowd.cheer, crowd.applause])
def test_two_takes_of_people_are_two_takes(make: OneShot) -> None:
    one, other = (make(generator(seed), 0.7).samples[0] for seed in (1, 2))
    n = min(len(one), len(other))
    assert abs(np.corrcoef(one[:n], other[:n])[0, 1]) < 0.2
