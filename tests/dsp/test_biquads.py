"""Filters by spectra, against SciPy's recursion."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from livefoley.dsp.biquads import fast_length, filtered, highpass, highs
from livefoley.dsp.loudness import K_WEIGHTING

LENGTHS = pytest.mark.parametrize("n", [1, 100, 24_000, 130_000, 300_000])


def noise(n: int) -> np.ndarray:
    return np.random.default_rng(n).normal(0, 0.2, (2, n)).astype(np.float32)


@LENGTHS
def test_the_loudness_weighting_is_that_of_the_recursive_filters(n: int) -> None:
    wanted = signal.sosfilt(np.array(K_WEIGHTING), noise(n).astype(np.float64), axis=1)
    assert filtered(noise(n), *K_WEIGHTING) == pytest.approx(wanted, abs=1e-10)


@LENGTHS
@pytest.mark.parametrize("hz", [25.0, 400.0])
def test_a_high_pass_is_that_of_butterworth(n: int, hz: float) -> None:
    sos = signal.butter(2, hz, "high", fs=48_000, output="sos")
    wanted = signal.sosfilt(sos, noise(n).astype(np.float64), axis=1)
    assert filtered(noise(n), highpass(hz)) == pytest.approx(wanted, abs=1e-10)


@pytest.mark.parametrize("gain", [0.25, 1.0, 3.0])
def test_a_shelf_changes_the_highs_and_leaves_the_lows(gain: float) -> None:
    frequencies = np.fft.rfftfreq(48_000, 1 / 48_000)
    impulse = np.zeros((1, 48_000), np.float32)
    impulse[0, 0] = 1.0
    response = np.abs(np.fft.rfft(filtered(impulse, highs(2500.0, gain))[0]))
    assert response[frequencies < 50] == pytest.approx(1.0, rel=0.01)
    assert response[frequencies > 23_000] == pytest.approx(gain, rel=0.01)
    assert response[2500] == pytest.approx(np.sqrt((1 + gain**2) / 2), rel=0.01)


def test_nothing_comes_of_nothing() -> None:
    assert filtered(np.zeros((2, 0), np.float32), highpass(25.0)).shape == (2, 0)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 48_000, 98_304, 98_305, 131_072])
def test_a_fast_length_is_enough_and_not_much_more(n: int) -> None:
    found = fast_length(n)
    assert n <= found < max(2, 4 * n / 3 + 1)
    while found % 2 == 0:
        found //= 2
    assert found in (1, 3)
