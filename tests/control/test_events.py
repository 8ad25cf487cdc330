"""The event feed and the chat feed, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from livefoley.control.api import chat
from livefoley.control.api.chat_lines import MAX_BATCH
from livefoley.control.api.events import from_json, to_json
from livefoley.control.guard import Access
from livefoley.control.server import MAX_SOCKET_MESSAGE
from livefoley.control.state import ChatLine
from livefoley.runtime.events.event_feed import KEEP, MAX_LISTENERS, MAX_OF_ADDRESS, QUEUE, EventFeed
from tests.control.studio import Studio, served
from tests.control.told import CHAT, MOMENT, SAID
from tests.support.waiting import LIMIT_S, until


@asynccontextmanager
async def socket(client: Any, path: str, **options: Any) -> AsyncIterator[ClientConnection]:
    """Open a WebSocket at ``path`` of the server ``client`` speaks to."""
    url = f"ws://{client.base_url.host}:{client.base_url.port}{path}"
    async with asyncio.timeout(LIMIT_S), connect(url, proxy=None, close_timeout=0.5, **options) as made:
        yield made


async def test_events_come_as_they_happen_after_the_last_ones() -> None:
    studio = Studio()
    feed = studio.feeds["stage"]
    feed.publish(CHAT)
    feed.publish(SAID)
    async with served(studio) as client, socket(client, "/v1/rooms/stage/events?replay=1") as events:
        assert json.loads(await events.recv())["data"]["text"] == "今天全场五折"
        feed.publish(MOMENT)
        told = json.loads(await events.recv())
        assert (told["type"], told["room"], told["schema"], told["data"]["state"]) == (
            "highlight",
            "stage",
            1,
            "spotted",
        )
        listed = (await client.get("/v1/rooms/stage/events", params={"type": "highlight"})).json()
        assert listed == [told]
        assert from_json(json.dumps(told)).data == MOMENT


async def test_who_comes_back_gets_what_was_missed_and_only_the_types_asked_for() -> None:
    studio = Studio()
    feed = studio.feeds["stage"]
    first = feed.publish(CHAT)
    feed.publish(SAID)
    last = feed.publish(MOMENT)
    async with served(studio) as client:
        path = f"/v1/rooms/stage/events?after={first.id}&type=highlight&type=chat"
        async with socket(client, path) as events:
            assert json.loads(await events.recv())["id"] == last.id
        for _ in range(KEEP + 10):
            feed.publish(CHAT)
        async with socket(client, f"/v1/rooms/stage/events?after={last.id}") as events:
            told = json.loads(await events.recv())
            assert (told["type"], told["data"]["missed"]) == ("gap", 10)
        async with socket(client, "/v1/rooms/stage/events?after=1&type=highlight") as events:  # from before a restart
            assert json.loads(await events.recv())["type"] == "gap"


async def test_a_listener_that_does_not_read_loses_the_oldest_and_delays_nobody() -> None:
    feed = EventFeed("stage")
    with feed.listen(None) as listener:
        assert listener is not None
        for number in range(QUEUE + 30):
            feed.publish(replace(CHAT, id=str(number)))
        gap, *rest = await listener.get()
        assert gap.data.missed == 30  # type: ignore[union-attr]
        assert [notice.data.id for notice in rest] == [str(number) for number in range(30, QUEUE + 30)]  # type: ignore[union-attr]
    assert feed.statistics().dropped == 30
    assert feed.statistics().listeners == 0


async def test_a_socket_that_is_never_read_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    studio = Studio()
    feed = studio.feeds["stage"]
    async with served(studio) as client, socket(client, "/v1/rooms/stage/events", max_queue=1):
        long = replace(SAID, text="很" * 3000)
        for _ in range(60):
            for _ in range(30):
                feed.publish(long)
            await asyncio.sleep(0.01)
        assert feed.statistics().dropped > 0
        assert (await client.get("/livez")).status_code == 200


async def test_what_was_said_is_forgotten_in_time() -> None:
    now_s = 1000.0
    feed = EventFeed("stage", transcript_ttl_s=300, now_s=lambda: now_s)
    feed.publish(SAID)
    feed.publish(MOMENT)
    assert len(feed.recent()) == 2
    now_s = 1301.0
    kept = feed.recent()
    assert [notice.type for notice in kept] == ["highlight"]
    assert kept[0].data.transcript == ""  # type: ignore[union-attr]


async def test_chat_is_taken_singly_and_in_batches_by_post_and_by_socket() -> None:
    studio = Studio()
    async with served(studio) as client:
        one = await client.post("/v1/rooms/stage/chat", json={"text": "666", "user": "a", "badge": "gold"})
        assert (one.status_code, one.json()) == (202, {"taken": 1})
        many = await client.post("/v1/rooms/stage/chat", json=[{"text": "冲"}, {"text": "gg", "user": "b"}])
        assert many.json() == {"taken": 2}
        async with socket(client, "/v1/rooms/stage/chat") as writer:
            await writer.send('{"text": "好球"}')
            await writer.send('[{"text": "wow"}, {"text": "wow"}]')
            await until(lambda: len(studio.chats) >= 6)
        assert studio.chats[0] == ChatLine("666", "a")
        assert [line.text for line in studio.chats] == ["666", "冲", "gg", "好球", "wow", "wow"]
        wrong = await client.post("/v1/rooms/stage/chat", json={"text": None})
        assert (wrong.status_code, '"text"' in wrong.json()["detail"]) == (422, True)


async def test_one_bad_line_of_the_chat_costs_that_line() -> None:
    studio = Studio()
    async with served(studio) as client:
        good = [{"text": "主播这件衣服有没有大码", "user": n} for n in range(100)]
        bad = [{"user": "x"}, {"text": ["no"]}, 7, None]
        told = await client.post("/v1/rooms/stage/chat", json=[*good[:50], *bad, *good[50:]])
        assert told.status_code == 202
        assert told.json()["taken"] == 100
        assert told.json()["dropped"] == studio.dropped == 4
        assert "line 50" in told.json()["reason"]
        assert studio.chats[99].user == "99"


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ('{"text": "hi", "user": 123456789}', ChatLine("hi", "123456789")),
        ('{"text": "hi", "user": null}', ChatLine("hi")),
        ('{"text": 666, "user": 1.5}', ChatLine("666", "1.5")),
        ('{"text": "hi", "user": 0}', ChatLine("hi")),  # what some platforms say of everybody
        ('{"text": "hi", "user": "undefined"}', ChatLine("hi")),
        ('{"text": "\\ud83d", "user": "a"}', ChatLine("?", "a")),
        ('\ufeff{"text": "hi"}', ChatLine("hi")),
        ('{"text": "a\tb\0", "user": "a\nb"}', ChatLine("a\tb\0", "a\nb")),  # strict JSON would have them escaped
        ('{"text": "hi", "user": ' + "9" * 5000 + "}", ChatLine("hi", "9" * 200)),
    ],
)
async def test_ids_may_be_numbers_or_missing_and_half_characters_are_survived(body: str, line: ChatLine) -> None:
    studio = Studio()
    async with served(studio) as client:
        assert (await client.post("/v1/rooms/stage/chat", content=body.encode())).status_code == 202
    assert studio.chats == [line]


async def test_lines_of_json_are_a_batch_and_a_packed_body_is_told_of() -> None:
    studio = Studio()
    async with served(studio) as client:
        lines = b'{"text": "666", "user": 1}\r\n{"text": "gg"\r\n\r\n{"text": "wow"}\n'
        told = (await client.post("/v1/rooms/stage/chat", content=lines)).json()
        assert (told["taken"], told["dropped"]) == (2, 1)
        assert "line 1" in told["reason"]
        packed = {"Content-Encoding": "gzip"}
        wrong = await client.post("/v1/rooms/stage/chat", content=gzip.compress(lines), headers=packed)
        assert (wrong.status_code, "gzip" in wrong.json()["detail"]) == (415, True)
    assert [line.text for line in studio.chats] == ["666", "wow"]


async def test_a_long_line_is_cut_and_a_batch_of_the_documented_size_fits() -> None:
    studio = Studio()
    lines = [{"text": "主播这件衣服有没有大码" * 5, "user": f"user{n:06d}"} for n in range(MAX_BATCH)]
    async with served(studio) as client:
        assert (await client.post("/v1/rooms/stage/chat", json=[{"text": "哈" * 3400}])).json()["taken"] == 1
        assert (await client.post("/v1/rooms/stage/chat", json=lines)).json()["taken"] == MAX_BATCH
        more = (await client.post("/v1/rooms/stage/chat", json=[{"text": "x"}] * (MAX_BATCH + 5))).json()
        assert (more["taken"], more["dropped"]) == (MAX_BATCH, 5)
        async with socket(client, "/v1/rooms/stage/chat") as writer:
            await writer.send(json.dumps(lines, ensure_ascii=False))
            await until(lambda: len(studio.chats) == 1 + 3 * MAX_BATCH)
    assert len(studio.chats[0].text) == 2000


async def test_a_socket_is_not_closed_for_what_lies_behind() -> None:
    studio = Studio()
    async with served(studio) as client, socket(client, "/v1/rooms/stage/chat") as writer:
        for _ in range(20):
            await writer.send("hello")
            await writer.send('{"text": "666"}')
        await until(lambda: len(studio.chats) == 20)
        assert studio.dropped == 20


async def test_a_chat_socket_that_speaks_no_chat_is_closed_with_a_reason() -> None:
    async with served(Studio()) as client, socket(client, "/v1/rooms/stage/chat") as writer:
        for _ in range(5):
            await writer.send("hello")
        with pytest.raises(ConnectionClosed) as closed:
            await writer.recv()
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, '"text"' in closed.value.rcvd.reason) == (1008, True)


async def test_single_posts_in_a_flood_are_turned_away_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "REQUESTS_PER_S", 2)
    studio = Studio()

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/v1/rooms/stage/chat", json={"text": "x"})

    async with served(studio) as client:
        answers = await asyncio.gather(*(ask(client) for _ in range(40)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused[0].headers["Retry-After"] == "1"
    assert "send lists" in refused[0].json()["detail"]
    assert (len(studio.chats), studio.dropped) == (40 - len(refused), len(refused))


@pytest.mark.parametrize("path", ["/v1/rooms/nowhere/events", "/v1/rooms/nowhere/chat"])
async def test_a_room_that_does_not_exist_is_refused_before_the_handshake(path: str) -> None:
    async with served(Studio()) as client:
        with pytest.raises(InvalidStatus) as refused:
            async with socket(client, path):
                pass
        assert refused.value.response.status_code == 404
        assert b"there is no such room" in refused.value.response.body


async def test_sockets_ask_for_token_host_and_origin_as_requests_do() -> None:
    token = {"Authorization": "Bearer token-of-the-studio"}
    async with served(Studio(), Access(token="token-of-the-studio", loopback=False)) as client:
        for headers, code in (({}, 401), ({**token, "Origin": "https://evil.example"}, 403)):
            with pytest.raises(InvalidStatus) as refused:
                async with socket(client, "/v1/rooms/stage/events", additional_headers=headers):
                    pass
            assert refused.value.response.status_code == code
        async with socket(client, "/v1/rooms/stage/events", additional_headers=token):
            pass
    async with served(Studio(), Access(loopback=False)) as client:
        with pytest.raises(InvalidStatus) as refused:  # writing needs a token where others can reach it
            async with socket(client, "/v1/rooms/stage/chat"):
                pass
        assert refused.value.response.status_code == 403
        with pytest.raises(InvalidStatus) as refused:  # and so does reading
            async with socket(client, "/v1/rooms/stage/events"):
                pass
        assert refused.value.response.status_code == 403


async def test_one_address_cannot_take_all_places_and_a_refusal_is_counted_and_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    studio = Studio()
    feed = studio.feeds["stage"]
    stack = ExitStack()
    for _ in range(MAX_OF_ADDRESS):
        stack.enter_context(feed.listen(None, address="127.0.0.1"))
    async with served(studio) as client:
        for _ in range(3):
            with pytest.raises(InvalidStatus) as refused:
                async with socket(client, "/v1/rooms/stage/events"):
                    pass
            assert refused.value.response.status_code == 503
            assert b"of one address" in refused.value.response.body
        with feed.listen(None, address="203.0.113.9") as other, feed.listen(None) as own:
            assert None not in (other, own)
    stack.close()
    assert feed.statistics().refused == 3
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]


def test_every_notice_is_one_line_and_comes_back_as_it_was() -> None:
    feed = EventFeed("stage")
    for data in (CHAT, SAID, MOMENT):
        notice = feed.publish(data)
        line = to_json(notice)
        assert b"\n" not in line
        assert from_json(line) == notice


async def test_a_room_has_so_many_listeners_and_a_message_so_many_bytes() -> None:
    studio = Studio()
    async with served(studio) as client:
        with ExitStack() as stack:
            for _ in range(MAX_LISTENERS):
                stack.enter_context(studio.feeds["stage"].listen(None, (), 0))
            with pytest.raises(InvalidStatus) as refused:
                async with socket(client, "/v1/rooms/stage/events"):
                    pass
            assert refused.value.response.status_code == 503
        async with socket(client, "/v1/rooms/stage/events") as listener:
            await listener.send("x" * (MAX_SOCKET_MESSAGE + 1))
            with pytest.raises(ConnectionClosed):
                await listener.recv()
            assert listener.close_code == 1009


@pytest.mark.parametrize("junk", [b"\x81\xff" + b"\xff" * 8, b"\x89\x80" + bytes(4) + b"\xff" * 30, b"\x00" * 40])
async def test_frames_that_are_none_end_a_connection_without_a_word(
    junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    upgrade = (
        "GET /v1/rooms/stage/events HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    async with served(Studio()) as client:
        reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
        writer.write(upgrade.encode())
        assert b"101" in await reader.readline()
        with suppress(ConnectionError):
            for _ in range(20):
                writer.write(junk)
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")]
