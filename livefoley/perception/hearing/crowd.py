"""Hears the room itself: cheering and applause in the original sound, and jumps of its loudness.

Both are judged against the room's own last minute. A crowd is many people at once: noise within every narrow band (no
voice, no note stands out), most of it between 700 Hz and 4 kHz, hardly any rumble below and little hiss above, and
steadier than speech. It fills the pauses between words, so its floor has to rise above the room's usual floor; a jump
has to rise above the room's loudest. What was told once is what the room sounds like, too: in a room with a noise gate
each sentence rises by 30 dB, and none after the first is a jump.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livefoley.core.highlights import Evidence, Origin
from livefoley.core.ticks import TICK_RATE, Tick

CROWD, LOUD = "crowd", "loud"
"""The signals: cheering or applause in the original sound; a jump of it."""

FRAME = 2048
STEP = 12  # frames a judgement: about half a second
WINDOW = 24  # frames it looks at
MEMORY = 120  # steps of the room's own sound: about a minute
SOUNDING = 600  # steps, about five minutes of them, in which something sounds: a host may be silent for long
WARM_UP = 8  # steps before anything is unusual
LONGEST = 40  # steps; what goes on for longer is how the room sounds now
QUIET_DB = -50.0  # nothing below is an event, and no room is taken to be quieter
CROWD_RISE_DB, LOUD_RISE_DB = 8.0, 6.0
FLOOR, LOUDEST = 20, 90  # percentiles: of the frames of a step, of the steps of the last minute
CLOSING_DB = 2.0  # an event ends where its rise is less by this much
RETELL = 4  # steps after which an event that goes on is told again

# What a crowd sounds like; found on the training part of shared/sounds.
MIN_NOISE = 0.48  # geometric over arithmetic mean of the power within narrow bands: 0.56 for noise, 0 for a tone
MAX_PEAK_DB = 4.0  # how far single lines stand out of those bands, over the window
MIN_CENTRE_DB = -1.5  # 700 Hz to 4 kHz against everything
MAX_RUMBLE_DB = -12.0  # 60 to 300 Hz against 300 Hz to 8 kHz
MAX_HISS_DB = -10.0  # 8 to 16 kHz against the same
MAX_SCATTER_DB = 5.0  # standard deviation of the level over the window

_EDGES_HZ = (550.0, 720.0, 950.0, 1250.0, 1650.0, 2150.0, 2800.0, 3700.0, 4900.0, 6500.0)


@dataclass(frozen=True, slots=True)
class CrowdStatistics:
    """Judgements made, and events found of each sort."""

    steps: int
    crowds: int
    jumps: int


@dataclass(frozen=True, slots=True)
class _Look:
    """One judgement: level and floor in dBFS, and whether it sounds like a crowd."""

    at: Tick
    level_db: float
    floor_db: float
    is_crowd: bool


class CrowdDetector:
    """48 kHz mono in any blocks, evidence of ``crowd`` and ``loud`` out; a ``Detector``. Chunked equals whole."""

    def __init__(self) -> None:
        self._window = np.hanning(FRAME).astype(np.float32)
        self._scale = 2.0 / (FRAME * float(np.sum(self._window**2)))
        hz = np.fft.rfftfreq(FRAME, 1 / TICK_RATE)
        self._bands = [_between(hz, low, high) for low, high in pairwise(_EDGES_HZ)]
        self._all, self._centre = _between(hz, 60, 16_000), _between(hz, 700, 4000)
        self._low, self._mid, self._high = _between(hz, 60, 300), _between(hz, 300, 8000), _between(hz, 8000, 16_000)
        self._judge = _Judge()
        self._expected: Tick | None = None
        self._samples = np.zeros(0, np.float32)
        self._frames: deque[NDArray[np.float64]] = deque(maxlen=WINDOW)
        self._at: Tick = 0  # where the samples begin
        self._fresh = 0  # frames since the last judgement

    def feed(self, samples: NDArray[np.float32], start: Tick) -> list[Evidence]:
        """Take ``[n]`` samples that begin at ``start``; a gap begins a new window, the room's level is kept."""
        if self._expected is None or start != self._expected:
            self._restart(start)
        self._expected = start + len(samples)
        self._samples = np.concatenate((self._samples, samples))
        events: list[Evidence] = []
        while len(self._samples) >= FRAME:
            self._frames.append(np.abs(np.fft.rfft(self._samples[:FRAME] * self._window)) ** 2 * self._scale)
            self._samples = self._samples[FRAME:]
            self._at += FRAME
            self._fresh += 1
            if self._fresh >= STEP and len(self._frames) == WINDOW:
                self._fresh = 0
                events += self._judge.feed(self._look())
        return events

    def statistics(self) -> CrowdStatistics:
        """Return a snapshot."""
        return CrowdStatistics(self._judge.steps, self._judge.crowds, self._judge.jumps)

    def _restart(self, start: Tick) -> None:
        self._samples = np.zeros(0, np.float32)
        self._frames.clear()
        self._at, self._fresh = start, 0

    def _look(self) -> _Look:
        power = np.stack(self._frames).astype(np.float64) + 1e-14  # [WINDOW, bins]
        mean = power.mean(axis=0)
        recent = power[-STEP:, self._all].sum(axis=1)
        level_db, floor_db = _db(float(recent.mean())), _db(float(np.percentile(recent, FLOOR)))
        is_crowd = level_db > QUIET_DB and self._is_crowd(power, mean)
        return _Look(self._at - STEP * FRAME, level_db, floor_db, is_crowd)

    def _is_crowd(self, power: NDArray[np.float64], mean: NDArray[np.float64]) -> bool:
        total, middle = float(mean[self._all].sum()), float(mean[self._mid].sum())
        levels = 10 * np.log10(power[:, self._mid].sum(axis=1))
        return (
            _db(float(mean[self._centre].sum()) / total) > MIN_CENTRE_DB
            and _db(float(mean[self._low].sum()) / middle) < MAX_RUMBLE_DB
            and _db(float(mean[self._high].sum()) / middle) < MAX_HISS_DB
            and float(levels[-STEP:].std()) < MAX_SCATTER_DB
            and self._noise(power) > MIN_NOISE
            and self._peak_db(mean) < MAX_PEAK_DB
        )

    def _noise(self, power: NDArray[np.float64]) -> float:
        flat = [np.exp(np.log(power[:, b]).mean(axis=1)) / power[:, b].mean(axis=1) for b in self._bands]
        return float(np.mean(flat))

    def _peak_db(self, mean: NDArray[np.float64]) -> float:
        return float(np.mean([10 * np.log10(mean[band].max() / mean[band].mean()) for band in self._bands]))


