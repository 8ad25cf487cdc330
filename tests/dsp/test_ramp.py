"""Levels and gains that move by sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.dsp.ramp import Glide, Slew
from tests.dsp.chunks import BLOCK_SIZES, spans


def test_a_slew_climbs_and_falls_in_the_time_it_was_given() -> None:
    slew = Slew(rise=10, fall=40)
    assert slew.run(True, 10)[-1] == 1.0
    assert slew.run(False, 39)[-1] == pytest.approx(1 / 40)
    assert slew.run(False, 1)[-1] == 0.0
    assert slew.at_rest


def test_a_glide_goes_straight_to_its_target_and_rests_there() -> None:
    glide = Glide(1.0, 4)
    glide.set(0.0)
    assert np.asarray(glide.read(6)).tolist() == [0.75, 0.5, 0.25, 0.0, 0.0, 0.0]
    assert glide.read(6) == 0.0


def test_a_glide_that_is_turned_round_goes_on_from_where_it_is() -> None:
    glide = Glide(0.0, 100)
    glide.set(1.0)
    last = np.asarray(glide.read(50))[-1]
    glide.set(0.0)
    assert np.asarray(glide.read(1))[0] == pytest.approx(last, abs=0.011)


@given(BLOCK_SIZES, st.floats(0, 1), st.floats(0, 1))
def test_a_glide_read_in_chunks_is_the_glide_read_whole(sizes: list[int], first: float, second: float) -> None:
    whole, chunked = Glide(first, 2000), Glide(first, 2000)
    whole.set(second)
    chunked.set(second)
    parts = [np.broadcast_to(np.asarray(chunked.read(n)), n) for _, n in spans(sizes, 3000)]
    assert np.array_equal(np.concatenate(parts), np.broadcast_to(np.asarray(whole.read(3000)), 3000))
