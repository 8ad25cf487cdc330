"""How long an address that misbehaved is kept waiting when it comes again: longer each time, forgotten after a while.

It waits unread, and is not refused: behind the same address there may be somebody with the right key.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

FIRST_S, LONGEST_S = 0.25, 4.0
FORGOTTEN_S = 60.0


class Penalties:
    """Counts cuts by address, for the ``names`` that were cut last. ``now`` tells seconds of a monotonic clock."""

    def __init__(self, now: Callable[[], float], names: int = 4096) -> None:
        self._now = now
        self._names = names
        self._cuts: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def add(self, address: str) -> None:
        """Note that a connection of ``address`` was cut."""
        cuts = self._recent(address)
        self._cuts[address] = cuts + 1, self._now()
        self._cuts.move_to_end(address)
        while len(self._cuts) > self._names:
            self._cuts.popitem(last=False)

    def of(self, address: str) -> float:
        """Return how long ``address`` has to wait, in seconds."""
        cuts = self._recent(address)
        return min(LONGEST_S, FIRST_S * 2.0 ** min(cuts - 1, 16)) if cuts else 0.0

    def _recent(self, address: str) -> int:
        cuts, at = self._cuts.get(address, (0, 0.0))
        return cuts if cuts and self._now() - at < FORGOTTEN_S else 0
