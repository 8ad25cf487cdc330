"""Foley follows the loudness of the original, but not into its pauses."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.loudness import integrated_lufs
from livefoley.engine.microphone.programme import DB_A_SECOND, LEAST_DB, MOST_DB, REFERENCE_LUFS, Programme


def sound(lufs: float, seconds: float, seed: int = 1) -> np.ndarray:
    """Return noise ``[n]`` that is so loud when both channels hold it."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * TICK_RATE)).astype(np.float32) * 0.05
    return noise * np.float32(10 ** ((lufs - integrated_lufs(np.stack((noise, noise)))) / 20))


def heard(*parts: np.ndarray, block: int = 1024) -> Programme:
    programme, at = Programme(), 0
    mono = np.concatenate(parts)
    for begin in range(0, len(mono), block):
        programme.hear(mono[begin : begin + block], at)
        at += len(mono[begin : begin + block])
    return programme


@pytest.mark.parametrize(
    ("lufs", "gain_db"), [(-26.0, -6.0), (-20.0, 0.0), (-14.0, 6.0), (-50.0, LEAST_DB), (0.0, MOST_DB)]
)
def test_foley_lies_as_far_under_a_quiet_original_as_under_a_loud_one(lufs: float, gain_db: float) -> None:
    programme = heard(sound(lufs, 3.0))
    assert programme.gain_db(0) == pytest.approx(gain_db, abs=0.3)
    assert programme.statistics().lufs == pytest.approx(lufs, abs=0.3)


def test_a_pause_changes_nothing() -> None:
    programme = heard(sound(-14.0, 4.0), sound(-65.0, 20.0), np.zeros(5 * TICK_RATE, np.float32))
    assert programme.gain_db(29 * TICK_RATE) == pytest.approx(6.0, abs=0.3)


def test_quiet_parts_between_loud_ones_do_not_count_either() -> None:
    parts = [part for n in range(5) for part in (sound(-16.0, 1.0, n), sound(-38.0, 1.0, n))]
    whole = np.concatenate(parts)
    lufs = integrated_lufs(np.stack((whole, whole)))
    assert heard(*parts).gain_db(10 * TICK_RATE) == pytest.approx(lufs - REFERENCE_LUFS, abs=0.3)


def test_without_an_original_the_gains_are_those_of_the_settings() -> None:
    assert heard(np.zeros(4 * TICK_RATE, np.float32)).gain_db(4 * TICK_RATE) == 0.0
    assert Programme().gain_db(TICK_RATE) == 0.0
    off = Programme(follow=False)
    off.hear(sound(-8.0, 3.0), 0)
    assert off.gain_db(3 * TICK_RATE) == 0.0


def test_it_moves_slowly_and_only_when_its_time_comes() -> None:
    programme = heard(sound(-32.0, 10.0), sound(-12.0, 10.0))
    gains = [programme.gain_db(second * TICK_RATE) for second in range(21)]
    assert gains[:11] == pytest.approx([-12.0] * 11, abs=0.3)
    assert np.diff(gains).max() <= DB_A_SECOND + 1e-6
    assert gains[20] == pytest.approx(-12.0 - REFERENCE_LUFS, abs=0.5)


@pytest.mark.parametrize("block", [160, 1000, 48_000, 100_000])
def test_the_same_whatever_the_blocks(block: int) -> None:
    parts = (sound(-30.0, 5.3), sound(-15.0, 6.1))
    once, other = heard(*parts), heard(*parts, block=block)
    assert [once.gain_db(s * TICK_RATE) for s in range(12)] == [other.gain_db(s * TICK_RATE) for s in range(12)]


def test_a_jump_of_the_original_and_no_numbers_are_taken_as_they_come() -> None:
    programme = heard(sound(-20.0, 2.5))
    programme.hear(np.full(3 * TICK_RATE, np.nan, np.float32), 100 * TICK_RATE)
    programme.hear(sound(-20.0, 2.0), 200 * TICK_RATE)
    assert programme.gain_db(300 * TICK_RATE) == pytest.approx(0.0, abs=0.3)
    assert programme.statistics().problem == ""


def test_what_breaks_leaves_the_gain_alone_and_says_so() -> None:
    programme = heard(sound(-14.0, 2.0))
    programme.hear(None, 2 * TICK_RATE)  # type: ignore[arg-type]
    programme.hear(sound(-40.0, 4.0), 2 * TICK_RATE)
    assert programme.gain_db(10 * TICK_RATE) == pytest.approx(6.0, abs=0.3)
    assert "does not follow" in programme.statistics().problem
