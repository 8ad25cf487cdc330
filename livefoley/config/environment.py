"""Environment variables over a configuration: ``LIVEFOLEY_ROOMS__demo__LOOKAHEAD_S=2``.

A double underscore goes one level down, case does not matter, a number picks an entry of a list
(``LIVEFOLEY_ROOMS__demo__SINKS__0__RTMP``), ``-`` in a room's name is written ``_``, and whole sections are JSON. Names
without a double underscore are not ours to judge (``LIVEFOLEY_REQUIRE_PEERS``). An empty variable counts as not set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError
from pydantic_settings.sources.utils import parse_env_vars

from livefoley.config.document import Document, KeyPath, dotted, nearest
from livefoley.core.errors import ConfigError

PREFIX = "LIVEFOLEY_"
DELIMITER = "__"

Names: TypeAlias = dict[tuple[str, ...], str]
"""The variables by the path of the key they set."""


class _Environment(EnvSettingsSource):
    """pydantic-settings' reader, over a mapping instead of the process's environment."""

    def __init__(self, settings: type[BaseSettings], env: Mapping[str, str]) -> None:
        self._env = env
        super().__init__(settings, env_prefix=PREFIX, env_nested_delimiter=DELIMITER, case_sensitive=False)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return parse_env_vars(self._env, self.case_sensitive, self.env_ignore_empty, self.env_parse_none_str)

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Take JSON for JSON, and anything else as it is: ``0.0.0.0:80`` is an address, and the models say so."""
        return super().decode_complex_value(field_name, field, value) if value.lstrip()[:1] in ("[", "{") else value


def overlay(document: Document, settings: type[BaseSettings], env: Mapping[str, str]) -> None:
    """Lay the variables of ``env`` over ``document``; raises ``ConfigError`` for one that names nothing."""
    names = _names(document, settings, env)
    for path, name in names.items():
        try:
            tree = _Environment(settings, {PREFIX + DELIMITER.join(path): env[name]})()
        except SettingsError:
            raise ConfigError(f"environment {name}: not JSON; lists and sections are written as JSON") from None
        _merge(document.tree, tree, (), name)
        document.places[_indexed(path)] = f"environment {name}"
        for depth in range(1, len(path)):
            document.places.setdefault(_indexed(path[:depth]), f"environment {name}")


def _names(document: Document, settings: type[BaseSettings], env: Mapping[str, str]) -> Names:
    """Find our variables. Sections and rooms must exist: a misspelt one would do nothing, or make a room of its own."""
    given = document.tree.get("rooms")
    rooms = {_spelled(str(room)): str(room) for room in given} if isinstance(given, dict) else {}
    sections = list(settings.model_fields)
    names: Names = {}
    problems = []
    for name in sorted(env):
        if not name.upper().startswith(PREFIX) or DELIMITER not in name or not env[name]:
            continue
        section, room, *rest = name[len(PREFIX) :].lower().split(DELIMITER)
        if section not in sections:
            problems.append(f"environment {name}: unknown section {section}{nearest(section, sections)}")
        elif section == "rooms" and _spelled(room) not in rooms:
            problems.append(f"environment {name}: no room {room}{nearest(room, list(rooms.values()))}")
        else:
            names[section, rooms[_spelled(room)] if section == "rooms" else room, *rest] = name
    if problems:
        raise ConfigError("\n".join(problems))
    return names


def _spelled(room: str) -> str:
    return room.lower().replace("-", "_")


def _indexed(path: tuple[str, ...]) -> KeyPath:
    """Return ``path`` with list indices as numbers; a room may well be called "1"."""
    return tuple(int(key) if depth > 1 and key.isdecimal() else key for depth, key in enumerate(path))


def _merge(into: Any, tree: Mapping[str, Any], path: KeyPath, name: str) -> None:
    """Write ``tree``, what variable ``name`` says, over ``into``, a mapping or a list."""
    for key, value in tree.items():
        if isinstance(into, list) and not (key.isdecimal() and int(key) < len(into)):
            raise ConfigError(f"environment {name}: {dotted(path)} has {len(into)} entries, counted from 0; no {key}")
        slot: Any = int(key) if isinstance(into, list) else key
        there = into[slot] if isinstance(into, list) else into.get(slot)
        if isinstance(value, Mapping) and isinstance(there, dict | list):
            _merge(there, value, (*path, slot), name)
        else:
            into[slot] = value
