"""Films of hands: what strikes, what only turns, what is set down; and titles, which are no things at all."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from tests.perception.clips import HEIGHT, WIDTH, Film, Picture, _at, box, disc, limb

SKIN = (130, 160, 210)


def eased(share: float) -> float:
    """Return the way done at ``share`` of the time of a hand's movement: it starts and ends at rest (minimum jerk)."""
    share = min(1.0, max(0.0, share))
    return share**3 * (10 - 15 * share + 6 * share**2)


def chopping(seconds: float = 6.0, seed: int = 6, pace: float = 0.34) -> Film:
    """A knife comes down on a board, stays a moment, and is raised again in a smooth turn."""
    rng = np.random.default_rng(seed)
    hits, at = [], 0.9
    while at < seconds - 0.3:
        hits.append(at)
        at += pace * float(rng.uniform(0.9, 1.15))

    def height(t: float) -> float:
        """Of the knife above the board, in pixels."""
        ahead = [hit for hit in hits if hit > t]
        before = [hit for hit in hits if hit <= t]
        if not ahead or not before:
            return 0.0 if not ahead else 110.0 * min(1.0, (ahead[0] - t) / 0.1) ** 0.8
        share = (t - before[-1] - 0.05) / (ahead[0] - before[-1] - 0.05)
        return 110.0 * float(np.sin(np.pi * min(1.0, max(0.0, share)) ** 1.25))

    def draw(picture: Picture, t: float) -> None:
        cv2.rectangle(picture, (420, 560), (900, 590), (60, 110, 160), -1)
        x, y = 700 - 12 * t, 558 - height(t)
        box(picture, x - 90, y, 240, 46, (190, 190, 185))
        limb(picture, [(x + 20, y - 30), (x + 130, y - 60), (x + 420, y / 2 + 160)], 60, SKIN)

    return Film("chop", seconds, draw, tuple(hits))


def drumming(seconds: float = 6.0, seed: int = 7) -> Film:
    """Two sticks strike a drum in turn and bounce off it; their way up ends in a smooth turn."""
    rng = np.random.default_rng(seed)
    hits, at = [], 0.8
    while at < seconds - 0.3:
        hits.append(at)
        at += float(rng.choice((0.18, 0.24, 0.36)))

    def height(t: float, side: int) -> float:
        mine = hits[side::2]
        before, ahead = [hit for hit in mine if hit <= t], [hit for hit in mine if hit > t]
        if not before or not ahead:
            away = abs(t - (ahead[0] if ahead else before[-1]))
            return 130.0 * float(np.sin(np.pi / 2 * min(1.0, away / 0.2)))
        share = (t - before[-1]) / (ahead[0] - before[-1])
        return min(150.0, 600.0 * (ahead[0] - before[-1])) * float(np.sin(np.pi * share))

    def draw(picture: Picture, t: float) -> None:
        cv2.ellipse(picture, (640, 560), (210, 46), 0, 0, 360, (215, 220, 225), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (640, 560), (210, 46), 0, 0, 360, (40, 40, 160), 12, cv2.LINE_AA)
        for side, sign in ((0, -1), (1, 1)):
            up = height(t, side)
            tip, hand = (640 + sign * 60, 552 - up), (640 + sign * 300, 500 - 0.35 * up)
            limb(picture, [tip, hand], 16, (90, 150, 200))
            limb(picture, [hand, (640 + sign * 420, 420), (640 + sign * 500, 700)], 60, SKIN)

    return Film("drum", seconds, draw, tuple(hits))


