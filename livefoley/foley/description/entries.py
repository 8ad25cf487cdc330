"""The words of lexicon.yaml as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml

from livefoley.core.families import LASTING, Family, family_of, usual_effect
from livefoley.foley.description.words import WordList


@dataclass(frozen=True, slots=True)
class Entry:
    """What a word means; lexicon.yaml says what the fields are."""

    name: str = ""
    bed: tuple[tuple[str, float], ...] = ()
    action: tuple[str, ...] = ()
    accent: tuple[str, ...] = ()
    family: Family | None = None
    lasting: Family | None = None
    ask: str = ""
    call: str = ""
    level: float | None = None
    surface: bool = False
    place: bool = False
    thing: bool = False
    material: bool = False
    about: bool = False
    nature: bool = False
    first: bool = False

    @property
    def acts(self) -> bool:
        """Whether it is something that is done, or is moved."""
        return bool(self.action or self.family or self.ask or self.lasting)

    @property
    def says_something(self) -> bool:
        """Whether it means a sound at all."""
        return self.acts or self.place or bool(self.bed or self.accent)


_FLAGS = ("surface", "place", "thing", "material", "about", "nature", "first")


@dataclass(frozen=True, slots=True)
class Modifier:
    """How strong what follows is; None takes it back, unless ``anew``: what was said before holds no longer."""

    level: float | None
    anew: bool = False


@dataclass(slots=True)
class Tables:
    """All that is known."""

    entries: WordList[Entry] = field(default_factory=WordList)
    heads: dict[str, Entry] = field(default_factory=dict)
    quiet: WordList[bool] = field(default_factory=WordList)
    joints: WordList[bool] = field(default_factory=WordList)
    weather: WordList[bool] = field(default_factory=WordList)
    surfaces: WordList[str] = field(default_factory=WordList)
    modifiers: WordList[Modifier] = field(default_factory=WordList)


def words_of(item: Mapping[str, Any]) -> Iterable[str]:
    """Yield the words of a line."""
    yield from item.get("words", ())
    yield from item.get("zh", ())


@cache
def content() -> dict[str, Any]:
    """Return lexicon.yaml as it is written."""
    text = resources.files("livefoley.foley.description").joinpath("lexicon.yaml").read_text("utf-8")
    return dict(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 - safe, and ten times as fast


@cache
def tables() -> Tables:
    """Return the tables."""
    given, made = content(), Tables()
    for item in given["entries"]:
        entry = _entry(item)
        for word in words_of(item):
            made.entries.add(word, entry)
        for word in item.get("forms", ()):
            made.entries.add_form(word, entry)
        for character in item.get("head", ()):
            made.heads.setdefault(character, entry)
    for name, words in (("quiet", made.quiet), ("joints", made.joints), ("weather", made.weather)):
        for item in given[name]:
            for word in words_of(item):
                words.add(word, True)
    for item in given["surfaces"]:
        for word in words_of(item):
            made.surfaces.add(word, item["effect"])
    for item in given["modifiers"].values():
        for word in words_of(item):
            made.modifiers.add(word, Modifier(item.get("level"), item.get("anew", False)))
    return made


def _entry(item: Mapping[str, Any]) -> Entry:
    actions = tuple(item.get("action", ()))
    family = Family(item["family"]) if "family" in item else family_of(actions[0]) if actions else None
    if family is not None and not actions and "ask" not in item:
        usual = usual_effect(family)
        actions = (usual,) if usual is not None else ()
    return Entry(
        name=next(iter((*item.get("forms", ()), *words_of(item))), ""),
        bed=tuple(item.get("bed", {}).items()),
        action=actions,
        accent=tuple(item.get("accent", ())),
        family=family,
        lasting=Family(item["lasting"]) if "lasting" in item else family if family in LASTING else None,
        ask=item.get("ask", ""),
        call=item.get("call", ""),
        level=item.get("level"),
        **{
            flag: item.get(flag, False)
            for flag in ("surface", "place", "thing", "material", "about", "nature", "first")
        },
    )
