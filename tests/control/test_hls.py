"""HLS files over HTTP: the right types, and never a file outside the room's directory."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livefoley.control.delivery.hls import _place, _read
from livefoley.control.guard import Access
from tests.control.studio import Studio, served
from tests.support.peers import impossible


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """A room's HLS directory, with secrets around it."""
    root = tmp_path / "out"
    root.mkdir()
    (root / "index.m3u8").write_text("#EXTM3U\n")
    (root / "init-1-1.mp4").write_bytes(b"ftyp")
    (root / "seg-1-1.m4s").write_bytes(b"moof" * 100)
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


async def test_anything_else_is_404(output: Path) -> None:
    async with served(Studio(output)) as client:
        for path in FOREIGN:
            answer = await client.get(path)
            assert answer.status_code == 404, path
            assert "planted" not in answer.text


async def test_a_link_out_of_the_directory_is_404(output: Path) -> None:
    try:
        (output / "link.m3u8").symlink_to(output.parent / "secret.m3u8")
    except OSError:
        impossible("symbolic links")
    async with served(Studio(output)) as client:
        assert (await client.get("/stage/hls/link.m3u8")).status_code == 404


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
    content = _read(path) if path is not None else None
    assert content is None or path in {output / "index.m3u8"}
