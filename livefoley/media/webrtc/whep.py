"""WHEP (draft-ietf-wish-whep) without the HTTP: keys, viewers, how many. The HTTP part: `control.signalling.whep`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from livefoley.media.admission import Admission, Client, Refused
from livefoley.media.auth import Authorizer
from livefoley.media.webrtc.audience import WhepAudience
from livefoley.media.webrtc.ice import IceSettings
from livefoley.media.webrtc.whep_session import WhepSession
from livefoley.media.webrtc.whip import Answer

FULL_RETRY_S = 15
IDLE_RETRY_S = 3


@dataclass(frozen=True, slots=True)
class WhepStatistics:
    """A `WhepServer`'s figures; ``rejected`` by reason ("room", "key", "auth", "offer", "full", "idle", ...)."""

    viewers: int
    rejected: Mapping[str, int]


@dataclass(slots=True)
class _Entry:
    feed: WhepAudience
    key_digest: bytes | None
    public: bool
    sessions: dict[str, WhepSession] = field(default_factory=dict)


class WhepServer:
    """Takes the viewers of rooms that `register`, at most ``max_viewers`` of them.

    A room with a key asks for it, given as bearer token. One without is for everybody when it is public, and else for
    those whom ``auth`` lets in; without ``auth``, only where a listener on ``loopback`` keeps strangers away.
    """

    def __init__(
        self,
        ice: IceSettings | None = None,
        *,
        max_viewers: int = 200,
        loopback: bool = True,
        auth: Authorizer | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ice = ice or IceSettings()
        self._max_viewers = max_viewers
        self._loopback = loopback
        self._admission = Admission("read", auth, now)
        self._rooms: dict[str, _Entry] = {}

    def register(self, feed: WhepAudience, key: str | None = None, *, public: bool = False) -> None:
        """Open ``/room/whep`` to viewers."""
        self._rooms[feed.room] = _Entry(feed, self._admission.digest(key) if key is not None else None, public)

    def statistics(self) -> WhepStatistics:
        """Return a snapshot."""
        return WhepStatistics(self._viewers, self._admission.rejected)

    def authorise(self, room: str, client: Client) -> None:
        """Let a client of a room in. Raises ``Refused``: 404 for no such room, 401 for another key, 429 for a flood."""
        with self._admission.counting(room, client):
            self._entry(room, client)

    async def watch(self, room: str, client: Client, offer: str) -> Answer:
        """Begin a session. Raises ``Refused``."""
        with self._admission.counting(room, client):
            entry = self._entry(room, client)
            if not entry.public:
                await self._admission.ask(room, client)
            if self._viewers >= self._max_viewers:
                raise Refused(503, "full", "as many watch as this server takes; come back later", FULL_RETRY_S)
            if entry.feed.problem:
                raise Refused(406, "codec", entry.feed.problem)
            if not entry.feed.live:
                raise Refused(409, "idle", "nothing is on in this room yet; come back in a moment", IDLE_RETRY_S)
            return await self._begin(entry, offer)

    def find(self, room: str, client: Client, session: str) -> WhepSession:
        """Return a room's session. Raises ``Refused`` (404) when it has no such session."""
        with self._admission.counting(room, client):
            found = self._entry(room, client).sessions.get(session)  # its name has 144 bits: no timing finds it
            if found is None:
                raise Refused(404, "session", "there is no such session; it may be over")
            return found

    def has_foley_apart(self, room: str) -> bool:
        """Say whether a room's viewers may hear it without its foley."""
        return room in self._rooms and self._rooms[room].feed.has_foley_apart

    async def close(self) -> None:
        """End every session."""
        sessions = [session for entry in self._rooms.values() for session in entry.sessions.values()]
        await asyncio.gather(*(session.close("livefoley is stopping") for session in sessions))

    @property
    def _viewers(self) -> int:
        return sum(len(entry.sessions) for entry in self._rooms.values())

    async def _begin(self, entry: _Entry, offer: str) -> Answer:
        session = WhepSession(entry.feed, self.ice)
        entry.sessions[session.id] = session
        session.on_end = lambda: entry.sessions.pop(session.id, None)
        try:
            sdp = await session.answer(offer)
        except BaseException:
            await session.close("the offer was refused")
            raise
        entry.feed.counters.admitted += 1
        return Answer(session.id, session.etag, sdp)

    def _entry(self, room: str, client: Client) -> _Entry:
        entry = self._rooms.get(room)
        if entry is None:
            raise Refused(404, "room", "there is no room of that name")
        if entry.key_digest is not None:
            if not self._admission.fits(entry.key_digest, client):
                raise Refused(401, "key", "give the room's play key: Authorization: Bearer KEY")
        elif not (entry.public or self._loopback or self._admission.asks):
            raise Refused(403, "closed", "this room is for nobody yet; its operator sets whep.key or whep.public")
        return entry
