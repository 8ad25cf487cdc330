"""Recordings as a maker of live rooms: they lie in the worker that serves the bank, and are asked for there."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from livefoley.core.cues import Sound, SoundRequest, SoundSource
from livefoley.foley.chain import Offer, Refusal
from livefoley.foley.offers import recordings_offer
from livefoley.runtime.sounds.chain import Answer, Wanted
from livefoley.runtime.sounds.foley import FoleyService

MOST_REFUSED = 256


class LiveRecordings:
    """Implements ``LiveMaker``. Words of which there is no recording are asked for once."""

    source = SoundSource.RECORDINGS

    def __init__(self, foley: FoleyService) -> None:
        self._foley = foley
        self._refused: OrderedDict[str, Refusal] = OrderedDict()
        self._of = 0  # how many recordings there were then

    async def run(self) -> None:
        """The worker is the bank's: there is nothing to run."""
        await asyncio.Event().wait()

    def is_awake(self) -> bool:
        """Nobody needs to wait for it."""
        return True

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        """Say that it looks for words of which it is not known yet that there is no recording."""
        if not self._foley.ready:
            return Refusal("is starting, or has failed")
        if self._of != self._foley.recordings:
            self._of = self._foley.recordings
            self._refused.clear()
        return self._refused.get(request.prompt) or recordings_offer(request, self._of)

    def ask(self, request: SoundRequest, deadline_s: float, wanted: Wanted, answer: Answer) -> None:
        """Ask for a sound."""

        def take(made: Sound | Refusal) -> None:
            if isinstance(made, Refusal) and not made.fault:
                self._refused[request.prompt] = made
                if len(self._refused) > MOST_REFUSED:
                    self._refused.popitem(last=False)
            answer(made)

        self._foley.ask_recording(request, deadline_s, wanted, take)
