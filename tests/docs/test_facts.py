"""What the documents name exists: commands, keys, metrics, requests, effects, extras, files, classes."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
import yaml
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import Route
from typer.core import TyperGroup

from livefoley.cli import app as cli
from livefoley.config import Config, Room, parse
from livefoley.config.explain import known_keys, type_at
from livefoley.control.api.clips import clips_router
from livefoley.control.api.events import from_json, to_json
from livefoley.control.app import make_app
from livefoley.control.metrics.clips import ClipCollector
from livefoley.control.metrics.renders import RenderCollector
from livefoley.control.pages import pages_router
from livefoley.control.signalling.whep import whep_router
from livefoley.control.signalling.whip import whip_router
from livefoley.foley.bank.catalogue import EFFECTS
from livefoley.media.webrtc import IceSettings, WhepServer, WhipServer
from livefoley.wiring.clip_delivery import ClipDelivery
from livefoley.wiring.clips import make_clip_service
from livefoley.wiring.renders import make_render_service, render_routes
from tests.control.studio import Studio
from tests.docs.pages import PAGES, ROOT, TWINS, Page
from tests.docs.pages import page as read

EVERY = pytest.mark.parametrize("page", PAGES, ids=str)
MANUALS = pytest.mark.parametrize("page", [each for twins in TWINS for each in twins], ids=str)
SOURCES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "livefoley").rglob("*.py")}
SOURCE = "\n".join(SOURCES.values())
PAGES_JS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "livefoley").rglob("*.js"))
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
BEGINNINGS = {*Config.model_fields, *Room.model_fields}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FILE = """
    server: {http: {listen: "127.0.0.1:0"}}
    render: {enabled: true}
    clips: {delivery: {secret: a-secret, edge_log: "127.0.0.1:0"}}
    rooms: {room: {source: {rtmp: {key: a-key}}, clips: {enabled: true}, sinks: [{hls: out/room}]}}
"""
CODE = r"\.(py|yaml|yml|conf|md|toml|jpg|service|json|js|sh)$"
SUFFIXES = r"\.(py|yaml|yml|json|conf|md|toml|txt|jpg|service|wav|mp4|m3u8|m4s|m4a|onnx|flac|ts)$"


def _lines(page: Page) -> Iterator[str]:
    """Yield everything that stands as code."""
    yield from page.spans
    for language, text in page.blocks:
        if language in ("sh", "console"):
            yield from (line.removeprefix("$ ") for line in text.replace("\\\n", " ").splitlines())


# ---- commands ----


ROOT_COMMAND = typer.main.get_command(cli)


def _command(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that ``words`` call, and what follows; raises ``KeyError``."""
    command = ROOT_COMMAND
    while isinstance(command, TyperGroup) and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def _options(command: Any) -> set[str]:
    parts = command.commands.values() if isinstance(command, TyperGroup) else [command]
    return {name for part in parts for param in part.params for name in (*param.opts, *param.secondary_opts)}


@EVERY
def test_every_command_and_option_exists(page: Page) -> None:
    for line in _lines(page):
        called = re.match(r"(?:\.venv/bin/|python -m )?livefoley ([a-z].*)", line)
        if called is None:
            continue
        command, rest = _command(re.sub(r"\"[^\"]*\"|'[^']*'", "X", called[1]).split())
        given = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        assert given <= _options(command) | {"--help"}, line


@EVERY
def test_options_that_stand_alone_are_some_commands(page: Page) -> None:
    """In a table of commands an option may stand beside the command it belongs to."""
    there = {name for each in ROOT_COMMAND.commands.values() for name in _options(each)}
    others = ("--profile", "--no-deps", "--dist", "--help")
    for span in page.spans:
        name = span.split()[0].partition("=")[0]
        assert not name.startswith("--") or name in there or name in others, span


@EVERY
def test_every_make_target_exists(page: Page) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert {line.split()[1] for line in _lines(page) if re.match(r"make [a-z]", line)} <= targets


@EVERY
def test_every_extra_exists(page: Page) -> None:
    named = {extra for found in re.findall(r"livefoley\[([a-z0-9,]+)\]", page.text) for extra in found.split(",")}
    assert named <= set(PROJECT["project"]["optional-dependencies"])


# ---- the configuration ----


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


# ---- what the program says ----


@MANUALS
def test_the_messages_of_the_questions_are_those_of_the_program(page: Page) -> None:
    quoted = re.findall(r"^\*\*`([^`]+)`\*\*[：:]", page.text, re.M)
    assert len(quoted) >= 5 or page.path.name != "operations.md"
    for message in quoted:
        pieces = re.split(r"\.\.\. ?|\S*[\d\[\]]\S*|rooms\.\S+|lookahead_s\?", message)
        assert max((piece.strip() for piece in pieces), key=len) in SOURCE, message


@MANUALS
def test_the_events_shown_are_such_as_the_program_would_tell(page: Page) -> None:
    for language, text in page.blocks:
        if language == "json":
            assert yaml.safe_load(to_json(from_json(text))) == yaml.safe_load(text)


@EVERY
def test_the_effects_named_exist(page: Page) -> None:
    named = set(re.findall(r"\b[A-Z]{4}[A-Za-z]*[a-z]_[A-Z][A-Za-z]+\b", page.text))
    assert named <= set(EFFECTS)


@EVERY
def test_names_with_underscores_occur_in_the_program(page: Page) -> None:
    for span in page.spans:
        if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", span) and not span.startswith("livefoley_"):
            assert re.search(rf"\b{span}\b", SOURCE + PAGES_JS + TESTS), span


# ---- the HTTP port ----