class _Judge:
    """Turns looks into events: a rise over the room's own level that lasts."""

    def __init__(self) -> None:
        self._usual: deque[_Look] = deque(maxlen=MEMORY)
        self._sounding: deque[float] = deque(maxlen=SOUNDING)  # levels of what rose above the room's floor
        self._risen: list[_Look] = []  # of the event that is open, or may be about to open
        self._recent: list[float] = []  # the same, of what is not judged yet
        self._open: Evidence | None = None
        self._told = 0  # steps of the open event that were told
        self._count = 0
        self.steps = self.crowds = self.jumps = 0

    def feed(self, look: _Look) -> list[Evidence]:
        """Take the next look; return what is known anew."""
        self.steps += 1
        if len(self._usual) < WARM_UP:
            self._usual.append(look)
            return []
        quiet = max(QUIET_DB, float(np.median([each.floor_db for each in self._usual])))
        loudest = self._loudest()
        if look.level_db > quiet + CROWD_RISE_DB:
            self._recent.append(look.level_db)
        if self._rises(look, quiet, loudest) and len(self._risen) < LONGEST:
            self._risen.append(look)
            return self._grow(quiet, loudest)
        return self._end(look)

    def _loudest(self) -> float:
        """Return the level that the room reaches when something sounds in it."""
        levels = [[each.level_db for each in self._usual]]
        if len(self._sounding) >= WARM_UP:
            levels.append(list(self._sounding))
        return max(QUIET_DB, *(float(np.percentile(each, LOUDEST)) for each in levels))

    def _rises(self, look: _Look, quiet: float, loudest: float) -> bool:
        slack = CLOSING_DB if self._open is not None else 0.0
        crowd = look.is_crowd and look.floor_db > quiet + CROWD_RISE_DB - slack
        return crowd or look.level_db > loudest + LOUD_RISE_DB - slack

    def _grow(self, quiet: float, loudest: float) -> list[Evidence]:
        """Open the event, or tell it again, when there is something new about it."""
        if len(self._risen) < 2:
            return []
        crowd = sum(look.is_crowd for look in self._risen) * 2 > len(self._risen)
        floor, level = max(look.floor_db for look in self._risen), max(look.level_db for look in self._risen)
        rise = floor - quiet if crowd else level - loudest
        strength = crowd_strength(rise) if crowd else jump_strength(rise)
        signal, before = CROWD if crowd else LOUD, self._open
        if before is None:
            self._count += 1
        elif signal == before.signal and strength < before.score + 0.1 and len(self._risen) < self._told + RETELL:
            return []
        self._told = len(self._risen)
        end = self._risen[-1].at + STEP * FRAME
        at, detail = self._risen[0].at, f"{rise:+.0f} dB"
        self._open = Evidence(signal, self._count, Origin.SOUND, at, end, strength, detail)
        return [self._open]

    def _end(self, look: _Look) -> list[Evidence]:
        """Close what is open. All of it is the room's own sound; of an event its level alone, unless it goes on too
        long: a room that is cheered at has as quiet a floor as before."""
        before, risen, self._open, self._risen = self._open, self._risen, None, []
        self._sounding.extend(self._recent)
        self._recent.clear()
        if before is None or len(risen) >= LONGEST:
            self._usual.extend(risen)
        self._usual.append(look)
        if before is None:
            return []
        self.crowds += before.signal == CROWD
        self.jumps += before.signal == LOUD
        return [replace(before, end=look.at)] if look.at > before.end else []


def crowd_strength(rise_db: float) -> float:
    """Return how much of a highlight a crowd is that rises this far: 0.4 to 0.7, never one by itself but for a roar."""
    return min(0.7, max(0.3, 0.4 + (rise_db - CROWD_RISE_DB) / 40))


def jump_strength(rise_db: float) -> float:
    """Return how much of a highlight a mere jump is: 0.15 to 0.4."""
    return min(0.4, max(0.1, 0.15 + (rise_db - LOUD_RISE_DB) / 60))


def _between(hz: NDArray[np.floating[Any]], low: float, high: float) -> NDArray[np.intp]:
    return np.flatnonzero((hz >= low) & (hz < high))


def _db(power: float) -> float:
    return 10.0 * math.log10(max(power, 1e-14))
