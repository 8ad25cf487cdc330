"""Who may speak to the control port, and how much."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.control.guard import MAX_BODY_BYTES, Access
from tests.control.studio import Studio, served
from tests.support.waiting import LIMIT_S

METHODS = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]


async def test_a_foreign_host_is_turned_away_on_every_method() -> None:
    async with served(Studio()) as client:
        for method in METHODS:
            answer = await client.request(method, "/v1/rooms", headers={"Host": "evil.example"})
            assert answer.status_code == 421, method


async def test_a_page_from_elsewhere_is_turned_away_on_every_method() -> None:
    async with served(Studio()) as client:
        for origin in ("http://evil.example", "null", "https://6.6.6.6", "http://localhost.evil.example"):
            for method in METHODS:
                answer = await client.request(method, "/v1/rooms/stage", headers={"Origin": origin})
                assert answer.status_code == 403, (method, origin)
                assert "access-control-allow-origin" not in answer.headers


async def test_our_own_names_are_known() -> None:
    async with served(Studio(), Access(allowed_hosts=("live.example.com",))) as client:
        for host in ("localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:80", "192.0.2.7", "live.example.com"):
            assert (await client.get("/livez", headers={"Host": host})).status_code == 200, host


async def test_pages_of_listed_hosts_and_of_this_server_may_read_the_answer() -> None:
    async with served(Studio(), Access(allowed_hosts=("live.example.com",))) as client:
        own = str(client.base_url).rstrip("/")
        for origin in ("https://live.example.com", "http://localhost:3000", own):
            answer = await client.get("/v1/rooms", headers={"Origin": origin})
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == origin
            assert "Origin" in answer.headers["vary"]


async def test_without_the_token_the_api_says_401_and_playback_goes_on() -> None:
    async with served(Studio(), Access(token="right-token")) as client:
        for given_token in ("", "Bearer", "Bearer wrong", "Basic right-token", "Bearer right-token-and-more"):
            client.headers["Authorization"] = given_token
            answer = await client.get("/v1/rooms")
            assert answer.status_code == 401, given_token
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "right-token" not in answer.text
            assert (await client.get("/livez")).status_code == 200
            assert (await client.get("/metrics")).status_code == 200


async def test_with_the_token_everything_is_open() -> None:
    access = Access(token="right-token", loopback=False)
    async with served(Studio(), access) as client:
        client.headers["Authorization"] = "bearer right-token"
        assert (await client.get("/v1/rooms")).status_code == 200
        assert (await client.patch("/v1/rooms/stage", json={"mute": True})).status_code == 200


API = ("/v1/rooms", "/v1/rooms/stage/events", "/v1/openapi.json", "/v1/clips", "/v1/clips/x/links", "/generate_audio")


async def test_a_listener_others_reach_has_no_api_without_a_token() -> None:
    async with served(Studio(), Access(loopback=False)) as client:
        for method in METHODS:
            for path in API:
                answer = await client.request(method, path)
                assert answer.status_code == 403, (method, path)
        assert "server.http.token" in (await client.get("/v1/rooms")).json()["detail"]
        for path in ("/livez", "/readyz", "/healthz", "/metrics"):
            assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
async def test_what_a_proxy_sends_on_does_not_come_from_this_machine(header: str) -> None:
    async with served(Studio()) as client:
        assert (await client.get("/v1/rooms")).status_code == 200
        assert (await client.get("/v1/rooms", headers={header: "203.0.113.9"})).status_code == 403
    async with served(Studio(), Access(token="right-token")) as client:
        headers = {header: "203.0.113.9", "Authorization": "Bearer right-token"}
        assert (await client.get("/v1/rooms", headers=headers)).status_code == 200


async def test_metrics_and_health_are_closed_where_the_operator_says_so_and_probes_never() -> None:
    async with served(Studio(), Access(token="right-token", protect_metrics=True)) as client:
        for path in ("/metrics", "/healthz"):
            assert (await client.get(path)).status_code == 401
            assert (await client.get(path, headers={"Authorization": "Bearer right-token"})).status_code == 200
        for path in ("/livez", "/readyz"):
            assert (await client.get(path)).status_code == 200


async def test_a_body_over_the_limit_is_refused_whether_its_length_is_told_or_not() -> None:
    async def endless() -> object:
        for _ in range(100):
            yield b" " * 4096

    async with served(Studio()) as client:
        told = await client.patch("/v1/rooms/stage", content=b" " * (MAX_BODY_BYTES + 1))
        assert told.status_code == 413
        try:
            untold = await client.patch("/v1/rooms/stage", content=endless())  # type: ignore[arg-type]
            assert untold.status_code == 413
        except httpx.WriteError:  # the server closed while the rest was on its way
            pass
        assert (await client.get("/livez")).status_code == 200


async def test_a_client_that_leaves_in_the_middle_of_its_body_harms_nobody() -> None:
    async with served(Studio()) as client:
        _, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(b"PATCH /v1/rooms/stage HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        writer.close()
        assert (await client.get("/livez")).status_code == 200


async def test_a_request_without_a_proper_host_is_turned_away() -> None:
    heads = (b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.1\r\nHost: a@localhost", b"HTTP/1.1\r\nHost: localhost\r\nHost: x")
    async with served(Studio()) as client:
        for head in heads:
            reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
            writer.write(b"GET /livez " + head + b"\r\n\r\n")
            status = await asyncio.wait_for(reader.readline(), LIMIT_S)
            writer.close()
            assert status.split()[1] in (b"400", b"421"), head


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "http://a\u2100b", "http://]"])
async def test_an_origin_that_cannot_be_read_is_turned_away(origin: str) -> None:
    assert not Access().knows_origin(origin, "localhost:8080")


async def test_only_the_api_itself_wants_the_token_and_no_room_that_is_named_like_it() -> None:
    async with served(Studio(), Access(token="right-token")) as client:
        for path in ("/v1-shop/whep", "/v1x", "/v1-shop", "/generate_audio2"):
            assert (await client.get(path)).status_code != 401, path
        for path in ("/v1", "/v1/", "/v1/rooms", "/generate_audio"):
            assert (await client.get(path)).status_code == 401, path


@given(st.text(max_size=40))
def test_any_origin_is_judged_without_an_error(origin: str) -> None:
    access = Access(allowed_hosts=("live.example.com",))
    known = access.knows_origin(origin, "localhost:8080")
    assert not known or any(name in origin.lower() for name in ("localhost", "live.example.com", "127.", "::1"))


@given(st.text(max_size=30), st.text(max_size=30))
def test_only_the_very_token_is_known(token: str, other: str) -> None:
    assert Access(token=token).knows_token(other) is (token == other)


async def test_clients_of_generate_audio_read_what_was_wrong_as_an_error() -> None:
    async with served(Studio(), Access(token="right-token", loopback=False)) as client:
        for headers in ({}, {"Authorization": "Bearer right-token"}):
            told = (await client.post("/generate_audio", json={}, headers=headers)).json()
            assert told["error"] == told["detail"]
        assert "error" not in (await client.get("/v1/rooms")).json()
