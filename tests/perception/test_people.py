"""The networks that know people, against what their makers' own program says, and how detectors are read."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from livefoley.core.errors import ModelError
from livefoley.models import resolver
from livefoley.models.catalogue import PEOPLE
from livefoley.perception.eyes import people
from livefoley.perception.eyes.detections import Image, anchors, detections, letterbox
from livefoley.perception.eyes.people import LAYERS, PALM, People
from tests.support.peers import impossible, require_packages, shared

NETWORKS = People()


@pytest.fixture
def networks() -> People:
    require_packages("ai_edge_litert", extra="eyes")
    try:
        resolver.find(PEOPLE.name)
    except ModelError:
        impossible(f"{PEOPLE.name} is not there; {resolver.remedy(PEOPLE)}")  # no package brings it
    return NETWORKS


def picture(path: Path, at_s: float) -> Image:
    """Return the first picture of a clip that is shown at ``at_s`` or later."""
    with av.open(str(path)) as container:
        for each in container.decode(video=0):
            assert each.time is not None
            if each.time >= at_s - 1e-3:
                return np.asarray(each.to_ndarray(format="rgb24"), np.uint8)
    raise AssertionError("the clip is shorter")


# ---- how detectors are read ----


def test_anchors_are_as_many_as_the_detectors_have() -> None:
    assert len(anchors(PALM, LAYERS)) == 2016
    assert len(anchors(people.FACE, LAYERS)) == 896
    assert anchors(PALM, LAYERS)[0].tolist() == pytest.approx([0.5 / 24, 0.5 / 24])


def test_boxes_of_the_same_thing_become_one_and_others_stay() -> None:
    centres = anchors(PALM, LAYERS)
    values, logits = np.zeros((2016, 18), np.float32), np.full(2016, -50.0, np.float32)
    for anchor, x, score in ((600, 0.0, 3.0), (602, -8.0, 2.0), (100, 0.0, 1.0)):
        values[anchor, :4], logits[anchor] = (x, 0.0, 40.0, 40.0), score
    found = detections(values, logits, centres, PALM, 0.5)
    assert len(found) == 2
    assert found[0].score == pytest.approx(1 / (1 + np.exp(-3.0)), abs=1e-4)
    assert (found[0].x, found[0].y) == pytest.approx(tuple(centres[600]), abs=0.01)  # 602 lies 8 pixels to the right
    assert found[0].side == pytest.approx(40 / PALM, abs=1e-3)
    assert len(detections(values, logits, centres, PALM, 0.99)) == 0


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (100, 7)])
def test_a_picture_lies_whole_in_its_square_and_places_come_back(size: tuple[int, int]) -> None:
    shown = np.full((size[1], size[0], 3), 255, np.uint8)
    square, lies = letterbox(shown, 192)
    assert square.shape == (192, 192, 3)
    rows, columns = np.flatnonzero(square.any(axis=(1, 2))), np.flatnonzero(square.any(axis=(0, 2)))
    assert len(columns) / len(rows) == pytest.approx(size[0] / size[1], rel=0.1)
    corners = np.array([[columns[0], rows[0]], [columns[-1] + 1, rows[-1] + 1]], np.float32) / 192
    assert lies.to_picture(corners).ravel().tolist() == pytest.approx([0.0, 0.0, 1.0, 1.0], abs=1e-3)


# ---- the networks ----


def test_hands_are_where_their_makers_program_finds_them(networks: People) -> None:
    """MediaPipe 0.10.21, ``solutions.hands`` in its lite form, on the same pictures: wrist and middle knuckle."""
    clip = shared("footage/bottles_by_hand.mp4")
    for at_s, expected in (
        (0.5, [[(0.069, 0.170), (0.167, 0.204)]]),
        (4.6, [[(0.016, 0.070), (0.044, 0.206)], [(0.449, 0.109), (0.519, 0.169)]]),
    ):
        found = networks.hands(picture(clip, at_s))
        assert [hand.score > 0.9 for hand in found] == [True] * len(expected)
        for hand, (wrist, knuckle) in zip(sorted(found, key=lambda each: each.x), expected, strict=True):
            assert hand.points[0].tolist() == pytest.approx(wrist, abs=0.03)
            assert hand.points[2].tolist() == pytest.approx(knuckle, abs=0.03)


def test_a_face_is_where_its_makers_program_finds_it(networks: People) -> None:
    """MediaPipe 0.10.21, ``solutions.face_detection``, short range, on the same picture."""
    (face,) = networks.faces(picture(shared("footage/tears_of_steel_fight.mp4"), 6.0))
    assert face.score > 0.8
    assert face.box == pytest.approx((0.386, 0.082, 0.706, 0.853), abs=0.03)
    assert face.points[:2].ravel().tolist() == pytest.approx([0.519, 0.267, 0.646, 0.382], abs=0.03)


def test_hair_and_empty_tables_have_no_hands(networks: People) -> None:
    shown = picture(shared("footage/friday.mp4"), 0.5)
    assert all(hand.score < 0.3 for hand in networks.hands(shown[:, 200:]))
    assert all(hand.score < 0.3 for hand in networks.hands(picture(shared("footage/bottles_by_hand.mp4"), 2.5)))


def test_a_body_stands_on_its_feet_and_an_empty_room_has_none(networks: People) -> None:
    room = shared("footage/room.mp4")
    pose = networks.pose(picture(room, 26.3))
    pose = networks.pose(picture(room, 26.4), pose.region)
    assert pose.presence > 0.9
    assert np.abs(pose.points[[27, 28], 1] / 720 - 0.85).max() < 0.08  # the shoes are there
    assert networks.pose(picture(room, 30.0)).presence < 0.1


def test_missing_networks_are_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    require_packages("ai_edge_litert", extra="eyes")
    monkeypatch.setenv("LIVEFOLEY_MODELS", str(tmp_path))
    with pytest.raises(ModelError, match="livefoley models fetch mediapipe-people"):
        People().faces(np.zeros((100, 100, 3), np.uint8))


def test_a_file_that_is_no_network_is_refused() -> None:
    require_packages("ai_edge_litert", extra="eyes")
    with pytest.raises(ModelError, match="cannot be loaded") as raised:
        people.load(b"this is no network of LiteRT, whatever it may be" * 10)
    assert "\n" not in str(raised.value)
