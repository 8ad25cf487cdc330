"""The auth hook, against a real HTTP server."""

from __future__ import annotations

import hmac
import json

import pytest

from livefoley.core.errors import ConfigError
from livefoley.media.auth import SIGNATURE_HEADER, AuthRequest, HttpAuth
from tests.support.hooks import hook
from tests.support.ports import free_port

REQUEST = AuthRequest.of_query(
    ip="203.0.113.7",
    action="publish",
    path="live/secret-key",
    protocol="rtmp",
    id="7d0c",
    query="user=anna&pass=secret-word&token=secret-token",
    user_agent="FMLE/3.0",
)


async def ask(port: int, **options: object) -> bool:
    auth = HttpAuth(f"http://127.0.0.1:{port}/auth?hook=hidden-part", **options)  # type: ignore[arg-type]
    try:
        return await auth.allow(REQUEST)
    finally:
        await auth.aclose()


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("200 OK", True),
        ("204 No Content", True),
        ("401 Unauthorized", False),
        ("403 Forbidden", False),
        ("500 Oops", False),
    ],
)
async def test_20x_allows_and_nothing_else_does(status: str, verdict: bool) -> None:
    async with hook(status=status) as answering:
        assert await ask(answering.port) is verdict


async def test_the_body_is_mediamtxs() -> None:
    async with hook() as answering:
        await ask(answering.port)
    assert json.loads(answering.bodies[0]) == {
        "user": "anna",
        "password": "secret-word",
        "token": "secret-token",
        "ip": "203.0.113.7",
        "action": "publish",
        "path": "live/secret-key",
        "protocol": "rtmp",
        "id": "7d0c",
        "query": "user=anna&pass=secret-word&token=secret-token",
        "userAgent": "FMLE/3.0",
    }
    assert SIGNATURE_HEADER.lower() not in answering.heads[0].lower()


async def test_with_a_secret_the_body_is_signed() -> None:
    async with hook() as answering:
        await ask(answering.port, secret="shared")
    expected = hmac.new(b"shared", answering.bodies[0], "sha256").hexdigest()
    assert f"{SIGNATURE_HEADER.lower()}: sha256={expected}" in answering.heads[0].lower()


async def test_a_hook_that_is_slow_or_down_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    async with hook(delay_s=2) as answering:
        assert await ask(answering.port, timeout_s=0.1) is False
    assert await ask(free_port()) is False
    said = "".join(capsys.readouterr())
    assert said.count("auth hook failed") == 2
    assert not [part for part in ("secret", "hidden", "/auth") if part in said]


async def test_a_redirect_is_not_followed() -> None:
    async with (
        hook() as elsewhere,
        hook(status="302 Found", extra=f"Location: http://127.0.0.1:{elsewhere.port}/\r\n") as answering,
    ):
        assert await ask(answering.port) is False
        assert elsewhere.bodies == []


def test_only_http_urls_are_hooks() -> None:
    with pytest.raises(ConfigError, match="not an http or https URL"):
        HttpAuth("ftp://example.com/hook")


def test_nothing_printed_shows_a_secret() -> None:
    assert "secret" not in repr(REQUEST)
