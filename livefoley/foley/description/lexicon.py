"""From free text, Chinese or English, to the sounds it asks for: an ambience, and what movements sound like.

A text in which nothing is known gives a neutral room tone and neutral hits, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from livefoley.core.cues import ActionPrompts
from livefoley.core.families import LASTING, Family
from livefoley.foley.bank import ucs
from livefoley.foley.description.reader import DEFAULT_LEVEL, Action, BedLayer, Description, read

NEUTRAL_KIND = "room"
NEUTRAL_IMPACT = "OBJMisc_SoftHit"
NEUTRAL_SWEEP = "WHSH_Whoosh"
MOST_LAYERS = 4
MOST_IMPACTS = 8
_CLAUSE = re.compile(r"[^\s,;.!?，；。！？、][^,;.!?，；。！？、]*")


@dataclass(frozen=True, slots=True)
class BedRecipe:
    """What a place sounds like. ``matched`` are the words it came from; ``neutral`` says that there were none."""

    layers: tuple[BedLayer, ...]
    matched: tuple[str, ...] = ()
    neutral: bool = False


def bed_recipe(describe: str) -> BedRecipe:
    """Return the ambience of a description; rain at a window becomes rain on that window."""
    reading = read(describe)
    merged: dict[str, BedLayer] = {}
    for layer in (layer for place in reading.places for layer in place.layers):
        old = merged.get(layer.kind)
        if old is None or layer.weight > old.weight:
            merged[layer.kind] = layer
    if "rain_window" in merged:
        merged.pop("rain", None)
    if not merged:
        neutral = (BedLayer(NEUTRAL_KIND, 1.0, DEFAULT_LEVEL),)
        return BedRecipe(neutral, reading.matched, neutral=True)
    strongest = sorted(merged.values(), key=lambda layer: -layer.weight)[:MOST_LAYERS]
    return BedRecipe(tuple(strongest), reading.matched)


def is_place(describe: str) -> bool:
    """Say whether the words name a place: of nothing else is an ambience made of words."""
    return bool(read(describe).places)


def place_words(describe: str) -> str:
    """Return of a description what speaks of the place: the clauses that name one; all of it where none does."""
    return ", ".join(filter(is_place, _CLAUSE.findall(describe))) or describe


def at_place(describe: str, place: str) -> str:
    """Return what describes the ambience where ``place`` is found in place of the description's: what is done there
    stays in it."""
    if not place or not describe or is_place(describe):
        return place or describe
    return f"{describe}, {place}"


def is_new_place(describe: str) -> bool:
    """Say whether there are words, and none of them names an ambience known here."""
    return bool(describe.strip()) and bed_recipe(describe).neutral


def sounds_asked_for(describe: str) -> tuple[str, ...]:
    """Return the words that makers of any words will be asked for in a place that sounds like ``describe``."""
    said = read(describe)
    asked = [action.ask for action in said.actions if action.ask and not action.effects]
    return tuple(dict.fromkeys([describe, *asked]))


def action_effects(describe: str) -> tuple[str, ...]:
    """Return the effects of what is done, best first; the neutral impact and sweep where nothing is known."""
    named = dict.fromkeys(effect for action in read(describe).actions for effect in action.effects)
    return tuple(named) or (NEUTRAL_IMPACT, NEUTRAL_SWEEP)


def action_prompts(describe: str, sound: str | None = None) -> ActionPrompts:
    """Return what is asked for when something moves in a place that sounds like ``describe``.

    What lands: ``sound``, if one is named; else what is done or moved, the best first; else the neutral impact. Words
    that nobody knows make nothing.
    """
    if sound:
        return ActionPrompts((sound,), (NEUTRAL_SWEEP,), fixed=True)
    reading = read(describe)
    actions = reading.actions
    done, about = (
        [name for action in actions if action.about is only for name in action.effects or (action.ask,) if name]
        for only in (False, True)
    )
    impacts = dict.fromkeys(name for name in (*done, *about) if name != NEUTRAL_SWEEP)
    swept = any(name.startswith(("WHSH", "SWSH")) for name in done)
    wanted = tuple(impacts)[:MOST_IMPACTS] or (NEUTRAL_IMPACT,)
    return ActionPrompts(
        wanted,
        (NEUTRAL_SWEEP,),
        tuple(each for each in about if each not in done),
        sweeps_named=swept,
        lasting=_lasting(actions),
        calls=tuple(call.wanted for call in reading.calls),
        said=_said(reading),
    )


def _said(reading: Description) -> tuple[tuple[str, str], ...]:
    """Return by which words of the description what is asked for is known."""
    said = {call.wanted: call.text for call in reading.calls}
    for action in reading.actions:
        lasts = (LASTING[action.lasting],) if action.lasting is not None else ()
        for name in (*action.effects, action.ask, *lasts):
            if name:
                said.setdefault(name, action.text)
    return tuple(said.items())


def _lasting(actions: Iterable[Action]) -> tuple[tuple[Family, str], ...]:
    """Return what of the actions sounds as long as something moves: each family once, with an effect or words."""
    found: dict[Family, str] = {}
    for action in actions:
        if action.lasting is not None and (sound := action.sounds_while_it_lasts):
            found.setdefault(action.lasting, sound)
    return tuple(found.items())


def effects(prompt: str) -> tuple[str, ...]:
    """Return the effects a prompt asks for: what is done, then punctuation.

    Empty where nothing is known, and where what is named first is nothing that an effect makes (a dog on a table).
    """
    reading = read(prompt)
    if reading.actions and not reading.actions[0].effects:
        return ()
    return reading.effects


def covers(prompt: str) -> bool:
    """Say whether an effect is known for ``prompt``: one of the lexicon's words, or an effect's own name."""
    return bool(effects(prompt)) or ucs.parse(prompt) is not None
