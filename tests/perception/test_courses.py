"""Following what goes on moving: a box that passes, several at once, and all that is no course."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.core.events import CourseState, MotionCourse
from livefoley.core.ticks import TICK_RATE
from livefoley.perception.motion.analyser import MotionAnalyser
from livefoley.perception.motion.courses import MOST, TOLD
from tests.perception import clips


def told(film: clips.Film) -> list[MotionCourse]:
    """Return what is told of courses in a film."""
    clip = clips.encode(film, 30, size=(640, 360))
    analyser = MotionAnalyser()
    analyser.configure(clip.track)
    events = [event for unit in clip.units for event in analyser.feed(unit)] + analyser.flush()
    return [event for event in events if isinstance(event, MotionCourse)]


def passing(lanes: int = 1, seconds: float = 3.0) -> clips.Film:
    """Return boxes that cross the picture, every other one to the left."""

    def draw(picture: clips.Picture, at: float) -> None:
        for lane in range(lanes):
            way = (at - 0.4) / 2.0 * (1 if lane % 2 == 0 else -1)
            x = clips.WIDTH * (way if lane % 2 == 0 else 1 + way)
            clips.box(picture, x, 90 + lane * 130, 200, 110, (40, 60 + 30 * lane, 200 - 30 * lane))

    return clips.Film(f"passing {lanes}", seconds, draw, ())


def stroking(seconds: float = 3.0) -> clips.Film:
    """Return a box that goes to and fro twice a second."""

    def draw(picture: clips.Picture, at: float) -> None:
        clips.box(picture, 640 + 120 * np.sin(2 * np.pi * 2 * at), 360, 220, 140, (40, 80, 190))

    return clips.Film("stroking", seconds, draw, ())


def test_a_box_that_passes_is_followed_from_where_it_comes_to_where_it_goes() -> None:
    course = told(passing())
    assert {each.id for each in course} == {course[0].id}
    assert [each.state for each in course] == [
        CourseState.BEGINS,
        *[CourseState.GOES_ON] * (len(course) - 2),
        CourseState.ENDS,
    ]
    points = [point for each in course for point in each.points]
    assert [point.at for point in points] == sorted(point.at for point in points)
    assert points[-1].at - points[0].at > 1.4 * TICK_RATE
    assert points[0].x < 0.25
    assert points[-1].x > 0.75
    assert np.all(np.diff([point.x for point in points]) > -0.05)
    assert np.median([point.speed for point in points]) == pytest.approx(0.5, abs=0.15)
    assert np.median([point.size for point in points]) == pytest.approx(200 * 110 / 1280 / 720, rel=0.8)
    assert min(each.steadiness for each in course) > 0.9


def test_it_is_told_a_few_times_a_second() -> None:
    course = told(passing())
    moments = [each.at for each in course[:-1]]
    assert np.all(np.diff(moments) >= TOLD)
    assert len(moments) >= 4


def test_what_goes_to_and_fro_is_not_steady_and_its_strokes_are_counted_where_they_are_regular() -> None:
    course = [each for each in told(stroking()) if each.state is CourseState.GOES_ON]
    assert course
    assert course[-1].steadiness < 0.6
    strokes = [each.strokes_per_s for each in course if each.strokes_per_s]
    assert strokes
    assert np.median(strokes) == pytest.approx(2.0, abs=0.7)


def test_no_more_than_a_few_are_followed() -> None:
    courses = told(passing(lanes=5))
    open_now: set[int] = set()
    most = 0
    for each in courses:
        (open_now.discard if each.state is CourseState.ENDS else open_now.add)(each.id)
        most = max(most, len(open_now))
    assert 2 <= most <= MOST
    assert not open_now


@pytest.mark.parametrize(
    "film",
    [clips.still(2.5), clips.shaken(clips.still(2.5)), clips.fading(2.5), clips.cutting(3.0)],
    ids=lambda film: film.name,
)
def test_a_still_room_a_camera_that_pans_a_fade_and_a_cut_are_no_course(film: clips.Film) -> None:
    assert not told(film)
