"""Published clips over HTTP: links that end, ranges, caches, referers, rates, and no way out of the store."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from livefoley.clips.model import Heat
from livefoley.clips.publish import DirectoryStore, Naming, StorePublisher
from livefoley.clips.publish.links import MAX_TTL_S, LinkCheck, Links
from livefoley.control import problems
from livefoley.control.delivery.clip_files import ClipFiles, FileAccess, clip_files_router
from livefoley.control.guard import Access, Guard
from livefoley.control.metrics.clips import ClipFileCollector
from livefoley.control.server import HttpServer
from livefoley.media.access.read_access import ReadAccess
from tests.clips.finished import ID, finished, metadata
from tests.support.waiting import LIMIT_S

SECRET = "planted-secret-of-links"
PREFIX = f"stage/2026-11-21/12-00-00-{ID}"
CLIP = f"/clips/{PREFIX}/clip.mp4"
PICTURES = bytes(range(256)) * 4000


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@contextlib.asynccontextmanager
async def serving(root: Path, access: FileAccess) -> AsyncIterator[tuple[httpx.AsyncClient, ClipFiles]]:
    files = ClipFiles(DirectoryStore(root / "published"), access)
    app = FastAPI()
    problems.install(app)
    app.include_router(clip_files_router(files))
    app.add_middleware(Guard, access=Access())
    server = HttpServer(app, "127.0.0.1", 0)
    running = asyncio.create_task(server.run())
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=LIMIT_S
        ) as client:
            yield client, files
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def publish(root: Path, heat: Heat = Heat.HOT, content_id: str = ID) -> str:
    told = metadata(content_id, heat=heat)
    publisher = StorePublisher(DirectoryStore(root / "published"), Naming())
    return publisher.publish(finished(root / "jobs", told, PICTURES), told).prefix


async def test_a_signed_link_gives_the_file_and_nothing_else_does(tmp_path: Path) -> None:
    clock = Clock()
    links, other = Links(SECRET, 60, clock), Links("another secret", 60, clock)
    publish(tmp_path)
    async with serving(tmp_path, FileAccess(links)) as (client, files):
        good = links.sign(CLIP)
        answer = await client.get(good)
        assert (answer.status_code, answer.content) == (200, PICTURES)
        assert answer.headers["content-type"] == "video/mp4"
        refused = {
            CLIP: 403,
            other.sign(CLIP): 403,
            good.replace("clip.mp4", "cover.jpg"): 403,  # swapped
            good.replace("md5=", "md5=A"): 403,
            good.replace("expires=1", "expires=2"): 403,
            good.partition("&")[0]: 403,
            links.sign(CLIP.replace("clip.mp4", "nothing.mp4")): 404,
        }
        for url, status in refused.items():
            answer = await client.get(url)
            assert answer.status_code == status, url
            assert answer.headers["cache-control"] == "no-store"
            assert SECRET not in answer.text
        clock.now_s += 61
        assert (await client.get(good)).status_code == 410
        assert files.statistics().refused == {"unsigned": 2, "forged": 4, "missing": 1, "expired": 1}


@pytest.mark.parametrize(
    ("given_range", "status", "start", "end"),
    [
        ("bytes=0-99", 206, 0, 100),
        ("bytes=1000-", 206, 1000, len(PICTURES)),
        ("bytes=-10", 206, len(PICTURES) - 10, len(PICTURES)),
        ("bytes=0-99999999999", 206, 0, len(PICTURES)),
        ("bytes=-99999999999", 206, 0, len(PICTURES)),
        ("bytes=0-1,5-6", 200, 0, len(PICTURES)),
        ("items=0-1", 200, 0, len(PICTURES)),
        ("bytes=5-2", 416, 0, 0),
        (f"bytes={len(PICTURES)}-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
    ],
)
async def test_a_range_is_that_part_of_the_file(
    tmp_path: Path, given_range: str, status: int, start: int, end: int
) -> None:
    publish(tmp_path)
    async with serving(tmp_path, FileAccess()) as (client, _):
        answer = await client.get(CLIP, headers={"Range": given_range})
        assert answer.status_code == status
        if status == 416:
            assert answer.headers["content-range"] == f"bytes */{len(PICTURES)}"
            return
        assert answer.content == PICTURES[start:end]
        if status == 206:
            assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(PICTURES)}"
        head = await client.head(CLIP, headers={"Range": given_range})
        assert (head.status_code, head.content) == (status, b"")
        assert head.headers["content-length"] == str(end - start)


async def test_who_has_the_file_already_is_told_so(tmp_path: Path) -> None:
    publish(tmp_path)
    async with serving(tmp_path, FileAccess()) as (client, _):
        etag = (await client.head(CLIP)).headers["etag"]
        assert not etag.startswith("W/")
        same = await client.get(CLIP, headers={"If-None-Match": etag})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        assert (await client.get(CLIP, headers={"If-None-Match": '"other"'})).status_code == 200
        wanted = {"Range": "bytes=0-9"}
        assert (await client.get(CLIP, headers={**wanted, "If-Range": etag})).status_code == 206
        assert (await client.get(CLIP, headers={**wanted, "If-Range": '"other"'})).status_code == 200


@pytest.mark.parametrize(
    ("heat", "rule"),
    [
        (Heat.HOT, "public, max-age=86400, immutable"),
        (Heat.PERSONAL, "private, max-age=3600"),
        (Heat.DRAFT, "no-store"),
    ],
)
async def test_how_long_caches_keep_a_clip_is_by_its_heat(tmp_path: Path, heat: Heat, rule: str) -> None:
    publish(tmp_path, heat)
    async with serving(tmp_path, FileAccess()) as (client, _):
        assert (await client.get(CLIP)).headers["cache-control"] == rule


async def test_only_listed_sites_may_show_clips(tmp_path: Path) -> None:
    publish(tmp_path)
    async with serving(tmp_path, FileAccess(referers=("shop.example.com",))) as (client, _):
        for referer, status in (
            ("https://shop.example.com/page", 200),
            ("https://shop.example.com.evil.example/", 403),
            ("https://evil.example/?shop.example.com", 403),
            ("not a url", 403),
            ("", 200),
        ):
            headers = {"Referer": referer} if referer else {}
            assert (await client.get(CLIP, headers=headers)).status_code == status, referer


async def test_one_address_gets_so_many_a_second(tmp_path: Path) -> None:
    publish(tmp_path)
    async with serving(tmp_path, FileAccess(rate=0.01)) as (client, files):
        first, second = await client.get(CLIP), await client.get(CLIP)
        assert (first.status_code, second.status_code) == (200, 429)
        assert second.headers["retry-after"] == "1"
        assert files.statistics().refused == {"rate": 1}


FOREIGN = (
    "/clips/",
    "/clips/x",
    "/clips/../secret.txt",
    "/clips/%2e%2e/secret.txt",
    "/clips/..%2fsecret.txt",
    "/clips//etc/passwd",
    "/clips/%2Fetc%2Fpasswd",
    f"/clips/{PREFIX}/../../../../secret.txt",
    f"/clips/{PREFIX}/..%5C..%5Csecret.txt",
    f"/clips/{PREFIX}/clip.mp4%00.jpg",
    f"/clips/{PREFIX}/.clip.mp4.partial",
    f"/clips/{PREFIX}",
    "/clips/half/clip.mp4",
    "/clips/" + "a/" * 400,
)


async def test_what_is_no_file_of_a_whole_clip_is_not_there(tmp_path: Path) -> None:
    publish(tmp_path)
    (tmp_path / "secret.txt").write_text("planted")
    (tmp_path / "published" / "half").mkdir()
    (tmp_path / "published" / "half" / "clip.mp4").write_bytes(b"planted, not whole yet")
    async with serving(tmp_path, FileAccess()) as (client, _):
        for path in FOREIGN:
            answer = await client.get(path)
            assert answer.status_code in (403, 404), path
            assert "planted" not in answer.text


async def test_a_store_that_does_not_answer_is_a_503(tmp_path: Path) -> None:
    class Down(DirectoryStore):
        def stat(self, key: str) -> None:
            from livefoley.core.errors import OutputError

            raise OutputError("s3://secret-bucket: no answer")

    files = ClipFiles(Down(tmp_path), FileAccess())
    app = FastAPI()
    problems.install(app)
    app.include_router(clip_files_router(files))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        answer = await client.get(CLIP)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "secret-bucket" not in answer.text


async def test_what_was_served_is_counted(tmp_path: Path) -> None:
    publish(tmp_path)
    async with serving(tmp_path, FileAccess()) as (client, files):
        await client.get(CLIP)
        await client.get(CLIP, headers={"Range": "bytes=0-9"})
        figures = files.statistics()
        assert (figures.served, figures.bytes) == ({200: 1, 206: 1}, len(PICTURES) + 10)
        names = {family.name for family in ClipFileCollector(files).collect()}
        assert names == {"livefoley_clip_requests", "livefoley_clip_requests_refused", "livefoley_clip_bytes"}


# ---- links, alone ----


@given(st.text(max_size=40), st.text(max_size=30), st.text(max_size=14))
def test_no_made_up_link_is_good(path: str, md5: str, expires: str) -> None:
    assert Links(SECRET).check(path, md5, expires) is not LinkCheck.GOOD


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), st.integers(0, 200))
def test_a_link_is_good_for_its_own_path_until_its_end(name: str, later_s: int) -> None:
    clock = Clock()
    links = Links(SECRET, 100, clock)
    query = httpx.URL("http://h" + links.sign("/clips/" + name)).params
    clock.now_s += later_s
    checked = links.check("/clips/" + name, query["md5"], query["expires"])
    assert checked is (LinkCheck.GOOD if later_s <= 100 else LinkCheck.EXPIRED)
    assert links.check("/clips/" + name + "x", query["md5"], query["expires"]) is LinkCheck.FORGED


def test_no_link_is_good_for_longer_than_a_week() -> None:
    clock = Clock()
    query = httpx.URL("http://h" + Links(SECRET, 10**9, clock).sign("/clips/a")).params
    assert int(query["expires"]) == clock.now_s + MAX_TTL_S


async def test_clips_of_a_room_with_a_key_are_for_who_has_it_or_a_signed_link(tmp_path: Path) -> None:
    publish(tmp_path)
    readers = ReadAccess(loopback=False)
    readers.register("stage", "planted-play-key")
    async with serving(tmp_path, FileAccess(readers=readers)) as (client, files):
        assert (await client.get(CLIP)).status_code == 401
        assert (await client.get(CLIP, auth=("", "planted-play-key"))).content == PICTURES
        assert files.statistics().refused == {"key": 1}
    links = Links(SECRET)
    async with serving(tmp_path, FileAccess(links, readers)) as (client, _):
        assert (await client.get(links.sign(CLIP))).content == PICTURES
        assert (await client.get(CLIP, auth=("", "planted-play-key"))).status_code == 403
