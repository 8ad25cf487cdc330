"""WHIP ingest (RFC 9725) without the HTTP: keys, sessions, takeover. The HTTP part is `livefoley.control.whip`."""

from __future__ import annotations

import asyncio
import hmac
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from livefoley.core.errors import ProtocolError
from livefoley.media.webrtc.ice import IceSettings
from livefoley.media.webrtc.session import WhipSession
from livefoley.media.webrtc.source import OnDuplicate, WhipSource

log = structlog.get_logger("livefoley.webrtc")

RETRY_AFTER_S = 2


class WhipRefused(ProtocolError):  # noqa: N818 - reads as what it is
    """A request that is answered with ``status``; the message says what would be right."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """A new session: its name in URLs, its entity tag, and the SDP answer."""

    session: str
    etag: str
    sdp: str


@dataclass(slots=True)
class _Entry:
    source: WhipSource
    key_digest: bytes
    lock: asyncio.Lock


class WhipServer:
    """Takes publishers for rooms that `register`; each has its own key, given as bearer token."""

    def __init__(
        self, ice: IceSettings | None = None, *, max_sessions: int = 64, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.rejected: Counter[str] = Counter()
        self.ice = ice or IceSettings()
        self._max_sessions = max_sessions
        self._now = now
        self._salt = os.urandom(32)
        self._rooms: dict[str, _Entry] = {}

    def register(self, room: str, key: str, *, on_duplicate: OnDuplicate = "replace") -> WhipSource:
        """Open ``/room/whip`` to publishers with ``key``."""
        source = WhipSource(room, on_duplicate, self._now)
        self._rooms[room] = _Entry(source, self._digest(key), asyncio.Lock())
        return source

    @property
    def sessions(self) -> int:
        """How many publishers are here."""
        return sum(entry.source.session is not None for entry in self._rooms.values())

    def authorise(self, room: str, key: str) -> WhipSource:
        """Return the source of a room. Raises ``WhipRefused``: 404 for no such room, 401 for another key."""
        return self._entry(room, key).source

    async def publish(self, room: str, key: str, offer: str) -> Answer:
        """Begin a session. Raises ``WhipRefused``."""
        entry = self._entry(room, key)
        check_offer(offer)
        async with entry.lock:
            return await self._begin(entry.source, offer)

    def find(self, room: str, key: str, session: str) -> WhipSession:
        """Return a room's session. Raises ``WhipRefused`` when it has no such session."""
        found = self._entry(room, key).source.session
        if found is None or not hmac.compare_digest(found.id.encode(), session.encode()):
            raise WhipRefused(404, "there is no such session; it may be over")
        return found

    async def close(self) -> None:
        """End every session."""
        sessions = [entry.source.session for entry in self._rooms.values()]
        await asyncio.gather(*(session.close("livefoley is stopping") for session in sessions if session is not None))

    async def _begin(self, source: WhipSource, offer: str) -> Answer:
        before = source.session
        if not source.running or (before is None and self.sessions >= self._max_sessions):
            raise self._refuse("busy", 503, "no publisher can be taken now; come back in a moment")
        if before is not None and source.on_duplicate == "reject":
            raise self._refuse("duplicate", 409, "the room has a publisher; it must leave first")
        session = WhipSession(source, self.ice)
        try:
            sdp = await session.answer(offer)
        except BaseException as error:
            await session.close("the offer was refused")
            if isinstance(error, ProtocolError):
                raise self._refuse("offer", 422, str(error)) from None
            raise
        if before is not None and not before.closed:
            source.took_over()
            await before.close("another publisher took over")
        source.admit(session)
        log.info("publisher came", room=source.room, protocol="whip")
        return Answer(session.id, session.etag, sdp)

    def _entry(self, room: str, key: str) -> _Entry:
        entry = self._rooms.get(room)
        if entry is None:
            raise self._refuse("room", 404, "there is no room of that name that takes WHIP")
        if not hmac.compare_digest(entry.key_digest, self._digest(key)):
            raise self._refuse("key", 401, "give the room's key: Authorization: Bearer KEY (OBS: Bearer Token)")
        return entry

    def _refuse(self, reason: str, status: int, message: str) -> WhipRefused:
        self.rejected[reason] += 1
        return WhipRefused(status, message)

    def _digest(self, key: str) -> bytes:
        return hmac.digest(self._salt, key.encode("utf-8", "surrogatepass"), "sha256")


def check_offer(offer: str) -> None:
    """Look through an offer before the parser does. Raises ``WhipRefused`` naming what the publisher must change."""
    lines = offer.splitlines()
    kinds = [line[2:].split(" ", 1)[0] for line in lines if line.startswith("m=")]
    if not lines or lines[0].strip() != "v=0" or not kinds:
        raise WhipRefused(400, "the body is not an SDP offer")
    if not set(kinds) <= {"audio", "video"} or len(kinds) != len(set(kinds)):
        raise WhipRefused(422, "one audio and one video track at most can be taken (no simulcast, no data channel)")
    codecs = offer.lower()
    for kind, codec, name in (("video", "h264/90000", "H.264"), ("audio", "opus/48000", "Opus")):
        if kind in kinds and codec not in codecs:
            raise WhipRefused(422, f"{kind} must be {name}; choose it in the publisher's encoder settings")
