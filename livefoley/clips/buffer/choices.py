"""How a room sounded lately, and why: its ambiences, what was chosen for what moved, and what spoke for it. Pure.

Bounded in number; what is too old goes when it is told what is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from livefoley.core.events import MotionCourse
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.engine.choice import EVEN, Leaning
from livefoley.engine.leanings.decisions import Decision, Leaned

T = TypeVar("T")
MOST = 20_000
STEADY: Tick = TICK_RATE  # how long what speaks for families is taken for the same while it fades


@dataclass(frozen=True, slots=True)
class Choices:
    """What holds in a span. ``describes`` are what the ambience was described by, each from its tick on; the first of
    them held at the beginning. All are in order."""

    describes: tuple[tuple[Tick, str], ...] = ()
    decisions: tuple[Decision, ...] = ()
    leaned: tuple[Leaned, ...] = ()


class RecentChoices:
    """A room's, as they come."""

    def __init__(self) -> None:
        self._describes: deque[tuple[Tick, str]] = deque(maxlen=MOST)
        self._decisions: deque[Decision] = deque(maxlen=MOST)
        self._leaned: deque[Leaned] = deque(maxlen=MOST)

    def describe(self, text: str, at: Tick) -> None:
        """The ambience is described so from ``at`` on."""
        if self._describes and self._describes[-1][0] == at:
            self._describes.pop()  # it held for no time
        self._describes.append((at, text))

    def decided(self, decision: Decision) -> None:
        """Take what was chosen."""
        self._decisions.append(decision)

    def leaned(self, at: Tick, leaning: Leaning) -> None:
        """Take what speaks for families at ``at``; what changes by fading only is taken once a second."""
        before = self._leaned[-1] if self._leaned else Leaned(0, EVEN)
        same = before.leaning.reasons == leaning.reasons and before.leaning.effects == leaning.effects
        if at <= before.at or (same and (not leaning.weights or at - before.at < STEADY)):
            return
        self._leaned.append(Leaned(at, leaning))

    def forget(self, oldest: Tick) -> None:
        """Keep of what is older only what holds still."""
        while len(self._describes) > 1 and self._describes[1][0] <= oldest:
            self._describes.popleft()
        while self._decisions and self._decisions[0].at < oldest:
            self._decisions.popleft()
        while len(self._leaned) > 1 and self._leaned[1].at <= oldest:
            self._leaned.popleft()

    def select(self, begin: Tick, end: Tick, courses: Iterable[MotionCourse]) -> Choices:
        """Return what holds from ``begin`` to ``end``, and what was chosen before for ``courses``, which go on then."""
        going_on = {course.id for course in courses}
        before = {each.course: each for each in self._decisions if each.course in going_on and each.at < begin}
        return Choices(
            tuple(_holding(list(self._describes), [at for at, _ in self._describes], begin, end)),
            (*before.values(), *(each for each in self._decisions if begin <= each.at < end)),
            tuple(_holding(list(self._leaned), [each.at for each in self._leaned], begin, end)),
        )


def _holding(listed: list[T], ats: list[Tick], begin: Tick, end: Tick) -> list[T]:
    """Return those that hold in a span: the last from before it, and those in it."""
    first = max((place for place, at in enumerate(ats) if at <= begin), default=0)
    return [each for each, at in zip(listed[first:], ats[first:], strict=True) if at < end]
