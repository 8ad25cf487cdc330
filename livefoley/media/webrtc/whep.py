"""WHEP (draft-ietf-wish-whep) without the HTTP: keys, viewers, how many. The HTTP part: `control.signalling.whep`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from livefoley.media.access.admission import Client, Refused
from livefoley.media.access.read_access import WEBRTC, ReadAccess
from livefoley.media.webrtc.audience import WhepAudience
from livefoley.media.webrtc.ice import IceSettings
from livefoley.media.webrtc.whep_session import WhepSession
from livefoley.media.webrtc.whip import Answer

HALF_OPEN = 64
HALF_OPEN_OF_ADDRESS = 32
FULL = "as many watch as this server takes; come back later"
FULL_RETRY_S = 15
IDLE_RETRY_S = 3


@dataclass(frozen=True, slots=True)
class WhepStatistics:
    """A `WhepServer`'s figures; ``rejected`` by reason ("room", "key", "auth", "offer", "full", "idle", ...).

    ``viewers`` are connected, ``half_open`` have an answer and have not come yet.
    """

    viewers: int
    half_open: int
    rejected: Mapping[str, int]


@dataclass(slots=True)
class _Entry:
    feed: WhepAudience
    sessions: dict[str, WhepSession] = field(default_factory=dict)


class WhepServer:
    """Takes the viewers of rooms that `register`, at most ``max_viewers`` of them, whom ``readers`` lets in.

    Who has not connected yet takes nobody's place: of those there are `HALF_OPEN`, `HALF_OPEN_OF_ADDRESS` of one
    address, and the oldest gives way to the newest.
    """

    def __init__(
        self,
        ice: IceSettings | None = None,
        *,
        max_viewers: int = 200,
        readers: ReadAccess | None = None,
    ) -> None:
        self.ice = ice or IceSettings()
        self._max_viewers = max_viewers
        self._readers = readers or ReadAccess()
        self._rooms: dict[str, _Entry] = {}
        self._half_open: dict[WhepSession, str] = {}  # with its address, the oldest first

    def register(self, feed: WhepAudience, key: str | None = None, *, public: bool = False) -> None:
        """Open ``/room/whep`` to viewers."""
        self._readers.register(feed.room, key, public=public)
        self._rooms[feed.room] = _Entry(feed)

    def statistics(self) -> WhepStatistics:
        """Return a snapshot."""
        return WhepStatistics(self._viewers, len(self._half_open), self._readers.rejected(WEBRTC))

    def authorise(self, room: str, client: Client) -> None:
        """Let a client of a room in. Raises ``Refused``: 404 for no such room, 401 for another key, 429 for a flood."""
        self._readers.check(room, client, WEBRTC)

    async def watch(self, room: str, client: Client, offer: str) -> Answer:
        """Begin a session. Raises ``Refused``."""
        await self._readers.let_in(room, client, WEBRTC)
        with self._readers.counting(room, client, WEBRTC):
            entry = self._entry(room)
            if self._viewers >= self._max_viewers:
                raise Refused(503, "full", FULL, FULL_RETRY_S)
            if entry.feed.problem:
                raise Refused(406, "codec", entry.feed.problem)
            if not entry.feed.live:
                raise Refused(409, "idle", "nothing is on in this room yet; come back in a moment", IDLE_RETRY_S)
            return await self._begin(entry, client.ip, offer)

    def find(self, room: str, client: Client, session: str) -> WhepSession:
        """Return a room's session. Raises ``Refused`` (404) when it has no such session."""
        self.authorise(room, client)
        with self._readers.counting(room, client, WEBRTC):
            found = self._entry(room).sessions.get(session)  # its name has 144 bits: no timing finds it
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
        return sum(len(entry.sessions) for entry in self._rooms.values()) - len(self._half_open)

    async def _begin(self, entry: _Entry, address: str, offer: str) -> Answer:
        session = WhepSession(entry.feed, self.ice)
        self._make_room(address)
        entry.sessions[session.id] = session
        self._half_open[session] = address
        session.on_connect = lambda: self._connected(session)
        session.on_end = lambda: self._ended(session, entry)
        try:
            sdp = await session.answer(offer)
        except BaseException:
            await session.close("the offer was refused")
            raise
        entry.feed.counters.admitted += 1
        return Answer(session.id, session.etag, sdp)

    def _make_room(self, address: str) -> None:
        """Let the oldest half-open session go when there are too many: of this address, else of the one with most."""
        by_address = Counter(self._half_open.values())
        crowded = None
        if by_address[address] >= HALF_OPEN_OF_ADDRESS:
            crowded = address
        elif len(self._half_open) >= HALF_OPEN:
            crowded = by_address.most_common(1)[0][0]
        if crowded is not None:
            oldest = next(session for session, of in self._half_open.items() if of == crowded)
            oldest.end("somebody else wants to watch")
            self._readers.count(WEBRTC, "half_open")

    def _connected(self, session: WhepSession) -> None:
        if self._viewers >= self._max_viewers:
            session.end(FULL)
            self._readers.count(WEBRTC, "full")
        else:
            self._half_open.pop(session, None)

    def _ended(self, session: WhepSession, entry: _Entry) -> None:
        entry.sessions.pop(session.id, None)
        self._half_open.pop(session, None)

    def _entry(self, room: str) -> _Entry:
        entry = self._rooms.get(room)
        if entry is None:
            raise Refused(404, "room", "there is no room of that name")
        return entry
