"""The unit of the timeline: a tick is 1/48000 s since the room's origin, an ``int``.

Audio samples at 48 kHz are ticks. Millisecond stamps (RTMP) convert exactly; a 90 kHz stamp rounds by at most half a
tick (10.4 us).
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

TICK_RATE = 48_000
"""Ticks a second; also the sample rate of every sound livefoley handles."""

Tick: TypeAlias = int

MILLISECONDS = Fraction(1, 1000)
SAMPLES = Fraction(1, TICK_RATE)


def ticks_from_stamp(stamp: int, time_base: Fraction) -> Tick:
    """Return ``stamp`` (in units of ``time_base`` seconds) in ticks, rounded to the nearest, halves up."""
    numerator = stamp * time_base.numerator * TICK_RATE * 2 + time_base.denominator
    return numerator // (2 * time_base.denominator)


def ticks_from_s(seconds: float) -> Tick:
    """Return a duration in seconds as ticks, rounded to the nearest."""
    return round(seconds * TICK_RATE)


def s_from_ticks(ticks: Tick) -> float:
    """Return ticks as seconds."""
    return ticks / TICK_RATE


def ms_from_ticks(ticks: Tick) -> int:
    """Return ticks as whole milliseconds, rounded to the nearest; exact for what came in as milliseconds."""
    return (ticks * 2 + 48) // 96


class Unwrapper:
    """Follows a counter that wraps at ``2**bits`` (RTMP: 32 bits of ms; MPEG: 33 bits of 90 kHz) to a 64-bit value.

    The step between neighbours is read as the shorter way round, so stamps may also go back (B-frames).
    """

    def __init__(self, bits: int) -> None:
        self._span = 1 << bits
        self._last: int | None = None

    def unwrap(self, stamp: int) -> int:
        """Return the 64-bit value of ``stamp``, the next in order of arrival."""
        if self._last is None:
            self._last = stamp
            return stamp
        half = self._span // 2
        step = (stamp - self._last + half) % self._span - half
        self._last += step
        return self._last
