"""Families of sounds: the one vocabulary in which the picture, the words and the host speak of what moves."""

from __future__ import annotations

from enum import StrEnum


class Family(StrEnum):
    """What is heard when something moves: what it is made of, or what is done."""

    FOOTSTEP = "footstep"
    GLASS = "glass"  # and bottles
    CERAMIC = "ceramic"
    WOOD = "wood"
    METAL = "metal"
    PLASTIC = "plastic"
    STONE = "stone"
    PAPER = "paper"  # and cardboard
    SOFT = "soft"  # cloth, cushions, skin
    CLAP = "clap"
    TYPING = "typing"
    CHOP = "chop"  # a knife on a board
    POUR = "pour"  # liquids
    VEHICLE = "vehicle"
    BALL = "ball"
    ANIMAL = "animal"
    BLOW = "blow"  # punches, kicks
    DRUM = "drum"
