"""Whether descriptions are understood: ``python benchmarks/words.py [--phrases FILE] [--tune]``.

Phrases as operators write them, in both languages (``words_phrases/``). The lists grew on ``tune.csv`` and, since what
was missed of its last hundred was looked at, on ``test.csv``, too. ``fresh.csv`` is the value: two hundred phrases by
somebody who knew neither the lists nor the reader; what is missed of them is counted, and not looked at.
A CSV of one's own has the columns ``text``,
``place`` (the ambience it speaks of: kinds of bed or words like them, several apart by ``|`` of which one is enough,
by ``+`` where all are wanted; empty for none, ``other`` for a place without an ambience of ours), ``action`` (the
families of sound, one of which is enough; ``other`` for one outside the families, ``none`` or empty for none) and
``forbidden`` (kinds of which none may be heard; ``weather`` for all that nature makes).

A phrase is right when its place and its action are, and nothing forbidden is heard. A room's quiet counts as no place:
it is what is heard where nothing is known. What an action brings with it (a kitchen about who chops) is no place that
was named, but answers for one. Value: the share of phrases that are right.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import print_result, print_table

from livefoley.foley.description.reader import Description, read

PHRASES = Path(__file__).parent / "words_phrases"
SETS = ("tune", "test", "fresh")
VALUE = SETS[-1]
TARGET = 0.9

NATURE = frozenset(
    {"rain", "rain_window", "thunder", "wind", "surf", "gulls", "stream", "fire", "air", "leaves", "birds", "forest"}
    | {"frogs", "night", "cicadas", "cave", "clock"}
)
QUIET = frozenset({"room", "none", "neutral"})
KINDS = {
    "sea": "surf", "ocean": "surf", "beach": "surf", "waves": "surf", "wave": "surf", "water": "stream",
    "river": "stream", "brook": "stream", "creek": "stream", "waterfall": "stream", "fountain": "stream",
    "lake": "stream", "pond": "stream", "seagulls": "gulls", "gull": "gulls", "storm": "thunder",
    "thunderstorm": "thunder", "breeze": "wind", "snow": "wind", "blizzard": "wind", "campfire": "fire",
    "fireplace": "fire", "coffee": "cafe", "coffee shop": "cafe", "coffeeshop": "cafe", "restaurant": "cafe",
    "bar": "cafe", "diner": "cafe", "people": "crowd", "market": "crowd", "mall": "crowd", "concert": "crowd",
    "audience": "crowd", "party": "crowd", "city": "street", "traffic": "street", "road": "street", "urban": "street",
    "arena": "stadium", "sports": "stadium", "gym": "stadium", "gymnasium": "stadium", "park": "forest",
    "nature": "forest", "garden": "forest", "woods": "forest", "farm": "forest", "countryside": "forest",
    "bird": "birds", "frog": "frogs", "cricket": "night", "crickets": "night", "insects": "night",
    "cicada": "cicadas", "library": "office", "home": "room", "indoor": "room", "indoors": "room", "studio": "room",
    "house": "room", "silence": "room", "quiet": "room", "church": "room", "hospital": "room", "subway": "train",
    "metro": "train", "railway": "train", "plane": "cabin", "airplane": "cabin", "aircraft": "cabin", "car": "cabin",
    "motor": "engine", "motorcycle": "engine", "workshop": "factory", "machine": "factory", "machinery": "factory",
    "construction": "factory", "ventilation": "fan", "ac": "fan", "ticking": "clock", "sizzle": "frying",
    "cooking": "kitchen", "boil": "boiling", "window rain": "rain_window", "mountain": "wind", "desert": "wind",
    "school": "crowd", "station": "crowd", "airport": "crowd",
}  # fmt: skip
ALIKE = {
    "rain": {"rain_window"}, "crowd": {"cafe", "stadium", "street"}, "forest": {"birds", "leaves"}, "birds": {"forest"},
    "stream": {"air"}, "wind": {"air"}, "kitchen": {"frying", "boiling"}, "factory": {"engine"}, "street": {"cabin"},
    "office": {"fan"}, "thunder": {"rain"}, "cabin": {"street"}, "night": {"forest"}, "stadium": {"crowd"},
}  # fmt: skip
"""Ambiences that a place of that name may be made of."""
FAMILIES = {
    "step": "footstep", "steps": "footstep", "footsteps": "footstep", "walk": "footstep", "walking": "footstep",
    "bottle": "glass", "cup": "ceramic", "plate": "ceramic", "dish": "ceramic", "wooden": "wood", "door": "wood",
    "knock": "wood", "hammer": "metal", "coin": "metal", "keys": "metal", "rock": "stone", "cardboard": "paper",
    "box": "paper", "book": "paper", "page": "paper", "cloth": "soft", "clothes": "soft", "fabric": "soft",
    "cushion": "soft", "neutral": "none", "applause": "clap", "keyboard": "typing", "type": "typing", "cut": "chop",
    "knife": "chop", "cutting": "chop", "water": "pour", "liquid": "pour", "drink": "pour", "car": "vehicle",
    "engine": "vehicle", "basketball": "ball", "dog": "animal", "cat": "animal", "hit": "blow", "punch": "blow",
    "kick": "blow", "drums": "drum", "percussion": "drum", "gun": "other", "explosion": "other",
    "whoosh": "other", "voice": "other", "unknown": "other", "eat": "other", "eating": "other", "music": "other",
}  # fmt: skip
UNLABELLED = {"gun", "explosion"}
"""Families the phrases' labels have no name for."""


