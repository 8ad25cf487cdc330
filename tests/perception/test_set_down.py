"""What a hand sets down stays there when the hand leaves; a hand that fetches, points or talks sets nothing down."""

from __future__ import annotations

import numpy as np
import pytest

from livefoley.core.events import MotionKind, MotionOnset, SceneCut, Sight
from livefoley.core.ticks import TICK_RATE
from livefoley.perception.motion.analyser import held
from livefoley.perception.motion.optical_flow import Motion
from livefoley.perception.motion.set_down import LATEST, SetDownFinder
from tests.perception import clips, strokes
from tests.perception.placed import hands_come_down
from tests.perception.test_motion import watch

NEAR = TICK_RATE // 4  # it comes to rest so softly that nobody could say better


def set_down(clip: clips.Clip) -> list[MotionOnset]:
    """Return what is reported to be set down."""
    events = watch(clip)[0]
    return [event for event in events if isinstance(event, MotionOnset) and event.kind is MotionKind.SET_DOWN]


@pytest.mark.parametrize(("fps", "seed"), [(30, 12), (25, 13)])
def test_what_a_hand_leaves_standing_was_set_down_when_it_came_to_rest(fps: int, seed: int) -> None:
    film = hands_come_down(8.0, seed)
    clip = clips.encode(film, fps, size=(640, 360))
    found = set_down(clip)
    assert len(film.contacts) - 1 <= len(found) <= len(film.contacts)
    for onset in found:
        away = [abs(onset.at - clip.frame_ticks[0] - contact * TICK_RATE) for contact in film.contacts]
        assert min(away) <= NEAR
        assert onset.y > 0.5


def test_it_is_known_in_time_to_be_heard() -> None:
    clip = clips.encode(hands_come_down(5.0), 30, size=(640, 360))
    events, late = watch(clip)
    told = [after for event, after in zip(events, late, strict=False) if getattr(event, "kind", "") == "set down"]
    assert told
    assert max(told) <= LATEST + TICK_RATE // 5


@pytest.mark.parametrize(
    "film",
    [hands_come_down(8.0, what="fetches"), hands_come_down(8.0, what="points"), strokes.talking(), strokes.titles()],
    ids=lambda film: film.name,
)
def test_hands_that_fetch_point_or_talk_set_nothing_down(film: clips.Film) -> None:
    assert set_down(clips.encode(film, 30, size=(640, 360))) == []


def test_what_came_down_before_a_cut_is_forgotten() -> None:
    film = hands_come_down(4.0, 12)
    cut_s = film.contacts[0] + 0.15

    def draw(picture: clips.Picture, t: float) -> None:
        film.draw(picture, t)
        if t >= cut_s:
            picture[:] = picture[:, ::-1] // 2 + 60

    clip = clips.encode(clips.Film("cut", film.seconds, draw, (), cut_s), 30, size=(640, 360))
    events = watch(clip)[0]
    assert any(isinstance(event, SceneCut) for event in events)
    assert not any(isinstance(event, MotionOnset) and event.kind is MotionKind.SET_DOWN for event in events)


@pytest.mark.parametrize(("hands", "sounds"), [(None, True), (0.9, True), (0.0, False)])
def test_where_no_hand_is_found_nothing_is_set_down(hands: float | None, sounds: bool) -> None:
    onset = MotionOnset(0, MotionKind.SET_DOWN, 0.5)
    assert held(onset)  # nobody looked
    assert held(MotionOnset(0, MotionKind.SET_DOWN, 0.5, sight=Sight(0, hands=hands))) is sounds


def moves(at_s: float, down: float, shape: tuple[int, int] = (45, 80)) -> Motion:
    """Return a movement by which a thing in the middle goes down, in picture widths a second, or a hand above it up."""
    field, none = np.zeros((*shape, 2), np.float32), np.zeros(shape, np.float32)
    field[10 : 30 if down > 0 else 20, 30:50, 1] = down
    at = round(at_s * TICK_RATE)
    return Motion(at, TICK_RATE // 20, field, np.abs(field[..., 1]), field, *(none,) * 5, 0.0, 0.0)


@pytest.mark.parametrize(
    ("hole_s", "shape", "known"), [(0.0, (45, 80), 1), (0.8, (45, 80), 0), (0.0, (60, 80), 0)], ids=["", "hole", "size"]
)
def test_a_hand_that_leaves_after_a_hole_or_in_another_size_has_set_nothing_down(
    hole_s: float, shape: tuple[int, int], known: int
) -> None:
    finder, found = SetDownFinder(), []
    for step in range(12):
        found += finder.feed(moves(0.05 * step, 0.4))
    for step in range(12):
        found += finder.feed(moves(hole_s + 0.05 * (12 + step), -0.4 if step > 3 else 0.0, shape))
    assert len(found) == known
