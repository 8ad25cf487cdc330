"""What lands is told from what turns, is carried about, or is no thing at all: by its speeds, and on films of hands."""

from __future__ import annotations

import pytest

from livefoley.core.ticks import TICK_RATE
from livefoley.perception.motion.landing import lands
from tests.perception import clips, strokes
from tests.perception.test_motion import distances, heard, watch

NEAR = TICK_RATE // 15


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([0.2, 0.5, 0.7, 1.0, 1.1], [0.0, -0.2, -0.4, -0.6]),  # a knife on a board, raised again
        ([0.9, 0.95, 1.0, 1.0, 1.05], [0.5, 0.0, 0.0, 0.0]),  # a box: the floor lies between two pictures
        ([0.2, 0.25, 0.3, 0.4, 0.4], [-0.3, -0.3, -0.2, -0.2]),  # a stick on a drum
        ([0.0, 0.0, 0.1, 1.4, 2.6], [0.1, 0.0, 0.0, 0.0]),  # a hammer, too fast to be seen for long
    ],
)
def test_what_is_fast_until_it_is_there_lands(before: list[float], after: list[float]) -> None:
    assert lands(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([0.9, 1.0, 0.8, 0.6, 0.4], [0.0, 0.0, 0.0, 0.0]),  # a hand slows down before it rests
        ([0.8, 0.8, 0.6, 0.4, 0.1], [-0.2, -0.5, -0.8, -0.9]),  # and turns
        ([0.6, 0.7, 0.7, 0.8, 0.8], [0.0, 0.7, 0.8, 0.8]),  # lost for a step, and it goes on
        ([0.0, 0.0, 0.0, 0.0, 2.8], [0.0, 0.0, 0.0, 0.0]),  # a title that was not there a picture ago
        ([0.0, 0.0, 0.0, 0.3, 0.3], [0.0, 0.0, 0.0, 0.0]),  # something slow that twitches
        ([0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_what_slows_down_goes_on_or_was_not_seen_to_come_does_not(before: list[float], after: list[float]) -> None:
    assert not lands(before, after)


@pytest.mark.parametrize(
    "film", [strokes.chopping(), strokes.chopping(5.0, 26, 0.55), strokes.drumming(5.0)], ids=["chop", "slowly", "drum"]
)
def test_a_stroke_is_one_moment_and_the_way_up_none(film: clips.Film) -> None:
    clip = clips.encode(film, 30)
    onsets = heard(watch(clip)[0])
    near = [d for d in distances(clip, onsets) if d <= NEAR]
    assert len(near) >= 0.85 * len(film.contacts)
    assert len(onsets) <= 1.15 * len(film.contacts)


def test_a_stroke_is_seen_through_a_shaking_camera() -> None:
    clip = clips.encode(clips.shaken(strokes.chopping(4.0, 36)), 30)
    onsets = heard(watch(clip)[0])
    assert len([d for d in distances(clip, onsets) if d <= NEAR]) >= 0.75 * len(clip.film.contacts)
    assert len(onsets) <= 1.3 * len(clip.film.contacts)


@pytest.mark.parametrize(
    "film", [strokes.talking(), strokes.titles(), clips.shaken(strokes.talking())], ids=["talk", "titles", "shaken"]
)
def test_hands_that_talk_titles_and_zooms_land_nowhere(film: clips.Film) -> None:
    assert len(heard(watch(clips.encode(film, 30))[0])) <= 2
