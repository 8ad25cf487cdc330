"""From free text, Chinese or English, to what a place sounds like and what is done there (words: lexicon.yaml).

Negated words are left out (``no rain``, ``没有雨``), words like ``heavy`` or ``小`` set how strong their neighbour is,
and a text in which nothing is known gives a neutral room tone and neutral hits, and says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import yaml

from livefoley.core.cues import ActionPrompts
from livefoley.foley.bank import ucs
from livefoley.foley.description.words import Match, Token, WordList, tokens

NEUTRAL_KIND = "room"
NEUTRAL_IMPACT = "OBJMisc_SoftHit"
NEUTRAL_SWEEP = "WHSH_Whoosh"
MOST_LAYERS = 4
DEFAULT_LEVEL = 0.65


@dataclass(frozen=True, slots=True)
class BedLayer:
    """One ambience of a recipe: its kind, its weight (1 is full) and how strong it is in 0..1."""

    kind: str
    weight: float
    level: float


@dataclass(frozen=True, slots=True)
class BedRecipe:
    """What a place sounds like. ``matched`` are the words it came from; ``neutral`` says that there were none."""

    layers: tuple[BedLayer, ...]
    matched: tuple[str, ...] = ()
    neutral: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was understood of a text: ``layers`` as found, effects best first, and how strong they are meant."""

    layers: tuple[BedLayer, ...]
    actions: tuple[str, ...]
    accents: tuple[str, ...]
    matched: tuple[str, ...]
    level: float


@dataclass(frozen=True, slots=True)
class _Entry:
    bed: tuple[tuple[str, float], ...] = ()
    action: tuple[str, ...] = ()
    accent: tuple[str, ...] = ()
    level: float | None = None
    surface: bool = False

    @property
    def says_something(self) -> bool:
        return bool(self.bed or self.action or self.accent)


@dataclass(frozen=True, slots=True)
class _Modifier:
    level: float | None  # None takes the word back


@dataclass(slots=True)
class _Tables:
    entries: WordList[_Entry] = field(default_factory=WordList)
    surfaces: WordList[str] = field(default_factory=WordList)
    modifiers: WordList[_Modifier] = field(default_factory=WordList)


def _words(item: dict[str, Any]) -> Iterable[str]:
    yield from item.get("words", ())
    yield from item.get("zh", ())


@cache
def _tables() -> _Tables:
    content = yaml.safe_load(resources.files("livefoley.foley.description").joinpath("lexicon.yaml").read_text("utf-8"))
    tables = _Tables()
    for item in content["entries"]:
        entry = _Entry(
            tuple(item.get("bed", {}).items()),
            tuple(item.get("action", ())),
            tuple(item.get("accent", ())),
            item.get("level"),
            item.get("surface", False),
        )
        for word in _words(item):
            tables.entries.add(word, entry)
    for item in content["surfaces"]:
        for word in _words(item):
            tables.surfaces.add(word, item["effect"])
    for item in content["modifiers"].values():
        for word in _words(item):
            tables.modifiers.add(word, _Modifier(item.get("level")))
    return tables


@lru_cache(maxsize=4096)
def read(text: str) -> Reading:
    """Return what is understood of ``text``."""
    tables, words = _tables(), tokens(text)
    found = tables.entries.find(words)
    kept = [(match, _level(words, match, found)) for match in found]
    told = [(match, level) for match, level in kept if level >= 0 and match.tag.says_something]
    ground = _ground(words, tables)
    layers = tuple(BedLayer(kind, weight, level) for match, level in told for kind, weight in match.tag.bed)
    actions = [e for match, _ in told for e in (ground if match.tag.surface and ground else match.tag.action)]
    accents = [e for match, _ in told for e in match.tag.accent]
    levels = [level for _, level in told] or [DEFAULT_LEVEL]
    matched = tuple(match.text for match, _ in told)
    return Reading(layers, _once(actions), _once(accents), matched, max(levels, key=lambda v: abs(v - DEFAULT_LEVEL)))


def bed_recipe(describe: str) -> BedRecipe:
    """Return the ambience of a description; rain at a window becomes rain on that window."""
    reading = read(describe)
    merged: dict[str, BedLayer] = {}
    for layer in reading.layers:
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


def is_new_place(describe: str) -> bool:
    """Say whether there are words, and none of them names an ambience known here."""
    return bool(describe.strip()) and bed_recipe(describe).neutral


def action_effects(describe: str) -> tuple[str, ...]:
    """Return the effects of what is done, best first; the neutral impact and sweep where nothing is known."""
    return read(describe).actions or (NEUTRAL_IMPACT, NEUTRAL_SWEEP)


def action_prompts(describe: str, sound: str | None = None) -> ActionPrompts:
    """Return what is asked for when something moves in a place that sounds like ``describe``.

    What lands: ``sound``, if one is named; else effects of what is done, up to three; else the neutral impact. A text
    in which nothing at all is known is its own answer: the bank makes its neutral impact of it, a student more.
    """
    reading = read(describe)
    if sound:
        impacts: tuple[str, ...] = (sound,)
    elif describe.strip() and not reading.matched:
        impacts = (describe,)
    else:
        impacts = tuple(name for name in reading.actions if name != NEUTRAL_SWEEP)[:8] or (NEUTRAL_IMPACT,)
    swept = any(name.startswith(("WHSH", "SWSH")) for name in reading.actions)
    return ActionPrompts(impacts, (NEUTRAL_SWEEP,), fixed=bool(sound), sweeps_named=swept)


def effects(prompt: str) -> tuple[str, ...]:
    """Return the effects a prompt asks for: what is done, then punctuation; empty where nothing is known."""
    reading = read(prompt)
    return _once([*reading.actions, *reading.accents])


def covers(prompt: str) -> bool:
    """Say whether an effect is known for ``prompt``: one of the lexicon's words, or an effect's own name."""
    return bool(effects(prompt)) or ucs.parse(prompt) is not None


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _ground(words: list[Token], tables: _Tables) -> tuple[str, ...]:
    """Return the footstep of the last surface named: where one treads stands after where one is."""
    found = tables.surfaces.find(words)
    return (found[-1].tag,) if found else ()


def _level(words: list[Token], match: Match[_Entry], others: list[Match[_Entry]]) -> float:
    """Return how strong the text says ``match`` is, -1 when it takes it back."""
    level = match.tag.level if match.tag.level is not None else DEFAULT_LEVEL
    for modifier in _before(words, match, others):
        if modifier.level is None:
            return -1.0
        level = modifier.level
    return level


def _before(words: list[Token], match: Match[_Entry], others: list[Match[_Entry]]) -> list[_Modifier]:
    """Return the modifiers within three tokens before ``match``, no mark and no other word between."""
    first = max([match.start - 3, 0, *(other.end for other in others if other.end <= match.start)])
    marks = [i for i in range(first, match.start) if words[i].mark]
    window = words[marks[-1] + 1 if marks else first : match.start]
    return [found.tag for found in _tables().modifiers.find(window)]
