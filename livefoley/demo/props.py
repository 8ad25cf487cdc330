"""What moves on the table of the demo: a mallet and its block, a ball, boxes, a cup and the hand that sets it down."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from livefoley.demo.scene import BALL_RADIUS, BOX_SIZE
from livefoley.demo.sprite import Picture, Sprite, make_sprite, shadow

Mask = NDArray[np.uint8]
HANDLE = 330  # from the mallet's face to the elbow it turns about
_SKIN, _SLEEVE = (132, 168, 214), (112, 78, 58)


def ball() -> Sprite:
    """A rubber ball with stripes, so that it is seen to turn."""
    radius = round(BALL_RADIUS)

    def draw(colours: Picture, opacity: Mask, s: int) -> None:
        centre, r = (radius * s + s, radius * s + s), radius * s
        colours[:] = (62, 86, 214)
        for offset in (-14, 14):
            cv2.line(
                colours, (0, centre[1] + offset * s), (2 * centre[0], centre[1] + offset * s), (210, 226, 238), 7 * s
            )
        cv2.line(colours, (centre[0], 0), (centre[0], 2 * centre[1]), (38, 52, 150), 4 * s)
        _shade(colours, (centre[0] - 0.35 * r, centre[1] - 0.4 * r), r)
        cv2.circle(opacity, centre, r, 255, -1)

    return make_sprite(2 * radius + 2, 2 * radius + 2, (radius + 1.0, radius + 1.0), draw)


def box() -> Sprite:
    """A cardboard box with tape and printing; the pivot is the middle of its foot."""
    size = round(BOX_SIZE)

    def draw(colours: Picture, opacity: Mask, s: int) -> None:
        edge = size * s
        rng = np.random.default_rng(3)
        ribs = 5 * np.sin(np.arange(edge) / (2.2 * s))[None, :, None] + rng.normal(
            0, 5, (edge // s, edge // s, 1)
        ).repeat(s, 0).repeat(s, 1)
        colours[:edge, :edge] = np.clip(np.array((98, 142, 184)) + ribs, 0, 255).astype(np.uint8)
        cv2.rectangle(colours, (0, edge * 2 // 5), (edge, edge * 3 // 5), (128, 172, 206), -1)
        cv2.rectangle(colours, (0, 0), (edge - 1, edge - 1), (58, 92, 128), 3 * s)
        cv2.putText(colours, "FOLEY", (12 * s, 104 * s), cv2.FONT_HERSHEY_DUPLEX, 0.7 * s, (44, 62, 92), 2 * s)
        for x in (84, 98):
            cv2.arrowedLine(colours, (x * s, 36 * s), (x * s, 14 * s), (44, 62, 92), 2 * s, tipLength=0.4)
        opacity[:edge, :edge] = 255

    return make_sprite(size, size, (size / 2, float(size)), draw)


def cup() -> Sprite:
    """A steel cup; the pivot is the middle of its foot."""

    def draw(colours: Picture, opacity: Mask, s: int) -> None:
        across = np.linspace(-1, 1, 78 * s, dtype=np.float32)
        steel = 150 + 70 * np.exp(-(((across + 0.35) / 0.2) ** 2)) - 70 * across**2
        colours[:] = np.clip(steel[None, :, None] * np.array((1.04, 1.0, 0.96)), 0, 255).astype(np.uint8)
        cv2.rectangle(colours, (0, 0), (78 * s, 22 * s), (52, 46, 42), -1)
        cv2.rectangle(colours, (0, 70 * s), (78 * s, 78 * s), (150, 106, 40), -1)
        body = np.array([(4, 14), (74, 14), (68, 136), (10, 136)], np.int32) * s
        cv2.fillPoly(opacity, [body], 255, cv2.LINE_AA)
        cv2.rectangle(opacity, (12 * s, 2 * s), (66 * s, 16 * s), 255, -1)

    return make_sprite(78, 138, (39.0, 136.0), draw)


def hand() -> Sprite:
    """A hand that holds the cup from above; the pivot is the cup's foot."""
    wrist = 500

    def draw(colours: Picture, opacity: Mask, s: int) -> None:
        colours[:] = _SKIN
        colours[: wrist * s] = _SLEEVE
        for y in range(0, wrist, 9):
            cv2.line(colours, (0, y * s), (150 * s, (y + 8) * s), (126, 92, 70), 2 * s)
        cv2.rectangle(opacity, (46 * s, 0), (104 * s, (wrist + 10) * s), 255, -1)
        cv2.ellipse(opacity, (75 * s, (wrist + 22) * s), (46 * s, 34 * s), 0, 0, 360, 255, -1)
        for x, length in ((36, 86), (58, 74), (92, 74), (114, 88)):
            cv2.line(opacity, (x * s, (wrist + 26) * s), (x * s, (wrist + 26 + length) * s), 255, 19 * s, cv2.LINE_AA)
        for x in (47, 75, 103):
            cv2.line(colours, (x * s, (wrist + 36) * s), (x * s, (wrist + 106) * s), (104, 138, 184), 3 * s)

    return make_sprite(150, wrist + 130, (75.0, wrist + 148.0), draw)


