"""Networks that know people as they are drawn here: a hand is a red square, a face a green one, a foot a blue one."""

from __future__ import annotations

import cv2
import numpy as np
from av.video.frame import VideoFrame

from livefoley.perception.eyes.detections import Detection, Floats, Image
from livefoley.perception.eyes.people import Pose, Region

SIZE = (480, 270)
HAND, FACE, LEFT, RIGHT = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
HEIGHT = 200.0  # of who is drawn, in pixels

Square = tuple[float, float, float, tuple[int, int, int]]
"""Middle and side in pixels, and colour."""


def frame(*squares: Square) -> VideoFrame:
    """Return a picture of squares on grey."""
    picture = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    for x, y, side, colour in squares:
        left, top, right, bottom = (round(each) for each in (x - side / 2, y - side / 2, x + side / 2, y + side / 2))
        picture[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = colour
    return VideoFrame.from_ndarray(picture, format="rgb24")


class DrawnPeople:
    """Finds the squares; counts how often it looked."""

    def __init__(self) -> None:
        self.looks = 0

    def hands(self, picture: Image) -> list[Detection]:
        """Return red squares."""
        self.looks += 1
        return _found(picture, HAND)

    def faces(self, picture: Image) -> list[Detection]:
        """Return green squares."""
        return _found(picture, FACE)

    def pose(self, picture: Image, region: Region | None = None) -> Pose:
        """Return who stands on a blue and a yellow square."""
        self.looks += 1
        size = np.array(picture.shape[1::-1], np.float32)
        feet = [_found(picture, colour) for colour in (LEFT, RIGHT)]
        points = np.zeros((39, 2), np.float32)
        seen = np.zeros(39, np.float32)
        for side, found in enumerate(feet):
            for point in (27 + side, 29 + side):
                points[point] = np.array([found[0].x, found[0].y], np.float32) * size if found else 0.0
                seen[point] = 1.0 if found else 0.0
        points[33] = points[[27, 28]].mean(axis=0) - np.array([0.0, HEIGHT / 2], np.float32)
        points[34] = points[33] + np.array([0.0, HEIGHT / 2], np.float32)
        return Pose(1.0 if all(feet) else 0.0, points, seen)


def _found(picture: Image, colour: tuple[int, int, int]) -> list[Detection]:
    near = np.abs(picture.astype(np.int16) - np.array(colour, np.int16)).max(axis=2) < 40
    count, _, boxes, middles = cv2.connectedComponentsWithStats(near.astype(np.uint8))
    size = np.array(picture.shape[1::-1], np.float64)
    found = []
    for box, middle in zip(boxes[1:count], middles[1:count], strict=True):
        if box[4] < 20:
            continue
        left, top = box[:2] / size
        right, bottom = (box[:2] + box[2:4]) / size
        points: Floats = np.asarray([middle / size] * 7, np.float32)
        found.append(Detection(1.0, (float(left), float(top), float(right), float(bottom)), points))
    return found
