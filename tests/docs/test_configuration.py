"""Every key, section and variable that the manuals name is one of the configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from pydantic import BaseModel

from livefoley.config import Config, Room, parse
from livefoley.config.explain import known_keys, type_at
from tests.docs.pages import EVERY, FOLDERS, SOURCE, SUFFIXES, TESTS, Page
from tests.docs.pages import page as read

BEGINNINGS = {*Config.model_fields, *Room.model_fields}


def _is_key(path: Iterable[str]) -> bool:
    """Say whether a key stands at ``path``, from the top of a file or from a room of it."""
    steps = [part for key in path for part in _parts(key)]
    return any(_stands(Config, steps, before) for before in ((), ("rooms", "any")))


def _parts(key: str) -> list[str | int]:
    name, *indices = re.split(r"[\[\]]+", key.rstrip("]")) if "[" in key else [key]
    return [name, *map(int, indices)]


def _stands(root: type[BaseModel], steps: list[str | int], before: tuple[str, ...]) -> bool:
    at: tuple[str | int, ...] = before
    for step in steps:
        if isinstance(step, str) and isinstance(type_at(root, at), type) and issubclass(type_at(root, at), BaseModel):
            if step not in known_keys(root, at):
                return False
        elif type_at(root, at) is None or type_at(root, at) in (str, int, float, bool):
            return False
        at = (*at, step)
    return True


def _keys(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield (*path, str(key))
            yield from _keys(value, (*path, str(key)))


@EVERY
def test_every_dotted_key_is_one_of_the_configuration(page: Page) -> None:
    for span in page.spans:
        first, *rest = (
            re.split(r"\.(?![.*])", span.split(":")[0]) if re.fullmatch(r"[a-z_\[\]0-9.*]+(: .*)?", span) else [""]
        )
        if rest and first in BEGINNINGS and not re.search(SUFFIXES, span):
            assert _is_key([first, *rest]), span


@EVERY
def test_every_piece_of_configuration_is_one(page: Page) -> None:
    for span in page.spans:
        tree = _yaml(span)
        if isinstance(tree, dict) and set(tree) & BEGINNINGS:
            assert all(_is_key(path) for path in _keys(tree)), span


def _yaml(text: str) -> Any:
    try:
        return yaml.safe_load(text) if re.match(r"[a-z_]+: ", text) else None
    except yaml.YAMLError:
        return None


@EVERY
def test_every_file_that_is_shown_can_be_run(page: Page) -> None:
    for language, text in page.blocks:
        if language == "yaml" and re.search(r"^rooms:", text, re.M):
            assert parse(text).rooms


@EVERY
def test_every_variable_is_read(page: Page) -> None:
    for name in re.findall(r"\bLIVEFOLEY_\w+", page.text):
        _, *path = name.removeprefix("LIVEFOLEY_").split("__")
        if path:
            section = name.removeprefix("LIVEFOLEY_").split("__")[0].lower()
            keys = [part.lower() for part in path]
            steps = [int(key) if key.isdecimal() else key for key in (section, *keys)]
            assert _stands(Config, steps, ()), name
        else:
            assert f'"{name}"' in SOURCE or f'"{name}"' in TESTS, name


@FOLDERS
def test_every_section_is_in_its_table(folder: str) -> None:
    sections = re.findall(r"^\| `(\w+)` \|", read(f"{folder}/configuration.md").text, re.M)
    assert set(sections) == set(Config.model_fields)
