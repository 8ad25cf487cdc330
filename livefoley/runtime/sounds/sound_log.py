"""Who made what a room sounds like: counted, and told in the room's events when it changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from livefoley.core.notices import SourceNotice
from livefoley.core.snapshots import RefusalCount, SourceCount

QUIET_S = 5.0
"""Least time between two notices about one kind of sound: two sources may take turns."""
MOST_SOURCES = 16
"""So many makers are counted by name, the others together: a worker says the names, and metrics have them as labels."""


class SourceLog:
    """Time is an argument (seconds, monotonic)."""

    def __init__(self, tell: Callable[[SourceNotice], object]) -> None:
        self.current: dict[str, str] = {}  # the last source of each kind
        self._tell = tell
        self._told: dict[str, tuple[str, float]] = {}
        self._sources: set[str] = set()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._refused: dict[tuple[str, str], tuple[int, str]] = {}

    def heard(self, kind: str, source: str, name: str, now: float) -> None:
        """Take note of a sound, or of a piece of bed (its name is the description)."""
        source = self._one_of_few(source)
        self._counts[kind, source] += 1
        self.current[kind] = source
        told, told_s = self._told.get(kind, ("", -QUIET_S))
        if source != told and now - told_s >= QUIET_S:
            self._told[kind] = (source, now)
            self._tell(SourceNotice(kind, source, name))

    def refused(self, kind: str, source: str, reason: str) -> None:
        """Take note of a maker that gave no sound, or none in time."""
        source = self._one_of_few(source)
        count, _ = self._refused.get((kind, source), (0, ""))
        self._refused[kind, source] = (count + 1, reason)

    def _one_of_few(self, source: str) -> str:
        if source in self._sources or len(self._sources) >= MOST_SOURCES:
            return source if source in self._sources else "other"
        self._sources.add(source)
        return source

    def refusals(self) -> tuple[RefusalCount, ...]:
        """Return how many sounds of each kind each source was asked for in vain, and why the last time."""
        return tuple(
            RefusalCount(kind, source, count, reason)
            for (kind, source), (count, reason) in sorted(self._refused.items())
        )

    def counts(self) -> tuple[SourceCount, ...]:
        """Return how many sounds of each kind came from each source."""
        return tuple(SourceCount(kind, source, count) for (kind, source), count in sorted(self._counts.items()))
