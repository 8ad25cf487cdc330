"""Lists of keywords: YAML that a person edits, and the patterns it stands for.

A phrase is written as it is said. ``{n}`` stands for any number, ``(a|b)`` for either, ``[a]`` for something that may
be left out: ``最后{n}分钟``, ``last {n} (minutes|seconds)``, ``买爆[了]``.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from livefoley.core.errors import ConfigError, reason
from livefoley.core.events import Keyword
from livefoley.perception.ears import LISTS
from livefoley.perception.ears.normalise import is_han, units
from livefoley.system.dirs import expanded

LANGUAGES = ("zh", "en")
"""What keywords can be written in; the recogniser knows more."""

MAX_ENTRIES = 500
MAX_PATTERNS = 64  # of one phrase
MAX_LENGTH = 12  # characters or words of a pattern
MIN_LENGTH = {"zh": 2, "en": 1}
NUMBER = "{n}"
MAX_BYTES = 256 * 1024

_KEYS = frozenset({"say", "kind", "language", "weight", "cooldown_s"})
_GROUP = re.compile(r"\(([^()\[\]]*)\)|\[([^()\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to say a keyword: its units as `normalise.units` spells them, `NUMBER` among them."""

    keyword: Keyword
    units: tuple[str, ...]

    @property
    def phrase(self) -> str:
        """The phrase as a person reads it, figures spelt out: ``最后{n}分钟``."""
        return (" " if self.keyword.language == "en" else "").join(self.units)


def load(names: Iterable[str]) -> list[Keyword]:
    """Return the keywords of lists given by name (one of `LISTS`) or path, each phrase once; the last one counts.

    Raises ``ConfigError`` that says which line of which list is wrong.
    """
    found: dict[str, Keyword] = {}
    for name in names:
        found.update((keyword.say, keyword) for keyword in parse(_text(name), name))
    if len(found) > MAX_ENTRIES:
        raise ConfigError(f"{len(found)} keywords are too many for one room; at most {MAX_ENTRIES}")
    return list(found.values())


def _text(name: str) -> str:
    if name in LISTS:
        return resources.files(__package__).joinpath("lists", f"{name}.yaml").read_text(encoding="utf-8")
    path = expanded(Path(name))
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{name}: larger than {MAX_BYTES // 1024} KiB; this is no keyword list")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        known = ", ".join(LISTS)
        raise ConfigError(f"{name}: no such keyword list ({reason(error)}); {known}, or a YAML file's path") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: must be UTF-8 text") from None


def parse(text: str, name: str) -> list[Keyword]:
    """Return the keywords of a list; raises ``ConfigError``."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: cannot be read as YAML ({str(error).splitlines()[0]})") from None
    entries = document.get("keywords") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ConfigError(f"{name}: needs a keywords: list, like keywords: [{{say: sold out, kind: sale}}]")
    return [_keyword(entry, f"{name}: entry {number}") for number, entry in enumerate(entries, 1)]


def _keyword(entry: Any, place: str) -> Keyword:
    given = {"say": entry} if isinstance(entry, str) else entry
    if not isinstance(given, Mapping) or not isinstance(given.get("say"), str) or not given["say"].strip():
        raise ConfigError(f"{place}: must be a phrase, or a section with say:")
    if unknown := sorted(str(key) for key in given.keys() - _KEYS):
        raise ConfigError(f"{place}: unknown key {unknown[0]}; known are {', '.join(sorted(_KEYS))}")
    say = given["say"].strip()
    language = given.get("language", "zh" if is_han(say) else "en")
    if language not in LANGUAGES:
        raise ConfigError(f"{place}: language must be one of {', '.join(LANGUAGES)}")
    weight, cooldown_s = (_number(given, key, place) for key in ("weight", "cooldown_s"))
    keyword = Keyword(say, str(given.get("kind", "")), language, weight, cooldown_s)
    _check(keyword, place)
    return keyword


def _number(given: Mapping[str, Any], key: str, place: str) -> float:
    default, most = {"weight": (0.8, 1.0), "cooldown_s": (8.0, 3600.0)}[key]
    value = given.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ConfigError(f"{place}: {key} must be a number from 0 to {most:g}")
    return float(value)


def _check(keyword: Keyword, place: str) -> None:
    least = MIN_LENGTH[keyword.language]
    for pattern in patterns(keyword):
        if not least <= len(pattern.units) <= MAX_LENGTH or set(pattern.units) == {NUMBER}:
            kind = "characters" if keyword.language == "zh" else "words"
            raise ConfigError(f"{place}: {keyword.say!r} must have {least} to {MAX_LENGTH} {kind}")


@cache
def patterns(keyword: Keyword) -> tuple[Pattern, ...]:
    """Return every way to say ``keyword``; raises ``ConfigError`` for a phrase that is not well formed."""
    spelt = {tuple(_spell(text, keyword.language)) for text in _expand(keyword)}
    return tuple(Pattern(keyword, each) for each in sorted(spelt))


def _expand(keyword: Keyword) -> list[str]:
    """Return ``say`` with every choice of its groups taken."""
    parts: list[list[str]] = []
    position = 0
    for group in _GROUP.finditer(keyword.say):
        parts += [[keyword.say[position : group.start()]], _choices(group)]
        position = group.end()
    parts.append([keyword.say[position:]])
    if any(mark in part.replace(NUMBER, "") for each in parts for part in each for mark in "()[]{}|"):
        raise ConfigError(f"{keyword.say!r}: groups do not nest; write {{n}}, (a|b) or [a]")
    if (ways := len(list(itertools.product(*parts)))) > MAX_PATTERNS:
        raise ConfigError(f"{keyword.say!r}: stands for {ways} phrases; at most {MAX_PATTERNS}, split it")
    return ["".join(choice) for choice in itertools.product(*parts)]


def _choices(group: re.Match[str]) -> list[str]:
    return group[1].split("|") if group[1] is not None else [*group[2].split("|"), ""]


def _spell(text: str, language: str) -> Iterator[str]:
    for index, literal in enumerate(text.split(NUMBER)):
        if index:
            yield NUMBER
        yield from (unit.text for unit in units([literal], language))
