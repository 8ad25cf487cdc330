"""Following an offset that drifts."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.dsp.tracker import OffsetTracker


@pytest.mark.parametrize("drift_ppm", [-500, 0, 37, 500])
def test_offset_and_drift_are_found_through_whole_milliseconds(drift_ppm: int) -> None:
    tracker, errors = OffsetTracker(), []
    for number in range(2800):
        n = number * 1024
        true = n * drift_ppm * 1e-6
        tracker.feed(round((n + true) / 48) * 48 - n, 1024 if number else 0)
        errors.append(tracker.offset - true)
    assert np.abs(errors).max() <= 24.5
    assert np.abs(errors[1000:]).max() < 3.0
    assert tracker.drift * 1e6 == pytest.approx(drift_ppm, abs=3)


def test_wild_measurements_hardly_move_it() -> None:
    tracker, rng = OffsetTracker(), np.random.default_rng(1)
    for number in range(2000):
        wild = number % 20 == 7
        tracker.feed(100_000.0 if wild else float(rng.uniform(-24, 24)), 1024)
    assert abs(tracker.offset) < 10.0


def test_a_known_shift_is_taken_at_once() -> None:
    tracker = OffsetTracker()
    tracker.shift(-30.0)
    assert tracker.offset == -30.0
