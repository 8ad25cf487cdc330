"""What several rooms want of one worker: the room that has had the least of its time is next.

Start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996): each room's service is counted in seconds; one that was
idle begins again where the others are, so that it has nothing saved up. A room that costs much waits for itself alone.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """A queue for each room. Not for use by several threads at once."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Item]] = {}
        self._served_s: dict[str, float] = {}
        self._now_s = 0.0  # where the room stood that was served last

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def push(self, room: str, item: Item) -> None:
        """Take an item of ``room``."""
        waiting = self._waiting.setdefault(room, deque())
        if not waiting:
            self._served_s[room] = max(self._served_s.get(room, 0.0), self._now_s)
        waiting.append(item)

    def pop(self) -> tuple[str, Item] | None:
        """Take out the oldest item of the room that is next; None when nothing waits."""
        wanting = [room for room, items in self._waiting.items() if items]
        if not wanting:
            return None
        room = min(wanting, key=self._served_s.__getitem__)
        self._now_s = self._served_s[room]
        return room, self._waiting[room].popleft()

    def charge(self, room: str, seconds: float) -> None:
        """Say what serving ``room`` took."""
        if room in self._served_s:
            self._served_s[room] += seconds

    def forget(self, room: str) -> None:
        """The room is gone, and with it what it waits for."""
        self._waiting.pop(room, None)
        self._served_s.pop(room, None)
