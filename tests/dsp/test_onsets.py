"""Hearing when something begins to sound: on sounds whose beginnings are known, and on sounds that only go on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.onsets import SoundOnset, SoundOnsets
from tests.dsp.chunks import BLOCK_SIZES, spans

BLOCK = 960  # 20 ms
SECONDS = 12


def listen(sound: NDArray[np.float32], start: int = 0) -> list[SoundOnset]:
    hearer = SoundOnsets()
    return [onset for at in range(0, len(sound), BLOCK) for onset in hearer.feed(sound[at : at + BLOCK], start + at)]


def noise(level_db: float) -> NDArray[np.float64]:
    return np.random.default_rng(8).standard_normal(SECONDS * TICK_RATE) * 10 ** (level_db / 20)


def clicks(level_db: float, noise_db: float, decay_s: float) -> tuple[NDArray[np.float32], list[int]]:
    """Return bursts of noise and of tones in noise, and where each begins."""
    rng = np.random.default_rng(3)
    sound = noise(noise_db)
    begins = np.cumsum(rng.uniform(0.15, 0.7, 24) * TICK_RATE).astype(int).tolist()
    for number, begin in enumerate(begins):
        time_s = np.arange(round(12 * decay_s * TICK_RATE)) / TICK_RATE
        tone = np.cos(2 * np.pi * rng.uniform(150, 3000) * time_s)
        burst = (tone if number % 2 else rng.standard_normal(len(time_s))) * np.exp(-time_s / decay_s)
        sound[begin : begin + len(burst)] += 10 ** (level_db / 20) * burst[: len(sound) - begin]
    return sound.astype(np.float32), [begin for begin in begins if begin < len(sound) - TICK_RATE // 10]


def f1(found: list[int], truth: list[int]) -> tuple[float, float]:
    """Return F1 at 50 ms, each onset counted once, and the mean error of those that are right in ms."""
    left, errors = list(found), []
    for begin in truth:
        nearest = min(left, key=lambda at: abs(at - begin), default=1 << 40)
        if abs(nearest - begin) <= TICK_RATE // 20:
            left.remove(nearest)
            errors.append(nearest - begin)
    return 2 * len(errors) / (len(found) + len(truth)), float(np.mean(errors)) * 1000 / TICK_RATE


@pytest.mark.parametrize("decay_s", [0.002, 0.03])
@pytest.mark.parametrize(("level_db", "noise_db"), [(-6, -120), (-10, -50), (-26, -70), (-46, -80)])
def test_clicks_are_heard_where_they_begin(level_db: float, noise_db: float, decay_s: float) -> None:
    sound, truth = clicks(level_db, noise_db, decay_s)
    score, bias_ms = f1([onset.at for onset in listen(sound)], truth)
    assert score >= 0.95
    assert abs(bias_ms) < 3


def test_what_only_goes_on_has_no_onsets() -> None:
    time_s = np.arange(SECONDS * TICK_RATE) / TICK_RATE
    glides = 0.2 * np.sin(2 * np.pi * (440 * time_s + 3 * np.sin(2 * np.pi * 5 * time_s)))
    for sound in (noise(-30), glides, np.zeros(SECONDS * TICK_RATE)):
        assert len([onset for onset in listen(sound.astype(np.float32)) if onset.at > TICK_RATE // 5]) <= 2


def test_the_stronger_beginning_is_the_stronger_onset() -> None:
    soft, loud = (listen(clicks(level_db, -60, 0.03)[0]) for level_db in (-40, -10))
    assert np.median([onset.strength for onset in soft]) < np.median([onset.strength for onset in loud])


def test_an_onset_is_told_within_60_ms() -> None:
    sound, _ = clicks(-10, -60, 0.03)
    hearer = SoundOnsets()
    late = [
        at + BLOCK - onset.at for at in range(0, len(sound), BLOCK) for onset in hearer.feed(sound[at : at + BLOCK], at)
    ]
    assert late
    assert max(late) <= TICK_RATE * 6 // 100 + BLOCK


@settings(max_examples=20, deadline=None)
@given(BLOCK_SIZES, st.integers(-(10**9), 10**9))
def test_blocks_of_any_sizes_hear_the_same(sizes: list[int], start: int) -> None:
    sound = clicks(-20, -60, 0.03)[0][: 2 * TICK_RATE]
    hearer = SoundOnsets()
    found = [onset for at, n in spans(sizes, len(sound)) for onset in hearer.feed(sound[at : at + n], start + at)]
    whole = listen(sound, start)
    assert [onset.at for onset in found] == [onset.at for onset in whole]
    assert [onset.strength for onset in found] == pytest.approx([onset.strength for onset in whole], rel=1e-3)


def test_after_a_gap_hearing_starts_afresh_and_the_gap_itself_is_no_onset() -> None:
    sound, truth = clicks(-20, -60, 0.03)
    later = 100 * TICK_RATE
    hearer = SoundOnsets()
    hearer.feed(sound, 0)
    again = [onset.at for onset in hearer.feed(sound, later)]
    assert again == [later + onset.at for onset in listen(sound)]
    assert all(min(abs(at - later - begin) for begin in truth) < TICK_RATE // 20 for at in again)
