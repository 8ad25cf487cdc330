"""Finds the steps of somebody who walks, from where the feet are in a few pictures a second.

A foot that swings travels and then stands: it meets the ground at the end of its way. Between two pictures the moment
is reckoned from how fast the foot went before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from livefoley.core.ticks import Tick, s_from_ticks, ticks_from_s
from livefoley.perception.eyes.detections import Floats
from livefoley.perception.eyes.people import Pose

ANKLES = (27, 28)
FEET = ((27, 29), (28, 30))
"""Ankle and heel, left and right: a toe comes down later."""

SEEN = 0.3  # of a foot, to be followed
SWINGS = 0.3  # body heights a second, from which on a foot swings
STANDS = 0.5  # of its fastest, or less: it has landed
WAY = 0.08  # body heights; what travels less has only shifted
LONGEST: Tick = ticks_from_s(1.3)  # of a swing
GAP: Tick = ticks_from_s(0.35)  # of pictures; after it nothing is known of what was before
APART: Tick = ticks_from_s(0.22)  # of two steps
WALKS: Tick = ticks_from_s(1.2)  # after a step somebody is taken to walk on


@dataclass(frozen=True, slots=True)
class Step:
    """A foot meets the ground at ``at``; ``x``, ``y`` in pixels, ``speed`` in body heights a second before it."""

    at: Tick
    x: float
    y: float
    speed: float
    sure: float


@dataclass(slots=True)
class _Swing:
    start: Floats
    began: Tick
    fastest: float  # body heights a second
    last: tuple[Tick, float]  # the beginning of the time it went last, and how far it went in it
    seen: list[float]


@dataclass(slots=True)
class _Foot:
    place: Floats | None = None
    at: Tick = 0
    swing: _Swing | None = None


class StepFinder:
    """Poses of one body in, in order of time; steps out, one picture after they land."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Another body, or none."""
        self._feet = (_Foot(), _Foot())
        self._last: Tick | None = None

    def walks(self, now: Tick) -> bool:
        """Say whether there was a step just now."""
        return self._last is not None and now - self._last <= WALKS

    def feed(self, pose: Pose, at: Tick) -> list[Step]:
        """Return the steps that are known by now."""
        height = body_height(pose)
        places = [pose.points[list(foot)].mean(axis=0) for foot in FEET]
        seen = [float(pose.seen[list(foot)].mean()) for foot in FEET]
        if self._crossed(places):
            places.reverse()
            seen.reverse()
        found = []
        for foot, place, sure in zip(self._feet, places, seen, strict=True):
            step = self._follow(foot, place, sure, at, height)
            if step is not None and (self._last is None or step.at - self._last >= APART):
                self._last = step.at
                found.append(step)
        return found

    def _crossed(self, places: list[Floats]) -> bool:
        """Say whether left and right were taken for each other."""
        before = [foot.place for foot in self._feet]
        if before[0] is None or before[1] is None:
            return False
        kept = np.linalg.norm(places[0] - before[0]) + np.linalg.norm(places[1] - before[1])
        swapped = np.linalg.norm(places[1] - before[0]) + np.linalg.norm(places[0] - before[1])
        return bool(2 * swapped < kept)

    def _follow(self, foot: _Foot, place: Floats, sure: float, at: Tick, height: float) -> Step | None:
        before, since = foot.place, foot.at
        foot.place, foot.at = (place, at) if sure >= SEEN else (None, at)
        if foot.place is None or before is None or not 0 < at - since <= GAP:
            foot.swing = None
            return None
        way = float(np.linalg.norm(place - before)) / height
        speed, swing = way / s_from_ticks(at - since), foot.swing
        if swing is None:
            foot.swing = _Swing(before, since, speed, (since, way), [sure]) if speed >= SWINGS else None
            return None
        if speed >= STANDS * swing.fastest:
            swing.fastest, swing.last = max(swing.fastest, speed), (since, way)
            swing.seen.append(sure)
            foot.swing = swing if at - swing.began <= LONGEST else None
            return None
        foot.swing = None
        if float(np.linalg.norm(before - swing.start)) < WAY * height:
            return None
        went, far = swing.last
        landed = went + min(at - went, ticks_from_s((far + way) / swing.fastest))
        return Step(landed, float(before[0]), float(before[1]), swing.fastest, float(np.mean(swing.seen)))


def body_height(pose: Pose) -> float:
    """Return how tall somebody is, in pixels, from the circle around the body: it holds while legs are hidden."""
    return max(8.0, 0.8 * pose.region.side)
