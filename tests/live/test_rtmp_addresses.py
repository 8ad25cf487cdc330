"""Publishing where a server wants to know who comes, and what is said where it goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from livefoley.media.rtmp import RtmpSink
from livefoley.media.rtmp.protocol.url import RtmpUrl
from tests.live.rtmp_challenger import PASSWORD, USER, challenger
from tests.live.test_rtmp_publisher import knock, running
from tests.support.peers import require
from tests.support.ports import free_port
from tests.support.programs import process
from tests.support.waiting import until

pytestmark = pytest.mark.live


@pytest.mark.parametrize("kind", ["adobe", "llnw"])
async def test_a_challenge_is_answered(kind: str) -> None:
    async with challenger(kind) as server:
        publisher = RtmpSink(RtmpUrl.join(f"rtmp://127.0.0.1:{server.port}/live", "?streamname=a", USER, PASSWORD))
        async with running(publisher):
            knock(publisher)
            await until(lambda: publisher.statistics().connected)
        assert server.streams == [("live", "?streamname=a")]
        assert server.connects == 3  # unknown, named, answered


@pytest.mark.parametrize("kind", ["adobe", "llnw"])
async def test_the_challenger_lets_ffmpeg_in(kind: str, h264_clip: Path) -> None:
    """The server of these tests is right: the reference comes in by the same address."""
    ffmpeg = require("ffmpeg")
    async with challenger(kind) as server:
        url = f"rtmp://{USER}:{PASSWORD}@127.0.0.1:{server.port}/live/key"
        with process(ffmpeg, "-v", "quiet", "-nostdin", "-i", str(h264_clip), "-c", "copy", "-f", "flv", url):
            await until(lambda: bool(server.streams))
        assert server.streams == [("live", "key")]


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        ("", "", "wants a user and a password (authmod=adobe)"),
        (USER, "secret-wrong", "does not know this user with this password"),
        ("secret-nobody", PASSWORD, "does not know this user with this password"),
    ],
)
async def test_who_is_not_let_in_is_told_where_and_why(user: str, password: str, said: str) -> None:
    async with challenger("adobe") as server:
        publisher = RtmpSink(RtmpUrl.join(f"rtmp://127.0.0.1:{server.port}/live", "secret-key", user, password))
        with capture_logs() as logs:
            async with running(publisher):
                knock(publisher)
                await until(lambda: publisher.statistics().errors > 0)
        (line,) = [entry for entry in logs if entry["event"] == "not publishing"]
        assert line["problem"].startswith(f"127.0.0.1:{server.port}, app live: ")
        assert said in line["problem"]
        assert "secret" not in str(logs)
        assert PASSWORD not in str(logs)


async def test_a_server_that_is_not_there_is_named_with_its_app() -> None:
    port = free_port()
    publisher = RtmpSink(f"rtmp://127.0.0.1:{port}/live-bvc/?streamname=secret-name&key=secret-key")
    with capture_logs() as logs:
        async with running(publisher):
            knock(publisher)
            await until(lambda: publisher.statistics().errors > 0)
    (line,) = [entry for entry in logs if entry["event"] == "not publishing"]
    assert line["problem"].startswith(f"127.0.0.1:{port}, app live-bvc: ")
    assert publisher.statistics().problem == line["problem"]
    assert "secret" not in str(logs)
