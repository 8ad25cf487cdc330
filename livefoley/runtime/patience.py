"""How long a silent worker is waited for: one that hangs not long, one that gets no processor time longer.

What counts is how long it could have answered and did not: the time it has been silent, less the time in which it, or
everybody on the machine, was kept waiting for a processor or for memory; at least the processor time it used. So one
that sleeps, or is stopped, or computes for ever is hung after its time-out; one that is starved has most of it left, up
to a bound. Killing that one would be wrong twice: its start takes more processor time than it was short of.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from livefoley.system.processor import ProcessorUse, processor_use, stalled_s

MOST_TIMES, MOST_MORE_S = 10.0, 60.0
LOOK_S = 1.0
"""The most that may pass for silence between two looks: beyond it we did not look, and the worker is not to blame."""
TURN_S = 2.0


class Verdict(StrEnum):
    """What a silent worker does."""

    WORKS = "works"
    STARVES = "starves"
    HANGS = "hangs"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a worker, and the machine, fared by some moment; None, or nothing, for what the system does not tell."""

    use: ProcessorUse | None = None
    stalled_s: Mapping[str, float] = field(default_factory=dict)


def read(pid: int | None) -> Reading:
    """Read it now."""
    use = processor_use(pid) if pid is not None else None
    return Reading(use, stalled_s() if use is not None else {})


def longest_s(timeout_s: float) -> float:
    """Return how long a starved worker is waited for, when another is hung after ``timeout_s``."""
    return min(MOST_TIMES * timeout_s, timeout_s + MOST_MORE_S)


def chances_s(silent_s: float, first: Reading, last: Reading) -> float:
    """Return for how much of its silence a worker could have answered; all of it where nothing is known.

    Whichever of its threads waited the longest counts: the one that answers may wait for that one.
    """
    if first.use is None or last.use is None or last.use.stopped:
        return silent_s
    before = first.use.waited_s
    lacked_s = max((waited - before.get(thread, 0.0) for thread, waited in last.use.waited_s.items()), default=0.0)
    for what, stalled in last.stalled_s.items():
        lacked_s = max(lacked_s, stalled - first.stalled_s.get(what, stalled))
    used_s = last.use.used_s - first.use.used_s
    return min(silent_s, max(used_s, silent_s - lacked_s))


def verdict(silent_s: float, timeout_s: float, first: Reading, last: Reading) -> Verdict:
    """Judge a worker that has been silent for ``silent_s``; ``first`` was read near the beginning of that."""
    if silent_s <= timeout_s:
        return Verdict.WORKS
    if silent_s > longest_s(timeout_s) or chances_s(silent_s, first, last) > timeout_s:
        return Verdict.HANGS
    return Verdict.STARVES


class Vigil:
    """Watches over one worker: ``heard`` when it says something, ``look`` twice a second. ``now`` tells seconds."""

    def __init__(self, now: Callable[[], float], read: Callable[[], Reading]) -> None:
        self.starvations = 0
        """Times it was silent for longer than its time-out, for want of processor time, and was waited for."""
        self._now = now
        self._read = read
        self.heard()

    def heard(self) -> None:
        """It said something."""
        self._silent_s = 0.0
        self._looked_s = self._now()
        self._first: Reading | None = None
        self._starves = False

    def look(self, timeout_s: float) -> Verdict:
        """Judge it."""
        now = self._now()
        self._silent_s += min(now - self._looked_s, LOOK_S)
        self._looked_s = now
        if self._silent_s < min(LOOK_S, timeout_s / 2):
            return Verdict.WORKS
        reading = self._read()
        if self._first is None:
            self._first = reading
        found = verdict(self._silent_s, timeout_s, self._first, reading)
        if found is Verdict.STARVES and not self._starves:
            self._starves = True
            self.starvations += 1
        return found


class Turns:
    """Who may be started anew: one worker at a time, the next when that one is ready, or after ``turn_s``."""

    def __init__(self, turn_s: float = TURN_S, now: Callable[[], float] = time.monotonic) -> None:
        self._turn_s = turn_s
        self._now = now
        self._holder: object = None
        self._until_s = 0.0

    def take(self, who: object) -> bool:
        """Say whether it is the turn of ``who``, which it is then for a while."""
        if self._holder is not None and self._holder is not who and self._now() < self._until_s:
            return False
        self._holder, self._until_s = who, self._now() + self._turn_s
        return True

    def leave(self, who: object) -> None:
        """Give the turn to whoever wants it, if ``who`` has it."""
        if self._holder is who:
            self._holder = None
