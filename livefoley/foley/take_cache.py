"""What was made for actions, kept: a movement that recurs is answered at once, now and then by a fresh take.

Without this a fast scene would ask a network eight times a second for what nobody can tell apart.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field, replace

from livefoley.core.cues import CueKind, Sound, SoundRequest
from livefoley.foley.chain import Fit, Offer, Refusal, SoundMaker

KEPT = 6
RENEW_EVERY = 12
MOST_REQUESTS = 96
MOST_BYTES = 64_000_000
STRENGTHS = (0.35, 0.7, 1.0)


def strength_of(request: SoundRequest) -> float:
    """Return the nearest of the strengths that takes are made at."""
    return min(STRENGTHS, key=lambda strength: abs(strength - request.intensity))


@dataclass(slots=True)
class _Kept:
    takes: deque[Sound] = field(default_factory=deque)
    asked: int = 0


class TakeCache:
    """The last takes for each action at each strength, whatever the seed; the least used forgotten first, bounded.

    Of anything but actions it keeps nothing.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: OrderedDict[SoundRequest, _Kept] = OrderedDict()
        self.bytes = 0

    def __contains__(self, request: SoundRequest) -> bool:
        kept = self._kept.get(_key(request))
        return kept is not None and bool(kept.takes) and request.kind is CueKind.ACTION

    def draw(self, request: SoundRequest) -> Sound | None:
        """Return a take; None when a fresh one should be made."""
        if request.kind is not CueKind.ACTION:
            return None
        kept = self._of(request)
        kept.asked += 1
        return None if len(kept.takes) < KEPT or kept.asked % RENEW_EVERY == 0 else self._chosen(kept, request)

    def spare(self, request: SoundRequest) -> Sound | None:
        """Return a take where no fresh one can be made; None when there is none at all."""
        return self._chosen(self._of(request), request) if request.kind is CueKind.ACTION else None

    def to_make(self, request: SoundRequest) -> SoundRequest:
        """Return what to make for ``request``: an action at one of the strengths."""
        return replace(request, intensity=strength_of(request)) if request.kind is CueKind.ACTION else request

    def keep(self, request: SoundRequest, sound: Sound) -> None:
        """Keep what was made for ``request``, for the oldest if there are enough."""
        if request.kind is not CueKind.ACTION:
            return
        kept = self._of(request)
        kept.takes.append(sound)
        self.bytes += sound.samples.nbytes
        if len(kept.takes) > KEPT:
            self.bytes -= kept.takes.popleft().samples.nbytes
        self._bound()

    @staticmethod
    def _chosen(kept: _Kept, request: SoundRequest) -> Sound | None:
        return kept.takes[request.seed % len(kept.takes)] if kept.takes else None

    def _of(self, request: SoundRequest) -> _Kept:
        key = _key(request)
        kept = self._kept.setdefault(key, _Kept())
        self._kept.move_to_end(key)
        self._bound()
        return kept

    def _bound(self) -> None:
        while len(self._kept) > 1 and (self.bytes > self._most_bytes or len(self._kept) > MOST_REQUESTS):
            _, forgotten = self._kept.popitem(last=False)
            self.bytes -= sum(take.samples.nbytes for take in forgotten.takes)


def _key(request: SoundRequest) -> SoundRequest:
    return replace(request, intensity=strength_of(request), seed=0)


class CachedTakes:
    """A maker whose takes for actions are kept. Implements ``foley.chain.SoundMaker``."""

    def __init__(self, maker: SoundMaker) -> None:
        self.source = maker.source
        self._maker = maker
        self._takes = TakeCache()

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        """Say what the maker says; what is kept costs nothing."""
        return Offer(Fit.MADE) if request in self._takes else self._maker.offer(request, now)

    def make(self, request: SoundRequest) -> Sound | Refusal:
        """Return a take that is kept, or a fresh one; where none can be made, one that was kept."""
        kept = self._takes.draw(request)
        if kept is not None:
            return kept
        made = self._maker.make(self._takes.to_make(request))
        if isinstance(made, Sound):
            self._takes.keep(request, made)
            return made
        return self._takes.spare(request) or made
