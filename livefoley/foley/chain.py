"""Who makes a sound: of all makers, the one that suits the request best; where it cannot, the next; every no is kept.

``Course`` is that policy, and knows neither a clock nor a thread. Two shells go by it: ``SoundChain`` here, where time
waits for every answer (files, clips, single sounds), and ``runtime.sounds.chain.LiveChain``, where it does not.

A maker is one class: what it says of a request (``offer``), and what it makes of it. It may be put around another one
and speak in its place, as ``foley.take_cache.CachedTakes`` does: a request holds all that a sound depends on.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Generic, Protocol, TypeVar

import numpy as np
import structlog

from livefoley.core.breaker import Breaker, BreakerState
from livefoley.core.cues import CueKind, Sound, SoundRequest, SoundSource, Stereo
from livefoley.core.errors import BankError, DescriptionError, LivefoleyError
from livefoley.core.ports import BedSource

log = structlog.get_logger("livefoley.sounds")

KEPT_REFUSALS = 64


class Fit(IntEnum):
    """How well a maker's sound suits a request."""

    STAND_IN = 1  # something quiet that does where nobody has better
    MADE = 2  # made of the words, as well as that goes
    EXACT = 3  # just that


@dataclass(frozen=True, slots=True)
class Offer:
    """What a maker says before it is asked. ``soon_s`` is how soon the sound can be there, ``cost_s`` how many seconds
    of work it is."""

    fit: Fit
    soon_s: float = 0.0
    cost_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a maker makes no sound of a request; with ``fault`` the maker failed, and the request is not to blame."""

    reason: str
    fault: bool = False
    source: str = ""


class Maker(Protocol):
    """What the policy needs to know of a maker, live or not."""

    @property
    def source(self) -> str:
        """Its name: in events, metrics and files, and where an order speaks of it."""
        ...

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        """Say whether it would make the sound; must cost next to nothing. ``now`` is seconds, monotonic."""
        ...


def refusal_of(error: LivefoleyError) -> Refusal:
    """Return an error as a refusal: of what was asked for, or a fault of the maker's."""
    return Refusal(str(error), fault=not isinstance(error, DescriptionError | BankError))


M = TypeVar("M", bound=Maker)
T = TypeVar("T")


class StudentUse(StrEnum):
    """What of a room the student makes."""

    AUTO = "auto"  # what neither the bank nor the procedures know
    ALWAYS = "always"  # that, and all ambience
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class MakerOrder:
    """Who is asked for what. Makers go by how well their sound fits, of equal ones the cheaper first, then as they are
    listed; those of ``first`` go before all others for sounds of a kind; ``among`` (empty: all) and ``without`` say who
    is asked at all."""

    first: Mapping[CueKind, tuple[str, ...]] = field(default_factory=dict)
    among: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    @classmethod
    def of(cls, use: StudentUse) -> MakerOrder:
        """Return the order of a room with this use for the student."""
        match use:
            case StudentUse.ALWAYS:
                return cls(first={CueKind.BED: (SoundSource.STUDENT,)})
            case StudentUse.NEVER:
                return cls(without=frozenset((SoundSource.STUDENT,)))
        return cls()

    def asks(self, source: str) -> bool:
        """Say whether a maker is asked for anything."""
        return source not in self.without and (not self.among or source in self.among)

    def key(self, request: SoundRequest, source: str, offer: Offer) -> tuple[int, int, float]:
        """Return by what a maker is put in order for a request: the least first."""
        first = self.first.get(request.kind, ())
        rank = first.index(source) if source in first else len(first)
        return rank, -offer.fit, offer.cost_s


