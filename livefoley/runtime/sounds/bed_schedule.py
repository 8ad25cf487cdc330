"""When a room's ambience needs another segment: four soon, one after another, then a fresh one every few minutes.

A segment costs the network less than half a second; recombined, they are an ambience without an end. A bed made anew
all the time would cost a tenth of a core for every room.
"""

from __future__ import annotations

from livefoley.foley.bed import KEPT_SEGMENTS

FIRST_S = 3.0
"""How soon the first segment is wanted: until then the procedural bed sounds."""
FILL_S = 6.0
RENEW_S = 300.0
RETRY_S = 10.0


class BedSchedule:
    """One room's ambience of one description. Time is an argument (seconds, monotonic)."""

    def __init__(self) -> None:
        self.deadline_s = 0.0
        self.restart()

    def restart(self) -> None:
        """Begin anew: nobody has any segment."""
        self._count = 0
        self._next_s = 0.0
        self._open = False

    def due(self, now: float) -> bool:
        """Say whether a segment should be asked for."""
        return not self._open and now >= self._next_s

    def asked(self, now: float) -> None:
        """One is asked for."""
        self._open = True
        self.deadline_s = now + (FIRST_S if self._count == 0 else FILL_S)

    def look_again(self, at_s: float) -> None:
        """Nobody can make one before then."""
        self._open = False
        self._next_s = at_s

    def made(self, now: float) -> None:
        """It came."""
        self._open = False
        self._count += 1
        self._next_s = now + (FILL_S if self._count < KEPT_SEGMENTS else RENEW_S)

    def failed(self, now: float) -> None:
        """It did not."""
        self._open = False
        self._next_s = now + RETRY_S
