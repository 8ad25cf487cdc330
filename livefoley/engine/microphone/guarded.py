"""A room's microphone, as far as it says something of what moves: ``OwnSound``, which may be off, and which may fail.

Whatever breaks in it, movements sound as they would without: it is left alone from then on, and says why.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from livefoley.core.events import MotionOnset, Speech
from livefoley.core.ticks import Tick
from livefoley.engine.microphone.own_sound import Advice, OwnSound, OwnSoundStatistics


class Microphone:
    """See the module. With ``learn`` false nobody listens."""

    def __init__(self, learn: bool) -> None:
        self._own_sound = OwnSound() if learn else None
        self.problem = ""

    def hear(self, mono: NDArray[np.float32], start: Tick) -> None:
        """Take ``[n]`` samples of the original at 48 kHz that begin at ``start``."""
        if self._own_sound is not None:
            try:
                self._own_sound.hear(mono, start)
            except Exception as error:
                self._give_up(error)

    def speech(self, event: Speech) -> None:
        """Take who speaks when."""
        if self._own_sound is not None:
            self._own_sound.speech(event)

    def cut(self) -> None:
        """The picture changes to another scene."""
        if self._own_sound is not None:
            self._own_sound.cut()

    def advise(self, onset: MotionOnset) -> Advice:
        """Return what the original says of a movement."""
        if self._own_sound is not None:
            try:
                return self._own_sound.advise(onset)
            except Exception as error:
                self._give_up(error)
        return Advice(onset.at)

    def _give_up(self, error: Exception) -> None:
        self._own_sound = None
        self.problem = f"the original's sound is not learned from any more ({type(error).__name__}: {error})"

    def statistics(self) -> OwnSoundStatistics | None:
        """Return a snapshot; None where nobody listens."""
        return self._own_sound.statistics() if self._own_sound is not None else None
