"""Who may come in: keys compared in constant time, the operator's auth hook, and a limit on trying."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from livefoley.media.auth import Authorizer, AuthRequest
from livefoley.media.token_bucket import Buckets
from livefoley.media.webrtc.offer import Refused

FAILURES = 30  # refused requests an address may make in a row, and then
FAILURE_INTERVAL_S = 2  # one in this time


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks. ``key`` is the bearer token."""

    ip: str
    key: str = field(repr=False)
    user_agent: str = ""


class Admission:
    """Turns clients away, and counts it. ``action`` is what the hook is asked about: "publish" or "read"."""

    def __init__(self, action: str, auth: Authorizer | None, now: Callable[[], float]) -> None:
        self.asks = auth is not None
        self._action = action
        self._auth = auth
        self._rejected: Counter[str] = Counter()
        self._failures = Buckets(FAILURES, FAILURE_INTERVAL_S, now)
        self._salt = os.urandom(32)

    @property
    def rejected(self) -> Mapping[str, int]:
        """How many were turned away, by reason."""
        return dict(self._rejected)

    def digest(self, key: str) -> bytes:
        """Return what is kept of a key: of equal length for every key, and under a salt, so comparing tells nothing."""
        return hmac.digest(self._salt, key.encode("utf-8", "surrogatepass"), "sha256")

    def fits(self, key_digest: bytes, client: Client) -> bool:
        """Say whether the client gave the key of ``key_digest``."""
        return hmac.compare_digest(key_digest, self.digest(client.key))

    @contextlib.contextmanager
    def counting(self, client: Client) -> Iterator[None]:
        """Count a refusal raised inside; also against its address, which may not try for ever (429)."""
        try:
            if self._failures.empty(client.ip):
                raise Refused(429, "rate", "too many requests were refused; come back later", FAILURE_INTERVAL_S)
            yield
        except Refused as refused:
            self._rejected[refused.reason] += 1
            if refused.status < 429 and refused.status != 409:  # 409: right in itself, at the wrong moment
                self._failures.take(client.ip)
            raise

    async def ask(self, room: str, client: Client) -> None:
        """Ask the operator's hook, if there is one. Raises ``Refused`` (403)."""
        request = AuthRequest(
            ip=client.ip,
            action=self._action,
            path=room,
            protocol="webrtc",
            id=secrets.token_hex(8),
            token=client.key,
            user_agent=client.user_agent[:256],
        )
        if self._auth is not None and not await self._auth.allow(request):
            raise Refused(403, "auth", f"the operator of this server does not let you {self._action} here")
