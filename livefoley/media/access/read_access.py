"""Who may watch and read what of a room: the one answer, for WebRTC, HLS and clips.

| the room has | WHEP | HLS | clips without a secret for links |
|---|---|---|---|
| a play key | who gives it | who gives it | who gives it |
| none, and is public | everybody | everybody | everybody |
| neither, but the operator has an auth hook | whom the hook lets in | the same | the same |
| none of these | this machine alone | everybody | everybody |

The last row: an ``hls`` output was asked for by name, and costs no more for many than for one; a WebRTC session does.
With a secret, clips are for who has a signed link. Events, transcripts and all else of ``/v1`` are the operator's: for
who has the API's token (`control.guard`).

Players that cannot send a key with every request get a *pass*, a part of the path (``/ROOM/hls/PASS/index.m3u8``): the
segments' addresses are relative to the playlist's, and so carry it.
"""

from __future__ import annotations

import contextlib
import hmac
import math
import os
import time
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from livefoley.media.access.admission import Admission, Client, Refused
from livefoley.media.auth import Authorizer

WEBRTC, HLS, CLIPS = "webrtc", "hls", "clips"
"""What is read, as the auth hook is told it."""

PASS_S = 6 * 3600
_SHARED_S = 300
REMEMBERED_S = 60.0  # for so long a yes of the hook goes for a client's next requests
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class _Rule:
    key_digest: bytes | None
    public: bool


class ReadAccess:
    """Knows the rules of the rooms that `register`. ``loopback``: only this machine reaches the listener.

    ``now`` tells seconds of a monotonic clock. Passes do not outlive the process, which asks for the key again.
    """

    def __init__(
        self, *, loopback: bool = True, auth: Authorizer | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._loopback = loopback
        self._now = now
        self._admission = Admission("read", auth, now)
        self._secret = os.urandom(32)
        self._rules: dict[str, _Rule] = {}
        self._allowed: OrderedDict[bytes, float] = OrderedDict()

    def register(self, room: str, key: str | None = None, *, public: bool = False) -> None:
        """Set a room's rule."""
        self._rules[room] = _Rule(self._admission.digest(key) if key is not None else None, public)

    def rejected(self, protocol: str) -> Mapping[str, int]:
        """Return how many were turned away, by reason."""
        return self._admission.rejected(protocol)

    def guarded(self, room: str) -> bool:
        """Say whether a room's HLS and clips are for some and not for all."""
        rule = self._rules.get(room)
        return rule is None or rule.key_digest is not None or (self._admission.asks and not rule.public)

    def by_key_alone(self, room: str) -> bool:
        """Say whether the key decides who reads a room, or nothing does: not who asks, as it may for the hook."""
        rule = self._rules.get(room)
        return rule is not None and (rule.public or not self._admission.asks)

    def check(self, room: str, client: Client, protocol: str) -> None:
        """Look at the key alone. Raises ``Refused``: 404 for no such room, 401, 403, 429 for who tries many keys."""
        with self._admission.counting(room, client, protocol):
            self._check(room, client, protocol)

    async def let_in(self, room: str, client: Client, protocol: str) -> None:
        """Ask the auth hook, too, where there is one. Raises ``Refused``."""
        with self._admission.counting(room, client, protocol):
            rule = self._check(room, client, protocol)
            if rule.public or not self._admission.asks:
                return
            if protocol == WEBRTC:
                await self._admission.ask(room, client, protocol)
                return
            asked = self._admission.digest("\0".join((protocol, room, client.ip, client.user, client.key)))
            if self._allowed.get(asked, 0.0) > self._now():
                return
            await self._admission.ask(room, client, protocol)
            self._remember(asked)

    def counting(self, room: str, client: Client, protocol: str) -> contextlib.AbstractContextManager[None]:
        """Count a refusal raised inside."""
        return self._admission.counting(room, client, protocol)

    def count(self, protocol: str, reason: str) -> None:
        """Count one that was let go without having asked for it."""
        self._admission.count(protocol, reason)

    # ---- passes ----

    def sign(self, room: str) -> str:
        """Return a pass for a room's HLS, good for ``PASS_S`` at least; for who was let in.

        All who come within some minutes get the same, so that edges need not ask for each of them.
        """
        expires = f"{math.ceil((self._now() + PASS_S) / _SHARED_S) * _SHARED_S:x}"
        return f"{expires}.{self._seal(room, expires)}"

    def check_pass(self, room: str, given: str) -> None:
        """Raise ``Refused``: 403 for a pass that was not given for this room, 410 for one that has ended."""
        expires, _, seal = given.partition(".")
        right = hmac.compare_digest(self._seal(room, expires).encode(), seal.encode("utf-8", "surrogatepass"))
        with self._admission.counting(room, Client("", ""), HLS):
            if not right:
                raise Refused(403, "pass", f"this address is none that was given out; ask for one at /{room}/hls")
            if int(expires, 16) < self._now():
                raise Refused(410, "pass", f"this address has ended; ask for a new one at /{room}/hls")

    def _seal(self, room: str, expires: str) -> str:
        signed = hmac.digest(self._secret, f"{expires}/{room}".encode("utf-8", "surrogatepass"), "sha256")
        return urlsafe_b64encode(signed[:24]).decode()

    # ---- inside ----

    def _check(self, room: str, client: Client, protocol: str) -> _Rule:
        rule = self._rules.get(room)
        if rule is None:
            raise Refused(404, "room", "there is no room of that name")
        if rule.key_digest is not None:
            if not self._admission.fits(rule.key_digest, client):
                raise Refused(401, "key", "give the room's play key: Authorization: Bearer KEY")
        elif protocol == WEBRTC and not (rule.public or self._loopback or self._admission.asks):
            raise Refused(403, "closed", "this room is for nobody yet; its operator sets whep.key or whep.public")
        return rule

    def _remember(self, asked: bytes) -> None:
        self._allowed[asked] = self._now() + REMEMBERED_S
        self._allowed.move_to_end(asked)
        while len(self._allowed) > _REMEMBERED:
            self._allowed.popitem(last=False)
