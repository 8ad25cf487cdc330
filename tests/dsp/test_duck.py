"""Ducking under speech."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.core.events import Speech
from livefoley.core.ticks import ticks_from_s
from livefoley.dsp.duck import ATTACK, HOLD, RELEASE, Ducker
from tests.dsp.chunks import BLOCK_SIZES, spans

DOWN = 10 ** (-8 / 20)


def curve(ducker: Ducker, start: int, n: int) -> np.ndarray:
    return np.broadcast_to(np.asarray(ducker.gain(start, n)), n)


def ducked(*events: Speech, n: int = 192_000) -> np.ndarray:
    ducker = Ducker(8.0)
    for event in events:
        ducker.feed(event)
    return curve(ducker, 0, n)


def test_foley_is_down_when_the_speech_starts_and_back_after_it() -> None:
    gain = ducked(Speech(48_000, True), Speech(72_000, False))
    assert gain[48_000 - ATTACK - 1] == 1.0
    assert gain[48_000] == pytest.approx(DOWN)
    assert gain[72_000 + HOLD - 1] == pytest.approx(DOWN)
    assert DOWN < gain[72_000 + HOLD + RELEASE // 2] < 1.0
    assert gain[72_000 + HOLD + RELEASE] == 1.0


def test_a_short_pause_between_words_stays_down() -> None:
    gain = ducked(Speech(48_000, True), Speech(60_000, False), Speech(68_000, True), Speech(90_000, False))
    assert np.allclose(gain[48_000:90_000], DOWN)


def test_repeated_events_change_nothing() -> None:
    once = ducked(Speech(48_000, True), Speech(72_000, False))
    again = ducked(Speech(48_000, True), Speech(50_000, True, -20.0), Speech(72_000, False), Speech(73_000, False))
    assert np.array_equal(once[:70_000], again[:70_000])
    assert again[73_000 + HOLD + RELEASE] == 1.0


def test_speech_that_is_told_late_moves_the_gain_from_where_it_is() -> None:
    ducker = Ducker(8.0)
    curve(ducker, 0, 60_000)
    ducker.feed(Speech(48_000, True))
    gain = curve(ducker, 60_000, ATTACK)
    assert gain[0] == pytest.approx(1.0, abs=1e-3)
    assert gain[-1] == pytest.approx(DOWN)


def test_speech_told_after_it_ended_leaves_the_gain_alone() -> None:
    ducker = Ducker(8.0)
    curve(ducker, 0, 96_000)
    ducker.feed(Speech(10_000, True))
    ducker.feed(Speech(20_000, False))
    assert (curve(ducker, 96_000, 48_000) == 1.0).all()


def test_the_depth_may_change_under_speech_without_a_jump() -> None:
    ducker = Ducker(8.0)
    ducker.feed(Speech(0, True))
    curve(ducker, 0, 48_000)
    ducker.set_duck_db(20.0)
    gain = curve(ducker, 48_000, 9600)
    assert np.abs(np.diff(gain)).max() < 1e-3
    assert gain[-1] == pytest.approx(0.1)


@settings(deadline=None)
@given(st.lists(st.integers(1, 40_000), max_size=8), BLOCK_SIZES)
def test_the_gain_never_jumps_and_chunked_equals_whole(lengths: list[int], sizes: list[int]) -> None:
    whole, chunked, at = Ducker(12.0), Ducker(12.0), 0
    for number, length in enumerate(lengths):
        at += length
        for ducker in (whole, chunked):
            ducker.feed(Speech(at, number % 2 == 0))
    expected = curve(whole, 0, ticks_from_s(2.5))
    parts = [curve(chunked, start, n) for start, n in spans(sizes, expected.size)]
    assert np.array_equal(np.concatenate(parts), expected)
    assert np.abs(np.diff(expected)).max(initial=0.0) < 12 / 8.686 * 1.6 / ATTACK
