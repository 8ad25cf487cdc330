"""What a room chose for what moved, and what spoke for families then: kept, so that what is made again later agrees.

A clip is planned anew from the same movements; what the host had named, what thumbs had said, and what the room had
learned of its microphone by then are not in them. So a choice that was made is taken over where its words still hold;
where they do not, what spoke for families at the time counts.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from livefoley.core.events import MotionCourse, MotionKind, MotionOnset
from livefoley.core.ticks import Tick
from livefoley.engine.choice import EVEN, Choice, Leaning


@dataclass(frozen=True, slots=True)
class Decision:
    """What was chosen when a movement was told of: its sound, or none, and the tick ``start`` of it.

    ``at`` is the movement's; ``kind`` names what has one moment, ``course`` is the id of what lasts.
    """

    at: Tick
    start: Tick
    choice: Choice
    kind: MotionKind | None = None
    course: int | None = None

    @classmethod
    def on(cls, event: MotionOnset | MotionCourse, start: Tick, choice: Choice) -> Decision:
        """Return what was chosen for ``event``."""
        if isinstance(event, MotionCourse):
            return cls(event.at, start, choice, course=event.id)
        return cls(event.at, start, choice, kind=event.kind)


@dataclass(frozen=True, slots=True)
class Leaned:
    """What spoke for families from ``at`` on, until the next."""

    at: Tick
    leaning: Leaning


class Decisions:
    """Decisions by what they were about."""

    def __init__(self, made: Iterable[Decision] = ()) -> None:
        self._moments: dict[tuple[Tick, MotionKind], Decision] = {}
        self._courses: dict[int, list[Decision]] = {}
        for each in sorted(made, key=lambda decision: decision.at):
            if each.course is not None:
                self._courses.setdefault(each.course, []).append(each)
            elif each.kind is not None:
                self._moments[each.at, each.kind] = each

    def of(self, event: MotionOnset | MotionCourse) -> Decision | None:
        """Return what was chosen for a movement; for one that lasts, by when it is told of."""
        if isinstance(event, MotionOnset):
            return self._moments.get((event.at, event.kind))
        return next((each for each in reversed(self._courses.get(event.id, [])) if each.at <= event.at), None)

    def waits(self, event: MotionCourse) -> bool:
        """Say whether it was chosen later only what a movement that lasts sounds like."""
        made = self._courses.get(event.id, [])
        return bool(made) and made[0].at > event.at


Leans: TypeAlias = Callable[[Tick], Leaning]
"""What speaks for families at a time."""


def leaning_of(leaned: Sequence[Leaned]) -> Leans:
    """Return what spoke for families at a time; ``leaned`` is in order."""

    def at(tick: Tick) -> Leaning:
        place = bisect.bisect_right(ats, tick)
        return leaned[place - 1].leaning if place else EVEN

    ats = [each.at for each in leaned]
    return at
