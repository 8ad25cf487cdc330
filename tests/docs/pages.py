"""The documents of the project: README, ``docs/`` and their Chinese twins, and what stands in them as code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

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
