"""How a movement leads its sound: a vehicle by its distance, which its size tells; what hands do by its speed."""

from __future__ import annotations

import math
from dataclasses import replace

from livefoley.core.cues import CurvePoint
from livefoley.core.events import CoursePoint
from livefoley.core.families import Family
from livefoley.core.ticks import Tick, s_from_ticks, ticks_from_s

NEAREST = 0.2  # share of the picture from which on a vehicle is as loud as it gets
FARTHEST_DB = -36.0
BEYOND: Tick = ticks_from_s(0.8)
BEYOND_DB = 14.0
"""Outside the picture a vehicle is heard for so long, and so much quieter in the end."""

METRES = 3.0  # a car that fills the share s of a picture 60 degrees wide is this / sqrt(s) away
SOUND_SPEED = 343.0  # metres a second
BENT = 0.08  # the most by which a pitch moves
PAN = 1.5  # of half the picture's width
FAST = 0.5  # widths a second at which what is done by hand is as loud as it gets
SMOOTH_S = {Family.VEHICLE: 0.15, Family.POUR: 0.3, Family.ROLL: 0.1, Family.TYPING: 0.15}
SMOOTH_STROKE_S = 0.03
USUAL_DB = {
    Family.VEHICLE: -2.0,
    Family.POUR: -8.0,
    Family.TYPING: -9.0,
    Family.SAW: -5.0,
    Family.STIR: -10.0,
    Family.ROLL: -7.0,
}
"""How loud each is at its loudest, against a single hit."""
QUIETEST_DB = -30.0


class Lead:
    """Turns the points of a movement into those of its sound."""

    def __init__(self, family: Family) -> None:
        self._family = family
        self._level_db: float | None = None
        self._pan = 0.0
        self._distance: float | None = None
        self._speed = 0.0  # away from here, metres a second
        self._last: Tick = 0
        self._first: Tick | None = None

    def points(self, course: list[CoursePoint], ended: bool = False) -> tuple[CurvePoint, ...]:
        """Return where the sound goes for the next points, which come in order; a vehicle is heard before it is seen,
        and after."""
        first = self._first is None
        made = [self._point(each) for each in course]
        if self._family is Family.VEHICLE and made:
            if first:
                made.insert(0, self._away(made[0], -BEYOND))
            if ended:
                made.append(self._away(made[-1], BEYOND))
        return tuple(made)

    @staticmethod
    def _away(point: CurvePoint, by: Tick) -> CurvePoint:
        return replace(point, at=point.at + by, level_db=point.level_db - BEYOND_DB)

    def _point(self, point: CoursePoint) -> CurvePoint:
        if self._first is None:
            self._first = self._last = point.at
        gap_s = s_from_ticks(point.at - self._last)
        self._last = point.at
        late_s = SMOOTH_S.get(self._family, SMOOTH_STROKE_S)
        weight = 1.0 if self._level_db is None else 1.0 - math.exp(-gap_s / late_s)
        level_db = self._level_db = _mixed(self._level_db, self._level(point), weight)
        pan = max(-1.0, min(1.0, (point.x - 0.5) * PAN))
        self._pan = pan if self._first == point.at else _mixed(self._pan, pan, weight)
        pitch = self._pitch(point, gap_s, self._first)
        level_db += USUAL_DB[self._family]
        return CurvePoint(point.at - min(point.at - self._first, ticks_from_s(late_s / 2)), level_db, self._pan, pitch)

    def _level(self, point: CoursePoint) -> float:
        """Return the level in dB re the loudest: of a vehicle as 1 / distance, of the rest by speed."""
        if self._family is Family.VEHICLE:
            return max(FARTHEST_DB, min(0.0, 10.0 * math.log10(max(point.size, 1e-5) / NEAREST)))
        if self._family is Family.POUR:
            return 0.0
        return max(QUIETEST_DB, min(0.0, 20.0 * math.log10(max(point.speed, 1e-3) / FAST)))

    def _pitch(self, point: CoursePoint, gap_s: float, first: Tick) -> float:
        """Return the ratio at which the sound is played."""
        if self._family is Family.VEHICLE:
            return self._doppler(METRES / math.sqrt(max(point.size, 1e-4)), gap_s)
        if self._family is Family.POUR:  # what is filled sounds higher and higher
            return 1.0 + min(0.25, 0.03 * s_from_ticks(point.at - first))
        if self._family is Family.TYPING:
            return 1.0
        return 0.9 + 0.2 * min(1.0, point.speed / FAST)

    def _doppler(self, distance: float, gap_s: float) -> float:
        before, self._distance = self._distance, distance
        if before is not None and gap_s > 0:
            away = (distance - before) / gap_s
            self._speed += (1.0 - math.exp(-gap_s / 0.4)) * (max(-25.0, min(25.0, away)) - self._speed)
        return max(1.0 - BENT, min(1.0 + BENT, 1.0 / (1.0 + self._speed / SOUND_SPEED)))


def _mixed(before: float | None, now: float, weight: float) -> float:
    return now if before is None else before + weight * (now - before)
