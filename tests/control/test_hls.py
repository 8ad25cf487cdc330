"""HLS files over HTTP: the right types, and never a file outside the room's directory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import httpx
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livefoley.control.delivery import hls
from livefoley.control.delivery.hls import PIECE_BYTES, _open, _place
from livefoley.control.guard import Access
from livefoley.media.access.read_access import PASS_S, REMEMBERED_S, ReadAccess
from livefoley.media.auth import AuthRequest
from tests.control.studio import Studio, open_to_all, served
from tests.support.peers import impossible
from tests.support.waiting import until


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A room's HLS directory, with secrets around it."""
    root = tmp_path / "out"
    root.mkdir()
    (root / "index.m3u8").write_text("#EXTM3U\n")
    (root / "init-1-1.mp4").write_bytes(b"ftyp")
    (root / "seg-1-1.m4s").write_bytes(b"moof" * 100)
    (root / "original.m3u8").write_text("#EXTM3U\n")
    (root / "seg-1-1-original.m4s").write_bytes(b"moof")
    (root / "notes.txt").write_text("planted")
    (root / ".hidden.m3u8").write_text("planted")
    (root / "below").mkdir()
    (root / "below" / "x.m3u8").write_text("planted")
    (tmp_path / "secret.m3u8").write_text("planted")
    return root


@pytest.mark.parametrize(
    ("name", "media_type", "cache"),
    [
        ("index.m3u8", "application/vnd.apple.mpegurl", "no-cache"),
        ("init-1-1.mp4", "video/mp4", "public, max-age=3600, immutable"),
        ("seg-1-1.m4s", "video/iso.segment", "public, max-age=3600, immutable"),
    ],
)
async def test_a_file_is_served_with_its_type_and_cache_rule(
    output: Path, name: str, media_type: str, cache: str
) -> None:
    async with served(Studio(output)) as client:
        answer = await client.get(f"/stage/hls/{name}")
        assert answer.content == (output / name).read_bytes()
        assert answer.headers["content-type"] == media_type
        assert answer.headers["cache-control"] == cache
        head = await client.head(f"/stage/hls/{name}")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str((output / name).stat().st_size)


FOREIGN = (
    "/stage/hls/none.m3u8",
    "/stage/hls/notes.txt",
    "/stage/hls/.hidden.m3u8",
    "/stage/hls/below/x.m3u8",
    "/stage/hls/below%2Fx.m3u8",
    "/stage/hls/..%2Fsecret.m3u8",
    "/stage/hls/%2e%2e/secret.m3u8",
    "/stage/hls/..%5Csecret.m3u8",
    "/stage/hls/index.m3u8%00.mp4",
    "/stage/hls/",
    "/stage/hls/" + "a" * 500 + ".m3u8",
    "/lobby/hls/index.m3u8",
    "/none/hls/index.m3u8",
    "/..%2Fout/hls/index.m3u8",
)


def _without(path: str) -> int:
    """Return the status of what is not there: one folder down a pass would stand, and it is none."""
    return 403 if path.startswith("/stage/hls/") and unquote(path).count("/") > 3 else 404


async def test_anything_else_is_404(output: Path) -> None:
    async with served(Studio(output)) as client:
        for path in FOREIGN:
            answer = await client.get(path)
            assert answer.status_code == _without(path), path
            assert "planted" not in answer.text


