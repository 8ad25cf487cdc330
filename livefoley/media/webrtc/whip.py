"""WHIP ingest (RFC 9725) without the HTTP: keys, sessions, takeover. The HTTP part: `control.signalling.whip`."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from livefoley.media.access.admission import Admission, Client, Refused
from livefoley.media.auth import Authorizer
from livefoley.media.publisher_slot import OnDuplicate
from livefoley.media.webrtc.ice import IceSettings
from livefoley.media.webrtc.source import WhipSource
from livefoley.media.webrtc.whip_session import WhipSession

log = structlog.get_logger("livefoley.webrtc")


@dataclass(frozen=True, slots=True)
class Answer:
    """A new session: its name in URLs, its entity tag, and the SDP answer."""

    session: str
    etag: str
    sdp: str


@dataclass(frozen=True, slots=True)
class WhipStatistics:
    """A `WhipServer`'s figures; ``rejected`` by reason ("room", "key", "auth", "offer", "busy", "duplicate", ...)."""

    publishers: int
    rejected: Mapping[str, int]


@dataclass(slots=True)
class _Entry:
    source: WhipSource
    key_digest: bytes
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class WhipServer:
    """Takes publishers for rooms that `register`; each has its own key, given as bearer token.

    ``auth`` is asked after the key was found right.
    """

    def __init__(
        self,
        ice: IceSettings | None = None,
        *,
        auth: Authorizer | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ice = ice or IceSettings()
        self._now = now
        self._admission = Admission("publish", auth, now)
        self._rooms: dict[str, _Entry] = {}

    def register(self, room: str, key: str, *, on_duplicate: OnDuplicate = OnDuplicate.REPLACE) -> WhipSource:
        """Open ``/room/whip`` to publishers with ``key``."""
        source = WhipSource(room, on_duplicate, self._now)
        self._rooms[room] = _Entry(source, self._admission.digest(key))
        return source

    def takes(self, room: str) -> bool:
        """Say whether a room takes publishers by WHIP."""
        return room in self._rooms

    def statistics(self) -> WhipStatistics:
        """Return a snapshot."""
        publishers = sum(entry.source.session is not None for entry in self._rooms.values())
        return WhipStatistics(publishers, self._admission.rejected())

    def authorise(self, room: str, client: Client) -> None:
        """Let a client of a room in. Raises ``Refused``: 404 for no such room, 401 for another key, 429 for a flood."""
        with self._admission.counting(room, client):
            self._entry(room, client)

    async def publish(self, room: str, client: Client, offer: str) -> Answer:
        """Begin a session. Raises ``Refused``."""
        with self._admission.counting(room, client):
            entry = self._entry(room, client)
            await self._admission.ask(room, client)
            async with entry.lock:
                return await self._begin(entry.source, offer)

    def find(self, room: str, client: Client, session: str) -> WhipSession:
        """Return a room's session. Raises ``Refused`` (404) when it has no such session."""
        with self._admission.counting(room, client):
            found = self._entry(room, client).source.session
            if found is None or not hmac.compare_digest(found.id.encode(), session.encode("utf-8", "surrogatepass")):
                raise Refused(404, "session", "there is no such session; it may be over")
            return found

    async def close(self) -> None:
        """End every session."""
        sessions = [entry.source.session for entry in self._rooms.values()]
        await asyncio.gather(*(session.close("livefoley is stopping") for session in sessions if session is not None))

    async def _begin(self, source: WhipSource, offer: str) -> Answer:
        source.check()
        session = WhipSession(source, self.ice)
        try:
            sdp = await session.answer(offer)
            source.admit(session)
        except BaseException:
            await session.close("the offer was refused")
            raise
        log.info("publisher came", room=source.room, protocol="whip")
        return Answer(session.id, session.etag, sdp)

    def _entry(self, room: str, client: Client) -> _Entry:
        entry = self._rooms.get(room)
        if entry is None:
            raise Refused(404, "room", "there is no room of that name that takes WHIP")
        if not self._admission.fits(entry.key_digest, client):
            raise Refused(401, "key", "give the room's key: Authorization: Bearer KEY (OBS: Bearer Token)")
        return entry
