"""The rooms one can copy: each loads, each is explained in two languages, and the reference knows every key."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from livefoley.config import Config, load
from livefoley.config.document import dotted
from livefoley.config.explain import known_keys, type_at
from livefoley.foley.bank.catalogue import EFFECTS
from livefoley.wiring.preflight import lacks
from tests.support.peers import require_packages

PIPELINES = Path(__file__).parent.parent / "pipelines"
ROOMS = sorted(PIPELINES.glob("*.yaml"))
REFERENCE = PIPELINES / "reference.yaml"
EXAMPLES = {"ice_servers"}  # lists that the reference fills to show what an entry looks like


def test_all_the_promised_rooms_are_there() -> None:
    assert {path.stem for path in ROOMS} >= {"demo", "shop", "game", "sport", "podcast", "highlights", "reference"}


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.stem)
def test_a_pipeline_loads_as_it_is(path: Path) -> None:
    assert load(path, env={}).rooms


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.stem)
def test_a_pipeline_is_explained_in_chinese_and_english(path: Path) -> None:
    comments = " ".join(re.findall(r"#(.*)", path.read_text(encoding="utf-8")))
    assert len(re.findall(r"[\u4e00-\u9fff]", comments)) > 40
    assert len(re.findall(r"[A-Za-z]{3,}", comments)) > 30


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.stem)
def test_the_effects_a_pipeline_names_exist(path: Path) -> None:
    named = set(re.findall(r"\b[A-Z]{2,}[A-Za-z]*_[A-Z][A-Za-z]+\b", path.read_text(encoding="utf-8")))
    assert {name for name in named if not name.startswith("LIVEFOLEY")} <= set(EFFECTS)


@pytest.mark.parametrize("path", ROOMS, ids=lambda path: path.stem)
def test_a_room_that_names_accents_listens_for_their_kinds(path: Path) -> None:
    require_packages("faster_whisper", extra="ears")
    config = load(path, env={})
    for room in config.rooms.values():
        spoken = set(room.highlights.accents) - {"chat", "crowd", "loud", "screen"}
        assert room.listen.enabled or not spoken
    assert not [lack for lack in lacks(config) if lack.wrong]


def test_no_two_pipelines_share_a_stream_key() -> None:
    keys = [
        room.source.rtmp.key.get_secret_value()
        for path in ROOMS
        for room in load(path, env={}).rooms.values()
        if room.source.rtmp is not None
    ]
    assert len(keys) == len(set(keys))


# ---- the reference is the manual ----


def _keys(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from _keys(value, (*path, key))


def _fields(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """Yield every field of every model that can be reached."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield annotation, name
            yield from _fields(field.annotation)
    else:
        for part in typing.get_args(annotation):
            yield from _fields(part)


def test_the_reference_shows_every_key_there_is() -> None:
    tree = yaml.safe_load(REFERENCE.read_text(encoding="utf-8"))
    known = [path for path in _keys(tree) if known_keys(Config, path[:-1])]
    shown = {(type_at(Config, path[:-1], section=True), path[-1]) for path in known}
    missing = {f"{model.__name__}.{name}" for model, name in _fields(Config)} - {
        f"{model.__name__}.{name}" for model, name in shown
    }
    assert missing == set()


def test_the_reference_shows_the_defaults() -> None:
    """What the manual says of ``server`` and of room ``studio`` is what happens when the key is left out."""
    tree = yaml.safe_load(REFERENCE.read_text(encoding="utf-8"))
    wrong = []
    for path in _keys({"server": tree["server"], "rooms": {"studio": tree["rooms"]["studio"]}}):
        model = type_at(Config, path[:-1])
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            continue
        field = model.model_fields[str(path[-1])]
        value: Any = tree
        for key in path:
            value = value[key]
        if not field.is_required() and not isinstance(value, dict) and path[-1] not in EXAMPLES and "sinks" not in path:
            default = list(field.default) if isinstance(field.default, tuple) else field.default
            if value != default and str(value) != str(default):
                wrong.append((dotted(path), value, default))
    assert wrong == []


def test_every_key_of_the_reference_has_a_comment_near_it() -> None:
    """A key is explained on its line, on the line below it, or in the section comment above."""
    lines = REFERENCE.read_text(encoding="utf-8").splitlines()
    bare = [line for line in lines if re.match(r"\s+[a-z_]+:", line) and "#" not in line]
    assert len(bare) <= len([line for line in lines if "#" in line]) // 2
