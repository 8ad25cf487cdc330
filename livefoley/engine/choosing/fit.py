"""How well a movement suits a sound: how fast it is, how large, how hard, and where in the picture.

It decides among what the words name where the picture does not tell which of them moves; it never decides whether there
is a sound at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from livefoley.core.events import CoursePoint, MotionOnset
from livefoley.core.families import Family, family_of

LEAST_FIT = 0.1
WIDTH_OF_SPEED, WIDTH_OF_SIZE = 1.0, 1.4  # in powers of e: what moves so much faster or larger suits it half as well
WIDTH_OF_PLACE = 0.35  # of the picture's height


@dataclass(frozen=True, slots=True)
class Usual:
    """How what makes a sound usually moves: ``speed`` and ``size`` as those of a ``MotionOnset``, ``y`` where in the
    picture (None: anywhere)."""

    speed: float
    size: float
    y: float | None = None


THING = Usual(0.5, 0.008)  # on a table, in a hand, on the floor
FAMILIES: Mapping[Family, Usual] = {
    Family.FOOTSTEP: Usual(0.6, 0.01, 0.9),
    Family.GLASS: Usual(0.4, 0.005, 0.55),
    Family.CERAMIC: Usual(0.4, 0.005, 0.55),
    Family.PLASTIC: Usual(0.5, 0.006, 0.55),
    Family.METAL: Usual(0.7, 0.006),
    Family.STONE: Usual(0.7, 0.015),
    Family.PAPER: Usual(0.3, 0.03),
    Family.SOFT: Usual(0.3, 0.03),
    Family.CLAP: Usual(1.0, 0.01, 0.45),
    Family.TYPING: Usual(0.2, 0.002, 0.7),
    Family.CHOP: Usual(0.9, 0.006, 0.65),
    Family.BALL: Usual(1.2, 0.005),
    Family.BLOW: Usual(1.4, 0.02, 0.4),
    Family.DRUM: Usual(1.0, 0.008),
    Family.GUN: Usual(1.6, 0.02, 0.45),
    Family.EXPLOSION: Usual(1.5, 0.25),
    Family.VEHICLE: Usual(0.3, 0.05),
    Family.ROLL: Usual(0.4, 0.01),
    Family.SAW: Usual(0.6, 0.03),
    Family.STIR: Usual(0.3, 0.008),
    Family.POUR: Usual(0.1, 0.01),
}
EFFECTS: Mapping[str, Usual] = {
    "GLASBrk_Shatter": Usual(1.2, 0.01, 0.8),
    "CERMBrk_Plate": Usual(1.2, 0.01, 0.8),
    "OBJMisc_HeavyDrop": Usual(0.9, 0.06, 0.8),
    "OBJPack_Box": Usual(0.5, 0.05),
    "PAPRHndl_PageTurn": Usual(0.4, 0.02),
    "CMPTKey_Mouse": Usual(0.2, 0.002, 0.7),
    "TOOLHand_Hammer": Usual(1.2, 0.008),
    "DOORWood_Close": Usual(0.6, 0.15),
    "DOORWood_Open": Usual(0.4, 0.15),
}
"""Effects whose manner is another one than their family's: what breaks has fallen, a heavy thing is large."""


def hardness(onset: MotionOnset) -> float:
    """Return how hard a movement lands, in 0..1."""
    return min(1.0, 0.55 * onset.strength + 0.25 * min(1.0, onset.size / 0.05) + 0.2 * min(1.0, onset.speed / 1.0))


def fit(prompt: str, moves: MotionOnset | CoursePoint) -> float:
    """Return how well a movement suits what ``prompt`` asks for, ``LEAST_FIT`` to 1."""
    family = family_of(prompt)
    usual = EFFECTS.get(prompt) or (FAMILIES.get(family, THING) if family is not None else THING)
    off = _log_ratio(moves.speed, usual.speed) / WIDTH_OF_SPEED, _log_ratio(moves.size, usual.size) / WIDTH_OF_SIZE
    where = (moves.y - usual.y) / WIDTH_OF_PLACE if usual.y is not None else 0.0
    return float(max(LEAST_FIT, 0.5 ** (off[0] ** 2 + off[1] ** 2 + where**2)))


def _log_ratio(value: float, usual: float) -> float:
    """Return how many times ``value`` is ``usual``, in powers of e; 0 where nothing is known of it."""
    return math.log(value / usual) if value > 0.0 else 0.0
