"""Keeps the last second's pictures small and in colour, so that what moved can be looked at once it is known to."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np
from av.video.frame import VideoFrame

from livefoley.core.media import PLAIN, Display
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.perception.eyes.picture_classes import SIDE, Picture
from livefoley.perception.motion.decoder import Shrinker

WIDTH = 480
KEPT: Tick = ticks_from_s(1.0)
APART: Tick = ticks_from_s(0.09)  # of those that are kept, about eleven a second
MOST = 16


class RecentPictures:
    """Frames in, pieces of them out."""

    def __init__(self) -> None:
        self.configure(PLAIN)

    def configure(self, display: Display) -> None:
        """Begin anew with pictures that are shown so."""
        self._shrinker = Shrinker(WIDTH, display, "rgb24")
        self._kept: deque[tuple[Tick, Picture]] = deque(maxlen=MOST)

    def keep(self, frame: VideoFrame, at: Tick) -> None:
        """Take the frame shown at ``at``, unless the last one was just before."""
        if self._kept and 0 <= at - self._kept[-1][0] < APART:
            return
        self._kept.append((at, self._shrinker.shrink(frame)))
        while at - self._kept[0][0] > KEPT:
            self._kept.popleft()

    def near(self, at: Tick) -> Picture | None:
        """Return the picture nearest to ``at``, ``[height, 480, 3]``; None where none is kept."""
        return min(self._kept, key=lambda kept: abs(kept[0] - at))[1] if self._kept else None

    def after(self, at: Tick | None) -> list[tuple[Picture, Tick]]:
        """Return the pictures that are shown later than ``at``, or all, with their moments."""
        return [(picture, shown) for shown, picture in self._kept if at is None or shown > at]


def piece(picture: Picture, x: float, y: float, width: float) -> Picture:
    """Return a square of a picture around ``x``, ``y`` (0..1), ``width`` of the picture wide, as networks take it."""
    return _square(square_around(picture, x, y, width)[0])


def square_around(picture: Picture, x: float, y: float, width: float) -> tuple[Picture, tuple[float, float]]:
    """Return a square of a picture, as ``piece`` cuts it, in its own size, and where ``x``, ``y`` is in it (0..1)."""
    high, wide = picture.shape[:2]
    side = max(8, min(round(width * wide), wide, high))
    left = min(max(0, round(x * wide) - side // 2), wide - side)
    top = min(max(0, round(y * high) - side // 2), high - side)
    place = ((x * wide - left) / side, (y * high - top) / side)
    return picture[top : top + side, left : left + side], place


def whole(picture: Picture) -> Picture:
    """Return all of a picture, squeezed."""
    return _square(picture)


def _square(part: Picture) -> Picture:
    return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
