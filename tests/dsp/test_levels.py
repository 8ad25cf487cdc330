"""Decibels, pan and peaks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.dsp import levels
from tests.dsp.chunks import measured_peak_db, sine


@given(st.floats(-100, 40))
def test_decibels_there_and_back(db: float) -> None:
    assert levels.db_from_linear(levels.linear_from_db(db)) == pytest.approx(db, abs=1e-9)


@given(st.floats(-1, 1))
def test_pan_keeps_the_power(pan: float) -> None:
    left, right = levels.pan_gains(pan)
    assert left**2 + right**2 == pytest.approx(2.0)
    assert (left >= right) == (pan <= 0) or left == pytest.approx(right)


def test_pan_at_the_centre_is_unity_and_at_the_side_silent_on_the_other() -> None:
    assert levels.pan_gains(0.0) == (1.0, 1.0)
    assert levels.pan_gains(-1.0)[1] == pytest.approx(0.0, abs=1e-9)
    assert levels.pan_gains(1.0)[0] == pytest.approx(0.0, abs=1e-9)


def test_silence_and_nothing_at_all_have_the_level_of_silence() -> None:
    for samples in (np.zeros((2, 48_000), np.float32), np.zeros((2, 100), np.float32), np.zeros((2, 0), np.float32)):
        assert levels.peak(samples) == 0.0
        assert levels.true_peak_db(samples) == levels.SILENCE_DB


def test_the_peak_is_the_highest_sample_of_either_sign() -> None:
    assert levels.peak(np.array([[0.1, -0.7], [0.3, 0.2]], np.float32)) == pytest.approx(0.7)


def test_a_peak_between_the_samples_is_found() -> None:
    samples = sine(12_000.0, 4800, 0.5, phase=np.pi / 4) * np.hanning(4800).astype(np.float32)
    assert levels.db_from_linear(levels.peak(samples)) == pytest.approx(-9.03, abs=0.01)
    assert levels.true_peak_db(samples) == pytest.approx(-6.02, abs=0.02)


@pytest.mark.parametrize("frequency_hz", [100.0, 997.0, 7000.0, 15_000.0, 19_000.0])
def test_the_true_peak_agrees_with_a_finer_measurement(frequency_hz: float) -> None:
    samples = sine(frequency_hz, 9600, 0.7, 0.3) * np.hanning(9600).astype(np.float32)
    assert levels.true_peak_db(samples) == pytest.approx(measured_peak_db(samples, 32), abs=0.1)


def test_what_is_not_a_number_becomes_silence() -> None:
    samples = np.array([[1.0, np.nan], [np.inf, -0.5]], np.float32)
    assert levels.finite(samples).tolist() == [[1.0, 0.0], [0.0, -0.5]]
