"""Files whose stamps begin again in the middle: recordings that were put together, or whose encoder was started anew.

Formats made for broadcast and live streams allow it, and players go on as if nothing were. What comes after is put
right behind what came before, all tracks by the same time, so that the offset between sound and picture stays.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

CONTAINERS = frozenset({"mpegts", "mpeg", "flv"})
BACK_S = Fraction(1)
"""From how much on stamps that step back have begun again."""
AHEAD_S = Fraction(30)
"""From how much on a step ahead of all tracks is no gap but another beginning."""


class Continuous:
    """Moves packets of an open PyAV input, in the order they are read, so that their stamps go on."""

    def __init__(self) -> None:
        self._ends: dict[int, Fraction] = {}  # by stream, in seconds: where its last packet lies ...
        self._steps: dict[int, Fraction] = {}  # ... and how far from the one before
        self._shifts: dict[int, Fraction] = {}
        self._newest = Fraction(0)  # the shift of what came last; the other tracks come to it a little later

    def place(self, packet: Any) -> None:
        """Give ``packet`` stamps that go on."""
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None:
            return
        base = Fraction(packet.time_base.numerator, packet.time_base.denominator)
        shift = round(self._shift(packet.stream.index, stamp * base) / base)
        if shift:
            packet.pts = packet.pts + shift if packet.pts is not None else None
            packet.dts = packet.dts + shift if packet.dts is not None else None

    def _shift(self, track: int, at: Fraction) -> Fraction:
        """Return by how many seconds to move a packet of a track that is stamped ``at``."""
        if track not in self._ends:
            self._shifts[track] = self._newest
        elif not self._follows(track, at + self._shifts[track]):
            if not self._follows(track, at + self._newest):
                self._newest = max(end + self._steps[each] for each, end in self._ends.items()) - at
            self._shifts[track] = self._newest
        placed = at + self._shifts[track]
        self._steps[track] = max(Fraction(0), placed - self._ends.get(track, placed))
        self._ends[track] = placed
        return self._shifts[track]

    def _follows(self, track: int, placed: Fraction) -> bool:
        return placed >= self._ends[track] - BACK_S and placed <= max(self._ends.values()) + AHEAD_S
