"""The ring by tick, against a dictionary of ticks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.core.ticks import TICK_RATE
from livefoley.dsp.ring import TickRing

CAPACITY = 64
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "write", "clear_before", "clear_from"]), st.integers(-40, 160), st.integers(0, 90)
    ),
    max_size=25,
)


class Model:
    """The same as a ring, tick by tick."""

    def __init__(self) -> None:
        self.ticks: dict[int, float] = {}
        self.edge = self.late = self.early = 0

    def put(self, samples: np.ndarray, start: int, keep: bool) -> None:
        for tick, value in enumerate(samples[0], start):
            self.late += tick < self.edge
            self.early += tick >= self.edge + CAPACITY
            if self.edge <= tick < self.edge + CAPACITY:
                self.ticks[tick] = (self.ticks.get(tick, 0.0) if keep else 0.0) + float(value)

    def clear_before(self, tick: int) -> None:
        self.edge = max(self.edge, tick)
        self.ticks = {at: value for at, value in self.ticks.items() if at >= self.edge}

    def clear_from(self, tick: int) -> None:
        self.ticks = {at: value for at, value in self.ticks.items() if at < tick}

    def filled(self) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        for tick in sorted(self.ticks):
            if spans and spans[-1][1] == tick:
                spans[-1] = (spans[-1][0], tick + 1)
            else:
                spans.append((tick, tick + 1))
        return spans


@settings(deadline=None, max_examples=300)
@given(ACTIONS)
def test_the_ring_does_what_a_dictionary_of_ticks_does(actions: list[tuple[str, int, int]]) -> None:
    ring, model = TickRing(CAPACITY / TICK_RATE), Model()
    for number, (action, at, n) in enumerate(actions, 1):
        samples = np.tile(np.arange(number, number + n, dtype=np.float32), (2, 1))
        if action in ("add", "write"):
            getattr(ring, action)(samples, at)
            model.put(samples, at, keep=action == "add")
        else:
            getattr(ring, action)(at)
            getattr(model, action)(at)
        expected = [model.ticks.get(tick, 0.0) for tick in range(-50, 260)]
        assert ring.read(-50, 310)[1].tolist() == expected
        assert ring.filled(-50, 310) == model.filled()
        assert ring.end == max(model.ticks, default=model.edge - 1) + 1
        statistics = ring.statistics()
        assert (statistics.late_samples, statistics.early_samples) == (model.late, model.early)


def test_what_is_read_is_a_copy() -> None:
    ring = TickRing(1.0)
    ring.write(np.ones((2, 10), np.float32), 0)
    ring.read(0, 10)[:] = 5.0
    assert ring.read(0, 10).max() == 1.0


def test_ticks_below_zero_and_far_away_are_as_good_as_any() -> None:
    for start in (-1_000_003, 10**12):
        ring = TickRing(0.01, start)
        ring.add(np.ones((2, 3), np.float32), start + 5)
        assert ring.filled(start, 480) == [(start + 5, start + 8)]
        assert ring.read(start + 4, 5).tolist() == [[0, 1, 1, 1, 0]] * 2
