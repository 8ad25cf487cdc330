"""The bounded queue before a sink: drops video to the next keyframe when it is full, and never loses parameters."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from livefoley.core.media import MediaKind, OutputItem, Track, TrackInfo, Unit


class UnitQueue:
    """Takes output items without blocking and gives them in batches; for one thread, that of the event loop.

    A unit that does not fit is dropped and counted; after a dropped picture all pictures up to the next keyframe are
    dropped too, since they could not be decoded. Of parameters the newest of each track is kept until a unit of that
    track is taken in, so any number of changes needs no room.
    """

    def __init__(self, max_units: int = 1024, max_bytes: int = 32 << 20) -> None:
        self._max_units = max_units
        self._max_bytes = max_bytes
        self._items: deque[OutputItem] = deque()
        self._infos: dict[Track, TrackInfo] = {}  # to be given before the next unit of their track
        self._known: dict[Track, TrackInfo] = {}
        self._broken = False  # a picture was dropped: wait for a keyframe
        self._closed = False
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self.units = 0
        self.bytes = 0
        self.dropped = 0

    def put_nowait(self, item: OutputItem) -> bool:
        """Take ``item`` in; return False when it was dropped."""
        if isinstance(item, TrackInfo):
            self._infos[item.track] = self._known[item.track] = item
            return True
        size = len(item.packet.data)
        fits = self.units < self._max_units and self.bytes + size <= self._max_bytes
        if item.kind is MediaKind.VIDEO:
            self._broken = not fits or (self._broken and not item.packet.keyframe)
            fits = fits and not self._broken
        if not fits or self._closed:
            self.dropped += 1
            return False
        self._take(item, size)
        return True

    def _take(self, unit: Unit, size: int) -> None:
        info = self._infos.pop(unit.track, None)
        if info is not None:
            self._items.append(info)
        self._items.append(unit)
        self.units += 1
        self.bytes += size
        self._wake.set()

    def close(self) -> None:
        """Take nothing in any more; what is queued can still be had."""
        self._closed = True
        self._wake.set()
        self._ended.set()

    def restart(self) -> None:
        """Begin anew for a reader that lost its output: drop what waits, then parameters and a keyframe come first."""
        self.dropped += self.units
        self.units = self.bytes = 0
        self._items.clear()
        self._infos = dict(self._known)
        self._broken = True

    def get_nowait(self, limit: int = 64) -> list[OutputItem]:
        """Return up to ``limit`` items that wait, in order; may be empty."""
        batch = [self._items.popleft() for _ in range(min(limit, len(self._items)))]
        for item in batch:
            if isinstance(item, Unit):
                self.units -= 1
                self.bytes -= len(item.packet.data)
        return batch

    async def get(self, limit: int = 64, linger_s: float = 0.0) -> list[OutputItem]:
        """Wait for items and return up to ``limit`` of them; an empty list when closed and drained.

        ``linger_s`` is how long more items may be waited for once there is one: fewer, larger batches cost less.
        """
        while not self._items and not self._closed:
            self._wake.clear()
            await self._wake.wait()
        if linger_s and len(self._items) < limit and not self._closed:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), linger_s)
        return self.get_nowait(limit)
