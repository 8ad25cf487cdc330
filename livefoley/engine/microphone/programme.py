"""How loud the original is, and by how much foley has to be louder or quieter to lie under it as far as it should.

Loudness is BS.1770's over the last ten seconds in which there was something to hear, gated as EBU Tech 3341 has it:
pauses do not count, so foley does not swell in them. It is measured ahead of what leaves, by the look-ahead.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.dsp.levels import SILENCE_DB
from livefoley.dsp.loudness import BLOCK, RELATIVE_GATE_LU, momentary_lufs

REFERENCE_LUFS = -20.0
"""Under an original as loud as this, foley has the gains of its settings: between speech at -23 and music at -14."""

LEAST_DB, MOST_DB = -12.0, 9.0
DB_A_SECOND = 3.0

GATE_LUFS = -55.0
"""What is quieter than this is a pause, the noise of a room or of its microphone."""

SEGMENT: Tick = TICK_RATE
SEGMENTS = 10
MOST_WAITING = 64
_OF_BOTH_CHANNELS = 10 * np.log10(2.0)  # the mean of two equal channels is one of them; loudness counts both


@dataclass(frozen=True, slots=True)
class ProgrammeStatistics:
    """``lufs`` of the original, None before anything was heard, and the ``gain_db`` that foley has for its sake."""

    lufs: float | None = None
    gain_db: float = 0.0
    problem: str = ""


class Programme:
    """See the module. Takes the original as it comes, and says what foley's gain is at a tick; ticks go up."""

    def __init__(self, follow: bool = True) -> None:
        self._follow = follow
        self._before = np.zeros(0, np.float32)  # what the filter and the first blocks of a segment need of the last one
        self._parts: list[NDArray[np.float32]] = []
        self._next: Tick | None = None
        self._powers: deque[NDArray[np.float64]] = deque(maxlen=SEGMENTS)
        self._gains: deque[tuple[Tick, float]] = deque(maxlen=MOST_WAITING)  # (from when on, dB), still to come
        self._told_db = self._gain_db = 0.0
        self._lufs: float | None = None
        self._problem = ""

    def hear(self, mono: NDArray[np.float32], start: Tick) -> None:
        """Take ``[n]`` samples of the original that begin at ``start``. Whatever breaks here leaves the gain alone."""
        if not self._follow:
            return
        try:
            self._hear(mono, start)
        except Exception as error:
            self._follow = False
            self._problem = f"foley does not follow the original's loudness any more ({type(error).__name__}: {error})"

    def gain_db(self, at: Tick) -> float:
        """Return foley's gain from ``at`` on, in dB; it moves by ``DB_A_SECOND`` at the most but for the first time."""
        while self._gains and self._gains[0][0] <= at:
            self._gain_db = self._gains.popleft()[1]
        return self._gain_db

    def statistics(self) -> ProgrammeStatistics:
        """Return a snapshot."""
        return ProgrammeStatistics(self._lufs, self._gain_db, self._problem)

    def _hear(self, mono: NDArray[np.float32], start: Tick) -> None:
        if start != self._next:
            self._parts, self._before = [], np.zeros(0, np.float32)
        self._parts.append(np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0))
        self._next = start + len(mono)
        if sum(map(len, self._parts)) < SEGMENT:
            return
        heard = np.concatenate(self._parts)
        whole = len(heard) // SEGMENT * SEGMENT
        begin = self._next - len(heard)
        for at in range(0, whole, SEGMENT):
            self._measure(heard[at : at + SEGMENT], begin + at)
        self._parts = [heard[whole:]]

    def _measure(self, segment: NDArray[np.float32], start: Tick) -> None:
        """Take a second that begins at ``start``, and say what the gain is after it; of the first one also before."""
        known = len(self._before)
        lufs = momentary_lufs(np.concatenate((self._before, segment))[None]) + _OF_BOTH_CHANNELS
        self._before = segment[-BLOCK:]
        heard = lufs[1 if known else 0 :]  # the filter begins from rest: the first block has its thump
        powers = 10.0 ** (heard[heard > GATE_LUFS] / 10.0)
        if not powers.size:
            return
        first = self._lufs is None
        self._powers.append(powers)
        self._lufs = _gated(np.concatenate(self._powers))
        wanted = float(np.clip(self._lufs - REFERENCE_LUFS, LEAST_DB, MOST_DB))
        step = abs(wanted - self._told_db) if first else DB_A_SECOND
        self._told_db += float(np.clip(wanted - self._told_db, -step, step))
        self._gains.append((start - SEGMENTS * SEGMENT if first else start + SEGMENT, self._told_db))


def _gated(powers: NDArray[np.float64]) -> float:
    louder = powers[powers >= powers.mean() * 10.0 ** (RELATIVE_GATE_LU / 10.0)]
    return float(max(SILENCE_DB, 10.0 * np.log10(louder.mean())))
