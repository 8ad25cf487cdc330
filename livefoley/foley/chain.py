"""Who makes a sound: of all makers, the one that suits the request best; where it cannot, the next; every no is kept.

``Course`` is that policy, and knows neither a clock nor a thread. Two shells go by it: ``foley.sound_chain``, where
time waits for every answer (files, clips, single sounds), and ``runtime.sounds.chain``, where it does not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Generic, Protocol, TypeVar, runtime_checkable

from livefoley.core.cues import CueKind, Sound, SoundRequest, SoundSource
from livefoley.core.errors import BankError, DescriptionError, LivefoleyError, SilentTakeError
from livefoley.core.ports import BedSource
from livefoley.core.text.credits import Credit
from livefoley.foley import strengths


class Fit(IntEnum):
    """How well a maker's sound suits a request."""

    STAND_IN = 1  # something quiet that does where nobody has better
    MADE = 2  # made of the words, as well as that goes
    EXACT = 3  # just that, as far as the words are understood
    NAMED = 4  # what is called that


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


class SoundMaker(Maker, Protocol):
    """Makes sounds while whoever asks waits: one class. It may be put around another one and speak in its place, as
    ``foley.take_cache.CachedTakes`` does: a request holds all that a sound depends on."""

    def make(self, request: SoundRequest) -> Sound | Refusal:
        """Return the sound, the same samples for the same request; of a request of kind ``BED`` a segment of some
        seconds, of which an ambience is woven. A ``LivefoleyError`` is taken as a refusal."""
        ...


@runtime_checkable
class BedMaker(Protocol):
    """A maker whose ambience goes on by itself, and is no weave of segments."""

    def bed(self, request: SoundRequest) -> BedSource | Refusal:
        """Return the ambience of a request of kind ``BED`` from its beginning; its ``read`` may raise."""
        ...


@runtime_checkable
class Credited(Protocol):
    """What recordings may be heard in."""

    @property
    def credits(self) -> tuple[Credit, ...]:
        """Whose they are."""
        ...


def credits_of(heard: Iterable[Credited]) -> tuple[Credit, ...]:
    """Return whose recordings are heard in any of them, each once."""
    return tuple(dict.fromkeys(credit for each in heard for credit in each.credits))


def refusal_of(error: LivefoleyError) -> Refusal:
    """Return an error as a refusal: of what was asked for, or a fault of the maker's."""
    return Refusal(str(error), fault=not isinstance(error, DescriptionError | BankError | SilentTakeError))


M = TypeVar("M", bound=Maker)

_BY_STRENGTH = {Fit.MADE: strengths.UNMEASURED_MADE, Fit.EXACT: strengths.UNMEASURED_EXACT}


class StudentUse(StrEnum):
    """What of a room the student makes."""

    AUTO = "auto"  # what neither the bank nor the procedures know
    ALWAYS = "always"  # that, and all ambience
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class MakerOrder:
    """Who is asked for what. What is named goes first, what only stands in last; between them makers go by how good
    they are at sounds of that class (``foley.strengths``), then by how well their sound fits, of equal ones the cheaper
    first, then as they are listed. Those of ``first`` go before all others for sounds of a kind; ``among`` (empty: all)
    and ``without`` say who is asked at all."""

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

    def sort(self, request: SoundRequest, offers: Sequence[tuple[M, Offer]]) -> list[M]:
        """Return makers in the order in which they are asked for a request."""
        first = self.first.get(request.kind, ())
        among = {maker.source: _BY_STRENGTH[offer.fit] for maker, offer in offers if offer.fit in _BY_STRENGTH}

        def key(pair: tuple[M, Offer]) -> tuple[int, int, float, int, float]:
            maker, offer = pair
            place = first.index(maker.source) if maker.source in first else len(first)
            by_strength = offer.fit in _BY_STRENGTH
            fit = Fit.EXACT if by_strength else offer.fit
            strength = strengths.rank(request, maker.source, among) if by_strength else 0.0
            return place, -fit, strength, -offer.fit, offer.cost_s

        return [maker for maker, _ in sorted(offers, key=key)]


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
        self._left = order.sort(request, fitting)

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
