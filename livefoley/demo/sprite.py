"""Cut-out pictures laid over the room at a fraction of a pixel, turned and faded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""A picture, ``[height, width, 3]``, blue-green-red."""

Colour = tuple[int, int, int]
SCALE = 4  # sprites are drawn this much larger, then shrunk: smooth edges


@dataclass(frozen=True, slots=True)
class Sprite:
    """Colours already multiplied by their opacity, ``[h, w, 3]``, the opacity ``[h, w]``, and the pivot in pixels."""

    colours: Picture
    opacity: NDArray[np.uint8]
    pivot: tuple[float, float]


def make_sprite(
    width: int, height: int, pivot: tuple[float, float], draw: Callable[[Picture, NDArray[np.uint8], int], None]
) -> Sprite:
    """Return what ``draw(colours, opacity, scale)`` draws on an empty canvas ``scale`` times as large."""
    colours = np.zeros((height * SCALE, width * SCALE, 3), np.uint8)
    opacity = np.zeros((height * SCALE, width * SCALE), np.uint8)
    draw(colours, opacity, SCALE)
    colours = (colours.astype(np.uint16) * opacity[..., None] // 255).astype(np.uint8)
    small = (width, height)
    return Sprite(
        np.asarray(cv2.resize(colours, small, interpolation=cv2.INTER_AREA), np.uint8),
        np.asarray(cv2.resize(opacity, small, interpolation=cv2.INTER_AREA), np.uint8),
        pivot,
    )


def shadow(width: int, height: int, strength: float) -> Sprite:
    """Return a soft dark ellipse."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot((x - width / 2) / (width / 2), (y - height / 2) / (height / 2))
    opacity = (255 * strength * np.clip(1.0 - distance, 0, 1) ** 1.3).astype(np.uint8)
    return Sprite(np.zeros((height, width, 3), np.uint8), opacity, (width / 2, height / 2))


def glow(size: int, colour: Colour, strength: float) -> Sprite:
    """Return a disc of light that fades outwards; it adds light and hides nothing."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    fade = strength * np.clip(1.0 - np.hypot(x - size / 2, y - size / 2) / (size / 2), 0, 1) ** 2
    colours = (fade[..., None] * np.array(colour, np.float32)).astype(np.uint8)
    return Sprite(colours, np.zeros((size, size), np.uint8), (size / 2, size / 2))


def stamp(picture: Picture, sprite: Sprite, x: float, y: float, angle: float = 0.0, fade: float = 1.0) -> None:
    """Lay ``sprite`` with its pivot on ``(x, y)``, turned by ``angle`` degrees clockwise about it."""
    h, w = sprite.opacity.shape
    px, py = sprite.pivot
    turn = cv2.getRotationMatrix2D((px, py), -angle, 1.0)
    corners = turn @ np.array([(0, w, w, 0), (0, 0, h, h), (1, 1, 1, 1)], np.float64) + ((x - px,), (y - py,))
    left, top = (max(0, int(np.floor(corner)) - 1) for corner in corners.min(1))
    right = min(picture.shape[1], int(np.ceil(corners[0].max())) + 1)
    bottom = min(picture.shape[0], int(np.ceil(corners[1].max())) + 1)
    if right <= left or bottom <= top:
        return
    turn[:, 2] += np.array((x - px - left, y - py - top))
    size = (right - left, bottom - top)
    colours = np.asarray(cv2.warpAffine(sprite.colours, turn, size), np.uint8)
    opacity = np.asarray(cv2.warpAffine(sprite.opacity, turn, size), np.uint8)
    _lay(picture[top:bottom, left:right], colours, opacity, fade)


def _lay(region: Picture, colours: Picture, opacity: NDArray[np.uint8], fade: float) -> None:
    if fade < 1.0:
        colours, opacity = (np.asarray(cv2.convertScaleAbs(part, alpha=fade), np.uint8) for part in (colours, opacity))
    through = cv2.merge([255 - opacity] * 3)
    cv2.multiply(region, through, region, scale=1 / 255)
    cv2.add(region, colours, region)
