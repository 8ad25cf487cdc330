"""The error tree is as it is drawn, and every error has a status that an API's client understands."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import pytest
from fastapi import FastAPI

import livefoley
from livefoley.control.problems import STATUS, install
from livefoley.core import errors
from livefoley.core.errors import InputError, LivefoleyError, UnsupportedCodec, reason

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


def drawn() -> set[tuple[str, str]]:
    """Return the tree of the docstring as (error, parent)."""
    above, found = ["LivefoleyError"], set()
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"([│ ]*)[├└]── (\w+)", line):
            depth = len(match[1]) // 4 + 1
            found.add((match[2], above[depth - 1]))
            above[depth:] = [match[2]]
    return found


def written() -> set[tuple[str, str]]:
    """Return all errors of the package's source as (error, parent)."""
    classes = dict(_classes(Path(livefoley.__file__).parent))
    found: set[tuple[str, str]] = set()
    known = {"LivefoleyError"}
    while more := {(name, parent) for name, parent in classes.items() if parent in known} - found:
        found |= more
        known |= {name for name, _ in more}
    return found


def _classes(root: Path) -> Iterator[tuple[str, str]]:
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield from ((node.name, base.id) for base in node.bases if isinstance(base, ast.Name))


def test_the_tree_is_as_it_is_drawn() -> None:
    assert drawn() == written()
    assert len(drawn()) > 10


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_every_error_is_a_problem_document_of_one_line(kind: type[LivefoleyError]) -> None:
    app = FastAPI()
    install(app)

    @app.get("/")
    async def fail() -> None:
        raise kind("what was wrong, and what would be right")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/")
    assert answer.status_code == next(STATUS[each] for each in kind.__mro__ if each in STATUS)
    assert 400 <= answer.status_code < 600
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "what was wrong, and what would be right"


def test_only_what_nobody_could_cause_by_a_request_is_a_mistake_of_ours() -> None:
    ours = {kind for kind in KINDS if next(STATUS[each] for each in kind.__mro__ if each in STATUS) == 500}
    assert ours == {LivefoleyError, errors.AddressInUse}


def test_a_reason_is_a_few_words_without_the_path(tmp_path: Path) -> None:
    secret = tmp_path / "key-1234"
    with pytest.raises(OSError) as missing:
        secret.read_bytes()
    with pytest.raises(av.FFmpegError) as unread:
        av.open(str(secret))
    assert reason(missing.value) == reason(unread.value) == "No such file or directory"
    assert reason(InputError("there is no stream")) == "there is no stream"
    assert reason(UnsupportedCodec("no vp9 here")) == "no vp9 here"
    assert reason(ValueError("not this")) == "not this"
    assert reason(RuntimeError(f"{secret}")) == "RuntimeError"
    assert reason(OSError(f"{secret}")) == "OSError"
