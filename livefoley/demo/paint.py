"""Draws the demo's room at a moment: the rain on the window, what moves on the table, a counter for the eye."""

from __future__ import annotations

import math

import cv2
import numpy as np

from livefoley.demo import decor, props, scene
from livefoley.demo.scene import FPS, HEIGHT, WIDTH
from livefoley.demo.sprite import Picture, Sprite, make_sprite, stamp

_RAIN_PX_S = (840.0, 600.0)  # near and far streaks; multiples of the frame rate: no crawling
_STEPS = 16  # pictures of the passer-by's walk


class Painter:
    """Draws any frame of the play; keeps what does not change."""

    def __init__(self) -> None:
        self._room = decor.room()
        self._view = decor.city()
        self._streaks = [_streaks(seed, length, count) for seed, length, count in ((1, 46, 300), (2, 22, 380))]
        self._drops = [_drop(radius) for radius in (3, 4, 6)]
        still, self._running = _places(np.random.default_rng(21))
        for x, y, kind in still:
            stamp(self._view, self._drops[kind], x, y)
        self._walk = [props.passer_by(math.sin(2 * math.pi * n / _STEPS)) for n in range(_STEPS)]
        self._ball, self._box, self._cup = props.ball(), props.box(), props.cup()
        self._hand, self._mallet, self._block = props.hand(), props.mallet(), props.block()
        self._shadows = props.shadows()

    def paint(self, frame: int) -> Picture:
        """Return the picture of ``frame``, ``[720, 1280, 3]``."""
        t = frame / FPS
        picture = self._room.copy()
        self._window(picture, t)
        self._boxes(picture, t)
        self._set_down(picture, t)
        self._strike(picture, t)
        self._balls(picture, t)
        _counter(picture, frame)
        return picture

    def _window(self, picture: Picture, t: float) -> None:
        left, top, right, bottom = decor.WINDOW
        glass = picture[top:bottom, left:right]
        glass[:] = self._view
        self._outside(glass, t)
        for streaks, speed in zip(self._streaks, _RAIN_PX_S, strict=True):
            begin = -round(t * speed) % (streaks.shape[0] // 2)
            cv2.add(glass, streaks[begin : begin + glass.shape[0]], glass)
        for x, phase, speed, kind in self._running:
            y = (phase + speed * t + 10 * math.sin(1.7 * t + phase)) % (glass.shape[0] + 60) - 30
            stamp(glass, self._drops[kind], x + 2 * math.sin(y / 17), y)
        decor.crossbars(picture)

    def _outside(self, glass: Picture, t: float) -> None:
        seen = scene.passer_by(t)
        if seen is None:
            return
        way, phase = seen
        sprite = self._walk[int(phase / (2 * math.pi) * _STEPS) % _STEPS]
        bob = 4.0 * abs(math.sin(phase))
        stamp(glass, sprite, glass.shape[1] + 80 - way * (glass.shape[1] + 160), glass.shape[0] + 66 - bob)

    def _boxes(self, picture: Picture, t: float) -> None:
        for number in range(len(scene.BOX_HITS)):
            pose = scene.box(number, t)
            if pose is not None:
                if number == 0:
                    self._shadow(picture, "box", pose.x, scene.TABLE_Y - pose.y)
                stamp(picture, self._box, pose.x, pose.y)
            hand = scene.box_hand(number, t)
            if hand is not None:
                stamp(picture, self._hand, hand.x, hand.y - 20)

    def _set_down(self, picture: Picture, t: float) -> None:
        pose, hand = scene.cup(t), scene.cup_hand(t)
        if pose is not None:
            self._shadow(picture, "cup", pose.x, scene.TABLE_Y - pose.y)
            stamp(picture, self._cup, pose.x, pose.y)
        if hand is not None:
            stamp(picture, self._hand, hand.x, hand.y)

    def _strike(self, picture: Picture, t: float) -> None:
        pose = scene.mallet(t)
        self._shadow(picture, "box", pose.x, 0.0, pose.y + 32)
        stamp(picture, self._block, pose.x, pose.y)
        stamp(picture, self._mallet, pose.x + props.HANDLE, pose.y, pose.angle)

    def _balls(self, picture: Picture, t: float) -> None:
        for flight in scene.BALL_HITS:
            pose = scene.ball(flight, t)
            if pose is not None:
                self._shadow(picture, "ball", pose.x, scene.FRONT_Y - scene.BALL_RADIUS - pose.y, scene.FRONT_Y)
                stamp(picture, self._ball, pose.x, pose.y, pose.angle)

    def _shadow(self, picture: Picture, name: str, x: float, height: float, y: float = scene.TABLE_Y) -> None:
        """The shadow of a thing fades as it rises."""
        stamp(picture, self._shadows[name], x, y + 2, fade=1.0 / (1.0 + max(0.0, height) / 90.0))


def _streaks(seed: int, length: int, count: int) -> Picture:
    """Return falling rain as light to add, drawn twice, one above the other: any cut of it goes on without a seam."""
    left, top, right, bottom = decor.WINDOW
    h, w = (bottom - top) * 2, right - left
    rng = np.random.default_rng(seed)
    picture = np.zeros((h, w, 3), np.uint8)
    for _ in range(count):
        x, y, light = int(rng.integers(0, w)), int(rng.integers(0, h)), float(rng.uniform(0.3, 1.0))
        colour = (46 * light, 42 * light, 38 * light)
        for wrapped in (y, y - h):
            cv2.line(picture, (x, wrapped), (x - length // 8, wrapped + length), colour, 1, cv2.LINE_AA)
    return np.concatenate((picture, picture))


def _drop(radius: int) -> Sprite:
    def draw(colours: Picture, opacity: Picture, s: int) -> None:
        colours[:] = (104, 92, 82)
        centre = ((radius + 1) * s, (radius + 2) * s)
        cv2.ellipse(opacity, centre, (radius * s, round(radius * 1.25) * s), 0, 0, 360, 150, -1)
        cv2.circle(
            colours, (centre[0] - radius * s // 3, centre[1] - radius * s // 2), radius * s // 3, (240, 230, 220), -1
        )

    return make_sprite(2 * radius + 2, 2 * radius + 5, (radius + 1.0, radius + 2.0), draw)


def _places(
    rng: np.random.Generator,
) -> tuple[list[tuple[float, float, int]], list[tuple[float, float, float, int]]]:
    """Return where drops sit on the glass, and where others run down it: x, phase, pixels a second, kind."""
    left, top, right, bottom = decor.WINDOW
    w, h = right - left, bottom - top
    still = [(float(rng.uniform(0, w)), float(rng.uniform(0, h)), int(rng.integers(3))) for _ in range(60)]
    running = [
        (float(rng.uniform(0, w)), float(rng.uniform(0, h)), float(rng.uniform(24, 70)), int(rng.integers(1, 3)))
        for _ in range(14)
    ]
    return still, running


def _counter(picture: Picture, frame: int) -> None:
    """Time and frame, to see by eye whether sound and picture agree."""
    left, top = WIDTH - 268, HEIGHT - 52
    panel = picture[top : top + 36, left : left + 250]
    cv2.convertScaleAbs(panel, panel, alpha=0.35)
    text = f"{frame / FPS:06.3f} s   #{frame:04d}"
    cv2.putText(picture, text, (left + 12, top + 25), cv2.FONT_HERSHEY_DUPLEX, 0.7, (226, 226, 220), 1, cv2.LINE_AA)