def mallet() -> Sprite:
    """An arm with a wooden mallet, lying to the left; the pivot is the elbow, outside to the right."""

    def draw(colours: Picture, opacity: Mask, s: int) -> None:
        rng = np.random.default_rng(9)
        colours[:] = (60, 112, 168)  # wood
        for _ in range(60):
            y = int(rng.integers(0, 190 * s))
            cv2.line(colours, (0, y), (120 * s, y + int(rng.integers(-8, 8)) * s), (44, 84, 132), s)
        colours[:, 118 * s :] = (84, 138, 190)
        _arm(colours, opacity, s)
        cv2.rectangle(opacity, (60 * s, 66 * s), (250 * s, 84 * s), 255, -1)
        cv2.rectangle(opacity, (16 * s, 8 * s), (104 * s, 148 * s), 255, -1)
        for y in (8, 136):
            cv2.rectangle(colours, (16 * s, y * s), (104 * s, (y + 12) * s), (38, 70, 112), -1)

    return make_sprite(520, 170, (60.0 + HANDLE, 148.0), draw)


def _arm(colours: Picture, opacity: Mask, s: int) -> None:
    cv2.rectangle(colours, (206 * s, 0), (292 * s, 170 * s), _SKIN, -1)
    colours[:, 292 * s :] = _SLEEVE
    for x in range(292, 520, 11):
        cv2.line(colours, (x * s, 0), ((x + 8) * s, 170 * s), (126, 92, 70), 2 * s)
    for x in (226, 244, 262):
        cv2.line(colours, (x * s, 56 * s), (x * s, 96 * s), (104, 138, 184), 3 * s)
    cv2.ellipse(opacity, (246 * s, 76 * s), (42 * s, 32 * s), 0, 0, 360, 255, -1)
    cv2.fillPoly(opacity, [np.array([(270, 54), (520, 40), (520, 128), (270, 98)], np.int32) * s], 255, cv2.LINE_AA)


def block() -> Sprite:
    """The block the mallet hits; the pivot is the middle of its upper face."""

    def draw(colours: Picture, opacity: Mask, s: int) -> None:
        rng = np.random.default_rng(4)
        colours[:] = (78, 124, 172)
        for _ in range(26):
            y = int(rng.integers(0, 40 * s))
            cv2.line(colours, (0, y), (170 * s, y + int(rng.integers(-3, 3)) * s), (60, 100, 146), s)
        colours[: 5 * s] = (112, 160, 206)
        opacity[:] = 255

    return make_sprite(170, 36, (85.0, 2.0), draw)


def passer_by(step: float) -> Sprite:
    """Somebody under an umbrella, dark against the street; ``step`` in -1..1 opens the legs."""

    def draw(colours: Picture, opacity: Mask, s: int) -> None:
        colours[:] = (104, 88, 58)
        colours[: 74 * s] = (72, 52, 128)
        cv2.ellipse(opacity, (70 * s, 72 * s), (66 * s, 56 * s), 0, 180, 360, 255, -1)
        cv2.line(opacity, (70 * s, 60 * s), (70 * s, 160 * s), 255, 4 * s)
        cv2.circle(opacity, (58 * s, 96 * s), 15 * s, 255, -1)
        cv2.ellipse(opacity, (58 * s, 158 * s), (30 * s, 52 * s), 0, 0, 360, 255, -1)
        for side in (-1, 1):
            foot = (round((58 + side * step * 34) * s), 288 * s)
            cv2.line(opacity, (58 * s, 196 * s), foot, 255, 15 * s, cv2.LINE_AA)

    return make_sprite(140, 290, (70.0, 288.0), draw)


def shadows() -> dict[str, Sprite]:
    """Return the shadows of the props on the table."""
    return {"ball": shadow(110, 26, 0.6), "box": shadow(190, 30, 0.6), "cup": shadow(130, 26, 0.55)}


def _shade(colours: Picture, light: tuple[float, float], radius: float) -> None:
    """Darken away from the ``light``, as on a ball."""
    y, x = np.mgrid[0 : colours.shape[0], 0 : colours.shape[1]].astype(np.float32)
    fall = 1.15 - 0.6 * np.clip(np.hypot(x - light[0], y - light[1]) / (1.6 * radius), 0, 1)
    colours[:] = np.clip(colours * fall[..., None], 0, 255).astype(np.uint8)
