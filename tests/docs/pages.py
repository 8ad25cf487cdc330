"""The documents of the project: README, ``docs/`` and their Chinese twins, and what stands in them as code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENGLISH_ONLY = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Page:
    """A Markdown file."""

    path: Path
    text: str

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def outline(self) -> list[str]:
        """The shape of the page: headings, tables, lists and code, without the words."""
        shape = [re.match(r"#+ |\||```\w*|\d\. |- ", line.strip()) for line in self.text.splitlines()]
        return [found[0] for found in shape if found]

    @property
    def spans(self) -> list[str]:
        """What stands in backticks, in order, each once."""
        return list(dict.fromkeys(re.findall(r"`([^`\n]+)`", _FENCE.sub("", self.text))))

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """The blocks of code: language and text."""
        return _FENCE.findall(self.text)

    @property
    def headings(self) -> set[str]:
        """The anchors of the headings, as GitHub makes them."""
        lines = re.findall(r"^#+ (.+)$", _FENCE.sub("", self.text), re.M)
        return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}

    @property
    def links(self) -> list[str]:
        """The targets of links and pictures that lie in the repository."""
        found = re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", self.text))
        return [target for target in found if "://" not in target]


def page(name: str | Path) -> Page:
    """Return a page by its place below the root."""
    path = ROOT / name
    return Page(path, path.read_text(encoding="utf-8"))


DOCS = ROOT / "docs"
TWINS = [(page("README.md"), page("README.zh-CN.md"))]
TWINS += [(page(each), page(DOCS / "zh" / each.name)) for each in sorted(DOCS.glob("*.md"))]
PAGES = [each for twins in TWINS for each in twins] + [page(name) for name in ENGLISH_ONLY if (ROOT / name).exists()]

EVERY = pytest.mark.parametrize("page", PAGES, ids=str)
MANUALS = pytest.mark.parametrize("page", [each for twins in TWINS for each in twins], ids=str)
FOLDERS = pytest.mark.parametrize("folder", ["docs", "docs/zh"])

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SOURCES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "livefoley").rglob("*.py")}
SOURCE = "\n".join(SOURCES.values())
TESTS = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
SUFFIXES = r"\.(py|yaml|yml|json|conf|md|toml|txt|jpg|service|wav|mp4|m3u8|m4s|m4a|onnx|flac|ts)$"


def code_lines(page: Page) -> Iterator[str]:
    """Yield everything that stands as code."""
    yield from page.spans
    for language, text in page.blocks:
        if language in ("sh", "console"):
            yield from (line.removeprefix("$ ") for line in text.replace("\\\n", " ").splitlines())
