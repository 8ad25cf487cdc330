"""The tables of SECURITY.md and of the threats: every test they name exists, and every bound is the one in the code."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from tests.docs.pages import ROOT, Page, page

TEST = r"(tests/[\w/]+\.py)::(test_\w+)"
LIMIT = re.compile(r"`(livefoley(?:\.\w+)+)` = ([\d.]+)( KiB| MiB| GiB)?")
UNITS = {"": 1, " KiB": 1 << 10, " MiB": 1 << 20, " GiB": 1 << 30}
TABLES = [page("SECURITY.md"), page("docs/threats.md"), page("docs/zh/threats.md")]


@pytest.mark.parametrize("of", TABLES, ids=str)
def test_every_test_that_a_table_names_exists(of: Page) -> None:
    named = [re.fullmatch(TEST, span) for span in of.spans if "::" in span]
    assert named
    for each in named:
        assert each is not None
        path = ROOT / each[1]
        assert path.exists(), each[0]
        assert re.search(rf"^\s*(async )?def {each[2]}\(", path.read_text("utf-8"), re.M), each[0]


@pytest.mark.parametrize("of", TABLES, ids=str)
def test_every_row_of_a_table_of_tests_names_one(of: Page) -> None:
    rows = list(rows_with_tests(of))
    assert rows
    assert not [row for row in rows if not re.search(TEST, row)]


def rows_with_tests(of: Page) -> Iterator[str]:
    """Yield the rows of the tables whose last column is for tests."""
    inside = False
    for line in of.text.splitlines():
        if not line.startswith("|"):
            inside = False
        elif re.search(r"\| (tests|测试) \|$", line):
            inside = True
        elif inside and not line.startswith("|---"):
            yield line


def test_every_bound_of_the_security_page_is_that_of_the_code() -> None:
    found = LIMIT.findall(page("SECURITY.md").text)
    assert len(found) > 15
    for name, number, unit in found:
        assert value(name) == float(number) * UNITS[unit], name


def value(name: str) -> Any:
    """Return what a dotted name stands for: a constant, or the default of a class's field."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            found = _member(found, part)
        return found
    raise AssertionError(f"there is no {name}")


def _member(of: Any, name: str) -> Any:
    if isinstance(of, type) and issubclass(of, BaseModel):
        return of.model_fields[name].default
    if isinstance(of, type) and dataclasses.is_dataclass(of):
        return next(field.default for field in dataclasses.fields(of) if field.name == name)
    return getattr(of, name)
