"""Says who moves: hands at the place, a face that talks, somebody who walks; and hears the steps in the picture.

Networks are asked only about what moves, and no more than a share of a core's time (``SHARE``), with some saved up for
whoever walks through the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot

from livefoley.core.errors import ModelError
from livefoley.core.events import MotionKind, MotionOnset, Sight
from livefoley.core.families import Family
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.models import resolver
from livefoley.models.catalogue import PEOPLE
from livefoley.perception.eyes.detections import Detection, Image
from livefoley.perception.eyes.people import PeopleNetworks, Pose
from livefoley.perception.eyes.recent import RecentPictures, square_around
from livefoley.perception.eyes.steps import ANKLES, SEEN, Step, StepFinder, body_height
from livefoley.perception.motion.sampler import Allowance

SHARE, SAVED = 0.025, ticks_from_s(0.4)
"""Of a core's time, on average and at once."""
HANDS_COST, POSE_COST = ticks_from_s(0.010), ticks_from_s(0.010)

WIDTH = 0.6  # of the picture, around what moves
SAME, NEARBY = ticks_from_s(0.12), 0.08
"""A look for hands so near in time and place stands for another."""
BEFORE: Tick = ticks_from_s(0.2)
HELD, BODY = 3.0, 3.0
"""So many sides of a palm's box are in its reach, and of a face's belong to the same body; beyond, less surely."""
REACH = 6.0  # sides beyond that in which it counts for nothing any more
MEET, FROM = 1.6, 1.5
"""Palms that are within so many sides, and were that many times as far, meet."""

SOMEBODY = 0.7  # presence of a pose
LOOK, AGAIN = ticks_from_s(1.0), ticks_from_s(0.5)
"""While something moves, somebody is looked for so often, and who is there is looked at again, lest they walk off."""
BACK: Tick = ticks_from_s(0.5)  # of pictures that are gone through once somebody walks
MOVED, MOVED_BRIEFLY, BRIEF = 0.07, 0.04, ticks_from_s(0.2)
"""Body heights a foot goes between two looks, or two that follow one another soon: somebody is on the way."""
PATIENCE: Tick = ticks_from_s(0.8)  # without a foot that moves somebody stands
STEP_STRENGTH, STEP_SIZE = 0.5, 0.01


