"""Finds scene cuts: one step that no movement explains between steps that are explained.

A flash or a burst of blocks leaves two or more such steps; a fade leaves none. A film whose pictures are shown two or
three times over has steps that explain themselves between any others: the steps before are those of a while.
"""

from __future__ import annotations

from collections import deque

from livefoley.core.events import SceneCut
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.perception.motion.optical_flow import Motion

MIN_UNEXPLAINED = 0.3  # share of the picture
CONTRAST = 3.0  # against the worst of the steps before, and the one after
BEFORE: Tick = ticks_from_s(0.3)
APART: Tick = ticks_from_s(0.3)


class CutFinder:
    """``Motion`` in, ``SceneCut`` out, one picture late."""

    def __init__(self) -> None:
        self._last_cut: Tick | None = None
        self.reset()

    def reset(self) -> None:
        """Forget the steps so far."""
        self._before: deque[tuple[Tick, float]] = deque()
        self._suspect: tuple[Tick, float] | None = None

    def feed(self, motion: Motion) -> SceneCut | None:
        """Take the next step; return the cut that it proves."""
        suspect, self._suspect = self._suspect, None
        share = motion.unexplained
        while self._before and motion.at - self._before[0][0] > BEFORE:
            self._before.popleft()
        before = max((share for _, share in self._before), default=0.0)
        self._before.append((motion.at, share))
        if suspect is not None and share * CONTRAST < suspect[1]:
            self._before.clear()  # what the cut itself left says nothing of the pictures after it
            return self._cut(suspect[0])
        if suspect is None and share > MIN_UNEXPLAINED and share > CONTRAST * before:
            self._suspect = (motion.at + motion.gap, share)
        return None

    def _cut(self, at: Tick) -> SceneCut | None:
        if self._last_cut is not None and 0 <= at - self._last_cut < APART:
            return None
        self._last_cut = at
        return SceneCut(at)
