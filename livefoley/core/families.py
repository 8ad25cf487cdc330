"""Families of sounds: the one vocabulary in which the picture, the words and the host speak of what moves."""

from __future__ import annotations

from collections.abc import Mapping
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
    SAW = "saw"  # and file, sand
    STIR = "stir"  # a spoon in a cup or pot
    ROLL = "roll"  # wheels, a ball that rolls
    VEHICLE = "vehicle"
    BALL = "ball"
    ANIMAL = "animal"
    BLOW = "blow"  # punches, kicks
    DRUM = "drum"
    GUN = "gun"
    EXPLOSION = "explosion"


EFFECTS: Mapping[Family, Mapping[str, str]] = {
    Family.FOOTSTEP: {
        "concrete": "FEETHmn_Concrete",
        "wood": "FEETHmn_Wood",
        "gravel": "FEETHmn_Gravel",
        "sand": "FEETHmn_Sand",
        "grass": "FEETHmn_Grass",
        "snow": "FEETHmn_Snow",
        "metal": "FEETHmn_Metal",
        "water": "FEETHmn_Water",
    },
    Family.GLASS: {"bottle": "FOODGware_Bottle", "glass": "GLASImpt_Hit"},
    Family.CERAMIC: {"": "CERMImpt_SetDown"},
    Family.WOOD: {"": "WOODImpt_Hit", "block": "WOODImpt_Block"},
    Family.METAL: {"": "METLImpt_Hit", "anvil": "TOOLHand_Hammer"},
    Family.PLASTIC: {"": "PLASImpt_Hit"},
    Family.STONE: {"": "ROCKImpt_Hit"},
    Family.PAPER: {"": "OBJPack_Box", "sheet": "PAPRHndl_Crumple", "page": "PAPRHndl_PageTurn"},
    Family.SOFT: {"": "CLOTHMvmt_Rustle"},
    Family.CLAP: {"": "FOLYHand_Clap"},
    Family.TYPING: {"": "CMPTKey_Key", "mouse": "CMPTKey_Mouse", "many": "CMPTKey_Typing"},
    Family.CHOP: {"": "FOODKware_Chop"},
    Family.POUR: {"": "WATRPour_Glass", "splash": "WATRSplsh_Splash"},
    Family.VEHICLE: {"": "VEHBy_Car"},
    Family.BALL: {"": "SPRTCourt_Ball"},
    Family.ANIMAL: {
        "bird": "BIRDSong_Phrase",
        "gull": "BIRDSea_Gull",
        "owl": "BIRDPrey_Owl",
        "frog": "ANMLAmph_Frog",
    },
    Family.BLOW: {"": "FGHTImpt_Punch"},
    Family.DRUM: {"": "MUSCPerc_Taiko", "shaker": "MUSCPerc_Shaker"},
    Family.GUN: {"pistol": "GUNPis_Shot", "rifle": "GUNRif_Shot"},
    Family.EXPLOSION: {"": "EXPLReal_Blast"},
}
"""The bank's effects of each family by what is hit, trodden on or held, the usual one first."""

LASTING: Mapping[Family, str] = {
    Family.VEHICLE: "VEHCar_Drive",
    Family.POUR: "WATRPour_Steady",
    Family.TYPING: "CMPTKey_Busy",
    Family.SAW: "TOOLHand_Saw",
    Family.STIR: "FOODKware_Stir",
    Family.ROLL: "OBJMisc_Roll",
}
"""The families that sound for as long as something moves, and the bank's effect of that: it goes on as it is, how loud
it is when, where, and at what pitch is laid over it as the movement is followed."""

SILENT = frozenset({Family.ANIMAL, Family.VEHICLE, Family.POUR})
"""The families that make no sound by landing."""

_FAMILIES = {effect: family for family, effects in EFFECTS.items() for effect in effects.values()}
_FAMILIES |= {effect: family for family, effect in LASTING.items()}


def family_of(effect: str) -> Family | None:
    """Return the family an effect of the bank belongs to; None for one that is no sound of a movement, or neutral."""
    return _FAMILIES.get(effect)


def usual_effect(family: Family) -> str | None:
    """Return what the family sounds like where nothing more is known; None for one that has no effect, or no usual one:
    an animal may be any."""
    if family is Family.ANIMAL:
        return None
    return next(iter(EFFECTS.get(family, {}).values()), None)
