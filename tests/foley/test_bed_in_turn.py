"""One ambience after another: each at its time, cross-faded at equal power, whatever is read at once."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.foley.bed.in_turn import FADE, BedInTurn

LEVELS = {"": 0.1, "rain": 0.5, "fire": 1.0, "a forest": 2.0, "the rain": 0.5, "boxes, rain": 0.5}


class Hum:
    """Implements ``BedSource``: as high as its place is told to be."""

    def __init__(self, place: str) -> None:
        self.source = place

    def read(self, samples: int) -> Stereo:
        return np.full((2, samples), LEVELS[self.source], np.float32)


def levels(bed: BedInTurn, seconds: float, chunk: int = 4800) -> Stereo:
    whole = round(seconds * TICK_RATE)
    blocks = [bed.read(min(chunk, whole - at)) for at in range(0, whole, chunk)]
    return np.concatenate(blocks, axis=1)[0]


def test_what_is_known_beforehand_changes_at_its_tick_and_the_chunks_do_not_matter() -> None:
    changes = [(0, "rain"), (3 * TICK_RATE, "fire")]
    made = levels(BedInTurn(Hum, "", changes), 8)
    assert made[:100] == pytest.approx(0.5)  # the place is known from the first moment on
    begins = int((made != made[0]).argmax())
    assert begins == pytest.approx(3 * TICK_RATE, abs=2)
    assert made[3 * TICK_RATE + FADE // 2] == pytest.approx((0.5 + 1.0) * np.sqrt(0.5), abs=1e-3)
    assert made[3 * TICK_RATE + FADE + 1 :] == pytest.approx(1.0)
    np.testing.assert_allclose(levels(BedInTurn(Hum, "", changes), 8, 100_000), made, atol=1e-6)


def test_the_same_sounds_in_other_words_change_nothing() -> None:
    bed = BedInTurn(Hum, "rain", [(TICK_RATE, "the rain"), (2 * TICK_RATE, "boxes, rain")])
    assert levels(bed, 5) == pytest.approx(0.5)
    assert bed.source == "rain"


def test_a_change_that_is_late_comes_next_and_of_many_at_once_the_last_counts() -> None:
    bed = BedInTurn(Hum, "rain")
    assert levels(bed, 1) == pytest.approx(0.5)
    for place in ("fire", "a forest", "fire", "rain", "a forest"):
        bed.change(0, place)
    made = levels(bed, 3)
    assert bed.source == "a forest"
    assert made.max() < 2.1
    assert made[FADE + 1 :] == pytest.approx(2.0)
