"""What words mean as far as it can be filed: a likeness of words alone does not tell when there is no such recording.

The words of a request and the captions of a recording are read alike, by the reader of descriptions: what it
understands of both (effects, families of what moves, kinds of ambience) leads to sounds, and to categories of the
Universal Category System. Recordings are filed under one besides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from livefoley.core.families import Family
from livefoley.foley.bank import ucs
from livefoley.foley.description.reader import read


class Agreement(IntEnum):
    """How well a recording suits what is understood of the words."""

    AGAINST = 0  # the words are understood, and mean something else
    UNKNOWN = 1  # nobody understands the words, or nobody said what the recording is
    NEAR = 2  # a category in which such a sound may well be filed
    CATEGORY = 3  # the same category
    SOUND = 4  # the same sound, as far as the reader tells sounds apart


@dataclass(frozen=True, slots=True)
class Meaning:
    """What is understood of words: ``sounds`` are names of effects, kinds of ambience and words that are asked for,
    ``categories`` where such sounds are filed. Both are empty where nothing is understood."""

    sounds: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()

    def __or__(self, other: Meaning) -> Meaning:
        return Meaning(self.sounds | other.sounds, self.categories | other.categories)


_MEANT = 0.7  # how much of an ambience something has to be

_KINDS: Mapping[str, tuple[str, ...]] = {
    "room": ("AMBIENCE",),
    "air": ("AMBIENCE", "WIND"),
    "rain": ("RAIN", "WEATHER"),
    "rain_window": ("RAIN", "WEATHER"),
    "thunder": ("WEATHER",),
    "wind": ("WIND", "WEATHER"),
    "leaves": ("VEGETATION", "WIND"),
    "surf": ("WATER",),
    "gulls": ("BIRDS",),
    "stream": ("WATER",),
    "cave": ("AMBIENCE", "WATER"),
    "fire": ("FIRE",),
    "frying": ("FOOD & DRINK", "FIRE"),
    "boiling": ("FOOD & DRINK", "LIQUID & MUD", "WATER"),
    "crowd": ("CROWDS", "AMBIENCE"),
    "cafe": ("CROWDS", "AMBIENCE"),
    "stadium": ("CROWDS", "SPORTS"),
    "street": ("AMBIENCE", "VEHICLES"),
    "birds": ("BIRDS", "AMBIENCE"),
    "forest": ("AMBIENCE", "BIRDS", "VEGETATION"),
    "night": ("ANIMALS", "AMBIENCE"),
    "cicadas": ("ANIMALS",),
    "frogs": ("ANIMALS",),
    "office": ("AMBIENCE", "COMPUTERS"),
    "kitchen": ("AMBIENCE", "FOOD & DRINK"),
    "train": ("TRAINS",),
    "cabin": ("AIRCRAFT",),
    "engine": ("VEHICLES", "MOTORS", "MACHINES"),
    "factory": ("MACHINES", "AMBIENCE"),
    "fan": ("MACHINES",),
    "clock": ("CLOCKS",),
}
"""Where recordings of each kind of ambience (``bed.kinds``) are filed."""

_FAMILIES: Mapping[Family, tuple[str, ...]] = {
    Family.FOOTSTEP: ("FOOTSTEPS",),
    Family.GLASS: ("GLASS",),
    Family.CERAMIC: ("CERAMICS",),
    Family.WOOD: ("WOOD",),
    Family.METAL: ("METAL",),
    Family.PLASTIC: ("PLASTIC",),
    Family.STONE: ("ROCKS",),
    Family.PAPER: ("PAPER",),
    Family.SOFT: ("CLOTH",),
    Family.CLAP: ("FOLEY", "HUMAN", "CROWDS"),
    Family.TYPING: ("COMPUTERS",),
    Family.CHOP: ("FOOD & DRINK",),
    Family.POUR: ("LIQUID & MUD", "WATER", "FOOD & DRINK"),
    Family.SAW: ("TOOLS",),
    Family.STIR: ("FOOD & DRINK",),
    Family.ROLL: ("OBJECTS",),
    Family.VEHICLE: ("VEHICLES", "MOTORS"),
    Family.BALL: ("SPORTS",),
    Family.ANIMAL: ("ANIMALS", "BIRDS"),
    Family.BLOW: ("FIGHT",),
    Family.DRUM: ("MUSICAL",),
}
"""Where recordings of each family are filed, which no effect of the bank says."""

_NEIGHBOURS: tuple[frozenset[str], ...] = tuple(
    map(
        frozenset,
        (
            ("RAIN", "WEATHER"),
            ("WIND", "WEATHER"),
            ("WIND", "VEGETATION"),
            ("WATER", "LIQUID & MUD"),
            ("WATER", "BOATS"),
            ("FOOD & DRINK", "LIQUID & MUD"),
            ("FOOD & DRINK", "GLASS", "CERAMICS"),
            ("CROWDS", "HUMAN", "VOICES"),
            ("CROWDS", "SPORTS"),
            ("AMBIENCE", "CROWDS"),
            ("AMBIENCE", "BIRDS"),
            ("AMBIENCE", "MACHINES"),
            ("AMBIENCE", "VEHICLES"),
            ("ANIMALS", "BIRDS", "CREATURES"),
            ("VOICES", "CREATURES"),
            ("METAL", "TOOLS", "MECHANICAL", "CHAINS"),
            ("METAL", "BELLS"),
            ("METAL", "WEAPONS", "SWOOSHES"),
            ("MUSICAL", "BELLS"),
            ("MUSICAL", "CARTOON", "DESIGNED"),
            ("BELLS", "ALARMS", "CLOCKS", "COMMUNICATIONS"),
            ("ALARMS", "HORNS", "VEHICLES"),
            ("TRAINS", "HORNS"),
            ("TRAINS", "WHISTLES"),
            ("USER INTERFACE", "BEEPS", "COMPUTERS", "GAMES"),
            ("USER INTERFACE", "MECHANICAL"),
            ("MUSICAL", "USER INTERFACE"),
            ("ALARMS", "BEEPS"),
            ("EXPLOSIONS", "GUNS", "FIREWORKS"),
            ("GUNS", "WEAPONS", "BULLETS", "LASERS"),
            ("FIGHT", "GORE"),
            ("FIGHT", "OBJECTS"),
            ("FOOTSTEPS", "DIRT & SAND", "SNOW", "VEGETATION"),
            ("MACHINES", "MOTORS", "VEHICLES"),
            ("MACHINES", "MECHANICAL"),
            ("MACHINES", "TOOLS", "MOTORS"),
            ("TOOLS", "WOOD"),
            ("DOORS", "WOOD", "WINDOWS"),
            ("DOORS", "VEHICLES"),
            ("DESTRUCTION", "GLASS", "CERAMICS", "WOOD"),
            ("OBJECTS", "METAL", "WOOD", "PLASTIC", "CERAMICS", "GLASS", "PAPER", "CLOTH"),
            ("FOLEY", "HUMAN", "CROWDS"),
            ("FOLEY", "CLOTH", "MOVEMENT"),
            ("SWOOSHES", "AIR", "WEAPONS"),
            ("DIRT & SAND", "ROCKS"),
            ("SCIFI", "LASERS", "ROBOTS", "DESIGNED"),
            ("CARTOON", "TOYS"),
            ("SPORTS", "OBJECTS", "RUBBER"),
        ),
    )
)
"""Categories in which one and the same sound may be filed by different people."""


def meaning_of(text: str) -> Meaning:
    """Return what is understood of ``text``. An ambience that is only implied (who chops is in a kitchen) is not
    meant."""
    said = read(text)
    effects = {effect for accent in said.accents for effect in accent.effects}
    effects |= {effect for action in said.actions for effect in action.effects}
    kinds = {
        layer.kind for place in said.places if not place.implied for layer in place.layers if layer.weight >= _MEANT
    }
    unnamed = [action for action in said.actions if not action.effects]
    families = [action.family for action in unnamed if action.family is not None]
    categories = {name.category for effect in effects if (name := ucs.parse(effect)) is not None}
    categories.update(*(_KINDS.get(kind, ()) for kind in kinds), *(_FAMILIES.get(family, ()) for family in families))
    asked = {action.ask or str(action.family) for action in unnamed if action.ask or action.family}
    return Meaning(frozenset(effects | kinds | asked), frozenset(categories))


def filed_under(category: str) -> Meaning:
    """Return what a recording means of which no more is known than the category it is filed under."""
    return Meaning(categories=frozenset((category,) if category else ()))


def agreement(asked: Meaning, recorded: Meaning) -> Agreement:
    """Return how well what is ``recorded`` suits what is ``asked`` for."""
    if not asked.categories or not recorded.categories:
        return Agreement.UNKNOWN
    if asked.sounds & recorded.sounds:
        return Agreement.SOUND
    if asked.categories & recorded.categories:
        return Agreement.CATEGORY
    near = any(group & asked.categories and group & recorded.categories for group in _NEIGHBOURS)
    return Agreement.NEAR if near else Agreement.AGAINST
