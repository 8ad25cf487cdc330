"""The eyes: the real network on pictures it must know, how few it looks at, and what happens where it is missing."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from livefoley.core.errors import ModelError
from livefoley.core.events import CoursePoint, CourseState, MotionCourse, MotionKind, MotionOnset
from livefoley.core.families import Family
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.models import resolver
from livefoley.perception.eyes import picture_classes
from livefoley.perception.eyes.eyes import LOOKS_PER_S, LOOKS_SAVED, SPARED, Eyes
from livefoley.perception.eyes.picture_classes import PictureClasses
from livefoley.perception.eyes.tags import CLASSES, tags
from livefoley.train import picture_graph
from tests.support.peers import shared

from .drawn import DrawnPeople

NETWORK = PictureClasses()


def frame(seed: int = 0, size: tuple[int, int] = (640, 360)) -> VideoFrame:
    noise = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3), np.uint8)
    return VideoFrame.from_ndarray(noise, format="rgb24")


def onset(at: Tick, x: float = 0.5, y: float = 0.5) -> MotionOnset:
    return MotionOnset(at, MotionKind.IMPACT, 0.9, x=x, y=y)


def looked_at(path: Path, at_s: float, x: float, y: float) -> tuple[Eyes, MotionOnset]:
    eyes = Eyes(NETWORK, DrawnPeople())
    with av.open(str(path)) as container:
        for each in container.decode(video=0):
            assert each.time is not None
            if at_s - 0.5 < each.time < at_s + 0.3:
                eyes.keep(each, ticks_from_s(each.time))
    return eyes, eyes.see(onset(ticks_from_s(at_s), x, y))


def test_the_graph_is_what_its_program_writes() -> None:
    graph = resources.files("livefoley.perception.eyes").joinpath("efficientnet_lite0.onnx").read_bytes()
    assert picture_graph.build().SerializeToString(deterministic=True) == graph


def test_a_bottle_is_known_by_its_crop() -> None:
    _, found = looked_at(shared("footage/bottles_by_hand.mp4"), 0.4, 0.2, 0.6)
    assert found.sight is not None
    assert found.sight.families[0][0] is Family.GLASS
    assert found.sight.families[0][1] > 0.5


def test_a_street_is_a_place_with_vehicles() -> None:
    eyes, _ = looked_at(shared("footage/cars_from_above.mp4"), 6.2, 0.5, 0.1)
    sight = eyes.look_around(ticks_from_s(6.3))
    assert sight is not None
    assert sight.families[0][0] is Family.VEHICLE
    assert sight.places[0][0] == "street"


def test_looks_are_bounded_whatever_moves() -> None:
    eyes = Eyes(NETWORK, DrawnPeople())
    for step in range(200):  # 20 s of ten onsets a second, everywhere
        at = step * TICK_RATE // 10
        eyes.keep(frame(step), at)
        eyes.see(onset(at, x=(step * 0.37) % 1.0, y=(step * 0.61) % 1.0))
    figures = eyes.statistics()
    assert figures.passes <= LOOKS_SAVED + 20 * LOOKS_PER_S
    assert figures.missed > 50
    assert figures.seen + figures.recalled + figures.missed == 200


def test_what_was_seen_a_moment_ago_is_remembered_until_the_scene_changes() -> None:
    eyes = Eyes(NETWORK, DrawnPeople())
    eyes.keep(frame(), 0)
    first, again = eyes.see(onset(0)), eyes.see(onset(ticks_from_s(0.4), x=0.52))
    assert first.sight == again.sight is not None
    assert eyes.statistics().recalled == 1
    eyes.cut()
    eyes.keep(frame(1), ticks_from_s(0.5))
    assert eyes.see(onset(ticks_from_s(0.5))).sight is not first.sight


def test_closed_eyes_cost_nothing_and_say_nothing() -> None:
    eyes = Eyes(NETWORK, DrawnPeople())
    eyes.open = False
    eyes.keep(frame(), 0)
    assert eyes.see(onset(0)).sight is None
    assert eyes.look_around(0) is None
    assert eyes.statistics().passes == 0


def test_a_missing_network_costs_meaning_and_no_onset(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str) -> None:
        raise ModelError(f"there is no model {name!r} on this machine")

    monkeypatch.setattr(resolver, "find", nowhere)
    eyes = Eyes(picture_classes.PictureClasses(), DrawnPeople())
    eyes.keep(frame(), 0)
    assert eyes.see(onset(0)) == onset(0)
    assert "no model" in eyes.problem
    assert eyes.look_around(ticks_from_s(5)) is None


def test_the_tables_are_whole() -> None:
    found = tags()
    even = np.full(CLASSES, 1 / CLASSES, np.float32)
    assert set(found.families) <= set(Family)
    assert 0.0 < found.sight(even, 0).person < 0.1
    for number in (898, 817, 508):  # water bottle, sports car, computer keyboard
        alone = np.zeros(CLASSES, np.float32)
        alone[number] = 1.0
        assert found.sight(alone, 0).families[0][1] == 1.0


def course(at: Tick, state: CourseState = CourseState.GOES_ON, number: int = 1, x: float = 0.5) -> MotionCourse:
    return MotionCourse(number, state, (CoursePoint(at, x, 0.5, 0.05, 0.3),))


def test_what_goes_on_moving_is_looked_at_now_and_then_and_more_seldom_where_nothing_of_interest_is() -> None:
    eyes = Eyes(NETWORK, DrawnPeople())
    passes = []
    for step in range(120):  # 30 s of noise
        at = step * TICK_RATE // 4
        eyes.keep(frame(step), at)
        told = eyes.follow(course(at))
        assert told.sight is not None
        passes.append(eyes.statistics().passes)
    assert 5 <= passes[-1] <= 10
    ended = eyes.follow(course(30 * TICK_RATE, CourseState.ENDS))
    assert ended.sight is not None
    assert eyes.statistics().passes == passes[-1]


def test_what_moves_where_something_stopped_a_moment_ago_is_known() -> None:
    eyes = Eyes(NETWORK, DrawnPeople())
    eyes.keep(frame(), 0)
    first = eyes.follow(course(0, CourseState.BEGINS, 1))
    eyes.follow(course(TICK_RATE // 4, CourseState.ENDS, 1))
    again = eyes.follow(course(TICK_RATE // 2, CourseState.BEGINS, 2))
    assert again.sight == first.sight
    assert eyes.statistics().passes == 1
    assert eyes.follow(course(TICK_RATE // 2, CourseState.BEGINS, 3, x=0.9)).sight != first.sight
    assert eyes.statistics().passes == 2


def test_looks_are_kept_for_what_lands() -> None:
    eyes = Eyes(NETWORK, DrawnPeople())
    eyes.keep(frame(), 0)
    for number in range(20):
        eyes.follow(course(0, CourseState.BEGINS, number))
    assert eyes.statistics().passes <= LOOKS_SAVED - SPARED
    assert eyes.see(onset(0)).sight is not None


def test_a_car_that_passes_is_known_on_its_way() -> None:
    eyes, _ = looked_at(shared("footage/cars_from_above.mp4"), 3.5, 0.25, 0.3)
    told = eyes.follow(MotionCourse(1, CourseState.BEGINS, (CoursePoint(ticks_from_s(3.5), 0.25, 0.3, 0.13, 0.2),)))
    assert told.sight is not None
    assert told.sight.families[0][0] is Family.VEHICLE
    assert told.sight.families[0][1] > 0.5


def test_where_no_look_is_left_it_is_still_said_who_moves() -> None:
    eyes = Eyes(NETWORK, DrawnPeople())
    seen = []
    for step in range(20):
        at = ticks_from_s(step / 10)
        eyes.keep(frame(step), at)
        seen.append(eyes.see(onset(at, x=(step * 0.37) % 1.0, y=(step * 0.61) % 1.0)))
    missed = [each.sight for each in seen if each.sight is not None and not each.sight.families]
    assert eyes.statistics().missed
    assert any(sight.hands is not None for sight in missed)
