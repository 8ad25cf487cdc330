"""Follows what goes on moving: from maps of movement to a few regions, each with its way, its size and its steadiness.

A region is what moves in one place, in one direction as long as there is something that does: two cars that pass each
other stay two, and a hand that saws stays one. What moves for a moment only, and what a camera does to the whole
picture, is not told of.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from livefoley.core.events import CoursePoint, CourseState, MotionCourse
from livefoley.core.ticks import TICK_RATE, Tick, s_from_ticks, ticks_from_s
from livefoley.perception.motion.optical_flow import Motion, smooth

MOST = 4
LOOK: Tick = ticks_from_s(0.06)  # pictures closer than this tell nothing new of what lasts
TOLD: Tick = ticks_from_s(0.25)
LASTS: Tick = ticks_from_s(0.4)  # what moves less long than this is no course
LOST: Tick = ticks_from_s(0.4)  # a region that is not seen for so long is over
MEMORY: Tick = ticks_from_s(2.0)  # of which steadiness and strokes are
LEAST_TURNS, IRREGULAR = 2, 0.4  # a hand that works keeps its time, one that gestures does not
WINDOW = 5
SLOWEST = 0.04  # picture widths a second
SMALLEST = 1.2e-2  # share of the picture; a region may shrink to a quarter of that
WHOLE = 0.6  # a picture that moves as much as this is moved
UNEXPLAINED = 0.25
MOSTLY = 0.35  # of what moves where a region is expected, so much goes on as it did, or it has turned
BESIDE = 0.5  # of its own size: what begins so near a region is a part of it
REACH = 4  # pixels of a map, beyond where a region is expected

Mask = NDArray[np.bool_]


@dataclass(slots=True)
class _Region:
    id: int
    began: Tick
    seen: Tick
    box: tuple[float, float, float, float]  # left, top, right, bottom, in pixels of a map
    velocity: tuple[float, float]  # picture widths a second
    told: Tick | None = None
    points: list[CoursePoint] = field(default_factory=list)
    ways: deque[tuple[Tick, float, float]] = field(default_factory=deque)

    @property
    def steadiness(self) -> float:
        """How much of its way led it on."""
        ways = np.array([way[1:] for way in self.ways])
        along = float(np.hypot(ways[:, 0], ways[:, 1]).sum())
        return float(np.hypot(*ways.sum(axis=0))) / max(along, 1e-6)

    @property
    def strokes_per_s(self) -> float:
        """How often it comes back, a second, where that is regular; else 0."""
        ways = np.array([way[1:] for way in self.ways])
        along = ways @ np.linalg.svd(ways, full_matrices=False)[2][0]
        clear = np.abs(along) > 0.5 * np.abs(along).mean()
        times = np.array([way[0] for way in self.ways])[clear] / TICK_RATE
        lasted = np.diff(times[1:][np.diff(np.sign(along[clear])) != 0])  # from turn to turn
        if len(lasted) < LEAST_TURNS or float(lasted.std()) > IRREGULAR * float(lasted.mean()):
            return 0.0
        return 0.5 / float(lasted.mean())


class CourseFinder:
    """``Motion`` in, ``MotionCourse`` out; at most ``MOST`` at once, of more the first."""

    def __init__(self) -> None:
        self._regions: list[_Region] = []
        self._next = 1
        self._looked: Tick | None = None

    def feed(self, motion: Motion) -> list[MotionCourse]:
        """Take the next movement; return what is to be told of by now."""
        if self._looked is not None and 0 <= motion.at - self._looked < LOOK:
            return []
        self._looked = motion.at
        if self._regions or motion.speed.any():
            self._follow(motion)
        over = [region for region in self._regions if motion.at - region.seen > LOST]
        self._regions = [region for region in self._regions if region not in over]
        ended = [_told(region, ended=True) for region in over if region.told is not None]
        return ended + [_told(region) for region in self._regions if _is_due(region)]

    def end(self) -> list[MotionCourse]:
        """Return the ends of all there are: the picture was cut, or is over."""
        ended = [_told(region, ended=True) for region in self._regions if region.told is not None]
        self._regions.clear()
        self._looked = None
        return ended

    def _follow(self, motion: Motion) -> None:
        speed = smooth(motion.speed, WINDOW)
        free: Mask = speed > SLOWEST
        if motion.unexplained > UNEXPLAINED or float(free.mean()) > WHOLE:
            return
        lost = [region for region in self._regions if not _claim(region, free, motion, onward=True)]
        for region in lost:  # what turns is the same thing still, unless it is another's
            _claim(region, free, motion, onward=False)
        if len(self._regions) < MOST:
            self._begin(free, motion)

    def _begin(self, free: Mask, motion: Motion) -> None:
        least = SMALLEST * free.size
        if np.count_nonzero(free) < least:
            return
        count, labels, found, middles = cv2.connectedComponentsWithStats(free.astype(np.uint8))
        largest = sorted(range(1, count), key=lambda label: -found[label, cv2.CC_STAT_AREA])
        for label in largest[: MOST - len(self._regions)]:
            if found[label, cv2.CC_STAT_AREA] >= least and not any(
                _is_part(each, *middles[label]) for each in self._regions
            ):
                region = _Region(self._next, motion.at, motion.at, (0.0, 0.0, 0.0, 0.0), (0.0, 0.0))
                self._next += 1
                _see(region, labels == label, motion)
                self._regions.append(region)


def _is_part(region: _Region, x: float, y: float) -> bool:
    """Say whether what moves at a place, in pixels of a map, is a part of a region: a side of a thing that turns
    may be seen to move before the whole of it."""
    left, top, right, bottom = region.box
    wide, high = BESIDE * (right - left) + REACH, BESIDE * (bottom - top) + REACH
    return left - wide <= x <= right + wide and top - high <= y <= bottom + high


def _claim(region: _Region, free: Mask, motion: Motion, *, onward: bool) -> bool:
    """Let a region take what moves where it is expected (``onward``: as it did), and say whether there is any.

    ``free`` keeps what is left.
    """
    width = free.shape[1]
    gone = s_from_ticks(motion.at - region.seen) * width
    dx, dy = (each * gone if onward else 0.0 for each in region.velocity)
    left, top, right, bottom = region.box
    rows = slice(max(0, round(min(top, top + dy)) - REACH), max(0, round(max(bottom, bottom + dy)) + REACH + 1))
    columns = slice(max(0, round(min(left, left + dx)) - REACH), max(0, round(max(right, right + dx)) + REACH + 1))
    here = np.zeros_like(free)
    here[rows, columns] = free[rows, columns]
    least = SMALLEST / 4 * free.size
    if onward:
        agrees = motion.after @ np.array(region.velocity, np.float32)
        least = max(least, MOSTLY * np.count_nonzero(here & (agrees != 0)))
        found = bool(np.count_nonzero(here & (agrees > 0)) >= least)
        here &= agrees >= 0
    else:
        found = bool(np.count_nonzero(here) >= least)
    if found:
        _see(region, here, motion)
        free &= ~here
    return found


def _see(region: _Region, here: Mask, motion: Motion) -> None:
    """Note where a region is now."""
    height, width = here.shape
    rows, columns = np.nonzero(here)
    moves = here & (motion.speed > 0)
    velocity = motion.after[moves if moves.any() else here].mean(axis=0)
    region.seen = motion.at
    region.box = (float(columns.min()), float(rows.min()), float(columns.max()), float(rows.max()))
    region.velocity = (float(velocity[0]), float(velocity[1]))
    x, y = (float(columns.mean()) + 0.5) / width, (float(rows.mean()) + 0.5) / height
    speed = float(motion.speed[moves].mean()) if moves.any() else 0.0
    region.points.append(CoursePoint(motion.at, x, y, len(rows) / here.size, speed))
    region.ways.append((motion.at, *region.velocity))
    while motion.at - region.ways[0][0] > MEMORY:
        region.ways.popleft()


def _is_due(region: _Region) -> bool:
    since = region.began if region.told is None else region.told
    return region.seen - since >= (LASTS if region.told is None else TOLD)


def _told(region: _Region, ended: bool = False) -> MotionCourse:
    """Return what is to be told of a region; its last point is kept for the next time."""
    first, points = region.told is None, region.points
    fresh = points if first else points[1:] or points
    region.told, region.points = region.seen, points[-1:]
    state = CourseState.ENDS if ended else CourseState.BEGINS if first else CourseState.GOES_ON
    steadiness, strokes = round(region.steadiness, 3), round(region.strokes_per_s, 2)
    return MotionCourse(region.id, state, tuple(fresh), steadiness, strokes)
