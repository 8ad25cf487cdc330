"""One utterance as passes over it go by: its sound, its language, and what two passes agree on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.perception.ears.recogniser import RATE

STEP = TICK_RATE // RATE
VALLEY = RATE // 5  # a pause between two words is about so long


@dataclass(slots=True)
class Utterance:
    """Speech from ``start`` on; ``voice_end`` is where it last paused, None while somebody speaks."""

    number: int
    start: Tick
    voice_end: Tick | None = None
    language: str | None = None
    foreign: bool = False  # in none of the room's languages
    passed: Tick = 0  # how far the last pass listened
    settled: bool = False  # passed over as a whole since the voice was last heard
    asked: Tick = 0  # how far it went when the language of one that is foreign was last asked for
    told: str = ""
    revision: int = 0
    _last: tuple[int, ...] = field(default=())

    def agree(self, tokens: Sequence[int]) -> tuple[int, ...]:
        """Take a pass's tokens; return the longest beginning that it and the one before have in common.

        "LocalAgreement-2" of Liu et al., "Low-latency sequence-to-sequence speech recognition" (2020).
        """
        count = 0
        for one, other in zip(tokens, self._last, strict=False):
            if one != other:
                break
            count += 1
        self._last = tuple(tokens)
        return self._last[:count]


class Sound:
    """The last seconds at 16 kHz, by tick."""

    def __init__(self) -> None:
        self._start: Tick = 0
        self._samples: NDArray[np.float32] = np.zeros(0, np.float32)

    @property
    def start(self) -> Tick:
        """Where it begins."""
        return self._start

    @property
    def end(self) -> Tick:
        """Where it ends."""
        return self._start + len(self._samples) * STEP

    def restart(self, start: Tick) -> None:
        """Forget everything; the next sample lies at ``start``."""
        self._start, self._samples = start, np.zeros(0, np.float32)

    def append(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples."""
        self._samples = np.concatenate((self._samples, samples))

    def keep_from(self, start: Tick) -> None:
        """Forget what lies before ``start``."""
        count = max(0, min(len(self._samples), (start - self._start) // STEP))
        self._samples = self._samples[count:]
        self._start += count * STEP

    def between(self, start: Tick, end: Tick) -> tuple[NDArray[np.float32], Tick]:
        """Return the samples from ``start`` to ``end``, and where the first of them lies."""
        first = max(0, (start - self._start) // STEP)
        return self._samples[first : max(first, (end - self._start) // STEP)], self._start + first * STEP

    def quietest(self, start: Tick, end: Tick) -> Tick:
        """Return the middle of the quietest fifth of a second between ``start`` and ``end``."""
        samples, at = self.between(start, end)
        if len(samples) <= VALLEY:
            return end
        energy = np.cumsum(np.square(samples, dtype=np.float64))
        return at + (int(np.argmin(energy[VALLEY:] - energy[:-VALLEY])) + VALLEY // 2) * STEP
