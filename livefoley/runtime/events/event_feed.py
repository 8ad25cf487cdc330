"""A room's event feed: the last notices for who comes late, and a bounded queue for each who listens now.

Publishing never waits. A listener that does not read loses the oldest of what waits for it, is told how much, and
delays nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from livefoley.core.notices import (
    GapNotice,
    HighlightNotice,
    Notice,
    NoticeData,
    TranscriptNotice,
    utc,
)

KEEP = 256
QUEUE = 256
MAX_LISTENERS = 64
MAX_OF_ADDRESS = 32


@dataclass(frozen=True, slots=True)
class FeedStatistics:
    """Counts since the feed was made."""

    published: int
    listeners: int
    dropped: int
    refused: int


class Listener:
    """One reader's queue."""

    def __init__(self, feed: EventFeed, types: Collection[str], waiting: list[Notice], missed: int) -> None:
        self._feed = feed
        self._types = types
        self._waiting = deque(waiting)
        self._missed = missed
        self._wake = asyncio.Event()

    async def get(self, limit: int = QUEUE) -> list[Notice]:
        """Wait for notices and return up to ``limit`` that wait, in order, led by a ``gap`` when some were lost."""
        while not self._waiting and not self._missed:
            self._wake.clear()
            await self._wake.wait()
        batch = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        if self._missed:
            first = batch[0].id if batch else self._feed.last
            batch.insert(0, self._feed.document(GapNotice(self._missed), first))
            self._missed = 0
        return batch

    def put_nowait(self, notice: Notice) -> bool:
        """Take a notice; return False when an older one had to go for it."""
        if self._types and notice.type not in self._types:
            return True
        full = len(self._waiting) >= QUEUE
        if full:
            self._waiting.popleft()
            self._missed += 1
        self._waiting.append(notice)
        self._wake.set()
        return not full


class EventFeed:
    """See the module. For one thread, that of the event loop; ``now_s`` is the time of day."""

    def __init__(self, room: str, transcript_ttl_s: float = 300.0, now_s: Callable[[], float] = time.time) -> None:
        self.room = room
        self._transcript_ttl_s = transcript_ttl_s
        self._now_s = now_s
        self._recent: deque[tuple[float, Notice]] = deque(maxlen=KEEP)
        self._listeners: dict[Listener, str] = {}  # with their addresses
        self.last = int(now_s() * 1000)  # ids begin here, so they also count up over a restart
        self.session = f"{self.last:x}"  # what is told several times bears it in its id, for the same reason
        self._published = self._dropped = self._refused = 0

    def publish(self, data: NoticeData) -> Notice:
        """Tell everybody."""
        self.last += 1
        notice = self.document(data, self.last)
        self._forget()
        self._recent.append((self._now_s(), notice))
        self._published += 1
        for listener in self._listeners:
            self._dropped += not listener.put_nowait(notice)
        return notice

    def document(self, data: NoticeData, number: int) -> Notice:
        """Return ``data`` as a notice of this room, now."""
        return Notice(number, self.room, utc(self._now_s()), data.type, data)

    def recent(self, after: int = 0, types: Collection[str] = (), limit: int = KEEP) -> list[Notice]:
        """Return the last ``limit`` notices that came after number ``after``, in order."""
        self._forget()
        fitting = [n for _, n in self._recent if n.id > after and (not types or n.type in types)]
        return fitting[max(0, len(fitting) - limit) :]

    @contextlib.contextmanager
    def listen(
        self, after: int | None, types: Collection[str] = (), replay: int = 0, address: str = ""
    ) -> Iterator[Listener | None]:
        """Give a listener that begins after ``after``, or with the last ``replay``.

        None when there are too many: in all, or of ``address``, where one is given.
        """
        of_address = list(self._listeners.values()).count(address) if address else 0
        if len(self._listeners) >= MAX_LISTENERS or of_address >= MAX_OF_ADDRESS:
            self._refused += 1
            yield None
            return
        waiting = self.recent(after or 0, types, KEEP if after is not None else replay)
        listener = Listener(self, types, waiting, self._missed_since(after))
        self._listeners[listener] = address
        try:
            yield listener
        finally:
            del self._listeners[listener]

    def _missed_since(self, after: int | None) -> int:
        """Return how many notices came after number ``after`` that are not kept any more."""
        oldest = self._recent[0][1].id if self._recent else self.last + 1
        first = self.last - self._published + 1
        return max(0, oldest - max(after + 1, first)) if after is not None else 0

    def _forget(self) -> None:
        """Drop what was said longer ago than it may be kept."""
        old = self._now_s() - self._transcript_ttl_s
        if any(at < old and _quotes(notice) for at, notice in self._recent):
            kept = ((at, notice if at >= old else _silenced(notice)) for at, notice in self._recent)
            self._recent = deque(((at, n) for at, n in kept if n is not None), maxlen=KEEP)

    def statistics(self) -> FeedStatistics:
        """Return a snapshot."""
        return FeedStatistics(self._published, len(self._listeners), self._dropped, self._refused)


def _quotes(notice: Notice) -> bool:
    data = notice.data
    return isinstance(data, TranscriptNotice) or (isinstance(data, HighlightNotice) and bool(data.transcript))


def _silenced(notice: Notice) -> Notice | None:
    """Return the notice without what was said; None when nothing is left."""
    if isinstance(notice.data, TranscriptNotice):
        return None
    if isinstance(notice.data, HighlightNotice):
        return replace(notice, data=replace(notice.data, transcript=""))
    return notice
