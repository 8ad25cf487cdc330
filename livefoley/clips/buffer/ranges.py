"""From highlights to the stretches of stream that become clips. Sans-IO; ticks are arguments.

A highlight is told again and again as it grows. Its clip is due once its end, with a tail, has left the room, and
nothing has made it longer until then. Highlights whose clips would overlap become one clip, as long as that is not too
long; what a clip already shows makes no second one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

from livefoley.core.highlights import Evidence, Highlight, HighlightState
from livefoley.core.ticks import TICK_RATE, Tick

MAX_OPEN = 64
REMEMBERED = 64
SHOWN = 0.7  # a highlight of which this much is in a clip already needs none of its own


@dataclass(frozen=True, slots=True)
class RangeSettings:
    """How much is shown before and after a highlight, and how long a clip may be."""

    lead: Tick = 3 * TICK_RATE
    tail: Tick = 3 * TICK_RATE // 2
    longest: Tick = 60 * TICK_RATE


@dataclass(frozen=True, slots=True)
class Range:
    """A clip to be: from ``start`` to ``end``, lead-in and tail included, around its best highlight's ``peak``."""

    start: Tick
    end: Tick
    peak: Tick
    kind: str
    score: float
    reasons: tuple[Evidence, ...]


class ClipRanges:
    """Highlights in, ranges out, in the order in which they are due."""

    def __init__(self, settings: RangeSettings, origin: Tick) -> None:
        """``origin`` is where the stream begins: a lead-in goes no further back."""
        self._settings = settings
        self._origin = origin
        self._open: dict[int, Highlight] = {}
        self._made: deque[tuple[Tick, Tick]] = deque(maxlen=REMEMBERED)
        self.merged = self.covered = self.dropped = 0

    def take(self, highlights: Iterable[Highlight]) -> None:
        """Take highlights as they are by now; what nobody has confirmed waits, what was withdrawn is forgotten."""
        for highlight in highlights:
            if highlight.state is HighlightState.WITHDRAWN:
                self._open.pop(highlight.id, None)
            elif highlight.state is not HighlightState.SPOTTED and not self._is_shown(highlight):
                self._open[highlight.id] = highlight
        while len(self._open) > MAX_OPEN:
            self._open.pop(next(iter(self._open)))
            self.dropped += 1

    def due(self, left: Tick, over: bool = False) -> list[Range]:
        """Return the ranges that have left the room whole by ``left``; all of them when the stream is ``over``."""
        ready = []
        for group in self._groups():
            wanted = self._range(group)
            if over or wanted.end <= left:
                ready.append(replace(wanted, end=min(wanted.end, left)))
                self._close(group, wanted)
        return [each for each in ready if each.end > each.start]

    def _close(self, group: list[Highlight], made: Range) -> None:
        self.merged += len(group) - 1
        self._made.append((made.start, made.end))
        for highlight in group:
            self._open.pop(highlight.id, None)

    def _is_shown(self, highlight: Highlight) -> bool:
        length = max(1, highlight.end - highlight.start)
        shown = max((min(highlight.end, end) - max(highlight.start, start) for start, end in self._made), default=0)
        inside = any(start <= highlight.peak < end for start, end in self._made)
        covered = inside and (shown / length >= SHOWN or highlight.end - highlight.start < TICK_RATE)
        self.covered += covered and highlight.id not in self._open
        return covered

    def _groups(self) -> list[list[Highlight]]:
        """Return the open highlights, those together whose clips would overlap."""
        groups: list[list[Highlight]] = []
        for highlight in sorted(self._open.values(), key=lambda each: each.start):
            if groups and self._joins(groups[-1], highlight):
                groups[-1].append(highlight)
            else:
                groups.append([highlight])
        return groups

    def _joins(self, group: list[Highlight], highlight: Highlight) -> bool:
        before, alone = self._range(group), self._range([highlight])
        return alone.start <= before.end and self._range([*group, highlight], cut=False).end - before.start <= (
            self._settings.longest
        )

    def _range(self, group: list[Highlight], cut: bool = True) -> Range:
        best = max(group, key=lambda each: each.score)
        start = max(self._origin, min(each.start for each in group) - self._settings.lead)
        end = max(each.end for each in group) + self._settings.tail
        if cut and end - start > self._settings.longest:  # keep the peak, and what follows it
            start = max(start, min(best.peak - self._settings.lead, end - self._settings.longest))
            end = min(end, start + self._settings.longest)
        reasons = tuple(reason for each in group for reason in each.reasons)
        return Range(start, end, best.peak, best.kind, best.score, reasons)
