"""Looks at what moves: a few pieces of the pictures around an onset, and the whole of one now and then.

Looks are few and bounded (``LOOKS_PER_S``): a network's pass costs some milliseconds. What is not looked at is told as
what was last seen near it, or not at all; a network that is missing costs meaning, never an onset.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from livefoley.core.errors import ModelError
from livefoley.core.events import CourseState, MotionCourse, MotionKind, MotionOnset, Sight
from livefoley.core.families import LASTING
from livefoley.core.media import Display
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.perception.eyes.people import PeopleNetworks
from livefoley.perception.eyes.picture_classes import Picture
from livefoley.perception.eyes.recent import RecentPictures, piece, whole
from livefoley.perception.eyes.tags import tags
from livefoley.perception.eyes.who import Who

LOOKS_PER_S, LOOKS_SAVED = 6.0, 12.0
"""Passes of the network, on average and at once."""

AROUND = (-0.2, 0.0, 0.1)  # seconds from the onset
SET_DOWN_AROUND = (0.1, 0.4, 0.7)  # what was set down stands there, and nothing hides it any more
NARROW, WIDE = 0.35, 0.6  # of the picture's width
AGAIN: Tick = ticks_from_s(2.0)  # the whole picture is looked at anew after this, while something moves
NEARBY, LATELY = 0.15, ticks_from_s(1.0)
"""A look this near and this young stands for another."""


FOLLOWED: Tick = ticks_from_s(0.8)
"""What goes on moving is looked at again after this, while there are looks to spare; ever more seldom, up to a point,
where nothing is seen that sounds as long as it moves."""
TELLING, LIKELY, MOST_DOUBLED = 0.1, 0.25, 3
MOST_OVER = 4
SPARED = LOOKS_SAVED / 3  # looks that are kept for what lands
AROUND_IT = 1.6  # of the side of the square that a moving thing would fill


class Network(Protocol):
    """Says of pictures what they show."""

    def look(self, pictures: Sequence[Picture]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return ``features`` ``[n, 1280]`` and ``probabilities`` ``[n, 1000]``."""
        ...


@dataclass(frozen=True, slots=True)
class EyesStatistics:
    """Onsets looked at, and those told of another look or of none; looks at whole pictures; passes of the network."""

    seen: int = 0
    recalled: int = 0
    missed: int = 0
    wholes: int = 0
    passes: int = 0
    failures: int = 0


