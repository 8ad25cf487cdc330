"""The resampler that follows a drifting clock."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.dsp.resample import DELAY, MAX_DEVIATION, DriftResampler
from tests.dsp.chunks import BLOCK_SIZES, fed, noise, sine

ONE = 1 << 32


def resampler(ratio: float) -> DriftResampler:
    """Return one that has the ratio from its first sample on."""
    made = DriftResampler()
    made.set_ratio(ratio)
    made.reset()
    return made


def resampled(made: DriftResampler, samples: np.ndarray, sizes: tuple[int, ...] = (1024,)) -> np.ndarray:
    return np.concatenate((fed(made.feed, samples, sizes), made.flush()), axis=1)


@settings(deadline=None, max_examples=30)
@given(BLOCK_SIZES)
def test_at_the_ratio_one_samples_pass_bit_for_bit(sizes: list[int]) -> None:
    samples = noise(3000)
    assert np.array_equal(resampled(DriftResampler(), samples, tuple(sizes)), samples)


@pytest.mark.parametrize("ratio", [0.998, 0.9995, 1.0002, 1.002])
@pytest.mark.parametrize("frequency_hz", [1000.0, 3000.0, 6000.0, 10_000.0])
def test_a_sine_keeps_a_signal_to_noise_ratio_of_80_decibels(frequency_hz: float, ratio: float) -> None:
    n = 48_000
    out = resampled(resampler(ratio), sine(frequency_hz, n))[0]
    places = np.arange(out.size) * (round(ratio * ONE) / ONE)
    expected = np.sin(2 * np.pi * frequency_hz * places / 48_000)
    error = (out - expected)[100:-100]
    assert 10 * np.log10(np.mean(expected**2) / np.mean(error**2)) >= 80.0


@settings(deadline=None, max_examples=40)
@given(BLOCK_SIZES, st.floats(1 - MAX_DEVIATION, 1 + MAX_DEVIATION), st.floats(0.999, 1.001))
def test_chunked_equals_whole_also_while_the_ratio_moves(sizes: list[int], first: float, second: float) -> None:
    samples, whole, chunked = noise(5000), resampler(first), resampler(first)
    for made in (whole, chunked):
        made.set_ratio(second)
    out = resampled(chunked, samples, tuple(sizes))
    assert np.allclose(out, resampled(whole, samples, (5000,)), atol=1e-5)


def test_a_change_of_the_ratio_is_not_heard() -> None:
    made, tone = DriftResampler(), sine(1000.0, 96_000)
    head = made.feed(tone[:, :48_000])
    made.set_ratio(1.001)
    out = np.concatenate((head, made.feed(tone[:, 48_000:])), axis=1)[0]
    assert np.abs(np.diff(out, 3)).max() < 1.02 * np.abs(np.diff(tone[0], 3)).max()


@settings(deadline=None, max_examples=30)
@given(BLOCK_SIZES, st.floats(0.998, 1.002))
def test_pending_foretells_where_the_next_sample_comes_to_lie(sizes: list[int], ratio: float) -> None:
    made, fed_samples, made_samples = resampler(ratio), 0, 0
    for size in sizes:
        made_samples += made.feed(noise(size)).shape[1]
        fed_samples += size
        assert made_samples + made.pending == pytest.approx(fed_samples / ratio, abs=1e-3)


def test_a_ratio_out_of_bounds_is_clipped_and_silence_stays_silent() -> None:
    made = resampler(2.0)
    assert made.ratio == pytest.approx(1 + MAX_DEVIATION)
    assert not resampled(made, np.zeros((2, 5000), np.float32)).any()


def test_less_than_the_delay_is_kept_until_the_flush() -> None:
    made = DriftResampler()
    assert made.feed(noise(DELAY)).shape[1] == 0
    assert made.flush().shape[1] == DELAY
