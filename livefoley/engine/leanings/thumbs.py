"""What the room's thumbs said: families whose sounds were liked are believed a little more, others less; it fades."""

from __future__ import annotations

from livefoley.core.families import Family
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.engine.choice import Leaning

STEP = 1.3  # for each thumb
MOST = 4.0  # thumbs that count, either way
HALF_LIFE: Tick = 30 * 60 * TICK_RATE


class Thumbs:
    """Thumbs up and down in, a leaning out; None stands for what nobody knows. Bounded by the families."""

    def __init__(self) -> None:
        self._given: dict[Family | None, tuple[float, Tick]] = {}

    def give(self, family: Family | None, up: bool, at: Tick) -> None:
        """Take a thumb for a sound of ``family``."""
        value = self._value(family, at) + (1.0 if up else -1.0)
        self._given[family] = (min(MOST, max(-MOST, value)), at)

    def weights(self, at: Tick) -> dict[Family | None, float]:
        """Return how much more than usual families are believed, of those that were judged."""
        return {family: STEP ** self._value(family, at) for family in self._given}

    def leaning(self, at: Tick) -> Leaning:
        """Return what the thumbs speak for."""
        weights = self.weights(at)
        return Leaning(
            weights, {}, {family: f"thumbs {'up' if weight > 1 else 'down'}" for family, weight in weights.items()}
        )

    def _value(self, family: Family | None, at: Tick) -> float:
        value, given = self._given.get(family, (0.0, at))
        return value * float(2.0 ** (-max(0, at - given) / HALF_LIFE))
