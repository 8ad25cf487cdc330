"""Movements that last, each with what was seen of it, the sound that was chosen, and where that has been led."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

from livefoley.core.cues import CurvePoint
from livefoley.core.events import CoursePoint, CourseState, MotionCourse
from livefoley.core.families import Family
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.engine.choice import Choice
from livefoley.engine.lasting.lead import Lead

MOST_COURSES = 8  # that are followed, sounding or not
MOST_SOUNDING = 3
KEPT_POINTS = 128
NEAR = 0.15  # picture widths
ALONE = frozenset({Family.VEHICLE, Family.ROLL})
"""What goes by itself: no hand moves it, and a person who is seen there is what moves."""
LOOKING: Tick = ticks_from_s(2.0)  # after a look; later those who look may be too busy to
SILENT: Tick = ticks_from_s(1.0)  # a course that is not told of for so long after its moment is over


@dataclass(frozen=True, slots=True)
class Led:
    """Where the sound of cue ``cue_id`` goes next; ``ended``: these are its last points."""

    cue_id: int
    points: tuple[CurvePoint, ...]
    ended: bool


@dataclass(slots=True)
class Course:
    """One movement that lasts, and the sound that follows it, if any."""

    shown: dict[Family, float] = field(default_factory=dict)
    person: float = 0.0
    hands: float | None = None  # these as in a ``Sight``
    talking: float = 0.0
    walking: float = 0.0
    looked: bool = False
    steadiness: float = 1.0
    strokes_per_s: float = 0.0
    fresh: list[CoursePoint] = field(default_factory=list)
    where: CoursePoint | None = None
    largest: float = 0.0
    choice: Choice | None = None
    cue_id: int | None = None
    limited: bool = False
    lead: Lead | None = None

    def take(self, told: MotionCourse) -> None:
        """Take what is told of it; what was seen once is half believed a while later."""
        self.steadiness, self.where = told.steadiness, told.points[-1]
        self.strokes_per_s = told.strokes_per_s or 0.9 * self.strokes_per_s
        self.largest = max(self.largest, *(point.size for point in told.points))
        self.fresh = [*self.fresh, *told.points][-KEPT_POINTS:]
        if told.sight is None:
            return
        if told.sight.hands is not None:
            self.hands = max(0.9 * (self.hands or 0.0), told.sight.hands)
        self.talking = max(0.9 * self.talking, told.sight.talking or 0.0)
        self.walking = max(0.9 * self.walking, told.sight.walking or 0.0)
        now = dict(told.sight.families)
        self.looked, self.person = True, max(0.9 * self.person, told.sight.person)
        self.shown = {each: max(0.9 * self.shown.get(each, 0.0), now.get(each, 0.0)) for each in {*self.shown, *now}}

    @property
    def last(self) -> Tick:
        """The moment up to which it is known."""
        return self.where.at if self.where is not None else 0

    def is_at(self, x: float, y: float) -> bool:
        """Say whether a place lies where it is."""
        where = self.where
        return where is not None and math.hypot(where.x - x, where.y - y) < max(NEAR, math.sqrt(where.size))


class Courses:
    """All movements that last, by their ids; bounded, of those without a sound the one not told of for longest goes."""

    def __init__(self) -> None:
        self._courses: OrderedDict[int, Course] = OrderedDict()
        self._looked: Tick | None = None

    def take(self, told: MotionCourse) -> Course:
        """Return the course that is told of, with that."""
        course = self._courses.setdefault(told.id, Course())
        self._courses.move_to_end(told.id)
        if len(self._courses) > MOST_COURSES:
            silent = (number for number, each in self._courses.items() if each.cue_id is None)
            del self._courses[next(silent, next(iter(self._courses)))]
        course.take(told)
        if told.sight is not None:
            self._looked = max(told.sight.at, self._looked or told.sight.at)
        if told.state is CourseState.ENDS:
            self._courses.pop(told.id, None)
        return course

    def will_be_seen(self, course: Course) -> bool:
        """Say whether somebody looks at movements, but has not looked at this one yet."""
        return not course.looked and self._looked is not None and course.last - self._looked < LOOKING

    def sounding(self) -> int:
        """Return how many have a sound."""
        return sum(course.cue_id is not None for course in self._courses.values())

    def holds(self, cue_id: int) -> bool:
        """Say whether a cue's movement goes on."""
        return any(course.cue_id == cue_id for course in self._courses.values())

    def covers(self, x: float, y: float, family: Family | None) -> bool:
        """Say whether what moves at this place has a sound that lasts, and is nothing else as far as is known."""
        return any(
            course.choice is not None and course.choice.family in _same(family) and course.is_at(x, y)
            for course in self._courses.values()
            if course.cue_id is not None
        )

    def expire(self, playhead: Tick) -> None:
        """Forget those of which nothing is told any more."""
        silent = [number for number, course in self._courses.items() if playhead > course.last + SILENT]
        for number in silent:
            del self._courses[number]


def lead_on(course: Course, ended: bool) -> Led | None:
    """Return where the sound of a course goes, as far as that has not been told; None where it has none."""
    if course.cue_id is None or course.choice is None or course.choice.family is None:
        return None
    if course.lead is None:
        course.lead = Lead(course.choice.family)
    points, course.fresh = course.fresh, []
    return Led(course.cue_id, course.lead.points(points, ended), ended)


def _same(family: Family | None) -> frozenset[Family]:
    """Return what a hit of ``family`` may be a part of; what nobody knows may belong to what goes by itself."""
    return ALONE if family is None else frozenset({family})