@dataclass(frozen=True)
class Phrase:
    """What somebody wrote, and what it asks for."""

    text: str
    place: str
    action: str
    forbidden: str


@dataclass(frozen=True)
class Verdict:
    """How a phrase was read."""

    phrase: Phrase
    read: Description
    place: bool
    action: bool
    forbidden: frozenset[str]

    @property
    def right(self) -> bool:
        """Whether all of it was."""
        return self.place and self.action and not self.forbidden


def load(path: Path) -> list[Phrase]:
    """Return the phrases of a file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [{str(key).strip().lower(): str(value or "").strip() for key, value in row.items()}
                for row in csv.DictReader(file)]  # fmt: skip
    return [Phrase(*(row.get(name, "") for name in ("text", "place", "action", "forbidden"))) for row in rows]


def judge(phrase: Phrase, said: Description) -> Verdict:
    """Judge what was read of a phrase."""
    kinds = {layer.kind for place in said.places for layer in place.layers if layer.weight >= 0.3}
    named = {layer.kind for place in said.places if not place.implied for layer in place.layers} - QUIET
    new = any(not place.layers for place in said.places)
    forbidden = {kind for name in re.split(r"[\s|,;+/]+", phrase.forbidden) if name for kind in _forbidden(name)}
    told = {action.family.value if action.family else "other" for action in said.actions}
    families = {FAMILIES[name] if name in UNLABELLED else name for name in told}
    return Verdict(
        phrase,
        said,
        _place_is_right(phrase.place.lower(), kinds, named, new),
        _action_is_right(phrase.action.lower(), families),
        frozenset(forbidden & kinds),
    )


def _forbidden(name: str) -> frozenset[str]:
    return NATURE if name in ("weather", "nature") else frozenset({KINDS.get(name, name)})


def _place_is_right(wanted: str, kinds: set[str], named: set[str], new: bool) -> bool:
    options = [option.strip() for option in re.split(r"[|/]| or ", wanted) if option.strip()] or ["none"]
    return any(_option_is_right(option, kinds, named, new) for option in options)


def _option_is_right(option: str, kinds: set[str], named: set[str], new: bool) -> bool:
    parts = {KINDS.get(part.strip(), part.strip()) for part in re.split(r"[+,;&]| and ", option) if part.strip()}
    if parts <= {"other", "unknown"}:
        return True
    if parts <= QUIET:
        return not named and not new
    return all(part in QUIET or kinds & {part, *ALIKE.get(part, ())} for part in parts)


def _action_is_right(wanted: str, families: set[str]) -> bool:
    options = {FAMILIES.get(part, part) for part in re.split(r"[\s|/,;+&]+", wanted) if part} or {"none"}
    return bool(options & families) or ("none" in options and not families)


def language(text: str) -> str:
    """Return the language of a phrase."""
    return "zh" if re.search(r"[\u3400-\u9fff]", text) else "en"


def share(verdicts: Sequence[Verdict]) -> float:
    """Return how many are right."""
    return sum(verdict.right for verdict in verdicts) / max(1, len(verdicts))


def _row(name: str, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    def part(values: Sequence[bool]) -> str:
        return f"{sum(values) / max(1, len(values)):.3f}"

    return (
        name,
        str(len(verdicts)),
        part([each.place for each in verdicts]),
        part([each.action for each in verdicts]),
        str(sum(bool(each.forbidden) for each in verdicts)),
        str(sum(bool(each.read.unknown) for each in verdicts)),
        part([each.right for each in verdicts]),
    )


def _print_miss(verdict: Verdict) -> None:
    phrase, said = verdict.phrase, verdict.read
    wrong = [name for name, good in (("place", verdict.place), ("action", verdict.action)) if not good]
    wrong += [f"FORBIDDEN {' '.join(sorted(verdict.forbidden))}"] if verdict.forbidden else []
    places = [f"{p.text}={'+'.join(layer.kind for layer in p.layers) or '?'}" for p in said.places]
    actions = [f"{a.text}={a.family or 'other'}" for a in said.actions]
    print(
        f"{', '.join(wrong):16} {phrase.text!r} wanted [{phrase.place}] [{phrase.action}], "
        f"read {places} {actions} unknown {list(said.unknown)}"
    )


def main() -> None:
    """Read everything, print the table, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phrases", type=Path, help="a CSV of one's own")
    parser.add_argument("--tune", action="store_true", help="print what is missed of the phrases the lists grew on")
    given = parser.parse_args()
    files = {"phrases": given.phrases} if given.phrases else {name: PHRASES / f"{name}.csv" for name in SETS}
    rows, told = [], []
    for name, path in files.items():
        told = [judge(phrase, read(phrase.text)) for phrase in load(path)]
        by_language = {lang: [each for each in told if language(each.phrase.text) == lang] for lang in ("en", "zh")}
        rows += [_row(f"{name} {lang}", each) for lang, each in by_language.items()]
        rows.append(_row(name, told))
        for verdict in told if given.phrases or (given.tune and name != VALUE) else ():
            if not verdict.right:
                _print_miss(verdict)
    print_table(("set", "phrases", "place", "action", "forbidden", "not all known", "right"), rows)
    value, forbidden = share(told), sum(bool(each.forbidden) for each in told)
    print_result("words", round(value, 4), "share right", None, TARGET, value >= TARGET and not forbidden)


if __name__ == "__main__":
    main()
