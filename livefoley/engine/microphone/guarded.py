"""A room's microphone, as far as it says something of what moves: ``OwnSound``, which may be off, and which may fail.

Whatever breaks in it, movements sound as they would without: it is left alone from then on, and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from livefoley.core.events import MotionCourse, MotionOnset, Speech
from livefoley.core.ticks import Tick
from livefoley.engine.microphone.own_sound import Advice, OwnSound, OwnSoundStatistics

Answer = TypeVar("Answer")


class Microphone:
    """See the module. With ``learn`` false nobody listens."""

    def __init__(self, learn: bool) -> None:
        self._own_sound = OwnSound() if learn else None
        self.problem = ""

    def hear(self, mono: NDArray[np.float32], start: Tick) -> None:
        """Take ``[n]`` samples of the original at 48 kHz that begin at ``start``."""
        self._ask(lambda own: own.hear(mono, start))

    def speech(self, event: Speech) -> None:
        """Take who speaks when."""
        self._ask(lambda own: own.speech(event))

    def cut(self) -> None:
        """The picture changes to another scene."""
        self._ask(lambda own: own.cut())

    def advise(self, onset: MotionOnset) -> Advice:
        """Return what the original says of a movement."""
        return self._ask(lambda own: own.advise(onset)) or Advice(onset.at)

    def advise_course(self, course: MotionCourse) -> Advice:
        """Return what the original says of a movement that lasts, as far as it has gone."""
        return self._ask(lambda own: own.advise_course(course)) or Advice(course.at)

    def _ask(self, what: Callable[[OwnSound], Answer]) -> Answer | None:
        """Return an answer; None where nobody listens, or where it broke just now."""
        if self._own_sound is None:
            return None
        try:
            return what(self._own_sound)
        except Exception as error:
            self._own_sound = None
            self.problem = f"the original's sound is not learned from any more ({type(error).__name__}: {error})"
            return None

    def statistics(self) -> OwnSoundStatistics | None:
        """Return a snapshot; None where nobody listens."""
        return self._own_sound.statistics() if self._own_sound is not None else None
