"""What stands still in the demo's room: a wall, a window on the city at night, a lamp, a table."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from livefoley.demo.scene import HEIGHT, WIDTH
from livefoley.demo.sprite import Picture, glow, shadow, stamp

WINDOW = (96, 64, 700, 404)  # left, top, right, bottom of the glass
TABLE_TOP = 508  # the far edge of the table
LAMP = (1110, 196)


def room(seed: int = 5) -> Picture:
    """Draw the empty room, ``[720, 1280, 3]``; the glass is drawn by `city`."""
    rng = np.random.default_rng(seed)
    picture = _wall(rng)
    _panes(picture)
    _sign(picture)
    _lamp(picture)
    _table(picture, rng)
    return picture


def city(seed: int = 11) -> Picture:
    """Draw the view out of the window: blurred lights of a street in the rain, the size of the glass."""
    left, top, right, bottom = WINDOW
    w, h = right - left, bottom - top
    rng = np.random.default_rng(seed)
    down = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    view = np.array((62, 42, 30), np.float32) * (1 - down) + np.array((74, 58, 52), np.float32) * down
    picture = np.ascontiguousarray(np.broadcast_to(view, (h, w, 3))).astype(np.uint8)
    _houses(picture, rng)
    for _ in range(46):
        colour = [(90, 190, 255), (120, 220, 255), (200, 170, 120), (110, 110, 240), (150, 220, 160)][rng.integers(5)]
        light = glow(int(rng.integers(22, 64)), colour, float(rng.uniform(0.25, 0.7)))
        stamp(picture, light, float(rng.uniform(0, w)), float(h * rng.beta(4, 2.2)))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2.2), np.uint8)


def grain(rng: np.random.Generator, height: int, width: int, smooth: tuple[float, float]) -> NDArray[np.float32]:
    """Return smooth random texture, ``[height, width]``, mean 0, deviation 1; ``smooth`` is its size in x and y."""
    texture = cv2.GaussianBlur(
        rng.standard_normal((height, width), dtype=np.float32), (0, 0), smooth[0], None, smooth[1]
    )
    return np.asarray((texture - texture.mean()) / texture.std(), np.float32)


def _wall(rng: np.random.Generator) -> Picture:
    mottled = 2.2 * grain(rng, HEIGHT, WIDTH, (1.2, 1.2)) + 2.6 * grain(rng, HEIGHT, WIDTH, (40, 40))
    x = np.linspace(0, 1, WIDTH, dtype=np.float32)[None]
    light = (0.78 + 0.34 * x**2)[..., None]
    wall = np.array((70, 62, 54), np.float32) * light + mottled[..., None]
    return np.asarray(np.clip(wall, 0, 255), np.uint8)


def _houses(picture: Picture, rng: np.random.Generator) -> None:
    h, w = picture.shape[:2]
    x = 0
    while x < w:
        width, height = int(rng.integers(50, 110)), int(rng.integers(90, 230))
        shade = int(rng.integers(26, 44))
        cv2.rectangle(picture, (x, h - height), (x + width, h), (shade + 14, shade, shade - 4), -1)
        for wy in range(h - height + 14, h - 20, 24):
            for wx in range(x + 10, x + width - 10, 20):
                if rng.random() < 0.3:
                    cv2.rectangle(picture, (wx, wy), (wx + 8, wy + 12), (96, 170, 214), -1)
        x += width + int(rng.integers(-6, 18))


def _panes(picture: Picture) -> None:
    """The frame of the window and its sill."""
    left, top, right, bottom = WINDOW
    cv2.rectangle(picture, (left - 22, top - 22), (right + 22, bottom + 22), (58, 66, 76), -1)
    cv2.rectangle(picture, (left - 22, top - 22), (right + 22, bottom + 22), (40, 46, 54), 2, cv2.LINE_AA)
    cv2.rectangle(picture, (left - 40, bottom + 22), (right + 40, bottom + 44), (72, 82, 94), -1)
    cv2.rectangle(picture, (left - 40, bottom + 44), (right + 40, bottom + 50), (34, 38, 44), -1)


def crossbars(picture: Picture) -> None:
    """Draw the bars in front of the glass."""
    left, top, right, bottom = WINDOW
    middle = (left + right) // 2
    cv2.rectangle(picture, (middle - 7, top), (middle + 7, bottom), (58, 66, 76), -1)
    cv2.rectangle(picture, (left, top + 118), (right, top + 128), (58, 66, 76), -1)
    cv2.rectangle(picture, (left, top), (right, bottom), (36, 42, 50), 2, cv2.LINE_AA)


def _sign(picture: Picture) -> None:
    left, top = 800, 96
    cv2.rectangle(picture, (left, top), (left + 150, top + 54), (24, 22, 28), -1)
    cv2.rectangle(picture, (left, top), (left + 150, top + 54), (60, 60, 200), 2, cv2.LINE_AA)
    cv2.putText(picture, "ON AIR", (left + 18, top + 38), cv2.FONT_HERSHEY_DUPLEX, 1.0, (90, 90, 250), 2, cv2.LINE_AA)
    stamp(picture, glow(320, (40, 40, 170), 0.35), left + 75, top + 27)


def _lamp(picture: Picture) -> None:
    x, y = LAMP
    cv2.line(picture, (x, 0), (x, y - 60), (30, 30, 34), 3, cv2.LINE_AA)
    shade = np.array([(x - 26, y - 62), (x + 26, y - 62), (x + 78, y + 6), (x - 78, y + 6)], np.int32)
    cv2.fillPoly(picture, [shade], (58, 104, 150), cv2.LINE_AA)
    cv2.ellipse(picture, (x, y + 6), (78, 10), 0, 0, 360, (150, 216, 255), -1, cv2.LINE_AA)
    stamp(picture, glow(760, (52, 96, 140), 0.75), x, y + 40)


def _table(picture: Picture, rng: np.random.Generator) -> None:
    height = HEIGHT - TABLE_TOP
    fibres = 9.0 * grain(rng, height, WIDTH, (42, 1.1)) + 5.0 * grain(rng, height, WIDTH, (9, 0.8))
    depth = np.linspace(0.80, 1.12, height, dtype=np.float32)[:, None]
    light = depth * (0.74 + 0.36 * np.exp(-(((np.linspace(0, 1, WIDTH, dtype=np.float32) - 0.78) / 0.34) ** 2)))[None]
    wood = (np.array((58, 96, 142), np.float32) + fibres[..., None]) * light[..., None]
    picture[TABLE_TOP:] = np.clip(wood, 0, 255).astype(np.uint8)
    for y in (TABLE_TOP + 66, TABLE_TOP + 142):  # boards
        cv2.line(picture, (0, y), (WIDTH, y), (30, 52, 80), 2, cv2.LINE_AA)
    cv2.line(picture, (0, TABLE_TOP), (WIDTH, TABLE_TOP), (96, 138, 182), 2, cv2.LINE_AA)
    stamp(picture, shadow(WIDTH + 400, 60, 0.4), WIDTH / 2, TABLE_TOP - 12)
