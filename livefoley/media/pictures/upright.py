"""Decoded pictures as they are shown: turned, mirrored and in square pixels, as their container says."""

from __future__ import annotations

from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from livefoley.core.media import Display

COLOURS = ("color_range", "color_primaries", "color_trc", "colorspace")


def upright(frame: Any, display: Display) -> Any:
    """Return ``frame`` as it is shown, in yuv420p and of even size; itself when it is stored like that."""
    if not display.is_turned and display.pixel_aspect == 1:
        return frame
    width, height = max(2, round(frame.width * display.pixel_aspect / 2) * 2), max(2, frame.height & ~1)
    planes = frame.reformat(width, height, "yuv420p").to_ndarray()
    return redrawn(frame, joined([display.upright(plane) for plane in split(planes, width, height)]))


def split(planes: NDArray[np.uint8], width: int, height: int) -> list[NDArray[np.uint8]]:
    """Return views of the Y, U and V planes of a yuv420p picture of even size."""
    return [planes[:height], *planes[height:].reshape(2, height // 2, width // 2)]


def joined(planes: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return the picture of which ``split`` makes these planes."""
    return np.concatenate([plane.ravel() for plane in planes]).reshape(-1, planes[0].shape[1])


def redrawn(frame: Any, planes: NDArray[np.uint8]) -> Any:
    """Return a frame of other ``planes`` (yuv420p) that is shown when ``frame`` is, in colours of the same kind."""
    made = VideoFrame.from_ndarray(np.ascontiguousarray(planes), "yuv420p")
    made.pts = frame.pts
    for name in COLOURS:
        setattr(made, name, getattr(frame, name))
    return made
