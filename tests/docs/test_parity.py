"""English and Chinese say the same, and every link leads somewhere."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from tests.docs.pages import DOCS, PAGES, TWINS, Page, page

FOR_PEOPLE = {"Custom...", "自定义..."}
STAND_INS = {"房间名": "ROOM", "目录": "DIR"}


def _code(of: Page) -> set[str]:
    """Return what stands in backticks; words for people are left out, and those that stand for a name are the same."""
    spans = set(of.spans) - FOR_PEOPLE
    return {re.sub("|".join(STAND_INS), lambda found: STAND_INS[found[0]], span) for span in spans}


def test_every_page_has_its_twin() -> None:
    assert {path.name for path in DOCS.glob("*.md")} == {path.name for path in (DOCS / "zh").glob("*.md")}
    assert not [path for path in DOCS.rglob("*.md") if path.parent not in (DOCS, DOCS / "zh")]


@pytest.mark.parametrize(("english", "chinese"), TWINS, ids=lambda each: str(each))
def test_twins_have_the_same_parts(english: Page, chinese: Page) -> None:
    assert english.outline == chinese.outline


@pytest.mark.parametrize(("english", "chinese"), TWINS, ids=lambda each: str(each))
def test_twins_name_the_same_commands_keys_and_messages(english: Page, chinese: Page) -> None:
    assert _code(english) == _code(chinese)


@pytest.mark.parametrize(("english", "chinese"), TWINS, ids=lambda each: str(each))
def test_twins_show_the_same_code(english: Page, chinese: Page) -> None:
    """Blocks without a language are drawings and have words in them."""
    assert [block for block in english.blocks if block[0]] == [block for block in chinese.blocks if block[0]]


@pytest.mark.parametrize("each", PAGES, ids=str)
def test_every_link_leads_somewhere(each: Page) -> None:
    for target in each.links:
        name, _, anchor = unquote(target).partition("#")
        path = (each.path.parent / name).resolve() if name else each.path
        assert path.exists(), target
        if anchor:
            assert anchor in page(path).headings, target


@pytest.mark.parametrize(("english", "chinese"), TWINS, ids=lambda each: str(each))
def test_twins_lead_to_the_same_pages(english: Page, chinese: Page) -> None:
    def targets(of: Page) -> list[str]:
        paths = [(of.path.parent / target.partition("#")[0]).resolve() for target in of.links]
        return [path.name.replace(".zh-CN", "") for path in paths]

    assert targets(english) == targets(chinese)


def test_every_page_is_in_the_index() -> None:
    listed = {target.removesuffix(".md") for target in page("docs/README.md").links if "/" not in target}
    assert listed == {path.stem for path in DOCS.glob("*.md")}
