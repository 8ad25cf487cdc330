"""Finds what a hand sets down: it comes to rest far too softly to be taken for a hit.

That it was set down shows a moment later, when the hand leaves it: of what came down together the upper part goes, and
what is beneath stays where it is. So such a moment is known up to ``LATEST`` after it. A hand that only gestures comes
and goes as a whole.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from livefoley.core.events import MotionKind, MotionOnset
from livefoley.core.ticks import Tick, s_from_ticks, ticks_from_s
from livefoley.perception.motion.optical_flow import Map, Motion, smooth

LATEST: Tick = ticks_from_s(1.25)  # later than this there is no time left to lay its sound
LOOK: Tick = ticks_from_s(0.045)  # pictures closer than this tell nothing new
JUDGED: Tick = ticks_from_s(0.09)  # what leaves is looked at so often
APART: Tick = ticks_from_s(0.5)
RESTS: Tick = ticks_from_s(0.1)  # at least, between coming and leaving
COMING: Tick = ticks_from_s(0.7)  # before the rest: what came down then, and how far
MOVES, LEAVES = 0.04, 0.1  # picture widths a second, of anything and of the hand that leaves
SIDEWAYS = 0.3  # of its speed a hand may go down as it leaves
SMALLEST = 8e-3  # share of the picture, of the hand and of what stays
STAYS = 0.0105  # picture widths that what came down did so, times the share of it that stays
WHOLE = 0.5  # a picture that moves as much as this is moved
STILL = 0.07  # of the most that came down: less is rest
WENT = 0.2  # of the speed with which the hand leaves now: since then it has been leaving
BROUGHT = 0.3  # picture widths a second, at the fastest, if all that came down were no larger than the hand
WAY = 0.045  # picture widths it came down
MARGIN = 4  # pixels of a map, beside the hand
STRENGTH = 0.5

Mask = NDArray[np.bool_]
_AROUND = np.ones((5, 5), np.uint8)


@dataclass(frozen=True, slots=True)
class _Zone:
    """The columns in which a hand leaves, from its top down; ``hand`` is it, a mask of the zone."""

    rows: slice
    columns: slice
    hand: Mask


class SetDownFinder:
    """``Motion`` in, ``MotionOnset`` of the kind ``SET_DOWN`` out, in order, up to ``LATEST`` after they were."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was seen (a cut)."""
        self._steps: deque[tuple[Tick, Map]] = deque()
        self._judged: Tick | None = None
        self._last: Tick | None = None

    def feed(self, motion: Motion) -> list[MotionOnset]:
        """Take the next movement; return what turns out to have been set down."""
        if self._steps and 0 <= motion.at - self._steps[-1][0] < LOOK:
            return []
        if not self._goes_on(motion) or float(np.mean(motion.speed > MOVES)) > WHOLE:
            self._steps.clear()
        self._steps.append((motion.at, motion.after))
        while motion.at - self._steps[0][0] > LATEST + COMING:
            self._steps.popleft()
        if self._judged is not None and 0 <= motion.at - self._judged < JUDGED:
            return []
        zone = _leaving(motion.after)
        if zone is None:
            return []
        self._judged = motion.at
        onset = self._judge(zone)
        if onset is None or (self._last is not None and onset.at - self._last < APART):
            return []
        self._last = onset.at
        return [onset]

    def _goes_on(self, motion: Motion) -> bool:
        """Say whether a movement follows the last one: not after a hole, and not in pictures of another size."""
        if not self._steps:
            return True
        at, field = self._steps[-1]
        return 0 <= motion.at - at <= COMING and motion.after.shape == field.shape

    def _judge(self, zone: _Zone) -> MotionOnset | None:
        """Return what the hand has set down that leaves now."""
        times = [at for at, _ in self._steps]
        ways = np.stack([field[zone.rows, zone.columns] for _, field in self._steps])
        down = ways[..., 1]
        up = np.where(down < -MOVES, -down, 0.0)[:, zone.hand].sum(axis=1)
        leaves = int(np.flatnonzero(up < WENT * up[-1])[-1]) + 1 if (up < WENT * up[-1]).any() else 0
        coming = np.where(down[:leaves] > MOVES, down[:leaves], 0.0).sum(axis=(1, 2))
        if not coming.any():
            return None
        rests = int(np.flatnonzero(coming > STILL * coming.max())[-1]) + 1
        if times[leaves] - times[rests] < RESTS or times[-1] - times[rests] > LATEST:
            return None
        first = int(np.searchsorted(times, times[rests] - COMING))
        if coming[first:rests].max() < BROUGHT * np.count_nonzero(zone.hand):
            return None
        came: Mask = smooth(down[first:rests].max(axis=0), 3) > 1.5 * MOVES
        if not came.any():
            return None
        lasted = np.array([s_from_ticks(b - a) for a, b in pairwise(times[first : rests + 1])])
        way = float(np.maximum(down[first:rests], 0.0)[:, came].mean(axis=1) @ lasted)
        stays = came & ~_around(np.square(ways[leaves:]).sum(axis=-1).max(axis=0) > MOVES**2)
        stays[: round(float(np.nonzero(zone.hand)[0].mean()))] = False
        height, width = self._steps[0][1].shape[:2]
        size = float(np.count_nonzero(stays)) / (height * width)
        share = np.count_nonzero(stays) / np.count_nonzero(came)
        if way < WAY or size < SMALLEST or way * share < STAYS:
            return None
        rows, columns = np.nonzero(stays)
        return MotionOnset(
            times[rests],
            MotionKind.SET_DOWN,
            STRENGTH,
            x=(zone.columns.start + float(columns.mean()) + 0.5) / width,
            y=(zone.rows.start + float(rows.mean()) + 0.5) / height,
            size=size,
            speed=way / max(1e-3, float(lasted.sum())),
            uncertainty=max(LOOK, times[rests] - times[rests - 1]),
        )


def _leaving(field: Map) -> _Zone | None:
    """Return where most of what moves is something that goes up or aside."""
    fast = np.square(field).sum(axis=-1)
    if float(fast.max()) < LEAVES**2:
        return None
    speed = np.sqrt(fast)
    leaving = ((smooth(speed) > LEAVES) & (field[..., 1] < SIDEWAYS * speed)).astype(np.uint8)
    least = SMALLEST * speed.size
    if np.count_nonzero(leaving) < least:
        return None
    _, labels, found, _ = cv2.connectedComponentsWithStats(leaving)
    largest = 1 + int(np.argmax(found[1:, cv2.CC_STAT_AREA]))
    left, top, wide, _, area = (int(each) for each in found[largest])
    if area < least:
        return None
    rows, columns = slice(top, None), slice(max(0, left - MARGIN), left + wide + MARGIN)
    return _Zone(rows, columns, labels[rows, columns] == largest)


def _around(mask: Mask) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _AROUND), np.bool_)
