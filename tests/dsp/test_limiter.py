"""The limiter: nothing above the ceiling, nothing below it touched, the same in any blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.core.cues import Stereo
from livefoley.dsp.limiter import LOOKAHEAD, Limiter
from tests.dsp.chunks import BLOCK_SIZES, fed, measured_peak_db, noise, sine

CEILING_DBTP = -1.0
TOLERANCE_DB = 0.1


def limited(samples: Stereo, sizes: tuple[int, ...] = (1024,), ceiling_dbtp: float = CEILING_DBTP) -> Stereo:
    limiter = Limiter(ceiling_dbtp)
    out = fed(limiter.feed, samples, sizes)
    return np.concatenate((out, limiter.flush()), axis=1)


def clicks(n: int, level: float) -> Stereo:
    return (np.random.default_rng(2).random((2, n)) > 0.999).astype(np.float32) * np.float32(level)


HOSTILE = {
    "square wave": np.sign(sine(99.0, 24_000)),
    "square wave far above full scale": 4.0 * np.sign(sine(3001.0, 24_000)),
    "sine at a quarter of the rate, between the samples": sine(12_000.0, 24_000, phase=np.pi / 4),
    "bass": sine(50.0, 24_000, 2.0),
    "tone at 17 kHz": sine(17_000.0, 24_000, 1.5),
    "clicks": clicks(24_000, 5.0),
    "noise": noise(24_000),
    "random signs": np.sign(noise(24_000)),
    "one channel only": noise(24_000, 2.0) * np.array([[1.0], [0.0]], np.float32),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_true_peak_comes_out_above_the_ceiling(name: str) -> None:
    samples = np.asarray(HOSTILE[name], np.float32)
    assert measured_peak_db(samples) > CEILING_DBTP
    assert measured_peak_db(limited(samples)) <= CEILING_DBTP + TOLERANCE_DB


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.floats(20, 18_000), st.floats(0.05, 4.0), st.integers(1, 3000)), min_size=1, max_size=8),
    BLOCK_SIZES,
)
def test_any_run_of_tones_stays_below_the_ceiling(tones: list[tuple[float, float, int]], sizes: list[int]) -> None:
    samples = np.concatenate([sine(f, n, level) for f, level, n in tones], axis=1)
    out = limited(samples, tuple(sizes))
    assert out.shape == samples.shape
    assert measured_peak_db(out) <= CEILING_DBTP + TOLERANCE_DB


def test_what_never_exceeds_the_ceiling_comes_out_bit_for_bit() -> None:
    loud_but_legal = sine(997.0, 20_000, 0.88)
    assert np.array_equal(limited(loud_but_legal), loud_but_legal)


def test_the_gain_is_the_same_on_both_channels_and_comes_back_to_exactly_one() -> None:
    samples = noise(96_000, 0.05)
    samples[0, 5000:5100] += 3.0
    out = limited(samples)
    gain = out / samples
    assert np.allclose(gain[0], gain[1], rtol=1e-4)
    assert gain[0, 5050] < 0.35
    assert np.array_equal(out[:, :4800], samples[:, :4800])
    assert np.array_equal(out[:, -24_000:], samples[:, -24_000:])


def test_the_gain_moves_smoothly() -> None:
    samples = np.full((2, 20_000), 0.1, np.float32)
    samples[:, 9000] = 4.0
    gain = np.delete(limited(samples)[0] / samples[0], 9000)
    assert np.abs(np.diff(gain)).max() < 0.02


def test_a_bass_tone_is_turned_down_and_not_distorted() -> None:
    out = limited(sine(50.0, 96_000, 2.0))[0, 48_000:]
    spectrum = np.abs(np.fft.rfft(out))
    assert 20 * np.log10(np.delete(spectrum, 50).max() / spectrum[50]) < -60


def test_the_output_runs_behind_by_exactly_the_lookahead() -> None:
    limiter = Limiter()
    assert limiter.feed(noise(LOOKAHEAD)).shape == (2, 0)
    assert limiter.feed(noise(77)).shape == (2, 77)
    assert limiter.flush().shape == (2, LOOKAHEAD)


@settings(deadline=None, max_examples=50)
@given(BLOCK_SIZES, st.sampled_from([0.05, 0.5, 2.0]))
def test_chunked_equals_whole(sizes: list[int], level: float) -> None:
    samples = noise(6000, level)
    assert np.allclose(limited(samples, tuple(sizes)), limited(samples, (6000,)), atol=1e-6)


def test_the_ceiling_may_be_lowered_on_the_way() -> None:
    limiter, samples = Limiter(-1.0), noise(48_000)
    head = limiter.feed(samples[:, :24_000])
    limiter.ceiling_dbtp = -6.0
    tail = np.concatenate((limiter.feed(samples[:, 24_000:]), limiter.flush()), axis=1)
    assert measured_peak_db(head) > -6.0
    assert measured_peak_db(tail[:, LOOKAHEAD + 100 :]) <= -6.0 + TOLERANCE_DB