@dataclass(frozen=True, slots=True)
class WhoStatistics:
    """Looks for hands and faces, looks at bodies, and those that were spared."""

    hands: int = 0
    poses: int = 0
    spared: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a look for hands found, and where."""

    at: Tick
    x: float
    y: float
    hands: float
    talking: float
    clapped: float


class Who:
    """Of one room. ``problem`` says why nobody looks, once the networks were found missing."""

    def __init__(self, networks: PeopleNetworks) -> None:
        self.problem = ""
        self._networks = networks
        self._time = Allowance(SHARE, SAVED)
        self._steps = StepFinder()
        self._looked: _Looked | None = None
        self._pose: Pose | None = None
        self._posed: Tick | None = None
        self._moved: Tick | None = None  # when the walker's feet or hips moved last
        self._count = WhoStatistics()

    def cut(self) -> None:
        """Another scene: nobody is followed on."""
        self._looked = self._pose = self._posed = self._moved = None
        self._steps.reset()

    def see(self, onset: MotionOnset, sight: Sight, recent: RecentPictures) -> Sight:
        """Return what was seen of an onset with who it is."""
        picture = recent.near(onset.at)
        if self.problem or picture is None:
            return sight
        try:
            looked = self._just_looked(onset) or self._look_for_hands(onset, picture, recent)
        except Exception as error:  # LiteRT's errors have no base of their own
            self.problem = _told_of(error)
            return sight
        if looked is None:
            return sight
        walking = 1.0 if self._walks_there(onset, picture) else 0.0
        families = ((Family.CLAP, looked.clapped), *sight.families) if looked.clapped else sight.families
        return replace(sight, families=families, hands=looked.hands, talking=looked.talking, walking=walking)

    def look_around(self, now: Tick, recent: RecentPictures) -> list[MotionOnset]:
        """Return the steps that were seen since the last call; to be called while something moves."""
        if self.problem:
            return []
        try:
            return [self._onset(*each) for each in self._walk(now, recent)]
        except Exception as error:
            self.problem = _told_of(error)
            return []

    def statistics(self) -> WhoStatistics:
        """Return a snapshot."""
        return self._count

    # ---- hands ----

    def _just_looked(self, onset: MotionOnset) -> _Looked | None:
        last = self._looked
        if last is None or abs(onset.at - last.at) > SAME or max(abs(onset.x - last.x), abs(onset.y - last.y)) > NEARBY:
            return None
        return last

    def _look_for_hands(self, onset: MotionOnset, picture: Image, recent: RecentPictures) -> _Looked | None:
        if not self._may(HANDS_COST, onset.at):
            return None
        self._count = replace(self._count, hands=self._count.hands + 1)
        part, place = square_around(picture, onset.x, onset.y, WIDTH)
        hands = self._networks.hands(part)
        held, talking = _at(hands, place, HELD), _at(self._networks.faces(part), place, BODY)
        clapped = self._clapped(onset, hands, recent) if held else 0.0
        self._looked = _Looked(onset.at, onset.x, onset.y, held, talking, clapped)
        return self._looked

    def _clapped(self, onset: MotionOnset, hands: Sequence[Detection], recent: RecentPictures) -> float:
        """Return how surely two palms met."""
        earlier = recent.near(onset.at - BEFORE)
        if len(hands) < 2 or _apart(hands) > MEET or earlier is None or not self._may(HANDS_COST, onset.at):
            return 0.0
        before = self._networks.hands(square_around(earlier, onset.x, onset.y, WIDTH)[0])
        if len(before) < 2 or _apart(before) < FROM * max(0.5, _apart(hands)):
            return 0.0
        return min(each.score for each in (*hands, *before))

    # ---- walking ----

    def _walk(self, now: Tick, recent: RecentPictures) -> list[tuple[Step, Image]]:
        if self._moved is not None and now - self._moved <= PATIENCE:
            return self._follow(recent.after(self._posed))
        again = LOOK if self._pose is None else AGAIN
        if self._posed is not None and 0 <= now - self._posed < again:
            return []
        newest = recent.after(None)[-1:]
        before, since = self._pose, self._posed
        self._steps.reset()
        found = self._follow(newest)
        if self._pose is not None and before is not None and self._moved == self._posed:  # they set off: since when?
            self._steps.reset()
            found = self._follow(recent.after(max(since or 0, now - BACK)))
        return found

    def _follow(self, pictures: Sequence[tuple[Image, Tick]]) -> list[tuple[Step, Image]]:
        """Look at pictures one after the other; return the steps in them."""
        return [(step, picture) for picture, at in pictures for step in self._look(picture, at)]

    def _look(self, picture: Image, at: Tick) -> list[Step]:
        before, since, self._posed = self._pose, self._posed, at
        if not self._may(POSE_COST, at):
            return []
        self._count = replace(self._count, poses=self._count.poses + 1)
        pose = self._networks.pose(picture, before.region if before is not None else None)
        if pose.presence < SOMEBODY or not _has_feet(pose, picture):
            self._pose = None
            self._steps.reset()
            return []
        self._pose = pose
        if before is None or _way(before, pose) > (MOVED if since is None or at - since > BRIEF else MOVED_BRIEFLY):
            self._moved = at
        steps = self._steps.feed(pose, at)
        self._count = replace(self._count, steps=self._count.steps + len(steps))
        return steps

    def _walks_there(self, onset: MotionOnset, picture: Image) -> bool:
        if self._pose is None or not self._steps.walks(onset.at):
            return False
        high, wide = picture.shape[:2]
        region = self._pose.region
        near = max(abs(onset.x * wide - region.x), abs(onset.y * high - region.y))
        return bool(near < region.side / 2)

    def _onset(self, step: Step, picture: Image) -> MotionOnset:
        high, wide = picture.shape[:2]
        sight = Sight(
            step.at, ((Family.FOOTSTEP, round(step.sure, 3)),), person=1.0, hands=0.0, talking=0.0, walking=1.0
        )
        return MotionOnset(
            step.at,
            MotionKind.STEP,
            STEP_STRENGTH,
            x=min(1.0, max(0.0, step.x / wide)),
            y=min(1.0, max(0.0, step.y / high)),
            size=STEP_SIZE,
            speed=step.speed * (body_height(self._pose) if self._pose is not None else high) / wide,
            sight=sight,
        )

    def _may(self, cost: Tick, now: Tick) -> bool:
        if self._time.spend(cost, now):
            return True
        self._count = replace(self._count, spared=self._count.spared + 1)
        return False


def _told_of(error: Exception) -> str:
    """Return why the networks cannot be used, and what to do, in a line."""
    if isinstance(error, ModelError):
        return str(error)
    first = (str(error).splitlines() or [""])[0][:200]
    return f"the networks of people failed ({first or type(error).__name__}); {resolver.remedy(PEOPLE)}"


def _at(found: Sequence[Detection], place: tuple[float, float], reach: float) -> float:
    """Return how surely one of the things is at ``place``, which is 0..1 of the picture they are in."""
    far = [hypot(each.x - place[0], each.y - place[1]) / each.side - reach for each in found]
    near = [each.score * min(1.0, max(0.0, 1.0 - beyond / REACH)) for each, beyond in zip(found, far, strict=True)]
    return round(max(near, default=0.0), 3)


def _apart(hands: Sequence[Detection]) -> float:
    """Return how far two hands are from each other, in sides of the larger."""
    one, other = hands[:2]
    return hypot(one.x - other.x, one.y - other.y) / max(one.side, other.side)


def _has_feet(pose: Pose, picture: Image) -> bool:
    """Say whether a foot at least is in the picture."""
    ankles, seen = pose.points[list(ANKLES)], pose.seen[list(ANKLES)]
    inside = ((ankles >= 0) & (ankles < picture.shape[1::-1])).all(axis=1)
    return bool((seen[inside] >= SEEN).any())


def _way(before: Pose, now: Pose) -> float:
    """Return how far the feet went, whichever went farther, in body heights."""
    ways = now.points[list(ANKLES)] - before.points[list(ANKLES)]
    return float(max(hypot(*way) for way in ways)) / body_height(now)
