"""A tone stands in a picture where it belongs, as loud as it is, for as long as it lasts."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.dsp.spectrogram import HIGH_HZ, LOW_HZ, as_grey, spectrogram_db
from tests.dsp.chunks import sine

ROWS, COLUMNS = 200, 300


def row_of(hertz: float) -> float:
    return (ROWS - 1) * float(np.log(HIGH_HZ / hertz) / np.log(HIGH_HZ / LOW_HZ))


@pytest.mark.parametrize("hertz", [100.0, 200.0, 1000.0, 3000.0, 8000.0, 15_000.0])
def test_a_tone_is_a_line_at_its_frequency_with_its_level(hertz: float) -> None:
    levels = spectrogram_db(sine(hertz, 96_000, 0.1)[0], ROWS, COLUMNS)
    assert levels.shape == (ROWS, COLUMNS)
    middle = levels[:, COLUMNS // 2]
    assert int(middle.argmax()) == pytest.approx(row_of(hertz), abs=2 if hertz > 150 else 4)  # bins lie 23 Hz apart
    assert float(middle.max()) == pytest.approx(-23.0, abs=1.6)  # -20 dBFS peak, RMS 3 dB lower, between two bins less


@pytest.mark.parametrize("seconds", [1, 60])
def test_what_sounds_in_the_second_half_stands_there(seconds: int) -> None:
    n = seconds * 48_000
    tone = sine(1000.0, n, 0.5)[0]
    tone[: n // 2] = 0
    row = spectrogram_db(tone, ROWS, COLUMNS)[round(row_of(1000.0))]
    assert row[: COLUMNS // 2 - 10].max() < -100
    assert row[COLUMNS // 2 + 10 :].min() > -30


@pytest.mark.parametrize("n", [0, 1, 2047, 2048, 3000])
def test_the_shortest_sound_has_a_picture_of_the_same_size(n: int) -> None:
    assert spectrogram_db(np.zeros(n, np.float32), ROWS, COLUMNS).shape == (ROWS, COLUMNS)


def test_levels_become_brightness_between_floor_and_ceiling() -> None:
    levels = np.array([[-200.0, -100.0, -60.0, -20.0, 0.0]], np.float32)
    assert as_grey(levels, -100.0, -20.0).tolist() == [[0, 0, 127, 255, 255]]
