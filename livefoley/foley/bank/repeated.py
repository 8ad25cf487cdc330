"""What nobody does once: asked for some seconds of it, takes follow each other at a natural pace, none like another."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from livefoley.core.cues import Sound, SoundRequest
from livefoley.core.families import LASTING, Family
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.foley import levels
from livefoley.foley.description import lexicon
from livefoley.foley.description.reader import read
from livefoley.foley.rendered import generator

PACES_S = {
    "FEETHmn_": 0.55,
    "FOODKware_Chop": 0.36,
    "TOOLHand_Hammer": 0.7,
    "FOLYHand_Clap": 0.5,
    "SPRTCourt_Ball": 0.65,
    "MUSCPerc_Taiko": 0.5,
    "FGHTImpt_Punch": 0.8,
}
"""How often it is done, by how the effect's name begins."""

LONG_ENOUGH: Tick = ticks_from_s(1.2)
"""Of less than that, one is asked for."""
GOES_ON = frozenset({Family.TYPING, Family.POUR, Family.SAW, Family.STIR, Family.ROLL})
"""What goes on by itself when it is asked for so long."""

_SWAY = 0.1  # of the pace, each time
_HARDER, _SOFTER = 0.12, 0.16
_LEAD_S = 0.05
_ONCE = re.compile(r"\b(?:once|one|single)\b|一声|一下|一次", re.IGNORECASE)

Make = Callable[[SoundRequest], Sound | None]


def repeated(request: SoundRequest, make: Make) -> Sound | None:
    """Return some seconds of what is done over and over, or goes on; None for what is done once, or asked for so."""
    if not _leaves_it_open(request) or _ONCE.search(request.prompt):
        return None
    actions, effects = read(request.prompt).actions, lexicon.effects(request.prompt)
    if actions and effects and actions[0].lasting in GOES_ON:
        return make(replace(request, effect=LASTING[actions[0].lasting]))
    pace_s = next((pace for name, pace in PACES_S.items() if effects and effects[0].startswith(name)), 0.0)
    return _in_time(request, make, pace_s) if pace_s else None


def _leaves_it_open(request: SoundRequest) -> bool:
    """Say whether a length is asked for, and when it is heard is left to whoever makes it."""
    curved = request.onsets_s is not None or request.envelope is not None
    return request.length > LONG_ENOUGH and request.effect is None and not curved


def _in_time(request: SoundRequest, make: Make, pace_s: float) -> Sound | None:
    rng = generator(request.seed, "pace")
    pace_s *= float(rng.uniform(0.9, 1.1))
    out, first, at_s, turn = np.zeros((2, request.length), np.float32), None, _LEAD_S, 0
    while at_s < request.length / TICK_RATE - pace_s / 2:
        intensity = min(1.0, max(0.0, request.intensity + float(rng.uniform(-_SOFTER, _HARDER))))
        take = make(replace(request, length=0, seed=request.seed + turn, intensity=intensity))
        if take is None:
            return None
        begin = max(0, ticks_from_s(at_s) - take.onset)
        n = min(take.samples.shape[1], request.length - begin)
        out[:, begin : begin + n] += take.samples[:, :n]
        first = first or replace(take, onset=min(take.onset, ticks_from_s(at_s)))
        at_s += pace_s * (1 + float(rng.uniform(-_SWAY, _SWAY)))
        turn += 1
    return replace(first, samples=levels.round_off(out), seed=request.seed) if first is not None else None
