"""Adds the mark of generated sound to a sound as it goes by; without one, sound passes as it is, and at once."""

from __future__ import annotations

import numpy as np

from livefoley.core.cues import Stereo
from livefoley.core.ports import MixMark


class Marking:
    """Marks one sound. Where the mark is not there, the sound leaves bit for bit as it came."""

    def __init__(self, mark: MixMark | None) -> None:
        self._mark = mark
        self.delay = mark.delay if mark is not None else 0
        self.reset()

    @property
    def failures(self) -> int:
        """How many pieces left without a mark because making it failed."""
        return self._mark.failures if self._mark is not None else 0

    def reset(self) -> None:
        """Forget the sound so far."""
        self._held = np.zeros((2, 0), np.float32)  # what the mark is not known of yet
        if self._mark is not None:
            self._mark.reset()

    def feed(self, sound: Stereo, generated: Stereo | None) -> Stereo:
        """Take the next of a sound, return what leaves: all but the last ``delay`` samples of what was taken."""
        if self._mark is None:
            return sound
        mark = self._mark.feed(sound, generated)
        whole = np.concatenate((self._held, sound), axis=1)
        leaving, self._held = whole[:, : -self.delay], whole[:, -self.delay :]
        return leaving if mark is None else leaving + mark
