"""Webhooks, against real HTTP servers: signed, in order, tried again, and never in the room's way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from livefoley.control.api.events import from_json
from livefoley.core.notices import ChatNotice, ClipNotice, SceneNotice
from livefoley.outbound import webhooks
from livefoley.outbound.webhooks import TRIES, Webhook, signature
from livefoley.runtime.events.event_feed import QUEUE, EventFeed
from tests.clips.certificates import signing_chain
from tests.support.hooks import hook
from tests.support.ports import free_port
from tests.support.waiting import LIMIT_S, until

SECRET = "shared-secret-of-the-hook"
BURST = ChatNotice("c1", over=False, rate=12.0, usual=1.5, share=0.4, score=0.8)


@asynccontextmanager
async def delivering(feed: EventFeed, port: int, **options: Any) -> AsyncIterator[Webhook]:
    """Run a webhook that tells of chat."""
    made = Webhook(feed, f"http://127.0.0.1:{port}/told?key=of-the-platform", types=("chat",), **options)
    running = asyncio.create_task(made.run())
    await asyncio.sleep(0)
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "BACKOFF_S", (0.01, 0.02))


def header(head: str, name: str) -> str:
    return next(line.split(": ", 1)[1] for line in head.splitlines() if line.lower().startswith(f"{name.lower()}:"))


async def test_a_notice_arrives_signed_over_its_timestamp_and_only_of_the_types_wanted() -> None:
    feed = EventFeed("stage")
    async with hook() as server, delivering(feed, server.port, secret=SECRET) as made:
        feed.publish(SceneNotice("Scene", ""))
        notice = feed.publish(BURST)
        await until(lambda: made.statistics().delivered == 1)
        (head,), (body,) = server.heads, server.bodies
    assert from_json(body) == notice
    assert header(head, "X-Livefoley-Signature") == signature(
        SECRET.encode(), header(head, "X-Livefoley-Timestamp"), body
    )
    assert header(head, "X-Livefoley-Delivery") == f"stage-{notice.id}"
    assert header(head, "X-Livefoley-Event") == "chat"
    assert SECRET not in head


@pytest.mark.parametrize("state", ["ready", "failed", "quarantined"])
async def test_clips_are_told_by_the_way_they_ended(state: Any) -> None:
    feed = EventFeed("stage")
    told = ClipNotice("0123", state, "A goal", "goal", 10.0, 25.0, 0.9, "", "no space left", 3.2)
    async with hook() as server:
        made = Webhook(feed, f"http://127.0.0.1:{server.port}/", types=(f"clip.{state}",))
        running = asyncio.create_task(made.run())
        await asyncio.sleep(0)
        notice = feed.publish(told)
        await until(lambda: made.statistics().delivered == 1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert header(server.heads[0], "X-Livefoley-Event") == f"clip.{state}"
    assert from_json(server.bodies[0]) == notice


async def test_a_server_that_fails_is_asked_again_and_then_given_up(capsys: pytest.CaptureFixture[str]) -> None:
    feed = EventFeed("stage")
    async with hook(status="503 Busy") as server, delivering(feed, server.port, secret=SECRET) as made:
        feed.publish(BURST)
        await until(lambda: made.statistics().dropped == 1)
        assert len(server.bodies) == TRIES
        assert len({header(head, "X-Livefoley-Delivery") for head in server.heads}) == 1
        assert not made.statistics().connected
        server.status = "204 No Content"
        feed.publish(BURST)
        await until(lambda: made.statistics().delivered == 1)
        assert made.statistics().connected
    said = capsys.readouterr().out
    assert said.count("does not take events") == 1
    assert said.count("answers again") == 1
    assert "of-the-platform" not in said


@pytest.mark.parametrize("status", ["400 Bad Request", "410 Gone", "302 Found"])
async def test_a_no_is_not_asked_again_and_redirects_are_not_followed(status: str) -> None:
    feed = EventFeed("stage")
    async with hook() as canary:
        location = f"Location: http://127.0.0.1:{canary.port}/\r\n"
        async with hook(status=status, extra=location) as server, delivering(feed, server.port) as made:
            feed.publish(BURST)
            await until(lambda: made.statistics().dropped == 1)
            assert len(server.bodies) == 1
        assert canary.bodies == []


async def test_a_server_that_hangs_costs_old_notices_and_nobody_else() -> None:
    feed = EventFeed("stage")
    async with (
        hook(delay_s=60.0) as hung,
        hook() as fine,
        delivering(feed, hung.port, timeout_s=0.1) as slow,
        delivering(feed, fine.port) as quick,
    ):
        for batch in range(3):
            for number in range(QUEUE):
                feed.publish(replace(BURST, id=f"{batch}-{number}"))
            await until(lambda wanted=(batch + 1) * QUEUE: quick.statistics().delivered == wanted)  # type: ignore[misc]
        await until(lambda: slow.statistics().dropped >= QUEUE)
        assert slow.statistics().delivered == 0
    order = [json.loads(body)["id"] for body in fine.bodies]
    assert order == sorted(order)


async def test_a_server_that_is_not_there_is_no_trouble() -> None:
    feed = EventFeed("stage")
    async with delivering(feed, free_port(), timeout_s=1.0) as made:
        feed.publish(BURST)
        await until(lambda: made.statistics().dropped == 1)


def answering(context: ssl.SSLContext | None, status: int, delay_s: float = 0.0) -> Any:
    """Return a server that answers every request so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(delay_s)
            writer.write(f"HTTP/1.1 {status} X\r\nLocation: /final\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
        writer.close()

    return asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)


@pytest.mark.parametrize(
    ("scheme", "status", "delay_s", "reason"),
    [
        ("http", 307, 0.0, "it answers 307: redirects are not followed, give the URL it leads to"),
        ("http", 500, 0.0, "it answers 500"),
        ("http", 304, 0.0, "it answers 304"),
        ("http", 100, 0.0, "it hung up, or what it answered is no HTTP"),
        ("http", 200, 5.0, "no answer in 0.3 s (timeout_s)"),
        ("https", 200, 0.0, "its certificate is not trusted (self-signed certificate in certificate chain)"),
    ],
)
async def test_an_operator_is_told_why_a_webhook_takes_nothing(
    tmp_path: Path, scheme: str, status: int, delay_s: float, reason: str
) -> None:
    context = None
    if scheme == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*signing_chain(tmp_path, "Receiver"))
    feed = EventFeed("stage")
    async with await answering(context, status, delay_s) as server:
        port = server.sockets[0].getsockname()[1]
        timeout_s = 0.3 if delay_s else LIMIT_S  # a machine with much to do answers late, too
        made = Webhook(feed, f"{scheme}://127.0.0.1:{port}/told", types=("chat",), timeout_s=timeout_s)
        running = asyncio.create_task(made.run())
        await asyncio.sleep(0)
        feed.publish(BURST)
        with capture_logs() as lines:
            await until(lambda: made.statistics().dropped == 1)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert made.statistics().reason == reason
    assert [line["reason"] for line in lines if line["event"] == "webhook does not take events"] == [reason]


async def test_a_webhook_that_nobody_answers_says_so() -> None:
    feed = EventFeed("stage")
    async with delivering(feed, free_port()) as made:
        feed.publish(BURST)
        await until(lambda: made.statistics().dropped == 1)
        assert made.statistics().reason == "it cannot be reached (Connection refused)"