class Course(Generic[M]):
    """One request on its way from maker to maker. ``now`` and ``deadline_s`` are seconds, monotonic."""

    def __init__(
        self,
        request: SoundRequest,
        makers: Sequence[M],
        order: MakerOrder,
        now: float = 0.0,
        *,
        deadline_s: float = math.inf,
        least: Fit = Fit.STAND_IN,
    ) -> None:
        """Put the makers in order; a sound that fits less than ``least`` is of no use."""
        self.request = request
        self.refusals: list[Refusal] = []
        self.until_s = deadline_s  # when the maker asked last should have answered
        self._deadline_s = deadline_s
        self._source = ""
        offers = [(maker, self._offer(maker, now)) for maker in makers if order.asks(maker.source)]
        fitting = [(maker, offer) for maker, offer in offers if offer is not None and offer.fit >= least]
        self._left = [
            maker for maker, offer in sorted(fitting, key=lambda pair: order.key(request, pair[0].source, pair[1]))
        ]

    def next(self, now: float) -> M | None:
        """Return the maker to ask now; None when there is nobody left.

        It has until ``until_s``, which leaves time for one of those after it; whoever could not make that is passed
        over. Who is the last one is asked however late it is: what a late sound is worth is for others to decide.
        """
        while self._left:
            maker = self._left.pop(0)
            offer = self._offer(maker, now)
            if offer is None:
                continue
            after = [later.offer(self.request, now) for later in self._left]
            reserve_s = min((each.soon_s for each in after if isinstance(each, Offer)), default=None)
            until_s = self._deadline_s - (reserve_s or 0.0)
            if reserve_s is not None and now + offer.soon_s > until_s:
                self._note(maker, Refusal(f"needs {offer.soon_s:g} s, and {max(0.0, until_s - now):.2f} s are left"))
                continue
            self._source, self.until_s = maker.source, until_s
            return maker
        return None

    def refused(self, refusal: Refusal) -> None:
        """Take why the maker asked last made nothing."""
        self.refusals.append(replace(refusal, source=refusal.source or self._source))

    def reasons(self) -> str:
        """Return why there is no sound, in one line."""
        return "; ".join(f"{each.source}: {each.reason}" for each in self.refusals) or "nobody is asked for it"

    @property
    def waiting(self) -> bool:
        """Whether somebody could still be asked."""
        return bool(self._left)

    def _offer(self, maker: M, now: float) -> Offer | None:
        offer = maker.offer(self.request, now)
        if isinstance(offer, Refusal):
            self._note(maker, offer)
            return None
        return offer

    def _note(self, maker: M, refusal: Refusal) -> None:
        self.refusals.append(replace(refusal, source=maker.source))


# ---- where time waits ----


class SoundMaker(Maker, Protocol):
    """Makes sounds while whoever asks waits. What it raises but ``LivefoleyError`` is a mistake in it."""

    def make(self, request: SoundRequest) -> Sound | Refusal:
        """Return the sound: the same samples for the same request."""
        ...

    def bed(self, request: SoundRequest) -> BedSource | Refusal:
        """Return the endless ambience of a request of kind ``BED`` from its beginning; its ``read`` may raise."""
        ...


class SoundChain:
    """All makers as one, for one thread. Implements ``core.ports.EffectSource``.

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
        return Sound(samples, 0, bed.source, request.prompt, seed=request.seed)

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

    @property
    def source(self) -> str:
        """Who makes what is read next."""
        self._open()
        return self._bed.source if self._bed is not None else ""

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

    def _leave(self, refusal: Refusal) -> None:
        self._bed = None
        self._course.refused(refusal)
        self._note(self._course.refusals[-1])
        log.warning("an ambience stops, another goes on", source=self._course.refusals[-1].source, why=refusal.reason)


class _Guarded:
    """A maker behind its breaker. No time passes here: once open, it stays so."""

    def __init__(self, maker: SoundMaker) -> None:
        self.source = maker.source
        self._maker = maker
        self._breaker = Breaker()
        self._reason = ""

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        if self._breaker.state(0.0) is not BreakerState.CLOSED:
            return Refusal(f"is left alone after it failed ({self._reason})")
        return self._maker.offer(request, now)

    def make(self, request: SoundRequest) -> Sound | Refusal:
        try:
            return self._judged(self._maker.make(request))
        except LivefoleyError as error:
            return self._judged(refusal_of(error))

    def bed(self, request: SoundRequest) -> BedSource | Refusal:
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
