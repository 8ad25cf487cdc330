"""Sounds laid over each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.dsp.layers import EVICTION_FADE, Layers

ONES = np.ones((2, 1000), np.float32)


def test_sounds_of_a_group_add_up_and_groups_stay_apart() -> None:
    layers: Layers[str] = Layers(8)
    layers.add("a", ONES, 100, (0.5, 0.25), 0, 48)
    layers.add("a", ONES, 600, (1.0, 1.0), 0, 48)
    layers.add("b", ONES, 0, (2.0, 2.0), 0, 48)
    sums = layers.render(0, 700)
    assert sums["a"][:, [99, 100, 599, 600]].tolist() == [[0, 0.5, 0.5, 1.5], [0, 0.25, 0.25, 1.25]]
    assert (sums["b"] == 2.0).all()


def test_a_sound_whose_beginning_is_cut_off_fades_in() -> None:
    layers: Layers[str] = Layers(8)
    layers.add("a", ONES, 0, (1.0, 1.0), now=200, fade_in=50)
    out = layers.render(200, 800)["a"][0]
    assert out[0] == pytest.approx(0.02)
    assert out[49] == 1.0
    assert np.abs(np.diff(out)).max() < 0.021


def test_what_has_ended_is_forgotten() -> None:
    layers: Layers[str] = Layers(8)
    layers.add("a", ONES, 0, (1.0, 1.0), 0, 48)
    layers.render(0, 1000)
    assert len(layers) == 0
    assert layers.render(1000, 100) == {}


def test_the_quietest_gives_way_and_fades_out_when_it_is_heard() -> None:
    layers: Layers[str] = Layers(2)
    layers.add("quiet", np.ones((2, 5000), np.float32), 0, (0.1, 0.1), 0, 48)
    layers.add("loud", ONES, 0, (1.0, 1.0), 0, 48)
    layers.render(0, 100)
    layers.add("new", ONES, 200, (0.5, 0.5), 100, 48)
    assert len(layers) == 2
    assert layers.evicted == 1
    fading = layers.render(100, 1000)["quiet"][0]
    assert np.abs(np.diff(fading)).max() < 0.11 / EVICTION_FADE
    assert not fading[EVICTION_FADE:].any()


def test_any_flood_of_sounds_stays_bounded() -> None:
    layers: Layers[str] = Layers(4)
    for number in range(500):
        layers.add("a", ONES, 10, (number + 1.0, 1.0), 20, 48)
    assert len(layers) == 4
    assert layers.evicted == 496
    assert np.isfinite(layers.render(20, 100)["a"]).all()


@given(st.lists(st.tuples(st.integers(1, 400), st.floats(0.01, 1.0)), min_size=1, max_size=60))
def test_sounds_of_any_length_and_level_give_way_the_quietest_first(sounds: list[tuple[int, float]]) -> None:
    layers: Layers[str] = Layers(4)
    for length, level in sounds:
        layers.add("a", np.full((2, length), level, np.float32), 0, (1.0, 1.0), 0, 48)
    assert len(layers) == min(4, len(sounds))
    assert layers.evicted == max(0, len(sounds) - 4)
    loudest = sum(sorted(np.float32(level) for _, level in sounds)[-4:])
    np.testing.assert_allclose(layers.render(0, 1)["a"][:, 0], loudest, rtol=1e-4)
