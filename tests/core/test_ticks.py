"""Ticks: conversions are exact where they can be, and counters that wrap are followed."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.ticks import MILLISECONDS, SAMPLES, Unwrapper, ms_from_ticks, ticks_from_stamp


@given(st.integers(-(2**40), 2**40))
def test_milliseconds_survive_the_way_to_ticks_and_back(ms: int) -> None:
    assert ms_from_ticks(ticks_from_stamp(ms, MILLISECONDS)) == ms


@given(st.integers(-(2**40), 2**40))
def test_a_90_khz_stamp_is_at_most_half_a_tick_off(stamp: int) -> None:
    tick = ticks_from_stamp(stamp, Fraction(1, 90_000))
    assert abs(Fraction(tick, 48_000) - Fraction(stamp, 90_000)) <= Fraction(1, 96_000)


@given(st.integers(-(2**50), 2**50))
def test_samples_are_ticks(sample: int) -> None:
    assert ticks_from_stamp(sample, SAMPLES) == sample


@given(
    st.sampled_from([24, 32, 33]),
    st.integers(0, 2**33 - 1),
    st.lists(st.integers(-(2**20), 2**22), max_size=200),
)
def test_a_wrapped_counter_is_followed_forwards_and_back(bits: int, start: int, steps: list[int]) -> None:
    span = 1 << bits
    unwrapper = Unwrapper(bits)
    true = start % span
    assert unwrapper.unwrap(true) == true
    for step in steps:
        true += step
        assert unwrapper.unwrap(true % span) == true
