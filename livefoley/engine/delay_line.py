"""The delay line: video waits here, untouched, until the playhead reaches it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from livefoley.core.media import TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick

MAX_BYTES = 256 * 1024 * 1024
"""Ten seconds of look-ahead at 200 Mb/s: beyond it something is wrong, and the oldest units leave early."""

MAX_AHEAD: Tick = TICK_RATE
"""Decode times move ahead by no more: reordering spans 16 pictures at most, and what is further off is a bad stamp."""

_SPACING: Tick = TICK_RATE // 1000  # between decode times that had to move, where there is room: what RTMP can tell


class DelayLine:
    """A queue by decode tick. Track parameters ride in it, in front of the unit they belong to.

    Some encoders stamp pictures to be shown before they are decoded. Outputs refuse that, so decode times are moved
    ahead while they wait; when a picture is shown is the publisher's to say, and never changes.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._items: deque[TrackInfo | Unit] = deque()
        self._max_bytes = max_bytes
        self._bytes = 0
        self._left: Tick = -(1 << 62)  # the decode tick of the last unit that left

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
            if 0 < item.dts - item.pts <= MAX_AHEAD:
                self._decode_by(item.pts)

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
            self._left = item.dts
        self._items.extendleft(reversed(pending))  # parameters leave with their first unit, not before
        return due

    def pop_infos(self) -> list[TrackInfo]:
        """Return the parameters at the front, ahead of their first unit."""
        infos: list[TrackInfo] = []
        while self._items and isinstance(self._items[0], TrackInfo):
            infos.append(self._items.popleft())  # type: ignore[arg-type]
        return infos

    def _decode_by(self, latest: Tick) -> None:
        """Move the newest unit's decode tick to ``latest``, and those before it ahead of that, as far as needed."""
        moved: list[tuple[int, Unit]] = []  # the newest first
        for index in range(len(self._items) - 1, -1, -1):
            unit = self._items[index]
            if isinstance(unit, Unit):
                if unit.dts <= latest - len(moved) * _SPACING:
                    break
                moved.append((index, unit))
        spacing = min(_SPACING, (latest - self._left) // len(moved))
        if spacing < 1:
            return  # it would be shown before what has left is decoded
        for number, (index, unit) in enumerate(moved):
            self._items[index] = replace(unit, dts=min(unit.dts, latest - number * spacing))
