"""Pictures that are stored otherwise than they are shown: what moves is found where it is seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest

from livefoley.core.events import Keyword, MotionOnset
from livefoley.core.media import PLAIN, Display
from livefoley.formats.fmp4 import box
from livefoley.perception.motion.analyser import MotionAnalyser
from livefoley.perception.motion.sampler import FrameSampler
from livefoley.perception.screen.watcher import ScreenWatcher
from tests.perception import clips
from tests.support.turned import matrix


def filmed(turns: int, pixel: tuple[int, int] = (1, 1)) -> clips.Clip:
    """Return a ball that bounces, filmed by a camera that was held otherwise: shown, it is as in ``PLAIN``."""
    display = Display(matrix(turns), box(b"pasp", b"".join(side.to_bytes(4, "big") for side in pixel)))
    film = clips.bouncing_ball(4.0)
    size = (640, 360) if turns % 2 == 0 else (360, 640)

    def draw(picture: Any, at: float) -> None:
        upright = clips.background()
        film.draw(upright, at)
        picture[:] = cv2.resize(display.as_stored(upright), (clips.WIDTH, clips.HEIGHT), interpolation=cv2.INTER_AREA)

    made = clips.encode(replace(film, draw=draw), 30, size=(size[0] * pixel[1] // pixel[0] & ~1, size[1]))
    return replace(made, track=replace(made.track, display=display))


def landings(clip: clips.Clip) -> list[MotionOnset]:
    analyser = MotionAnalyser()
    analyser.configure(clip.track)
    found = [event for unit in clip.units for event in analyser.feed(unit)] + analyser.flush()
    return [event for event in found if isinstance(event, MotionOnset)]


@pytest.mark.parametrize(("turns", "pixel"), [(1, (1, 1)), (2, (1, 1)), (3, (1, 1)), (0, (4, 3)), (0, (2, 1))])
def test_a_ball_lands_where_it_is_seen_however_the_picture_is_stored(turns: int, pixel: tuple[int, int]) -> None:
    plain, other = landings(filmed(0)), landings(filmed(turns, pixel))
    assert min(len(plain), len(other)) >= 3
    way = np.interp([onset.at for onset in other], [onset.at for onset in plain], [onset.x for onset in plain])
    assert [onset.x for onset in other] == pytest.approx(list(way), abs=0.04)  # it flies at an even speed


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_small_pictures_are_upright_and_in_square_pixels(turns: int) -> None:
    plain, other = filmed(0), filmed(turns)
    samplers = FrameSampler(), FrameSampler()
    shapes = []
    for sampler, clip in zip(samplers, (plain, other), strict=True):
        sampler.configure(clip.track)
        pictures = [picture for unit in clip.units[:60] for picture in sampler.feed(unit)]
        shapes.append(pictures[0].grey)
    assert shapes[0].shape == shapes[1].shape == (108, 192)
    assert np.abs(shapes[0].astype(int) - shapes[1]).mean() < 6


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_text_is_read_upright(turns: int) -> None:
    read: list[np.ndarray] = []

    def reader(picture: np.ndarray) -> list[str]:
        read.append(picture)
        return []

    clip = filmed(turns)
    watcher = ScreenWatcher([Keyword("sale", "sale")], reader)
    watcher.configure(clip.track)
    watcher.feed(next(unit for unit in clip.units if unit.packet.keyframe))
    assert read[0].shape == (360, 640, 3)
    assert filmed(0).track.display.turns == PLAIN.turns