def talking(seconds: float = 6.0, seed: int = 8) -> Film:
    """Somebody talks: the head sways and nods, the hands go from place to place and rest in the air."""
    rng = np.random.default_rng(seed)
    ways = []
    for side in (-1, 1):
        at, place, moves = 0.3, np.array((640.0 + side * 190, 520.0)), []
        while at < seconds:
            last = float(rng.uniform(0.3, 0.6))
            to = np.array((640.0 + side * rng.uniform(90, 330), rng.uniform(340, 600)))
            moves.append((at, last, place, to))
            place, at = to, at + last + float(rng.choice((0.0, 0.1, 0.5)))
        ways.append(moves)

    def hand(t: float, moves: Sequence[tuple[float, float, object, object]]) -> tuple[float, float]:
        x, y = moves[0][2]  # type: ignore[misc]
        for begin, last, start, end in moves:
            if t >= begin:
                x, y = start + (end - start) * eased((t - begin) / last)  # type: ignore[operator]
        return float(x), float(y)

    def draw(picture: Picture, t: float) -> None:
        sway, nod = 14 * np.sin(2.3 * t) + 8 * np.sin(5.1 * t), 7 * np.sin(7.0 * t) + 5 * np.sin(11 * t + 1)
        cv2.ellipse(picture, (640, 640), (190, 260), 0, 0, 360, (70, 60, 50), -1, cv2.LINE_AA)
        head = (640 + sway, 260 + nod)
        disc(picture, *head, 95, SKIN)
        opened = 4 + 12 * abs(np.sin(9 * t))
        cv2.ellipse(picture, (int(head[0]), int(head[1] + 45)), (28, int(opened)), 0, 0, 360, (50, 40, 90), -1)
        for side, moves in zip((-1, 1), ways, strict=True):
            at = hand(t, moves)
            limb(picture, [(640 + side * 170, 470), (640 + side * 330, 640), at], 56, (70, 60, 50))
            disc(picture, *at, 42, SKIN)

    return Film("talk", seconds, draw, ())


def setting_down(seconds: float = 8.0, seed: int = 9) -> Film:
    """Hands put bottles on a table: slowly down, a last abrupt bit, and the hand lets go and leaves."""
    rng = np.random.default_rng(seed)
    puts = []
    at = 1.4
    while at < seconds - 0.4:
        puts.append((at, float(rng.uniform(220, 1000)), float(rng.uniform(150, 260))))
        at += float(rng.uniform(1.7, 2.2))

    def draw(picture: Picture, t: float) -> None:
        cv2.rectangle(picture, (0, 540), (WIDTH, HEIGHT), (120, 140, 150), -1)
        for put, x, speed in puts:
            left = put - t
            if left > 0.9 or t < put - 0.9:
                continue
            high = speed * left if left < 0.25 else speed * 0.25 + 330 * eased((left - 0.25) / 0.65)
            y = 580 - max(0.0, high)
            box(picture, x, y, 84, 220, (60, 140, 90))
            gone = 420 * eased((t - put - 0.25) / 0.7)
            if gone < 419:
                grip = (x + 40 + gone, y - 120)
                limb(picture, [grip, (grip[0] + 200, grip[1] - 60), (grip[0] + 460, grip[1] + 10)], 70, SKIN)

    return Film("bottles", seconds, draw, tuple(put for put, _, _ in puts))


def titles(seconds: float = 6.0) -> Film:
    """Captions slide in and out over a still picture, a badge pops up, and the picture is zoomed into."""

    def draw(picture: Picture, t: float) -> None:
        zoom = 1.0 + 0.25 * eased((t - 0.5) / 1.2) - 0.25 * eased((t - 3.6) / 0.8)
        matrix = np.array([[zoom, 0, (1 - zoom) * WIDTH / 2], [0, zoom, (1 - zoom) * HEIGHT / 2]], np.float32)
        picture[:] = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
        share = 1 - (1 - min(1.0, max(0.0, (t - 0.8) / 0.5))) ** 3  # fast in, slow to its place
        x = int(-760 + 820 * share - 820 * eased((t - 3.0) / 0.5))
        cv2.rectangle(picture, (x, 590), (x + 720, 660), (150, 40, 20), -1)
        cv2.putText(picture, "TODAY ONLY 50%", (x + 30, 642), cv2.FONT_HERSHEY_DUPLEX, 1.6, (255, 255, 255), 3)
        if t > 2.1:
            size = 60 * (1 - (1 - min(1.0, (t - 2.1) / 0.35)) ** 3)
            cv2.circle(picture, _at(1090, 150), round(size * 16), (30, 60, 230), -1, cv2.LINE_AA, 4)
        if 4.4 < t < 5.6:
            cv2.putText(picture, "-30%", (480, 330), cv2.FONT_HERSHEY_DUPLEX, 4, (40, 240, 250), 9)

    return Film("titles", seconds, draw, ())
