"""Films of a hand that comes down softly: with a bottle that it leaves there, to fetch one, or to point at it."""

from __future__ import annotations

import cv2
import numpy as np

from tests.perception.clips import HEIGHT, WIDTH, Film, Picture, box, limb
from tests.perception.strokes import SKIN, eased

TABLE, HIGH = 540, 210
RESTED = 0.985  # of the way down the eye sees it stand


def _hand(picture: Picture, x: float, y: float) -> None:
    """A hand whose fingers end at a place, and its arm, which comes from above at the left."""
    limb(picture, [(x - 330, y - 420), (x - 90, y - 130), (x, y - 40)], 90, (60, 50, 120))
    for finger in (-26, -2, 22):
        limb(picture, [(x, y - 60), (x + finger, y + 26)], 24, SKIN)


def _bottle(picture: Picture, x: float, foot: float) -> None:
    """A bottle with a cap, a label and some light on it."""
    box(picture, x, foot - HIGH, 40, 50, (160, 60, 40))
    box(picture, x, foot, 90, HIGH, (70, 140, 100))
    for number in range(6):
        aside = 26 * np.cos(2.4 * number)
        box(picture, x + aside, foot - 20 - 30 * number, 22, 14, (215, 215, 205) if number % 2 else (30, 50, 40))


def hands_come_down(seconds: float = 8.0, seed: int = 12, *, what: str = "sets down") -> Film:
    """A hand comes down to a table, again and again, rests and leaves; ``what`` it does there.

    "sets down" brings a bottle and leaves it, "fetches" takes one away, "points" touches one that stands there.
    """
    rng = np.random.default_rng(seed)
    downs = []
    at = 1.3
    while at < seconds - 1.2:
        downs.append((at, float(rng.uniform(360, 1100)), float(rng.uniform(0.6, 1.0)), float(rng.uniform(0.25, 0.8))))
        at += float(rng.uniform(2.6, 3.1))
    standing = {"sets down": False, "fetches": True, "points": True}[what]

    def draw(picture: Picture, t: float) -> None:
        cv2.rectangle(picture, (0, TABLE), (WIDTH, HEIGHT), (150, 160, 165), -1)
        for came, x, took, rests in downs:
            begun, leaves = came - took, came + rests
            if not begun - 0.1 <= t < leaves + 0.9:
                continue
            up = 620 * (1.0 - eased((t - begun) / took)) + 640 * eased((t - leaves) / 0.6)
            held = {"sets down": t < leaves, "fetches": t >= leaves, "points": False}[what]
            foot = TABLE + 60 - (up if held else 0.0)
            if held or standing or t >= leaves:
                _bottle(picture, x, foot)
            _hand(picture, x, TABLE + 60 - HIGH - 50 - up)

    share = next(each for each in np.linspace(0, 1, 1001) if eased(each) >= RESTED)
    moments = tuple(came - took * (1.0 - float(share)) for came, _, took, _ in downs)
    return Film(what, seconds, draw, moments if what == "sets down" else ())
