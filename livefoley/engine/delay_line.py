"""The delay line: video waits here, untouched, until the playhead reaches it."""

from __future__ import annotations

from collections import deque

from livefoley.core.media import TrackInfo, Unit
from livefoley.core.ticks import Tick

MAX_BYTES = 256 * 1024 * 1024
"""Ten seconds of look-ahead at 200 Mb/s: beyond it something is wrong, and the oldest units leave early."""


class DelayLine:
    """A queue by decode tick. Track parameters ride in it, in front of the unit they belong to."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._items: deque[TrackInfo | Unit] = deque()
        self._max_bytes = max_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def bytes(self) -> int:
        return self._bytes

    def push(self, item: TrackInfo | Unit) -> None:
        """Add what arrived last."""
        self._items.append(item)
        if isinstance(item, Unit):
            self._bytes += len(item.packet.data)

    def pop_due(self, playhead: Tick) -> list[TrackInfo | Unit]:
        """Return, in order, what has its decode tick at or before ``playhead``, and what no longer fits."""
        due: list[TrackInfo | Unit] = []
        pending: list[TrackInfo] = []
        while self._items:
            item = self._items[0]
            if isinstance(item, TrackInfo):
                pending.append(item)
                self._items.popleft()
                continue
            if item.dts > playhead and self._bytes <= self._max_bytes:
                break
            due.extend(pending)
            pending.clear()
            due.append(item)
            self._items.popleft()
            self._bytes -= len(item.packet.data)
        self._items.extendleft(reversed(pending))  # parameters leave with their first unit, not before
        return due

    def pop_infos(self) -> list[TrackInfo]:
        """Return the parameters at the front, ahead of their first unit."""
        infos: list[TrackInfo] = []
        while self._items and isinstance(self._items[0], TrackInfo):
            infos.append(self._items.popleft())  # type: ignore[arg-type]
        return infos
