"""What the original holds of a movement that goes on: how far it is louder since that began, and how much quieter that
makes what is laid there.

A single hit is told by its onset. What lasts has none that would tell: a car that passes, or a saw, is a level that has
risen above what was usual before the movement began. While somebody speaks nobody can say, and it stays as it was.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from livefoley.core.events import CourseState, MotionCourse
from livefoley.core.ticks import Tick, ticks_from_s

MOST_COURSES = 16
BEFORE: Tick = ticks_from_s(6.0)
"""So long before a movement began is listened to for what is usual there: a car is heard before it is seen."""
PIECE: Tick = ticks_from_s(0.1)
FEWEST_PIECES = 8
QUIET_SHARE = 0.2  # of the pieces before are quieter than what is taken for usual
NOW: Tick = ticks_from_s(0.5)
SMOOTH_S = 0.4
RISEN_DB, QUIETER_PER_DB, MOST_QUIETER_DB = 6.0, 1.0, 12.0
"""So much louder it must be, and how much quieter what is laid is for every decibel beyond."""
INAUDIBLE_DB, AUDIBLE_DB = -55.0, -40.0  # of the original: below the first it carries nothing

Level = Callable[[Tick, Tick], float | None]


@dataclass(slots=True)
class _Course:
    """``usual_db`` is None where nothing was heard before it began."""

    usual_db: float | None
    last: Tick
    quieter_db: float = 0.0
    told: bool = field(default=False)


class GoingOn:
    """Of one room. ``level`` returns the mean level between two ticks in dBFS, None where it was not heard;
    ``speaks`` says whether somebody speaks."""

    def __init__(self, level: Level, speaks: Callable[[Tick], bool]) -> None:
        self._level = level
        self._speaks = speaks
        self._courses: OrderedDict[int, _Course] = OrderedDict()
        self.lowered = 0

    def quieter_db(self, course: MotionCourse) -> float:
        """Return by how much the original makes the sound of a movement superfluous by now, 0 or more."""
        found = self._courses.get(course.id)
        if found is None or course.state is CourseState.BEGINS:
            begin = course.points[0].at
            found = self._courses[course.id] = _Course(self._usual(begin), begin)
            if len(self._courses) > MOST_COURSES:
                self._courses.popitem(last=False)
        self._follow(found, course.at)
        if course.state is CourseState.ENDS:
            self._courses.pop(course.id, None)
        return found.quieter_db

    def _follow(self, course: _Course, at: Tick) -> None:
        level = None if self._speaks(at) or self._speaks(at - NOW) else self._level(at - NOW, at)
        if level is None or course.usual_db is None:
            return
        wanted = min(MOST_QUIETER_DB, max(0.0, QUIETER_PER_DB * (level - course.usual_db - RISEN_DB)))
        wanted *= min(1.0, max(0.0, (level - INAUDIBLE_DB) / (AUDIBLE_DB - INAUDIBLE_DB)))
        passed_s = max(0, at - course.last) / ticks_from_s(1.0)
        course.quieter_db += (1.0 - 0.5 ** (passed_s / SMOOTH_S)) * (wanted - course.quieter_db)
        course.last = max(course.last, at)
        if course.quieter_db >= 1.0 and not course.told:
            course.told = True
            self.lowered += 1

    def _usual(self, begin: Tick) -> float | None:
        levels = sorted(self._pieces(begin))
        return levels[int(QUIET_SHARE * len(levels))] if len(levels) >= FEWEST_PIECES else None

    def _pieces(self, begin: Tick) -> Iterator[float]:
        for at in range(begin - BEFORE, begin, PIECE):
            if not self._speaks(at) and (level := self._level(at, at + PIECE)) is not None:
                yield level
