"""The makers of sounds where nobody waits: each is asked in time for the next to step in, and the first sound wins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from livefoley.core.cues import Sound, SoundRequest
from livefoley.foley.chain import Course, Maker, MakerOrder, Refusal

Answer: TypeAlias = Callable[[Sound | Refusal], None]
Wanted: TypeAlias = Callable[[], bool]


class LiveMaker(Maker, Protocol):
    """Makes sounds elsewhere: in a worker, in a thread, on another machine. Nothing but ``run`` ever waits."""

    def ask(self, request: SoundRequest, deadline_s: float, wanted: Wanted, answer: Answer) -> None:
        """Ask for a sound that is needed at ``deadline_s`` (seconds, monotonic).

        ``answer`` is called once, from the event loop, at once or later; where the maker dies it may never be. Before
        it begins it asks ``wanted`` whether somebody still waits. Of a request of kind ``BED`` it makes a segment.
        """
        ...

    async def run(self) -> None:
        """Do the work until cancelled."""
        ...

    def is_awake(self) -> bool:
        """Say whether it has begun, or will not before somebody does something about it; a start waits for that."""
        ...


class LiveChain:
    """All makers as one. Nothing here blocks or raises."""

    def __init__(self, makers: Sequence[LiveMaker], now: Callable[[], float] = time.monotonic) -> None:
        self.makers = tuple(makers)
        self._now = now

    def ask(
        self,
        request: SoundRequest,
        order: MakerOrder,
        deadline_s: float,
        wanted: Wanted,
        lay: Callable[[Sound | None], None],
        note: Callable[[Refusal], None] = lambda refusal: None,
    ) -> None:
        """Ask for a sound: ``lay`` gets the first that comes, or None when nobody has one, once; ``note`` gets why a
        maker that was asked gave none."""
        course = Course(request, self.makers, order, self._now(), deadline_s=deadline_s)
        _Asked(course, wanted, lay, note, self._now).go_on()


class _Asked:
    """One request under way. A maker that is late may still be the first: it is heard until there is a sound."""

    def __init__(
        self,
        course: Course[LiveMaker],
        wanted: Wanted,
        lay: Callable[[Sound | None], None],
        note: Callable[[Refusal], None],
        now: Callable[[], float],
    ) -> None:
        self._course = course
        self._wanted = wanted
        self._lay = lay
        self._note = note
        self._now = now
        self._settled = False
        self._open = 0  # makers that have not answered
        self._turn = object()  # whose answer is waited for
        self._timer: asyncio.TimerHandle | None = None

    def go_on(self) -> None:
        """Ask the next maker; when nobody is left or under way, give up."""
        maker = self._course.next(self._now())
        if maker is None:
            if not self._open:
                self._settle(None)
            return
        self._open += 1
        if self._course.waiting:
            in_s = max(0.0, self._course.until_s - self._now())
            self._timer = asyncio.get_running_loop().call_later(in_s, self._late)
        turn = self._turn = object()
        answered = False

        def answer(made: Sound | Refusal) -> None:
            nonlocal answered
            if not answered:
                answered = True
                self._answered(made, turn)

        maker.ask(self._course.request, self._course.until_s, self._still_wanted, answer)

    def _still_wanted(self) -> bool:
        return not self._settled and self._wanted()

    def _answered(self, made: Sound | Refusal, turn: object) -> None:
        self._open -= 1
        if self._settled:
            return
        if isinstance(made, Sound):
            self._settle(made)
        elif turn is self._turn:
            self._refused(made)
        elif not self._open and not self._course.waiting:
            self._settle(None)

    def _late(self) -> None:
        if self._still_wanted():
            self._refused(Refusal("did not answer in time"))

    def _refused(self, refusal: Refusal) -> None:
        self._turn = object()
        self._stop_timer()
        self._course.refused(refusal)
        self._note(self._course.refusals[-1])
        self.go_on()

    def _settle(self, sound: Sound | None) -> None:
        self._settled = True
        self._stop_timer()
        self._lay(sound)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
