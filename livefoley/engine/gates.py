"""What makes no sound by moving, whatever it is: somebody who talks, and the rest of one whose steps sound already."""

from __future__ import annotations

from livefoley.core.events import MotionKind, MotionOnset, Sight
from livefoley.core.families import Family

SURE = 0.5  # from here on somebody is taken to talk, to walk, or to have a hand there
NO_HAND = 0.3  # below it there is none
SOMEBODY = 0.1  # of a person's likelihood by what they wear
HANDLED = frozenset(
    {Family.GLASS, Family.CERAMIC, Family.PLASTIC, Family.METAL, Family.WOOD, Family.STONE, Family.PAPER, Family.SOFT}
    | {Family.TYPING, Family.CHOP}
)
"""What lies still unless a hand is there."""
LEFT_ALONE = 0.12
"""How likely a thing is what moves though no hand is there, beside one that a hand holds."""


def gated(onset: MotionOnset, sight: Sight) -> str:
    """Return why a movement makes no sound, in a few words; empty where it may."""
    if onset.kind is MotionKind.STEP or sight.hands is None:
        return ""
    if (sight.walking or 0.0) >= SURE and sight.hands < SURE:
        return "somebody walks: the steps sound"
    if (sight.talking or 0.0) >= SURE and sight.hands < SURE:
        return "somebody talks, and no hand is there"
    return ""


def left_alone(sight: Sight) -> bool:
    """Say whether somebody looked for a hand where it moves, and there is none."""
    return sight.hands is not None and sight.hands < NO_HAND


def believed(family: Family, value: float, sight: Sight) -> float:
    """Return how likely a family is what moves, by whether a hand is there, or for steps somebody at all."""
    nobody = left_alone(sight) and (sight.walking or 0.0) < NO_HAND and sight.person < SOMEBODY
    alone = nobody if family is Family.FOOTSTEP else left_alone(sight) and family in HANDLED
    return value * LEFT_ALONE if alone else value


def who(sight: Sight) -> list[str]:
    """Return who is seen, in words with numbers."""
    told = (("a hand", sight.hands), ("a face", sight.talking), ("somebody walks", sight.walking))
    return [f"{what} {value:.2f}" for what, value in told if value is not None and value >= NO_HAND]
