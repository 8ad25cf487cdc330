"""Pull sources without a peer: what can be said of a URL, and that no secret leaves."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.errors import ConfigError
from livefoley.core.media import SourceItem
from livefoley.media.pull import PullSource
from livefoley.media.urls import safe_url
from tests.support.ports import free_port
from tests.support.waiting import LIMIT_S, until


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("ftp://host/file", "cannot pull from ftp; use rtmp, rtmps"),
        ("file:///etc/passwd", "cannot pull from file"),
        ("host/live/stream", "URL without scheme"),
        ("rtmp:///live", "names no host"),
        ("rtsp://host:notaport/", "cannot be read"),
    ],
)
def test_a_url_that_cannot_work_is_refused_at_once(url: str, wanted: str) -> None:
    with pytest.raises(ConfigError, match=wanted):
        PullSource(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtmp://host:1935/live/secret-key", "rtmp://host:1935/***"),
        ("rtsp://user:hunter2@cam.local/stream?token=abc", "rtsp://cam.local/***"),
        ("https://[::1]:8443/a/b/index.m3u8?sig=abc#x", "https://[::1]:8443/***"),
        ("http://panel.example/live/user/password/123.ts", "http://panel.example/***"),
        ("rtmp://h/app/secret-key/", "rtmp://h/***"),
        ("srt://10.0.0.1:9000?passphrase=secretsecret", "srt://10.0.0.1:9000"),
        ("nonsense", "(a URL without scheme or host)"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert safe_url(url) == shown


@given(st.text(max_size=60))
def test_any_text_can_be_shown_as_a_url(text: str) -> None:
    safe_url(text)


async def test_a_server_that_is_not_there_is_tried_again_and_cancelling_ends_at_once(
    capfd: pytest.CaptureFixture[str],
) -> None:
    items: list[SourceItem] = []
    url = f"rtmp://user:hunter2@127.0.0.1:{free_port()}/live/planted-secret"
    source = PullSource(url, 600.0, 600.0, backoff_s=(0.01, 0.02))
    task = asyncio.create_task(source.run(items.append))
    await until(lambda: source.statistics().problem)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, LIMIT_S)
    assert items == []
    figures = source.statistics()
    assert (figures.kind, figures.connected, figures.connects) == ("pull", False, 0)
    assert figures.problem
    said = figures.problem + "".join(capfd.readouterr())
    assert "pull failed" in said
    assert "planted-secret" not in said
    assert "hunter2" not in said


async def test_a_peer_that_accepts_and_says_nothing_is_given_up() -> None:
    connections = 0

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    source = PullSource(f"rtmp://127.0.0.1:{port}/live/x", 0.3, 0.3, backoff_s=(0.01, 0.02))
    task = asyncio.create_task(source.run(lambda item: None))
    await until(lambda: connections >= 3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, LIMIT_S)
    server.close()
