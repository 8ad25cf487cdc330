"""Asking the operator whether a publisher or a viewer may come in: an HTTP hook in MediaMTX's shape. Fails closed."""

from __future__ import annotations

import asyncio
import hmac
import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Protocol
from urllib.parse import parse_qs

import httpx
import structlog

from livefoley.core.errors import ConfigError
from livefoley.media.urls import safe_url

log = structlog.get_logger("livefoley.auth")

SIGNATURE_HEADER = "X-Livefoley-Signature"
"""``sha256=`` and the hex HMAC-SHA256 of the request's body under the shared secret."""


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """Who wants to do what. Holds secrets: ``repr`` shows none of them."""

    ip: str
    action: str  # "publish", "read"
    path: str = field(repr=False)  # "live/" + stream key; the room for others
    protocol: str  # "rtmp", "rtmps", "webrtc", "hls", "clips"
    id: str
    query: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    user_agent: str = ""

    @classmethod
    def of_query(
        cls, *, ip: str, action: str, path: str, protocol: str, id: str, query: str, user_agent: str
    ) -> AuthRequest:
        """Return a request whose user, password and token are those in ``query`` (``user=..&pass=..&token=..``)."""
        found = {name: values[-1] for name, values in parse_qs(query).items()}
        return cls(
            ip=ip,
            action=action,
            path=path,
            protocol=protocol,
            id=id,
            query=query,
            user=found.get("user", ""),
            password=found.get("pass", found.get("password", "")),
            token=found.get("token", found.get("jwt", "")),
            user_agent=user_agent,
        )


class Authorizer(Protocol):
    """Says whether somebody may do something."""

    async def allow(self, request: AuthRequest) -> bool:
        """Return the verdict. Never raises; bounded in time."""
        ...

    async def aclose(self) -> None:
        """Give back what it holds; it is not asked again."""
        ...


class HttpAuth:
    """POSTs the request as JSON to ``url``; a 20x answer within ``timeout_s`` allows, all else refuses.

    The body is MediaMTX's: ``{user, password, token, ip, action, path, protocol, id, query, userAgent}``. With
    ``secret`` it is signed, see `SIGNATURE_HEADER`. Redirects and proxies of the environment are not followed.
    """

    def __init__(self, url: str, timeout_s: float = 5.0, secret: str | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"auth hook: {safe_url(url)} is not an http or https URL")
        self._url = url
        self._secret = secret.encode() if secret else None
        self._client = httpx.AsyncClient(timeout=timeout_s, follow_redirects=False, trust_env=False)
        self._timeout_s = timeout_s

    async def allow(self, request: AuthRequest) -> bool:
        """Ask; False also when the hook is down, slow or answers anything but 20x."""
        body = _body(request)
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.post(self._url, content=body, headers=self._headers(body))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            log.warning("auth hook failed", hook=safe_url(self._url), error=type(error).__name__)
            return False
        return 200 <= response.status_code < 300

    async def aclose(self) -> None:
        """Close the connections held."""
        await self._client.aclose()

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self._secret is not None:
            headers[SIGNATURE_HEADER] = "sha256=" + hmac.new(self._secret, body, sha256).hexdigest()
        return headers


def _body(request: AuthRequest) -> bytes:
    fields = asdict(request)
    fields["userAgent"] = fields.pop("user_agent")
    return json.dumps(fields).encode()
