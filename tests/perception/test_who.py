"""Who moves: hands, who talks, who walks, as they are drawn; how seldom anybody looks, and what a walk sounds like."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from livefoley.core.errors import ModelError
from livefoley.core.events import MotionKind, MotionOnset, Sight
from livefoley.core.families import Family
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.perception.eyes.detections import Detection, Image
from livefoley.perception.eyes.people import Pose, Region
from livefoley.perception.eyes.recent import RecentPictures
from livefoley.perception.eyes.steps import StepFinder
from livefoley.perception.eyes.who import HANDS_COST, POSE_COST, SAVED, SHARE, Who

from .drawn import FACE, HAND, LEFT, RIGHT, SIZE, DrawnPeople, Square, frame

STRIDE_S, SWING_S = 0.55, 0.35
"""Every ``STRIDE_S`` another foot sets off, which is in the air for ``SWING_S``."""


def onset(at: Tick, x: float = 0.5, y: float = 0.5) -> MotionOnset:
    return MotionOnset(at, MotionKind.IMPACT, 0.9, x=x, y=y)


def pictures(*shown: tuple[float, Iterable[Square]]) -> RecentPictures:
    recent = RecentPictures()
    for at_s, squares in shown:
        recent.keep(frame(*squares), ticks_from_s(at_s))
    return recent


def seen(*shown: tuple[float, Iterable[Square]], x: float = 0.5, y: float = 0.5) -> Sight:
    """Return what is said of an onset in the last of some pictures."""
    at = ticks_from_s(shown[-1][0])
    return Who(DrawnPeople()).see(onset(at, x, y), Sight(at, ((Family.GLASS, 0.8),)), pictures(*shown))


# ---- hands and faces ----


def test_a_hand_counts_where_it_is_and_not_elsewhere() -> None:
    assert (seen((0.0, [(240, 135, 30, HAND)])).hands or 0.0) > 0.9
    assert seen((0.0, [(100, 135, 30, HAND)]), x=0.9).hands == 0.0
    nobody = seen((0.0, []))
    assert (nobody.hands, nobody.talking, nobody.walking) == (0.0, 0.0, 0.0)


def test_a_face_beside_what_moves_talks() -> None:
    assert (seen((0.0, [(240, 60, 50, FACE)]), y=0.6).talking or 0.0) > 0.9


def test_palms_that_meet_clap_and_palms_that_part_do_not() -> None:
    apart, together = [(150, 135, 40, HAND), (330, 135, 40, HAND)], [(218, 135, 40, HAND), (262, 135, 40, HAND)]
    assert seen((0.0, apart), (0.2, together)).families[0][0] is Family.CLAP
    assert seen((0.0, together), (0.2, apart)).families[0][0] is Family.GLASS
    assert seen((0.0, together), (0.2, together)).families[0][0] is Family.GLASS


def test_looks_cost_no_more_than_a_share_of_a_core() -> None:
    who = Who(drawn := DrawnPeople())
    recent = pictures((0.0, [(240, 135, 30, HAND)]))
    for step in range(600):  # a minute of ten onsets a second
        who.see(onset(step * TICK_RATE // 10), Sight(0), recent)
    assert 0.9 * 60 * TICK_RATE * SHARE <= drawn.looks * HANDS_COST <= SAVED + 60 * TICK_RATE * SHARE
    assert who.statistics().spared > 100


class Missing:
    """Networks that are not on this machine."""

    def __init__(self) -> None:
        self.asked = 0

    def hands(self, picture: Image) -> list[Detection]:
        self.asked += 1
        raise ModelError("there is no model on this machine")

    def faces(self, picture: Image) -> list[Detection]:
        return self.hands(picture)

    def pose(self, picture: Image, region: Region | None = None) -> Pose:
        self.hands(picture)
        raise AssertionError


def test_missing_networks_cost_meaning_alone_and_are_asked_once() -> None:
    who, sight = Who(missing := Missing()), Sight(0, ((Family.GLASS, 0.8),))
    recent = pictures((0.0, []))
    assert who.see(onset(0), sight, recent) is sight
    assert who.see(onset(0), sight, recent) is sight
    assert who.look_around(0, recent) == []
    assert "no model" in who.problem
    assert missing.asked == 1


class Broken(DrawnPeople):
    """Networks that fail as LiteRT does."""

    def hands(self, picture: Image) -> list[Detection]:
        raise RuntimeError("tensor 3 has no data\nat invoke")


def test_networks_that_fail_cost_meaning_alone_and_say_what_brings_others() -> None:
    who, sight = Who(Broken()), Sight(0, ((Family.GLASS, 0.8),))
    assert who.see(onset(0), sight, pictures((0.0, []))) is sight
    assert "tensor 3 has no data" in who.problem
    assert "`livefoley models fetch mediapipe-people`" in who.problem
    assert "\n" not in who.problem


# ---- walking ----


def feet(at_s: float, speed: float = 130.0) -> list[Square]:
    """Return where the feet of somebody are who walks to the right, ``speed`` in pixels a second."""
    found: list[Square] = []
    for number, colour in enumerate((LEFT, RIGHT)):
        turn, since = divmod(at_s - number * STRIDE_S, 2 * STRIDE_S)
        share = min(1.0, max(0.0, since / SWING_S))
        x = 40 + speed * 2 * STRIDE_S * (turn + share) + number * speed * STRIDE_S
        found.append((x, 235 - 20 * np.sin(np.pi * share), 12, colour))
    return found


def landings(until_s: float) -> list[float]:
    return [
        n * STRIDE_S + SWING_S for n in range(-2, int(until_s / STRIDE_S) + 1) if 0 < n * STRIDE_S + SWING_S < until_s
    ]


def walked(until_s: float, moving: bool = True, per_s: int = 30) -> list[MotionOnset]:
    """Return the steps of somebody who walks, watched as a room is: every picture is kept that may be."""
    who, recent, found = Who(DrawnPeople()), RecentPictures(), []
    for number in range(round(until_s * per_s)):
        at = number * TICK_RATE // per_s
        recent.keep(frame(*feet(number / per_s if moving else 0.0)), at)
        found += who.look_around(at, recent)
    return found


@pytest.mark.parametrize("per_s", [24, 25, 30, 50])
def test_who_walks_steps_when_a_foot_meets_the_ground(per_s: int) -> None:
    steps = walked(3.0, per_s=per_s)
    expected = landings(2.8)
    assert len(steps) >= len(expected) - 2  # the first ones pass before anybody looks
    assert all(step.kind is MotionKind.STEP for step in steps)
    for step in steps:
        assert min(abs(step.at / TICK_RATE - each) for each in expected) < 0.05
        assert step.y > 0.8
        assert step.sight is not None
        assert step.sight.families[0][0] is Family.FOOTSTEP
    assert [step.at for step in steps] == sorted(step.at for step in steps)


def test_who_stands_makes_no_step_and_costs_little() -> None:
    assert walked(5.0, moving=False) == []
    who, recent = Who(DrawnPeople()), RecentPictures()
    for number in range(300):
        at = number * TICK_RATE // 30
        recent.keep(frame(*feet(0.0)), at)
        who.look_around(at, recent)
    assert who.statistics().poses * POSE_COST <= SAVED + 10 * TICK_RATE * SHARE


def test_what_moves_on_who_walks_is_told_so() -> None:
    who, recent = Who(DrawnPeople()), RecentPictures()
    for number in range(60):
        at = number * TICK_RATE // 30
        recent.keep(frame(*feet(number / 30)), at)
        who.look_around(at, recent)
    foot = feet(2.0)[0]
    there = who.see(onset(ticks_from_s(2.0), foot[0] / SIZE[0], 0.7), Sight(0), recent)
    elsewhere = who.see(onset(ticks_from_s(2.0), 0.02, 0.1), Sight(0), recent)
    assert (there.walking, elsewhere.walking) == (1.0, 0.0)


def test_left_and_right_taken_for_each_other_are_no_step() -> None:
    finder, found = StepFinder(), []
    drawn = DrawnPeople()
    for number in range(20):
        squares = [(200, 235, 12, (LEFT, RIGHT)[number // 7 % 2]), (260, 235, 12, (RIGHT, LEFT)[number // 7 % 2])]
        picture = frame(*squares).to_ndarray(format="rgb24")
        found += finder.feed(drawn.pose(picture), number * TICK_RATE // 10)
    assert found == []


def test_a_look_just_before_stands_for_another_near_it() -> None:
    who = Who(drawn := DrawnPeople())
    recent = pictures((0.0, [(240, 135, 30, HAND)]))
    first = who.see(onset(0), Sight(0), recent)
    again = who.see(onset(ticks_from_s(0.1), 0.53), Sight(0), recent)
    assert (first.hands, drawn.looks) == (again.hands, 1)
    who.see(onset(ticks_from_s(0.1), 0.8), Sight(0), recent)
    assert drawn.looks == 2
