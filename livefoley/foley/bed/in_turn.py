"""One ambience after another, cross-faded: where a clip or a file shows one place after another.

Live the bank's worker does so (``ProceduralBed.describe``), for ambiences of its own; here they may be anybody's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.ports import BedSource
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.foley.description.lexicon import bed_recipe

FADE: Tick = 2 * TICK_RATE
MOST_AT_ONCE = 3


@dataclass(slots=True)
class _Sounding:
    """An ambience on its way in, there, or on its way out: how far it is there, in ticks of its fade."""

    bed: BedSource
    there: int
    leaves: bool = False

    def read(self, samples: int) -> Stereo:
        block = self.bed.read(samples)
        if not self.leaves and self.there >= FADE:
            return block
        step = -1 if self.leaves else 1
        faded: Stereo = block * _power(np.clip(self.there + step * np.arange(samples), 0, FADE))
        self.there = min(FADE, max(0, self.there + step * samples))
        return faded


class BedInTurn:
    """Implements ``core.ports.BedSource``. What is described as another place of the same sounds changes nothing."""

    def __init__(
        self, open_bed: Callable[[str], BedSource], describe: str, changes: Iterable[tuple[Tick, str]] = ()
    ) -> None:
        """``open_bed`` opens the ambience of a description; ``changes`` are those that are known, as for ``change``."""
        self._open_bed = open_bed
        self._coming = deque(changes)
        self._read: Tick = 0
        self._heard, self._due = describe, describe
        self._sounding: list[_Sounding] = []

    @property
    def source(self) -> str:
        """Who makes what is read next."""
        self._take_changes()
        return self._sounding[-1].bed.source

    def change(self, at: Tick, text: str) -> None:
        """Let the place sound like ``text`` from ``at`` on, in ticks after the first one that is read, or from what is
        read next where that is over. Changes come in order."""
        self._coming.append((at, text))

    def _take_changes(self) -> None:
        while self._coming and self._coming[0][0] <= self._read:
            self._describe(self._coming.popleft()[1])
        if not self._sounding:  # the first one does not fade in
            self._heard = self._due
            self._sounding.append(_Sounding(self._open_bed(self._heard), FADE))

    def _describe(self, text: str) -> None:
        """Want another place; of many at once the last counts."""
        before, now = bed_recipe(self._heard), bed_recipe(text)
        same = before.layers == now.layers and not (before.neutral or now.neutral)
        self._due = self._heard if same else text

    def read(self, samples: int) -> Stereo:
        """Return the next ``samples`` ticks, ``[2, samples]``."""
        parts = []
        while samples > 0:
            self._take_changes()
            until = self._coming[0][0] if self._coming else self._read + samples
            n = min(samples, until - self._read)
            parts.append(self._block(n))
            self._read += n
            samples -= n
        return np.concatenate(parts or [np.zeros((2, 0), np.float32)], axis=1)

    def _block(self, samples: int) -> Stereo:
        if self._due != self._heard and len(self._sounding) < MOST_AT_ONCE:
            for each in self._sounding:
                each.leaves = True
            self._heard = self._due
            self._sounding.append(_Sounding(self._open_bed(self._heard), 0))
        made = np.zeros((2, samples), np.float32)
        for each in self._sounding:
            made += each.read(samples)
        self._sounding = [each for each in self._sounding if not each.leaves or each.there]
        return made


def _power(there: NDArray[np.int_]) -> NDArray[np.float32]:
    """Return the gain of an ambience that is so far there: two of them together are as loud as one."""
    gains: NDArray[np.float32] = np.sin(there.astype(np.float32) * np.float32(np.pi / 2 / FADE))
    return gains
