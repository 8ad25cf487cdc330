"""Sounds of our own making for what recordings are thin in: procedural effects, with their captions.

Only kinds of sound of which few clean recordings exist; where recordings abound, synthesis would teach its own limits.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from livefoley.foley.bank.catalogue import EFFECTS
from livefoley.foley.rendered import generator
from livefoley.foley.student.features import Floats
from livefoley.train.corpus import captions
from livefoley.train.corpus.recordings import Label

TAKES = 4
_THIN = [
    "CRWD",
    "FOLY",
    "FEET",
    "WHST",
    "AMBTraf",
    "VEH",
    "TRN",
    "AMBRoom",
    "MACH",
    "AMBOffc",
    "FOOD",
    "WATRDrip",
    "WATRSplsh",
    "WATRPour",
    "WATRBubl",
    "WATRFlow",
    "WIND",
    "AMBRurl",
    "FIRESizz",
    "WOOD",
    "METL",
    "GLAS",
    "CERM",
    "PLAS",
    "ROCK",
    "OBJ",
    "FGHT",
    "SPRT",
    "CMPT",
    "MECH",
    "DOOR",
    "COM",
    "PAPR",
    "CLOTH",
    "WHSH",
    "SWSH",
    "DSGN",
    "BELLDoor",
    "HORN",
    "MUSCChim",
    "MUSCBrass",
    "UIAlert",
    "TOON",
    "TOOL",
    "AMBInd",
    "AERO",
]


def render(takes: int = TAKES, seed: int = 0) -> Iterator[tuple[Label, Floats]]:
    """Yield ``takes`` of every thin effect, each with a strength of its own, mono at 48 kHz."""
    for effect in EFFECTS.values():
        if not effect.name.startswith(tuple(_THIN)):
            continue
        for number in range(takes):
            strength = effect.layers[number % len(effect.layers)]
            take = effect.render(generator(seed, "train", effect.name, number), strength)
            label = Label(
                f"{effect.name}-{number}",
                effect.summary,
                captions.RENDERED.get(effect.summary, ""),
                effect.ucs.category,
                licence="rendered by livefoley",
            )
            yield label, np.asarray(take.samples.mean(axis=0), np.float32)
