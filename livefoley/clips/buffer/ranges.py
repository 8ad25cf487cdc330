"""From highlights to the stretches of stream that become clips. Sans-IO; ticks are arguments.

A highlight is told again and again as it grows. Its clip is due once its end, with a tail, has left the room, and
nothing has made it longer until then. Highlights whose clips would overlap become one clip, as long as that is not too
long. A moment has one clip: what it grows by after that is left. No two clips overlap either: one that is recognised
late begins where the one before it ended, and what a clip already shows makes no second one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from livefoley.core.events import KEYWORD
from livefoley.core.highlights import Evidence, Highlight, HighlightState
from livefoley.core.ticks import TICK_RATE, Tick

MAX_OPEN = 64
REMEMBERED = 64
SHOWN = 0.7  # a highlight of which this much is in a clip already needs none of its own
WORTH: Tick = TICK_RATE  # so much of a highlight, at least, is left for a clip of its own


@dataclass(frozen=True, slots=True)
class RangeSettings:
    """How much is shown before and after a highlight, and how long a clip may be."""

    lead: Tick = 3 * TICK_RATE
    tail: Tick = 3 * TICK_RATE // 2
    longest: Tick = 60 * TICK_RATE


@dataclass(frozen=True, slots=True)
class Range:
    """A clip to be: from ``start`` to ``end``, lead-in and tail included, around its best highlight's ``peak``.

    ``kind`` is that of its best highlight with a keyword, if any has one. ``reasons`` are those of all its highlights,
    first those of the one that ``kind`` is of.
    """

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
        self._done: deque[int] = deque(maxlen=2 * REMEMBERED)  # the highlights that have a clip, or need none
        self.merged = self.covered = self.dropped = 0

    def take(self, highlights: Iterable[Highlight]) -> None:
        """Take highlights as they are by now; what nobody has confirmed waits, what was withdrawn is forgotten."""
        for highlight in highlights:
            if highlight.state is HighlightState.WITHDRAWN:
                self._open.pop(highlight.id, None)
            elif highlight.state is not HighlightState.SPOTTED and highlight.id not in self._done:
                self._open[highlight.id] = highlight
        while len(self._open) > MAX_OPEN:
            self._open.pop(next(iter(self._open)))
            self.dropped += 1

    def due(self, left: Tick, over: bool = False) -> list[Range]:
        """Return the ranges that have left the room whole by ``left``; all of them when the stream is ``over``."""
        self._cover()
        ready: list[Range] = []
        groups = self._groups()
        for group, following in pairwise([*groups, []]):
            wanted = self._free(self._before(self._range(group), group, following), group)
            if wanted is None:
                self.covered += len(group)
                self._close(group)
            elif over or wanted.end <= left:
                self.merged += len(group) - 1
                self._close(group)
                ready += self._made_until(wanted, left)
        return ready

    def cut(self, start: Tick, end: Tick) -> None:
        """Say where a clip really begins and ends: it takes whole pictures, and no other clip shall show them."""
        self._made.append((start, end))

    def begin(self, start: Tick) -> Tick:
        """Return where a clip begins that was to begin at ``start``: not within the last pictures of another."""
        return max((end for began, end in self._made if began < start < end), default=start)

    def _made_until(self, wanted: Range, left: Tick) -> list[Range]:
        made = replace(wanted, end=min(wanted.end, left))
        if made.end <= made.start:
            return []
        self._made.append((made.start, made.end))
        return [made]

    def _close(self, group: Iterable[Highlight]) -> None:
        for highlight in group:
            self._open.pop(highlight.id, None)
            self._done.append(highlight.id)

    # ---- what clips show already ----

    def _cover(self) -> None:
        """Close what clips show already."""
        covered = [highlight for highlight in self._open.values() if self._is_shown(highlight)]
        self.covered += len(covered)
        self._close(covered)

    def _is_shown(self, highlight: Highlight) -> bool:
        length = max(1, highlight.end - highlight.start)
        shown = max((min(highlight.end, end) - max(highlight.start, start) for start, end in self._made), default=0)
        inside = any(start <= highlight.peak < end for start, end in self._made)
        return inside and (shown / length >= SHOWN or length - shown < WORTH)

    def _free(self, wanted: Range, group: list[Highlight]) -> Range | None:
        """Return the part of a range that no clip shows, around its peak if that is free; None for none worth it."""
        parts = [(wanted.start, wanted.end)]
        for start, end in self._made:
            parts = [part for a, b in parts for part in ((a, min(b, start)), (max(a, end), b)) if part[1] > part[0]]
        if parts == [(wanted.start, wanted.end)]:
            return wanted

        def shows(part: tuple[Tick, Tick]) -> tuple[bool, Tick]:
            moment = sum(max(0, min(part[1], each.end) - max(part[0], each.start)) for each in group)
            return part[0] <= wanted.peak < part[1], moment

        part = max(parts, key=shows, default=(0, 0))
        has_peak, moment = shows(part)
        return replace(wanted, start=part[0], end=part[1]) if has_peak or moment >= WORTH else None

    # ---- what becomes one ----

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
        named = max(group, key=lambda each: (_is_named(each), each.score))
        reasons = tuple(reason for each in sorted(group, key=lambda each: each is not named) for reason in each.reasons)
        return Range(start, end, best.peak, named.kind, best.score, reasons)

    @staticmethod
    def _before(wanted: Range, group: list[Highlight], following: list[Highlight]) -> Range:
        """Return a range that leaves a neighbour, which it would be too long with, half of what lies between them."""
        if not following:
            return wanted
        ends, begins = max(each.end for each in group), min(each.start for each in following)
        return replace(wanted, end=min(wanted.end, max(ends, (ends + begins) // 2)))


def _is_named(highlight: Highlight) -> bool:
    return any(reason.signal == KEYWORD for reason in highlight.reasons)