async def test_a_link_out_of_the_directory_is_404(output: Path) -> None:
    try:
        (output / "link.m3u8").symlink_to(output.parent / "secret.m3u8")
    except OSError:
        impossible("symbolic links")
    async with served(Studio(output)) as client:
        assert (await client.get("/stage/hls/link.m3u8")).status_code == 404


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Hook:
    """An operator's hook that lets in who gives one password; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[AuthRequest] = []

    async def allow(self, request: AuthRequest) -> bool:
        self.asked.append(request)
        return "viewers-word" in (request.password, request.token)

    async def aclose(self) -> None:
        pass


def keyed(clock: Clock) -> ReadAccess:
    readers = ReadAccess(loopback=False, now=clock)
    readers.register("stage", "planted-play-key")
    readers.register("lobby", "another-key")
    return readers


FILES = ("index.m3u8", "original.m3u8", "init-1-1.mp4", "seg-1-1.m4s", "seg-1-1-original.m4s")
BEARER = {"Authorization": "Bearer planted-play-key"}


async def test_a_rooms_play_key_guards_its_hls_and_a_pass_stands_for_it(output: Path) -> None:
    clock = Clock()
    readers = keyed(clock)
    async with served(Studio(output), readers=readers) as client:
        for name in FILES:
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic !"}):
                refused = await client.get(f"/stage/hls/{name}", headers=headers)
                assert refused.status_code == 401
                assert refused.headers["www-authenticate"].startswith('Basic realm="stage"')
                assert "planted" not in refused.text
            for options in ({"headers": BEARER}, {"auth": ("viewer", "planted-play-key")}):
                answer = await client.get(f"/stage/hls/{name}", **options)  # type: ignore[arg-type]
                assert answer.content == (output / name).read_bytes()
                assert "public" not in answer.headers["cache-control"]
        refused = await client.get("/stage/hls")
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")  # no browser's own window
        given = (await client.get("/stage/hls", headers=BEARER)).json()
        assert given["expires_s"] == PASS_S
        for name in FILES:
            url = str(httpx.URL(given["playlist"]).join(name))  # as a player resolves what the playlist names
            assert (await client.get(url)).content == (output / name).read_bytes()
        head, passed, _ = given["playlist"].rsplit("/", 2)
        changed = f"{'f' if passed[0] != 'f' else 'e'}{passed[1:]}"
        for wrong in (changed, passed[:-1], passed.partition(".")[0], "x.y", "ü"):
            assert (await client.get(f"{head}/{wrong}/index.m3u8")).status_code == 403, wrong
        assert (await client.get(f"/lobby/hls/{passed}/index.m3u8")).status_code == 403
        clock.now_s += PASS_S - 1
        assert (await client.get(given["playlist"])).status_code == 200
        clock.now_s += 302
        assert (await client.get(given["playlist"])).status_code == 410
    assert readers.rejected("hls") == {"key": 3 * len(FILES) + 1, "pass": 7}


async def test_an_edge_is_told_yes_or_no_and_nothing_else(output: Path) -> None:
    async with served(Studio(output), readers=keyed(Clock())) as client:
        given = (await client.get("/stage/hls", headers=BEARER)).json()["playlist"].rsplit("/", 2)[1]
        yes = await client.get("/stage/hls/access", headers=BEARER)
        assert (yes.status_code, yes.headers["cache-control"]) == (204, "max-age=10")
        assert (await client.get(f"/stage/hls/{given}/access")).status_code == 204
        assert (await client.get("/stage/hls/access")).status_code == 401
        for path in (f"/lobby/hls/{given}/access", "/stage/hls/x.y/access", "/nowhere/hls/access"):
            assert (await client.get(path)).status_code == 403, path


async def test_the_hook_says_who_reads_and_is_not_asked_for_every_segment(output: Path) -> None:
    hook, clock = Hook(), Clock()
    readers = ReadAccess(loopback=True, auth=hook, now=clock)
    readers.register("stage")
    async with served(Studio(output), readers=readers) as client:
        assert (await client.get("/stage/hls/index.m3u8")).status_code == 403
        for _ in range(3):
            answer = await client.get("/stage/hls/seg-1-1.m4s", auth=("anna", "viewers-word"))
            assert answer.status_code == 200
        yes = await client.get("/stage/hls/access", auth=("anna", "viewers-word"))
        assert (yes.status_code, yes.headers["cache-control"]) == (204, "no-store")  # another may not be let in
        asked = hook.asked[-1]
        assert len(hook.asked) == 2
        assert (asked.action, asked.protocol, asked.path, asked.user) == ("read", "hls", "stage", "anna")
        assert (await client.get("/stage/hls/index.m3u8", auth=("anna", "wrong"))).status_code == 403
        clock.now_s += REMEMBERED_S + 1
        assert (await client.get("/stage/hls/index.m3u8", auth=("anna", "viewers-word"))).status_code == 200
        assert len(hook.asked) == 4


async def test_a_room_without_a_key_needs_no_pass(output: Path) -> None:
    readers = ReadAccess(loopback=False)
    readers.register("stage")
    async with served(Studio(output), readers=readers) as client:
        assert (await client.get("/stage/hls")).json() == {"playlist": "/stage/hls/index.m3u8", "expires_s": None}
        assert (await client.get("/stage/hls/index.m3u8")).status_code == 200
        assert (await client.get("/nowhere/hls")).status_code == 404


async def test_a_large_segment_goes_out_in_pieces_and_an_address_has_so_many_at_once(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hls, "MOST_OF_ADDRESS", 5)
    large, whole = output / "seg-2-1.m4s", output / "seg-3-1.m4s"
    large.touch()
    os.truncate(large, 100 << 20)  # more than the system's buffers hold
    whole.write_bytes(os.urandom(3 * PIECE_BYTES + 1))
    readers = open_to_all(Studio(output))
    process = psutil.Process()
    async with served(Studio(output), readers=readers) as client:
        before, writers = process.memory_info().rss, []
        for _ in range(5):
            _, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port, limit=1)
            writer.write(b"GET /stage/hls/seg-2-1.m4s HTTP/1.1\r\nHost: localhost\r\n\r\n")
            writers.append(writer)
        await until(lambda: _open_files(large) == 5)
        crowded = await client.get("/stage/hls/index.m3u8")
        assert (crowded.status_code, crowded.headers["retry-after"]) == (503, "1")
        assert readers.rejected("hls") == {"busy": 1}
        assert process.memory_info().rss - before < 50 << 20
        for writer in writers:
            writer.close()
        await until(lambda: _open_files(large) == 0)
        answer = await client.get("/stage/hls/seg-3-1.m4s")
        assert answer.content == whole.read_bytes()


async def test_the_bound_of_an_address_holds_for_all_that_it_asks_for_at_once(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hls, "MOST_OF_ADDRESS", 5)
    opening = asyncio.Event()

    async def slowly(call: Callable[..., object], *arguments: object) -> object:
        if call is hls._open:
            await opening.wait()
        return call(*arguments)

    monkeypatch.setattr(hls, "asyncio", SimpleNamespace(to_thread=slowly))
    async with served(Studio(output), readers=open_to_all(Studio(output))) as client:
        asked = [asyncio.create_task(client.get("/stage/hls/index.m3u8")) for _ in range(12)]
        await until(lambda: sum(task.done() for task in asked) == 7)
        opening.set()
        codes = sorted([(await task).status_code for task in asked])
        assert codes == [200] * 5 + [503] * 7
        assert (await client.get("/stage/hls/none.m4s")).status_code == 404  # and gives its place back
        assert [(await client.get("/stage/hls/index.m3u8")).status_code for _ in range(6)] == [200] * 6


def _open_files(path: Path) -> int:
    return [file.path for file in psutil.Process().open_files()].count(str(path))


async def test_a_listed_page_may_play(output: Path) -> None:
    async with served(Studio(output), Access(allowed_hosts=("live.example.com",))) as client:
        answer = await client.get("/stage/hls/index.m3u8", headers={"Origin": "https://live.example.com"})
        assert answer.headers["access-control-allow-origin"] == "https://live.example.com"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(["..", ".", "/", "\\", "index", ".m3u8", "secret", "%2e", "\0", "C:", "below"]), max_size=8
    ).map("".join)
)
def test_no_name_leads_out_of_the_directory(output: Path, name: str) -> None:
    path = _place(output, name)
    opened = _open(path) if path is not None else None
    if opened is not None:
        opened.close()
    assert opened is None or path in {output / "index.m3u8"}
