"""What single-shot detectors say, read: anchors, boxes with points, and one box of several that tell of the same thing.

Source: Liu et al., "SSD: Single Shot MultiBox Detector" (2016), in the form of Bazarevsky et al., "BlazeFace" (2019):
anchors are points, and of boxes that overlap the mean is taken, weighted by score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Detection:
    """A thing that was found. ``box`` is left, top, right, bottom; ``points`` is ``[n, 2]``; both in 0..1."""

    score: float
    box: tuple[float, float, float, float]
    points: Floats

    @property
    def x(self) -> float:
        """The middle of its box."""
        return (self.box[0] + self.box[2]) / 2

    @property
    def y(self) -> float:
        """The middle of its box."""
        return (self.box[1] + self.box[3]) / 2

    @property
    def side(self) -> float:
        """The longer side of its box."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])

    def placed(self, lies: Letterbox) -> Detection:
        """Return what was found in a square as a thing of the picture that lies in it."""
        left, top, right, bottom = lies.to_picture(np.reshape(np.array(self.box, np.float32), (2, 2))).ravel()
        box = float(left), float(top), float(right), float(bottom)
        return Detection(self.score, box, lies.to_picture(self.points))


@dataclass(frozen=True, slots=True)
class Letterbox:
    """How a picture lies in a square of ``1``: left and top edge, width and height there; nothing is squashed."""

    left: float
    top: float
    width: float
    height: float

    def to_picture(self, points: Floats) -> Floats:
        """Return places of the square ``[n, 2]`` as places of the picture, 0..1 where they are in it."""
        corner, size = np.array([self.left, self.top], np.float32), np.array([self.width, self.height], np.float32)
        return np.asarray((points - corner) / size, np.float32)


def letterbox(picture: Image, side: int) -> tuple[Image, Letterbox]:
    """Return a picture in the middle of a black square ``[side, side, 3]``, and how it lies there."""
    high, wide = picture.shape[:2]
    width, height = (max(1, round(side * each / max(high, wide))) for each in (wide, high))
    left, top = (side - width) // 2, (side - height) // 2
    square = np.zeros((side, side, 3), np.uint8)
    square[top : top + height, left : left + width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return square, Letterbox(left / side, top / side, width / side, height / side)


def anchors(side: int, layers: Sequence[tuple[int, int]]) -> Floats:
    """Return the anchors' centres ``[n, 2]`` in 0..1; ``layers`` are strides in pixels and anchors at each place."""
    found = []
    for stride, each in layers:
        count = side // stride
        axis = (np.arange(count, dtype=np.float32) + 0.5) / count
        x, y = np.meshgrid(axis, axis)
        found.append(np.repeat(np.stack([x.ravel(), y.ravel()], 1), each, axis=0))
    return np.concatenate(found)


def detections(
    values: Floats, logits: Floats, centres: Floats, side: int, least: float, overlap: float = 0.3, most: int = 4
) -> list[Detection]:
    """Return at most ``most`` things with a score of ``least`` or more, the surest first.

    ``values`` ``[n, 4 + 2 * points]`` are in pixels from the anchors, the size after the centre; ``logits`` ``[n]``.
    """
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0)))
    chosen = np.flatnonzero(scores >= least)
    order = chosen[np.argsort(-scores[chosen])]
    sure, near = scores[order], centres[order]
    placed = (values[order] / side).reshape(len(order), values.shape[1] // 2, 2)
    size = placed[:, 1]
    placed = np.concatenate([placed[:, :1], placed[:, 2:]], axis=1) + near[:, None]
    boxes = np.concatenate([placed[:, 0] - size / 2, placed[:, 0] + size / 2], axis=1)
    found: list[Detection] = []
    left = np.arange(len(order))
    while len(left) and len(found) < most:
        same = _overlaps(boxes[left[0]], boxes[left]) > overlap
        same[0] = True
        group = left[same]
        weights = sure[group] / sure[group].sum()
        first, top, last, bottom = map(float, weights @ boxes[group])
        points = np.tensordot(weights, placed[group, 1:], 1).astype(np.float32)
        found.append(Detection(float(sure[left[0]]), (first, top, last, bottom), points))
        left = left[~same]
    return found


def _overlaps(box: Floats, others: Floats) -> Floats:
    """Return the share of each union that is common."""
    common = np.prod(
        np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0.0, None), axis=1
    )
    areas = np.prod(np.clip(others[:, 2:] - others[:, :2], 0.0, None), axis=1)
    area = np.prod(np.clip(box[2:] - box[:2], 0.0, None))
    return np.asarray(common / np.maximum(area + areas - common, 1e-9), np.float32)