@pytest.fixture
def http(tmp_path: Path) -> FastAPI:
    """The whole HTTP port, in front of rooms that do not exist."""
    config = parse(FILE, env={"LIVEFOLEY_CLIPS__DIRECTORY": str(tmp_path)})
    service, studio, ice = make_clip_service(config), Studio(), IceSettings()
    delivery, renders = ClipDelivery(config.clips, service), make_render_service(config)
    routers = [
        *delivery.routers(),
        clips_router(service),
        render_routes(config.render, renders),
        whip_router(WhipServer(ice)),
        whep_router(WhepServer(ice)),
        pages_router(studio, lambda room: True),
    ]
    collectors = [*delivery.collectors(), ClipCollector(service.snapshot), RenderCollector(renders.statistics)]
    return make_app(studio, None, routers, collectors)


def _routes(app: FastAPI) -> set[tuple[str, str]]:
    """Return every method and path: those that the API's document tells, that itself, and the pages."""
    told = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    pages = pages_router(Studio(), lambda room: True).routes
    return told | {("GET", route.path) for route in (*app.routes, *pages) if isinstance(route, Route | APIRoute)}


def _is_route(routes: set[tuple[str, str]], method: str, path: str) -> bool:
    """Say whether there is just that; words in capitals stand for a name."""
    wanted = path.split("?")[0].replace("/...", "/NAME").split("/")
    parts = [path.split("/") for each, path in routes if each == method]
    return any(len(each) == len(wanted) and all(map(_fits, each, wanted)) for each in parts)


def _fits(part: str, wanted: str) -> bool:
    named = wanted.isupper() or "." in wanted or "房间名" in wanted
    return named if part.startswith("{") else part == wanted


@EVERY
def test_every_request_is_answered(page: Page, http: FastAPI) -> None:
    routes = _routes(http)
    for span in page.spans:
        if request := re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) (/\S+)", span):
            assert _is_route(routes, request[1], request[2]), span


@EVERY
async def test_every_metric_exists(page: Page, http: FastAPI) -> None:
    named = {span for span in page.spans if re.fullmatch(r"livefoley_\w+", span)}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://localhost") as client:
        text = (await client.get("/metrics")).text
    assert named <= set(re.findall(r"^(?:# TYPE )?(livefoley_\w+)", text, re.M))


@EVERY
def test_every_alert_exists(page: Page) -> None:
    rules = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    named = {span for span in page.spans if re.fullmatch(r"Livefoley[A-Z]\w+", span) and span not in CLASSES}
    assert named <= set(re.findall(r"alert: (\w+)", rules))


# ---- the code ----


def _classes() -> dict[str, set[str]]:
    """Return the names in each class and in those it is made of: methods, fields, and what is set on ``self``."""
    nodes = [node for source in SOURCES.values() for node in ast.walk(ast.parse(source))]
    classes = [node for node in nodes if isinstance(node, ast.ClassDef)]
    found: dict[str, set[str]] = {}
    for node in classes:
        found.setdefault(node.name, set()).update(_members(node))
    for node in classes:
        for base in (ast.unparse(base).split("[")[0] for base in node.bases):
            found[node.name] |= found.get(base, set())
    return found


def _members(of: ast.ClassDef) -> Iterator[str]:
    for node in ast.walk(of):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


CLASSES = _classes()


@EVERY
def test_every_class_and_its_members_exist(page: Page) -> None:
    for span in page.spans:
        named = re.fullmatch(r"([A-Z][A-Za-z]+)\.([a-z_]+)(\(.*\))?", span)
        if named and not re.search(SUFFIXES, span):
            assert named[2] in CLASSES.get(named[1], set()), span


@EVERY
def test_every_name_of_two_words_is_a_class_or_an_alert(page: Page) -> None:
    shown = "".join(text for _, text in page.blocks)
    for span in page.spans:
        if re.fullmatch(r"[A-Z][a-z]+([A-Z][a-z]+)+", span) and not span.startswith("Livefoley"):
            assert span in CLASSES or f"{span}: TypeAlias" in SOURCE or f"class {span}" in shown, span


@EVERY
def test_every_file_exists(page: Page) -> None:
    for span in page.spans:
        if re.fullmatch(r"[a-zA-Z_.][\w.-]*(/[\w.-]+)*/?", span) and (span.endswith("/") or re.search(CODE, span)):
            if "/" not in span or span.startswith("out/") or "NAME" in span:
                continue
            assert any((place / span).exists() for place in (ROOT, ROOT / "livefoley")), span


@pytest.mark.parametrize("name", ["docs/architecture.md", "docs/zh/architecture.md"])
def test_the_layers_are_drawn_as_the_contract_has_them(name: str) -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (layers,) = [each["layers"] for each in contracts if each["type"] == "layers"]
    (drawn,) = [text for language, text in read(name).blocks if not language and text.startswith("cli ")]
    names = [re.findall(r"[a-z]+(?= |$)", line[:35].rstrip()) for line in drawn.splitlines()]
    assert [set(each) for each in names] == [set(re.findall(r"livefoley\.(\w+)", layer)) for layer in layers]


@pytest.mark.parametrize("name", ["docs/benchmarks.md", "docs/zh/benchmarks.md"])
def test_every_benchmark_is_listed(name: str) -> None:
    shared = {"common.py", "speech.py", "teacher_sized.py"}  # what several benchmarks use
    scripts = {path.name for path in (ROOT / "benchmarks").glob("*.py")} - shared
    listed = set(re.findall(r"^\| `benchmarks/(\w+\.py)` \|", read(name).text, re.M))
    assert listed == scripts
