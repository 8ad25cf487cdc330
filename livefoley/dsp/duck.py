"""Ducking: the gain that lets foley make room for speech, moving before the first word and back after the last."""

from __future__ import annotations

from collections import deque

import numpy as np

from livefoley.core.events import Speech
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.dsp.ramp import Gain, Glide, Slew, from_db

ATTACK = TICK_RATE * 80 // 1000
"""Ticks the gain takes to come down; it is down when the speech starts."""

HOLD = TICK_RATE
"""Ticks the gain stays down after the speech: who takes a breath goes on within a second, and foley does not pump."""

RELEASE = TICK_RATE * 600 // 1000
"""Ticks the gain takes to come back."""

_GLIDE = TICK_RATE // 10
_PENDING = 256


class Ducker:
    """Turns ``Speech`` events into a gain on foley, 1 without speech and ``-duck_db`` under it.

    Events come in order of ``at``, as a rule ahead of the tick they speak of; what comes late moves the gain from where
    it is, and never makes it jump. The same curve whatever the block sizes.
    """

    def __init__(self, duck_db: float = 8.0) -> None:
        self._depth_db = Glide(duck_db, _GLIDE)
        self.reset()

    def reset(self) -> None:
        """Forget all speech; the gain is 1."""
        self._slew = Slew(ATTACK, RELEASE)
        self._turns: deque[tuple[Tick, bool]] = deque(maxlen=_PENDING)  # (when, down or up) still to come
        self._down = False

    def set_duck_db(self, duck_db: float) -> None:
        """Change how far foley comes down, over about 100 ms."""
        self._depth_db.set(duck_db)

    def feed(self, event: Speech) -> None:
        """Take the next event."""
        at = event.at - ATTACK if event.active else event.at + HOLD
        while self._turns and self._turns[-1][0] >= at:
            self._turns.pop()  # the pause was shorter than the hold: stay down
        if (self._turns[-1][1] if self._turns else self._down) != event.active:
            self._turns.append((at, event.active))

    def gain(self, start: Tick, n: int) -> Gain:
        """Return the gain of ``n`` ticks from ``start`` on, ``[n]``, or one number while it rests; read in order."""
        depth_db = self._depth_db.read(n)
        resting = self._slew.at_rest and self._down == (self._slew.level == 1.0)
        if resting and not (self._turns and self._turns[0][0] < start + n):
            return _gain(np.float32(self._slew.level), depth_db)
        return _gain(self._levels(start, n), depth_db)

    def _levels(self, start: Tick, n: int) -> Gain:
        at, end, parts = start, start + n, []
        while self._turns and self._turns[0][0] < end:
            turn, down = self._turns.popleft()
            turn = max(turn, at)
            parts.append(self._slew.run(self._down, turn - at))
            at, self._down = turn, down
        parts.append(self._slew.run(self._down, end - at))
        return np.concatenate(parts).astype(np.float32)


def _gain(level: Gain, depth_db: Gain) -> Gain:
    """Return the gain at ``level`` 0 (open) .. 1 (down): an S-shaped move in decibels."""
    shape = level * level * (np.float32(3.0) - np.float32(2.0) * level)
    return from_db(-shape * depth_db)
