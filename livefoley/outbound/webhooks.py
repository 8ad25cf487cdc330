"""Tells an HTTP server of a room's events, signed, in order, with retries; it fails open and never delays a room.

A request is a POST of one notice as JSON. With a secret, ``X-Livefoley-Signature`` is ``sha256=`` and the hex
HMAC-SHA256 of the timestamp in ``X-Livefoley-Timestamp`` (Unix seconds), a dot and the body: who checks both is safe
from forgery and from old requests sent again. ``X-Livefoley-Delivery`` is the same for every try of one notice. A 20x
answer is success. 408, 425, 429, 50x and no answer at all are tried again; any other answer gives the notice up.
Redirects, and proxies of the environment, are not followed.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import socket
import ssl
import time
from collections.abc import Collection
from hashlib import sha256

import httpx
import structlog

from livefoley.control.api.events import to_json
from livefoley.control.state import Events
from livefoley.core.backoff import Backoff
from livefoley.core.errors import reason
from livefoley.core.notices import GapNotice, Notice
from livefoley.core.snapshots import DeliverySnapshot
from livefoley.media.auth import SIGNATURE_HEADER
from livefoley.media.urls import safe_url

log = structlog.get_logger("livefoley.webhook")

TIMESTAMP_HEADER = "X-Livefoley-Timestamp"
TRIES = 5
BACKOFF_S = (0.5, 15.0)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429})  # of 4xx, those that may pass


class Webhook:
    """Delivers the notices of ``types`` to ``url``; ``run`` it for as long as the room lives."""

    def __init__(
        self,
        events: Events,
        url: str,
        *,
        secret: str | None = None,
        types: Collection[str] = ("highlight",),
        timeout_s: float = 5.0,
    ) -> None:
        self._events = events
        self._url = url
        self._secret = secret.encode() if secret else None
        self._types = types
        self._timeout_s = timeout_s
        self._refused = ""  # why the last try did not arrive
        self._delivered = self._dropped = self._retries = 0

    async def run(self) -> None:
        """Deliver until cancelled. What waits is bounded by the listener's queue; the oldest is dropped first."""
        client = httpx.AsyncClient(timeout=self._timeout_s, follow_redirects=False, trust_env=False)
        with self._events.listen(None, self._types) as listener:
            async with client:
                while listener is not None:
                    for notice in await listener.get(1):
                        await self._take(client, notice)

    async def _take(self, client: httpx.AsyncClient, notice: Notice) -> None:
        if isinstance(notice.data, GapNotice):
            self._dropped += notice.data.missed
            return
        refused = await self._deliver(client, notice)
        if refused:
            self._dropped += 1
        else:
            self._delivered += 1
        self._note(refused)

    async def _deliver(self, client: httpx.AsyncClient, notice: Notice) -> str:
        """Return why a notice did not arrive; empty when it did."""
        body = to_json(notice)
        refused = ""
        backoff = Backoff(BACKOFF_S)
        for attempt in range(TRIES):
            if attempt:
                self._retries += 1
                await asyncio.sleep(backoff.next_s())
            answer = await self._post(client, notice, body)
            refused = _refusal(answer) if isinstance(answer, int) else answer
            if isinstance(answer, int) and answer < 500 and answer not in _PASSING:
                return refused
            self._note(refused)
        return refused

    async def _post(self, client: httpx.AsyncClient, notice: Notice, body: bytes) -> int | str:
        """Return the status of the answer, which is not read, or why there is none in time."""
        headers = self._headers(notice, body)
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                client.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                return answer.status_code
        except (httpx.TimeoutException, TimeoutError):
            return f"no answer in {self._timeout_s:g} s (timeout_s)"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return _cause(error)

    def _headers(self, notice: Notice, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Livefoley-Event": notice.type,
            "X-Livefoley-Delivery": f"{notice.room}-{notice.id}",
            TIMESTAMP_HEADER: timestamp,
        }
        if self._secret is not None:
            headers[SIGNATURE_HEADER] = signature(self._secret, timestamp, body)
        return headers

    def _note(self, refused: str) -> None:
        """Log the change from good to bad and back, and to bad for another reason, not every try."""
        if not refused and self._refused:
            log.info("webhook answers again", hook=safe_url(self._url))
        elif refused != self._refused:
            log.warning("webhook does not take events", hook=safe_url(self._url), reason=refused)
        self._refused = refused

    def statistics(self) -> DeliverySnapshot:
        """Return a snapshot."""
        counts = (self._delivered, self._dropped, self._retries)
        return DeliverySnapshot("webhook", not self._refused, *counts, reason=self._refused)


def _refusal(status: int) -> str:
    """Return why an answer is no success; empty when it is one."""
    if 200 <= status < 300:
        return ""
    if status in _REDIRECTS:
        return f"it answers {status}: redirects are not followed, give the URL it leads to"
    return f"it answers {status}"


def _cause(error: BaseException) -> str:
    """Return why there was no answer, in a few words without the URL."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({seen.verify_message})"
        if isinstance(seen, ssl.SSLError):
            return f"TLS does not come about ({seen.reason or reason(seen)})"
        if isinstance(seen, socket.gaierror):
            return "its host is not known"
        if isinstance(seen, OSError) and seen.errno:
            return f"it cannot be reached ({os.strerror(seen.errno)})"
        seen = seen.__cause__ or seen.__context__
    if isinstance(error, httpx.RemoteProtocolError):
        return "it hung up, or what it answered is no HTTP"
    return f"the connection broke off ({type(error).__name__})"


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return what a receiver has to find in the signature header."""
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, sha256).hexdigest()
