"""A live maker whose takes for actions are kept, so that a movement that recurs is answered at once."""

from __future__ import annotations

import time
from collections.abc import Callable

from livefoley.core.cues import Sound, SoundRequest
from livefoley.foley.chain import Fit, Offer, Refusal
from livefoley.foley.take_cache import TakeCache
from livefoley.runtime.sounds.chain import Answer, LiveMaker, Wanted


class LiveCachedTakes:
    """Implements ``LiveMaker`` around another one."""

    def __init__(self, maker: LiveMaker, now: Callable[[], float] = time.monotonic) -> None:
        self._maker = maker
        self._takes = TakeCache()
        self._now = now

    @property
    def source(self) -> str:
        """The maker's name."""
        return self._maker.source

    async def run(self) -> None:
        """Let the maker work."""
        await self._maker.run()

    def is_awake(self) -> bool:
        """Say what the maker says."""
        return self._maker.is_awake()

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        """Say what the maker says; what is kept is there at once."""
        return Offer(Fit.MADE) if request in self._takes else self._maker.offer(request, now)

    def ask(self, request: SoundRequest, deadline_s: float, wanted: Wanted, answer: Answer) -> None:
        """Answer with a take that is kept, or ask for a fresh one; where none can come, with one that was kept."""
        kept = self._takes.draw(request)
        if kept is not None:
            answer(kept)
            return

        def take(made: Sound | Refusal) -> None:
            if isinstance(made, Sound):
                self._takes.keep(request, made)
                answer(made)
            else:
                answer(self._takes.spare(request) or made)

        now = self._now()
        offer = self._maker.offer(request, now)
        if isinstance(offer, Offer) and now + offer.soon_s > deadline_s:
            offer = Refusal(f"needs {offer.soon_s:g} s, and {max(0.0, deadline_s - now):.2f} s are left")
        if isinstance(offer, Refusal):
            take(offer)
        else:
            self._maker.ask(self._takes.to_make(request), deadline_s, wanted, take)
