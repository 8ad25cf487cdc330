"""Who may come in: keys compared in constant time, the operator's auth hook, and a limit on trying."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from livefoley.core.errors import ProtocolError
from livefoley.media.auth import Authorizer, AuthRequest
from livefoley.media.token_bucket import Buckets

FAILURES = 30  # wrong keys an address may try for one room in a row, and then
FAILURE_INTERVAL_S = 2  # one in this time
_TRIES = ("key", "auth")


class Refused(ProtocolError):  # noqa: N818 - reads as what it is
    """A request that is answered with HTTP ``status``; ``reason`` is what it is counted under ("key", "offer", ...)."""

    def __init__(self, status: int, reason: str, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks. ``key`` is the bearer token, or the password that came with ``user``."""

    ip: str
    key: str = field(repr=False)
    user_agent: str = ""
    user: str = field(default="", repr=False)
    by_password: bool = False


class Admission:
    """Turns clients away, and counts it. ``action`` is what the hook is asked about: "publish" or "read"."""

    def __init__(self, action: str, auth: Authorizer | None, now: Callable[[], float]) -> None:
        self.asks = auth is not None
        self._action = action
        self._auth = auth
        self._rejected: Counter[tuple[str, str]] = Counter()  # by protocol and reason
        self._failures = Buckets(FAILURES, FAILURE_INTERVAL_S, now)
        self._salt = os.urandom(32)

    def rejected(self, protocol: str = "webrtc") -> Mapping[str, int]:
        """Return how many were turned away, by reason."""
        return {reason: count for (of, reason), count in self._rejected.items() if of == protocol}

    def count(self, protocol: str, reason: str) -> None:
        """Count one that was turned away."""
        self._rejected[protocol, reason] += 1

    def digest(self, key: str) -> bytes:
        """Return what is kept of a key: of equal length for every key, and under a salt, so comparing tells nothing."""
        return hmac.digest(self._salt, key.encode("utf-8", "surrogatepass"), "sha256")

    def fits(self, key_digest: bytes, client: Client) -> bool:
        """Say whether the client gave the key of ``key_digest``."""
        return hmac.compare_digest(key_digest, self.digest(client.key))

    @contextlib.contextmanager
    def counting(self, room: str, client: Client, protocol: str = "webrtc") -> Iterator[None]:
        """Count a refusal raised inside. Wrong keys also count against the room and the address, which may not try for
        ever (429); whoever has the right key, or needs none, is never refused for them: behind the same address may be
        an edge, a carrier's network, or one streaming PC."""
        try:
            yield
        except Refused as refused:
            if refused.reason in _TRIES and not self._failures.take(f"{client.ip} {room}"):
                refused = Refused(429, "rate", "too many wrong keys were tried; come back later", FAILURE_INTERVAL_S)
            self.count(protocol, refused.reason)
            raise refused from None

    async def ask(self, room: str, client: Client, protocol: str = "webrtc") -> None:
        """Ask the operator's hook, if there is one. Raises ``Refused`` (403)."""
        request = AuthRequest(
            ip=client.ip,
            action=self._action,
            path=room,
            protocol=protocol,
            id=secrets.token_hex(8),
            user=client.user,
            password=client.key if client.by_password else "",
            token="" if client.by_password else client.key,
            user_agent=client.user_agent[:256],
        )
        if self._auth is None:
            return
        if self._failures.empty(f"{client.ip} {room}"):  # whether a key is right only the hook can say
            raise Refused(429, "rate", "too many wrong keys were tried; come back later", FAILURE_INTERVAL_S)
        if not await self._auth.allow(request):
            raise Refused(403, "auth", f"the operator of this server does not let you {self._action} here")