class Eyes:
    """Of one room. ``keep`` takes its frames, ``see`` its onsets; while they are not ``open``, neither does a thing."""

    def __init__(self, network: Network, people: PeopleNetworks) -> None:
        self.open = True
        self.problem = ""
        """Why the network cannot be used, in one line."""
        self._network = network
        self.who = Who(people)
        """Says who it is that moves."""
        self._recent = RecentPictures()
        self._left = LOOKS_SAVED
        self._filled: Tick | None = None
        self._last: list[tuple[MotionOnset, Sight]] = []
        self._whole: Sight | None = None
        self._followed: dict[int, tuple[Sight, int]] = {}
        self._over: list[tuple[MotionCourse, Sight, int]] = []
        self._count = EyesStatistics()

    def configure(self, display: Display) -> None:
        """Begin anew: another track."""
        self._recent.configure(display)
        self.cut()

    def cut(self) -> None:
        """Another scene: what was seen is gone."""
        self._last.clear()
        self._followed.clear()
        self._over.clear()
        self._whole = None
        self.who.cut()

    def keep(self, frame: VideoFrame, at: Tick) -> None:
        """Take a frame of what moves."""
        if self._usable:
            self._recent.keep(frame, at)

    def see(self, onset: MotionOnset) -> MotionOnset:
        """Return the onset with what is seen there; of what only passes, not by whom."""
        if not self._usable:
            return onset
        recalled = None if onset.kind is MotionKind.SET_DOWN else self._recall(onset)  # it hides in the hand until then
        if recalled is not None:
            self._count = replace(self._count, recalled=self._count.recalled + 1)
            return self._by_whom(onset, recalled)
        pieces = self._pieces(onset)
        if not pieces or not self._may(len(pieces), onset.at):
            self._count = replace(self._count, missed=self._count.missed + 1)
            sight = self.who.see(onset, Sight(onset.at), self._recent)  # that is cheaper, and saved for apart
            return onset if sight.hands is None else replace(onset, sight=sight)
        found = self._sight(pieces, onset.at)
        if found is None:
            return onset
        self._last = [*self._last[-7:], (onset, found)]
        self._count = replace(self._count, seen=self._count.seen + 1)
        return self._by_whom(onset, found)

    def _by_whom(self, onset: MotionOnset, sight: Sight) -> MotionOnset:
        """Return an onset with what was seen and who it is that moves."""
        sweeps = onset.kind is MotionKind.SWEEP
        return replace(onset, sight=sight if sweeps else self.who.see(onset, sight, self._recent))

    def follow(self, course: MotionCourse) -> MotionCourse:
        """Return what goes on moving with what was seen of it last; it is looked at now and then."""
        before = self._was_here(course) if course.state is CourseState.BEGINS else None
        if before is not None:
            self._followed[course.id] = before
        sight, doubled = self._followed.get(course.id, (None, 0))
        if course.state is CourseState.ENDS:
            if self._followed.pop(course.id, None) is not None and sight is not None:
                self._over = [*self._over[1 - MOST_OVER :], (course, sight, doubled)]
        elif self._usable and (sight is None or course.at - sight.at >= FOLLOWED << doubled):
            seen = self._look_at(course)
            if seen is not None:
                telling = max((value for family, value in seen.families if family in LASTING), default=0.0)
                who = telling >= LIKELY or sight is None
                sight = self.who.see(_moment(course), seen, self._recent) if who else seen
                self._followed[course.id] = (sight, 0 if telling >= TELLING else min(MOST_DOUBLED, doubled + 1))
        return replace(course, sight=sight)

    def _was_here(self, course: MotionCourse) -> tuple[Sight, int] | None:
        """Return what was seen of the last that moved there a moment ago: it may be the same, which had paused."""
        for before, sight, doubled in reversed(self._over):
            if _is_near(_moment(before), _moment(course)) and 0 <= course.at - sight.at < FOLLOWED << doubled:
                return sight, doubled
        return None

    def _look_at(self, course: MotionCourse) -> Sight | None:
        point, picture = course.points[-1], self._recent.near(course.at)
        if picture is None or not self._may(1, course.at, SPARED):
            return None
        side = min(1.0, max(NARROW, AROUND_IT * math.sqrt(point.size)))
        return self._sight([piece(picture, point.x, point.y, side)], course.at)

    def look_around(self, now: Tick) -> Sight | None:
        """Return what the whole picture shows, when it is time to look again; to be called while something moves."""
        if not self._usable or (self._whole is not None and 0 <= now - self._whole.at < AGAIN):
            return None
        picture = self._recent.near(now)
        if picture is None or not self._may(1, now):
            return None
        seen = self._sight([whole(picture)], now)
        self._whole = _lit(seen, picture) if seen is not None else None
        self._count = replace(self._count, wholes=self._count.wholes + 1)
        return self._whole

    def steps(self, now: Tick) -> list[MotionOnset]:
        """Return the steps of somebody who walks, a moment after they land; to be called while something moves."""
        return self.who.look_around(now, self._recent) if self._usable else []

    def statistics(self) -> EyesStatistics:
        """Return a snapshot."""
        return self._count

    @property
    def _usable(self) -> bool:
        return self.open and not self.problem

    def _sight(self, pictures: list[Picture], at: Tick) -> Sight | None:
        """Return what the pictures show together; None, and no more looks, where the network cannot say."""
        self._count = replace(self._count, passes=self._count.passes + len(pictures))
        try:
            return tags().sight(self._network.look(pictures)[1].mean(axis=0), at)
        except ModelError as error:
            self.problem = str(error)
        except Exception as error:  # ONNX Runtime's errors have no base of their own
            self.problem = f"the network of pictures failed ({str(error).splitlines()[0][:200]})"
        self._count = replace(self._count, failures=self._count.failures + 1)
        return None

    def _pieces(self, onset: MotionOnset) -> list[Picture]:
        moments = SET_DOWN_AROUND if onset.kind is MotionKind.SET_DOWN else AROUND
        pictures = [self._recent.near(onset.at + ticks_from_s(each)) for each in moments]
        kept = list({id(each): each for each in pictures if each is not None}.values())
        return [piece(each, onset.x, onset.y, NARROW) for each in kept] + [
            piece(each, onset.x, onset.y, WIDE) for each in kept[-1:]
        ]

    def _recall(self, onset: MotionOnset) -> Sight | None:
        for before, sight in reversed(self._last):
            if _is_near(before, onset) and 0 <= onset.at - before.at < LATELY:
                return sight
        return None

    def _may(self, passes: int, now: Tick, spared: float = 0.0) -> bool:
        if self._filled is not None:
            self._left = min(LOOKS_SAVED, self._left + LOOKS_PER_S * max(0, now - self._filled) / TICK_RATE)
        self._filled = now
        if self._left - spared < passes:
            return False
        self._left -= passes
        return True


def _is_near(one: MotionOnset, other: MotionOnset) -> bool:
    return abs(one.x - other.x) < NEARBY and abs(one.y - other.y) < NEARBY


def _moment(course: MotionCourse) -> MotionOnset:
    """Return where and when it is now."""
    point = course.points[-1]
    return MotionOnset(point.at, MotionKind.SWEEP, 0.0, x=point.x, y=point.y)


def _lit(sight: Sight, picture: Picture) -> Sight:
    """Return a look at a whole picture with its light and how green it is."""
    red, green, blue = (float(each) / 255 for each in picture.mean(axis=(0, 1)))
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    return replace(sight, light=round(light, 3), green=round(green - (red + blue) / 2, 3))
