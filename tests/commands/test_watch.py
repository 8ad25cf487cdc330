"""``livefoley events`` against a server that comes, goes and comes back."""

from __future__ import annotations

import asyncio
import io
import json

import pytest
from rich.console import Console

from livefoley.commands import watch
from livefoley.control.app import make_app
from livefoley.control.guard import Access
from livefoley.control.server import HttpServer
from livefoley.core.errors import InputError
from livefoley.core.notices import ClipNotice, DescriptionNotice, GapNotice, SceneNotice
from livefoley.core.understood import Understood
from tests.control.studio import Studio, served
from tests.control.told import CHAT, MOMENT, SAID
from tests.support.waiting import until

CLIP = ClipNotice("0123", "ready", "[b]Goal[/b]", "goal", 10.0, 25.0, 0.9, "s3://bucket/stage/0123", "", 3.2)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("http://127.0.0.1:8080/demo", "ws://127.0.0.1:8080/v1/rooms/demo/events"),
        ("https://live.example/v1/rooms/a/events", "wss://live.example/v1/rooms/a/events"),
        ("ws://[::1]:1/b/", "ws://[::1]:1/v1/rooms/b/events"),
    ],
)
def test_a_room_alone_is_enough(given: str, meant: str) -> None:
    assert watch.socket_url(given) == meant


@pytest.mark.parametrize(
    "given", ["demo", "http://h/v1/rooms/a", "rtmp://h/demo", "http://h", "http://h:x/a", "http:///a"]
)
def test_a_url_that_leads_nowhere_says_what_would_be_right(given: str) -> None:
    with pytest.raises(InputError, match=r"leads to no room|is not a URL"):
        watch.socket_url(given)


async def test_events_are_printed_over_a_restart_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "BACKOFF_S", (0.05, 0.1))
    studio, text = Studio(), io.StringIO()
    studio.feeds["stage"].publish(SAID)
    first = HttpServer(make_app(studio), "127.0.0.1", 0)
    port = first.port
    watching = asyncio.create_task(
        watch.watch(f"http://127.0.0.1:{port}/stage", None, [], True, Console(file=text, width=500))
    )
    for number, server in enumerate((first, None)):
        server = server or HttpServer(make_app(studio), "127.0.0.1", port)
        serving = asyncio.create_task(server.run())
        await until(lambda lines=number + 1: text.getvalue().count("\n") >= lines)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        studio.feeds["stage"].publish(MOMENT)  # while nobody can ask
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert [json.loads(line)["type"] for line in text.getvalue().splitlines()] == ["transcript", "highlight"]


async def test_what_trying_again_does_not_help_is_one_clear_line() -> None:
    out = Console(file=io.StringIO())
    async with served(Studio(), Access(token="right-token")) as client:
        base = f"http://127.0.0.1:{client.base_url.port}"
        with pytest.raises(InputError, match="LIVEFOLEY_TOKEN"):
            await watch.watch(f"{base}/stage", "wrong-token", [], False, out)
        with pytest.raises(InputError, match="no such room"):
            await watch.watch(f"{base}/nowhere", "right-token", [], False, out)


DESCRIBED = DescriptionNotice("a church, [b]", Understood(unknown=("[b]",)))


def test_every_event_has_a_line_and_nobody_can_colour_it_from_outside() -> None:
    studio = Studio()
    feed = studio.feeds["stage"]
    text = io.StringIO()
    out = Console(file=text, width=300, force_terminal=False)
    for data in (CHAT, SAID, MOMENT, SceneNotice("[red]Scene[/red]", "a cafe"), CLIP, GapNotice(3), DESCRIBED):
        watch.show(feed.document(data, 1), False, out)
    lines = text.getvalue().splitlines()
    assert len(lines) == 7
    assert lines[6].endswith("description a church, [b], not understood: [b]")
    assert lines[4].endswith("clip.ready [b]Goal[/b] 10.0-25.0 s, s3://bucket/stage/0123")
    assert "[red]Scene[/red]: a cafe" in lines[3]
    assert "全场五折" in lines[2]
