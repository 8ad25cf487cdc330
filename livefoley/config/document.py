"""A YAML text as a tree that knows on which line each of its keys stands. ``safe_load`` only; no key twice."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from livefoley.core.errors import ConfigError

MAX_BYTES = 1024 * 1024
SHARED = "x-"  # top-level keys that begin so hold anchors for others to refer to
MAX_NODES = 50_000  # aliases of aliases can make a tree far larger than its text

_TEXT_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge")  # 1:, yes: and on: are not text to YAML

KeyPath: TypeAlias = tuple[str | int, ...]


@dataclass(slots=True)
class Document:
    """A configuration before it is checked: plain values, and where each of them comes from."""

    name: str
    tree: dict[str, Any]
    places: dict[KeyPath, str] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """Return ``file:line`` (or the environment variable) of a key, or of the nearest key above it."""
        for length in range(len(path), 0, -1):
            if (place := self.places.get(path[:length])) is not None:
                return place
        return self.name


def read(text: str, name: str) -> Document:
    """Parse ``text``; raises ``ConfigError`` with a line for every problem."""
    if len(text) > MAX_BYTES:
        raise ConfigError(f"{name}: larger than 1 MiB; this is not a configuration")
    try:
        root, tree = _loaded(text)
        places = _places(name, root)
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_syntax(name, error)) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: cannot be read as YAML ({_first_line(error)})") from None
    if not isinstance(tree, dict):
        raise ConfigError(f"{name}: no configuration in it; it needs a rooms: section, see `livefoley init reference`")
    return Document(name, {key: value for key, value in tree.items() if not key.startswith(SHARED)}, places)


def _loaded(text: str) -> tuple[yaml.Node | None, Any]:
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        return root, loader.construct_document(root) if root is not None else None
    finally:
        loader.dispose()


@dataclass(frozen=True, slots=True)
class _Key:
    path: KeyPath
    line: int
    is_text: bool = True
    twice: bool = False


def _places(name: str, root: yaml.Node | None) -> dict[KeyPath, str]:
    """Return the line of every key; raises ``ConfigError`` for keys that stand twice or are no text."""
    places: dict[KeyPath, str] = {}
    problems: list[str] = []
    for count, key in enumerate(_walk(root, ())):
        where = f"{name}:{key.line}"
        if count > MAX_NODES:
            raise ConfigError(f"{name}: more than {MAX_NODES} values; this is not a configuration")
        if not key.is_text:
            problems.append(f"{where}: key {dotted(key.path)} must be text; put it in quotes")
        elif key.twice:
            problems.append(f"{where}: {dotted(key.path)} is given twice (first: {places[key.path]}); remove one")
        places.setdefault(key.path, where)
    if problems:
        raise ConfigError("\n".join(problems))
    return places


def _walk(node: yaml.Node | None, path: KeyPath) -> Iterator[_Key]:
    """Yield every key of mappings and every entry of lists, in the order of the text."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            is_text = key.tag in _TEXT_TAGS
            below = (*path, str(key.value) if isinstance(key, yaml.ScalarNode) else "?")
            yield _Key(below, key.start_mark.line + 1, is_text, below in seen)
            seen.add(below)
            yield from _walk(value, below)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield _Key((*path, index), value.start_mark.line + 1)
            yield from _walk(value, (*path, index))


def _syntax(name: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    problem = error.problem or "not YAML"
    if "\\t" in problem:
        problem += "; indent with spaces, YAML allows no tabs"
    elif "mapping values are not allowed" in problem:
        problem += "; put text that holds a colon in quotes, and check the indentation"
    return f"{where}: {problem}"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def dotted(path: KeyPath) -> str:
    """Return a path as an operator writes it: ``rooms.demo.sinks[0].rtmp``."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


def nearest(word: str, known: Mapping[str, Any] | list[str]) -> str:
    """Return ``, did you mean X?`` for the known word nearest to ``word``, else the list of those known."""
    close = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f", did you mean {close[0]}?" if close else f"; known here: {', '.join(known)}"
