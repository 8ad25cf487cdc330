"""Who may speak to the control port: hosts and origins (DNS rebinding, CSRF), the bearer token, sizes, time.

A page on a foreign site can make a browser send requests here, under its own name after rebinding it. So a request must
name this server (an IP address cannot be rebound, localhost neither, other names are listed), and one that comes from a
page must come from a page of this server or of a listed host.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import traceback
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from livefoley.control.api.chat_lines import MAX_CHAT_BYTES
from livefoley.control.problems import Problem

log = structlog.get_logger("livefoley.control")

MAX_BODY_BYTES = 64 * 1024
MAX_SDP_BYTES = 128 * 1024
BODY_TIMEOUT_S = 10.0
PROTECTED = frozenset({"v1", "generate_audio"})  # first segments of what is the operator's alone
INSIGHT = frozenset({"metrics", "healthz"})  # theirs, too, where they say so
UPLOADS = "/v1/render"  # what takes bodies that are no JSON as they come, and bounds them itself
_LARGER = {("/whip", "/whep"): MAX_SDP_BYTES, ("/chat",): MAX_CHAT_BYTES}  # bodies, by the end of their path
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")  # what proxies put in: then it is not this machine that asks


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use the API. ``loopback`` says that only this machine reaches the listener.

    Without ``token`` the API is for this machine: closed on any other listener, and for what a proxy sends on.
    With ``protect_metrics`` metrics and health are as the API is. Who may watch a room, `ReadAccess` says.
    """

    token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    loopback: bool = True
    protect_metrics: bool = False

    def knows_host(self, host: str) -> bool:
        """Say whether ``host`` (a host name or address, no port) names this server."""
        return host == "localhost" or host in self.allowed_hosts or _is_address(host)

    def knows_origin(self, origin: str, host_header: str) -> bool:
        """Say whether a page at ``origin`` may speak to us: our own pages, this machine's, and listed hosts'."""
        try:
            parts = urlsplit(origin)
            host = (parts.hostname or "").lower()
        except ValueError:  # a bracket without its other half, a character that normalises to a separator
            return False
        return parts.netloc.lower() == host_header.lower() or host in self.allowed_hosts or _is_loopback(host)

    def knows_token(self, given: str) -> bool:
        """Compare in constant time, whatever the lengths."""
        wanted = hashlib.sha256((self.token or "").encode()).digest()
        return self.token is not None and hmac.compare_digest(hashlib.sha256(given.encode()).digest(), wanted)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


class Guard:
    """ASGI middleware: turns away what may not come in, bounds what may, and answers for what breaks inside."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        if scope["type"] != "http":
            return
        answer = _Answer(send, self._allowed_origin(scope))
        try:
            self._check(scope)
            await self._app(scope, receive if _is_upload(scope) else await _bounded(scope, receive), answer)
        except _Gone:
            return
        except Problem as problem:
            await problem.response(scope["path"])(scope, receive, answer)
        except Exception as error:
            log.error("request failed", method=scope["method"], path=scope["path"], error=repr(error), at=_where(error))
            if not answer.started:
                broken = Problem(500, "an error of livefoley's own; its log says more")
                await broken.response(scope["path"])(scope, receive, answer)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket; who may not have one is told why as an HTTP answer."""
        try:
            self._check(scope)
            await self._app(scope, receive, send)
        except Problem as problem:
            await problem.response()(scope, receive, send)
        except Exception as error:
            log.error("socket failed", path=scope["path"], error=repr(error), at=_where(error))

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._access.knows_host(_without_port(host)):
            raise Problem(421, "this server does not go by that name; add it to server.http.allowed_hosts")
        origin = headers.get("origin")
        if origin is not None and not self._access.knows_origin(origin, host):
            raise Problem(403, "pages of that origin may not speak to this server; see server.http.allowed_hosts")
        first = scope["path"].lstrip("/").split("/", 1)[0]
        if first in PROTECTED or (first in INSIGHT and self._access.protect_metrics):
            self._authorise(headers)

    def _authorise(self, headers: Headers) -> None:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if self._access.token is None:
            if not self._access.loopback or any(name in headers for name in _FORWARDED):
                raise Problem(403, "this needs a token where others reach the listener; set server.http.token")
        elif scheme.lower() != "bearer" or not self._access.knows_token(given.strip()):
            raise Problem(401, "give the token: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"})

    def _allowed_origin(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        origin, host = headers.get("origin"), headers.get("host", "")
        return origin if origin is not None and self._access.knows_origin(origin, host) else None


class _Gone(Exception):  # noqa: N818
    """The client went away before it had sent its body."""


class _Answer:
    """Sends an answer on, with the headers every answer has; ``started`` says whether it has begun."""

    def __init__(self, send: Send, origin: str | None) -> None:
        self._send = send
        self._origin = origin
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers["X-Content-Type-Options"] = "nosniff"
            if self._origin is not None:
                headers["Access-Control-Allow-Origin"] = self._origin
            headers.add_vary_header("Origin")
        await self._send(message)


def _where(error: Exception) -> str:
    """Return the innermost calls of a traceback on one line: a full one takes long to print, with locals it leaks."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)


def _without_port(host: str) -> str:
    """Return the host of a Host header in lower case, brackets off; empty when it is malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower() if not set(host) & set("/?#@\\") else ""
    except ValueError:
        return ""


def _is_upload(scope: Scope) -> bool:
    kind = Headers(scope=scope).get("content-type", "")
    return scope["method"] == "POST" and scope["path"] == UPLOADS and not kind.lower().startswith("application/json")


async def _bounded(scope: Scope, receive: Receive) -> Receive:
    """Take the whole body within ``BODY_TIMEOUT_S`` and return a ``receive`` over it.

    It has at most ``MAX_BODY_BYTES``, an SDP offer ``MAX_SDP_BYTES``, a batch of chat ``MAX_CHAT_BYTES``.
    """
    length = Headers(scope=scope).get("content-length", "0")
    most = next((most for ends, most in _LARGER.items() if scope["path"].endswith(ends)), MAX_BODY_BYTES)
    if not length.isdecimal() or int(length) > most:
        raise Problem(413, f"a body has at most {most} bytes")
    body = bytearray()
    more = True
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Gone
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > most:
                    raise Problem(413, f"a body has at most {most} bytes")
    except TimeoutError:
        raise Problem(408, f"the body did not come within {BODY_TIMEOUT_S:g} s") from None
    taken = False

    async def replay() -> Message:
        nonlocal taken
        if taken:
            return await receive()
        taken = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return replay
