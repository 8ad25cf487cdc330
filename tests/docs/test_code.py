"""Files, classes and layers that the manuals name are those of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.docs.pages import EVERY, PROJECT, ROOT, SOURCE, SOURCES, SUFFIXES, Page
from tests.docs.pages import page as read

CODE = r"\.(py|yaml|yml|conf|md|toml|jpg|service|json|js|sh)$"


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
    shared = {"common.py", "speech.py", "takes.py", "teacher_sized.py"}  # what several benchmarks use
    scripts = {path.name for path in (ROOT / "benchmarks").glob("*.py")} - shared
    listed = set(re.findall(r"^\| `benchmarks/(\w+\.py)` \|", read(name).text, re.M))
    assert listed == scripts
