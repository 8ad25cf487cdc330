"""The makers of sounds where time waits for every answer: for files, clips and single sounds. One thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import structlog

from livefoley.core.breaker import Breaker, BreakerState
from livefoley.core.cues import CueKind, Sound, SoundRequest, Stereo
from livefoley.core.errors import LivefoleyError
from livefoley.core.ports import BedSource
from livefoley.core.text.credits import Credit
from livefoley.foley.bed.segments import open_segments
from livefoley.foley.chain import BedMaker, Course, Credited, Fit, MakerOrder, Offer, Refusal, SoundMaker, refusal_of

log = structlog.get_logger("livefoley.sounds")

KEPT_REFUSALS = 64
T = TypeVar("T")


class SoundChain:
    """All makers as one. Implements ``core.ports.EffectSource``.

    A maker that fails three times in a row is asked no more: what is made here once is not made again later.
    """

    def __init__(self, makers: Sequence[SoundMaker], order: MakerOrder | None = None) -> None:
        self.refusals: deque[Refusal] = deque(maxlen=KEPT_REFUSALS)
        self._makers = [_Guarded(maker) for maker in makers]
        self._order = order if order is not None else MakerOrder()

    def make(self, request: SoundRequest) -> Sound | None:
        """Return the best sound there is, None when nobody has one; ``refusals`` tells why."""
        made = self.ask(request)
        return None if isinstance(made, Refusal) else made

    def ask(self, request: SoundRequest, least: Fit = Fit.STAND_IN) -> Sound | Refusal:
        """Return the best sound that fits at least so well, or all reasons why there is none.

        Of an ambience that is the first ``request.length`` ticks.
        """
        course = Course(request, self._makers, self._order, least=least)
        if request.kind is CueKind.BED:
            return self._begun(course)
        while (maker := course.next(0.0)) is not None:
            made = maker.make(request)
            if isinstance(made, Sound):
                self.refusals += course.refusals
                return made
            course.refused(made)
        self.refusals += course.refusals
        return Refusal(course.reasons())

    def _begun(self, course: Course[_Guarded]) -> Sound | Refusal:
        bed, request = ChainBed(course, self.refusals.append), course.request
        samples = bed.read(request.length)
        if not bed.source:
            return Refusal(course.reasons())
        return Sound(samples, 0, bed.source, request.prompt, seed=request.seed, credits=bed.credits)

    def bed(self, request: SoundRequest) -> ChainBed:
        """Return the ambience of a request of kind ``BED``."""
        return ChainBed(Course(request, self._makers, self._order), self.refusals.append)


class ChainBed:
    """An ambience by the best maker there is; where it fails, the next goes on in its place. A ``BedSource``.

    Opened when it is first heard of; where nobody is left it is silent.
    """

    def __init__(self, course: Course[_Guarded], note: Callable[[Refusal], None]) -> None:
        self._course = course
        self._note = note
        self._bed: BedSource | None = None
        self._credits: tuple[Credit, ...] = ()

    @property
    def source(self) -> str:
        """Who makes what is read next."""
        self._open()
        return self._bed.source if self._bed is not None else ""

    @property
    def credits(self) -> tuple[Credit, ...]:
        """Whose recordings were heard in it by now."""
        return self._credits

    def read(self, samples: int) -> Stereo:
        """Return the next ``samples`` ticks, ``[2, samples]``."""
        self._open()
        while self._bed is not None:
            try:
                return self._bed.read(samples)
            except LivefoleyError as error:
                self._leave(refusal_of(error))
                self._open()
        return np.zeros((2, samples), np.float32)

    def _open(self) -> None:
        while self._bed is None and (maker := self._course.next(0.0)) is not None:
            opened = maker.bed(self._course.request)
            if isinstance(opened, Refusal):
                self._leave(opened)
            else:
                self._bed = opened
                if isinstance(opened, Credited):
                    self._credits = tuple(dict.fromkeys((*self._credits, *opened.credits)))

    def _leave(self, refusal: Refusal) -> None:
        self._bed = None
        self._course.refused(refusal)
        self._note(self._course.refusals[-1])
        log.warning(
            "an ambience is not made any more, another goes on",
            source=self._course.refusals[-1].source,
            why=refusal.reason,
        )


class _Guarded:
    """A maker behind its breaker. No time passes here: once open, it stays so."""

    def __init__(self, maker: SoundMaker) -> None:
        self.source = maker.source
        self._maker = maker
        self._breaker = Breaker()
        self._reason = ""

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        return self._rests() or self._maker.offer(request, now)

    def _rests(self) -> Refusal | None:
        if self._breaker.state(0.0) is BreakerState.CLOSED:
            return None
        return Refusal(f"is left alone after it failed ({self._reason})")

    def make(self, request: SoundRequest) -> Sound | Refusal:
        if rests := self._rests():
            return rests
        try:
            return self._judged(self._maker.make(request))
        except LivefoleyError as error:
            return self._judged(refusal_of(error))

    def bed(self, request: SoundRequest) -> BedSource | Refusal:
        if not isinstance(self._maker, BedMaker):
            return open_segments(request, self.make)
        try:
            return self._judged(self._maker.bed(request))
        except LivefoleyError as error:
            return self._judged(refusal_of(error))

    def _judged(self, made: T) -> T:
        if not isinstance(made, Refusal):
            self._breaker.success()
        elif made.fault:
            self._reason = made.reason
            self._breaker.failure(0.0)
        return made
