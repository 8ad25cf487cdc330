"""The pages of a room as the HTTP port gives them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from importlib.resources import files

import httpx
import pytest
import pytest_asyncio

from livefoley.control.app import make_app
from livefoley.control.pages import pages_router
from tests.control.studio import Studio

PAGES = {part.name: part.read_text() for part in files("livefoley.control.pages").iterdir() if "." in part.name}
SCRIPTS = {name: text for name, text in PAGES.items() if name.endswith(".js")}


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    studio = Studio()
    app = make_app(studio, more=[pages_router(studio, lambda room: room == "stage", lambda room: False)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as made:
        yield made


@pytest.mark.parametrize("path", ["/stage", "/stage/publish"])
async def test_a_page_loads_from_this_server_alone_and_runs_no_inline_script(
    client: httpx.AsyncClient, path: str
) -> None:
    page = await client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "$" not in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=|https?://", page.text)
    for asset in re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text):
        found = await client.get(asset)
        assert found.status_code == 200
        assert found.headers["content-type"].startswith(("text/javascript", "text/css"))


@pytest.mark.parametrize("path", ["/stage", "/stage/publish"])
async def test_a_page_says_what_of_the_publishers_cannot_be_used(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)
    assert '<p class="problem" role="note">Sorenson is not carried</p>' in page.text


async def test_what_does_not_exist_is_not_there(client: httpx.AsyncClient) -> None:
    for path in (
        "/nowhere",
        "/nowhere/publish",
        "/lobby/publish",
        "/assets/watch.html",
        "/assets/__init__.py",
        "/assets/..%2fapp.py",
    ):
        assert (await client.get(path)).status_code == 404, path
    assert (await client.get("/livez")).text == "ok\n"


def test_no_module_loads_anything_foreign() -> None:
    for name, text in SCRIPTS.items():
        assert not re.search(r"""(from|import\(|fetch\()\s*["'`]https?:""", text), name
        for module in re.findall(r'from "\./([^"]+)"', text):
            assert module in SCRIPTS, name


def test_the_pages_say_the_same_in_both_languages_and_all_they_use() -> None:
    english, chinese = (set(re.findall(r"^  (\w+):", part, re.M)) for part in PAGES["words.js"].split("const CHINESE"))
    used = {word for text in SCRIPTS.values() for word in re.findall(r"\bwords\.(?!js)(\w+)", text)}
    used |= {word for text in PAGES.values() for word in re.findall(r'data-text="(\w+)"', text)}
    assert english == chinese
    assert used == english
