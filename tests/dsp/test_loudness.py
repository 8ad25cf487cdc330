"""Loudness as the standard and the compliance tests of EBU Tech 3341 want it."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.core.cues import Stereo
from livefoley.dsp.levels import SILENCE_DB
from livefoley.dsp.loudness import integrated_lufs, loudest_lufs, momentary_lufs
from tests.dsp.chunks import noise, sine


def tone(*parts: tuple[float, float]) -> Stereo:
    """Return a tone of 1 kHz in parts of (dBFS, seconds)."""
    amplitude = np.concatenate([np.full(round(s * 48_000), 10 ** (db / 20)) for db, s in parts])
    return (sine(1000.0, len(amplitude), 1.0) * amplitude).astype(np.float32)


def test_loudness_is_that_of_the_standard() -> None:
    samples = sine(997.0, 5 * 48_000, 0.1)  # BS.1770: 0 dBFS at 997 Hz on one channel reads -3.01 LUFS
    assert integrated_lufs(samples) == pytest.approx(-20.0, abs=0.05)
    assert momentary_lufs(samples)[5:] == pytest.approx(-20.0, abs=0.05)
    assert integrated_lufs(samples[:1]) == pytest.approx(-23.01, abs=0.05)


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [  # EBU Tech 3341 (2023), table 1, cases 1 to 5
        ([(-23, 20)], -23.0),
        ([(-33, 20)], -33.0),
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
    ],
)
def test_it_passes_the_compliance_tests_of_the_ebu(parts: list[tuple[float, float]], wanted: float) -> None:
    assert integrated_lufs(tone(*parts)) == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize("n", [2000, 9600, 19_199, 19_200, 30_000])
def test_short_sounds_have_a_loudness_over_their_own_length(n: int) -> None:
    assert integrated_lufs(sine(997.0, n, 0.1)) == pytest.approx(-20.0, abs=0.3)


def test_a_short_sound_is_as_loud_for_a_moment_as_a_meter_shows() -> None:
    assert loudest_lufs(sine(997.0, 9600, 0.1)) == pytest.approx(-23.0, abs=0.1)  # half of the 400 ms
    assert loudest_lufs(np.pad(noise(19_200), ((0, 0), (4800, 48_000)))) == pytest.approx(
        loudest_lufs(noise(19_200)), abs=0.01
    )


@pytest.mark.parametrize("n", [0, 100, 48_000])
def test_silence_and_nothing_at_all_have_the_level_of_silence(n: int) -> None:
    silence = np.zeros((2, n), np.float32)
    assert integrated_lufs(silence) == loudest_lufs(silence) == SILENCE_DB
