"""Names after the Universal Category System (UCS 8.2, universalcategorysystem.com): ``CatID_Name_...``.

A CatID is the short form of a category and, for all but a few, of a subcategory: ``RAINGlas`` is RAIN, glass. A user
category may follow after a dash (``AMBUrbn-CN_...``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CATEGORIES = {
    "AIR": "AIR", "AERO": "AIRCRAFT", "ALRM": "ALARMS", "AMB": "AMBIENCE", "ANML": "ANIMALS", "BEEP": "BEEPS",
    "BELL": "BELLS", "BIRD": "BIRDS", "BOAT": "BOATS", "BLLT": "BULLETS", "TOON": "CARTOON", "CERM": "CERAMICS",
    "CHAIN": "CHAINS", "CHEM": "CHEMICALS", "CLOCK": "CLOCKS", "CLOTH": "CLOTH", "COM": "COMMUNICATIONS",
    "CMPT": "COMPUTERS", "CREA": "CREATURES", "CRWD": "CROWDS", "DSGN": "DESIGNED", "DESTR": "DESTRUCTION",
    "DIRT": "DIRT & SAND", "DOOR": "DOORS", "DRWR": "DRAWERS", "ELEC": "ELECTRICITY", "EQUIP": "EQUIPMENT",
    "EQUI": "EQUIPMENT", "EXPL": "EXPLOSIONS", "FART": "FARTS", "FGHT": "FIGHT", "FIRE": "FIRE", "FRWK": "FIREWORKS",
    "FOLY": "FOLEY", "FOOD": "FOOD & DRINK", "FEET": "FOOTSTEPS", "GAME": "GAMES", "GEO": "GEOTHERMAL",
    "GLAS": "GLASS", "GORE": "GORE", "GUN": "GUNS", "HAIL": "WEATHER", "HORN": "HORNS", "HMN": "HUMAN", "ICE": "ICE",
    "LASR": "LASERS", "LETHR": "LEATHER", "LIQ": "LIQUID & MUD", "MACH": "MACHINES", "MAG": "MAGIC",
    "MECH": "MECHANICAL", "METL": "METAL", "MOTR": "MOTORS", "MOVE": "MOVEMENT", "MUSC": "MUSICAL",
    "NATD": "NATURAL DISASTER", "OBJ": "OBJECTS", "PAPR": "PAPER", "PLAS": "PLASTIC", "RAIN": "RAIN",
    "ROBT": "ROBOTS", "ROCK": "ROCKS", "ROPE": "ROPE", "RUBR": "RUBBER", "SCI": "SCIFI", "SNOW": "SNOW",
    "SPRT": "SPORTS", "STORM": "WEATHER", "SWSH": "SWOOSHES", "THUN": "WEATHER", "TOOL": "TOOLS", "TOY": "TOYS",
    "TRN": "TRAINS", "UI": "USER INTERFACE", "VEGE": "VEGETATION", "VEH": "VEHICLES", "VOX": "VOICES",
    "WATR": "WATER", "WEAP": "WEAPONS", "WHSH": "SWOOSHES", "WHST": "WHISTLES", "WIND": "WIND", "WNDW": "WINDOWS",
    "WING": "WINGS", "WOOD": "WOOD", "WTHR": "WEATHER",
}  # fmt: skip
"""The short form of every category, and the three of WEATHER and two of SWOOSHES that stand for a subcategory."""

_BY_LENGTH = sorted(CATEGORIES, key=len, reverse=True)
_SUBCATEGORY = re.compile(r"(?:[A-Z][A-Za-z]*)?")


@dataclass(frozen=True, slots=True)
class UcsName:
    """A file or effect name taken apart. ``title`` is what follows the CatID, ``words`` its words in lower case."""

    cat_id: str
    category: str
    title: str
    words: tuple[str, ...]


def category_of(cat_id: str) -> str | None:
    """Return the category a CatID belongs to, None when it is none."""
    for short in _BY_LENGTH:
        if cat_id.startswith(short) and _SUBCATEGORY.fullmatch(cat_id[len(short) :]):
            return CATEGORIES[short]
    return None


def parse(stem: str) -> UcsName | None:
    """Return ``stem`` (a file name without its ending) taken apart, None when it is not UCS-named."""
    head, *fields = stem.split("_")
    cat_id = head.split("-")[0]
    category = category_of(cat_id)
    if category is None or not fields or not fields[0].strip():
        return None
    title = " ".join(part.strip() for part in fields if part.strip())
    return UcsName(cat_id, category, title, words_of(title))


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a title in lower case, ``CamelCase`` taken apart."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return tuple(word.lower() for word in re.findall(r"[A-Za-z]+|[^\W\d_]+", spaced))
