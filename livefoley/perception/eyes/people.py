"""Hands, faces and poses of people, by MediaPipe's networks: each a few milliseconds on one thread of LiteRT.

What a detector proposes is believed as its landmark network confirms it: hair and hats look like palms to the one, and
empty tables like people. Faces are believed as they are found.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import cv2
import numpy as np

from livefoley.core.errors import ModelError
from livefoley.models import resolver
from livefoley.models.catalogue import PEOPLE
from livefoley.perception.eyes import RUNTIME
from livefoley.perception.eyes.detections import Detection, Floats, Image, anchors, detections, letterbox

MISSING = (
    "ai-edge-litert is not installed; `pip install 'livefoley[eyes]'` brings it, then "
    f"`livefoley models fetch {PEOPLE.name}` the networks"
)

PALM, FACE, HAND, POSE = 192, 128, 224, 256  # sides of what the networks take
PROPOSED = 0.35  # of a palm, to be looked at closer
FACED = 0.4  # of a face, to be told of
MOST_HANDS = 2
LAYERS = ((8, 2), (16, 6))
"""Both detectors look at every eighth pixel with two anchors and at every sixteenth with six."""

HAND_WIDER, HAND_AHEAD = 2.6, 0.5  # a hand beside its palm, in sides of the palm's box
BODY_WIDER = 2.5  # a body beside its circle's radius
HIPS, CIRCLE = 33, 34  # points of a pose: the middle of the hips, and one on the circle around the body


@dataclass(frozen=True, slots=True)
class Region:
    """An upright square of a picture, in its pixels."""

    x: float
    y: float
    side: float


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a body's 39 points are: ``points`` ``[39, 2]`` in pixels of the picture; ``seen`` ``[39]`` how surely each
    is in it and not hidden. ``presence`` is how surely there is somebody at all."""

    presence: float
    points: Floats
    seen: Floats

    @property
    def region(self) -> Region:
        """Where to look for the same body a moment later."""
        x, y = map(float, self.points[HIPS])
        return Region(x, y, max(16.0, BODY_WIDER * float(np.hypot(*(self.points[CIRCLE] - self.points[HIPS])))))


class PeopleNetworks(Protocol):
    """Find people in pictures, RGB, ``[height, width, 3]``. All raise ``ModelError`` where the networks are missing."""

    def hands(self, picture: Image) -> list[Detection]:
        """Return hands, the surest first, at most two; places are those of the palm."""
        ...

    def faces(self, picture: Image) -> list[Detection]:
        """Return faces that fill a tenth of the picture or more, the surest first."""
        ...

    def pose(self, picture: Image, region: Region | None = None) -> Pose:
        """Return the one body that is in ``region``, or in the whole picture."""
        ...


class People:
    """The networks; loaded when they are first needed, and one for all rooms of a process."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def hands(self, picture: Image) -> list[Detection]:
        """See ``PeopleNetworks``."""
        square, lies = letterbox(picture, PALM)
        values, logits = self._run("palm_detection_full", _in_range(square))[:2]
        proposed = detections(values[0], logits[0, :, 0], _anchors(PALM), PALM, PROPOSED, most=MOST_HANDS)
        found = [self._confirmed(picture, each.placed(lies)) for each in proposed]
        return sorted(found, key=lambda hand: -hand.score)

    def faces(self, picture: Image) -> list[Detection]:
        """See ``PeopleNetworks``."""
        square, lies = letterbox(picture, FACE)
        values, logits = self._run("face_detection_short_range", 2 * _in_range(square) - 1)[:2]
        found = detections(values[0], logits[0, :, 0], _anchors(FACE), FACE, FACED)
        return [each.placed(lies) for each in found]

    def pose(self, picture: Image, region: Region | None = None) -> Pose:
        """See ``PeopleNetworks``."""
        high, wide = picture.shape[:2]
        where = region or Region(wide / 2, high / 2, max(high, wide))
        points, presence = self._run("pose_landmark_full", _in_range(_cut(picture, where, POSE, 0.0)))[:2]
        told = points.reshape(-1, 5)
        corner = np.array([where.x - where.side / 2, where.y - where.side / 2], np.float32)
        logits = np.clip(np.minimum(told[:, 3], told[:, 4]), -80.0, 80.0)
        seen = np.asarray(1.0 / (1.0 + np.exp(-logits)), np.float32)
        placed = np.asarray(told[:, :2] / POSE * where.side + corner, np.float32)
        return Pose(float(presence.ravel()[0]), placed, seen)

    def release(self) -> None:
        """Let go of them; they are loaded again when they are needed."""
        self._loaded.clear()

    def _confirmed(self, picture: Image, palm: Detection) -> Detection:
        """Return a palm with how surely it is one of a hand."""
        size = np.array(picture.shape[1::-1], np.float32)
        wrist, knuckle = palm.points[0] * size, palm.points[2] * size
        upright = np.arctan2(knuckle[0] - wrist[0], wrist[1] - knuckle[1])
        corners = np.reshape(palm.box, (2, 2)) * size
        side = float((corners[1] - corners[0]).max())
        x, y = corners.mean(axis=0) + HAND_AHEAD * side * np.array([np.sin(upright), -np.cos(upright)])
        region = Region(float(x), float(y), max(8.0, HAND_WIDER * side))
        presence = self._run("hand_landmark_lite", _in_range(_cut(picture, region, HAND, float(upright))))[1]
        return Detection(float(presence.ravel()[0]), palm.box, palm.points)

    def _run(self, name: str, picture: Floats) -> list[Floats]:
        network = self._loaded.get(name)
        if network is None:
            if importlib.util.find_spec(RUNTIME) is None:
                raise ModelError(MISSING)
            network = self._loaded[name] = load(resolver.find(PEOPLE.name).read(f"{name}.tflite"))
        network.set_tensor(network.get_input_details()[0]["index"], picture[None])
        network.invoke()
        return [np.asarray(network.get_tensor(each["index"]), np.float32) for each in network.get_output_details()]


def load(content: bytes) -> Any:
    """Return a network of LiteRT, ready to run on one thread. Raises ``ModelError``."""
    try:
        from ai_edge_litert.interpreter import Interpreter  # 30 MB, of a worker that has nothing to look at

        with _untold():
            network = Interpreter(model_content=content, num_threads=1)
            network.allocate_tensors()
    except (ImportError, RuntimeError, ValueError) as error:
        raise ModelError(f"a network of people cannot be loaded ({str(error).splitlines()[0][:200]})") from None
    return network


@contextmanager
def _untold() -> Iterator[None]:
    """Keep standard error shut for some milliseconds: LiteRT tells of its delegates there, asked or not."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _in_range(picture: Image) -> Floats:
    return np.asarray(picture, np.float32) / np.float32(255)


@cache
def _anchors(side: int) -> Floats:
    return anchors(side, LAYERS)


def _cut(picture: Image, region: Region, side: int, turned: float) -> Image:
    """Return a square of a picture, turned so that what leans by ``turned`` radians to the right stands upright."""
    factor = side / region.side
    cos, sin = np.cos(turned) * factor, np.sin(turned) * factor
    way = np.array([[cos, sin], [-sin, cos]])
    shift = side / 2 - way @ np.array([region.x, region.y])
    return np.asarray(cv2.warpAffine(picture, np.column_stack([way, shift]), (side, side)), np.uint8)
