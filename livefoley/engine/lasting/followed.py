"""A sound that goes on for as long as something is followed: its level, place and pitch move along given points.

The points may come while it is heard. Between them all is straight; where they stop coming it fades out, and where they
come again it goes on from what was heard last, so nothing ever clicks. Chunked equals whole, as long as the same points
are known.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from livefoley.core.cues import CurvePoint, Stereo
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.dsp.levels import linear_from_db, pan_gains

FADE_IN: Tick = ticks_from_s(0.15)
FADE_OUT: Tick = ticks_from_s(0.3)
CUT_OUT: Tick = ticks_from_s(0.08)  # where the picture is cut it goes as fast as that can be without a click
HOLD: Tick = ticks_from_s(0.1)
"""The last point known stands for this much longer: the next may be a little late."""
RESUME: Tick = ticks_from_s(0.1)  # to a point that came too late to be heard in its place
FORGOTTEN: Tick = ticks_from_s(2.0)  # without a point for so long, it is over
SEAM: Tick = ticks_from_s(0.5)
MOST_POINTS = 512

_Knot = tuple[Tick, float, float, float]  # a moment, the gains of left and right, the pitch


class Followed:
    """One such sound. It may be ``follow``-ed before it is there; nothing is heard until it is ``lay``-ed."""

    def __init__(self, begin: Tick | None = None) -> None:
        """Before ``begin``, where the scene begins, nothing is heard."""
        self._begin = begin
        self._cut: Tick | None = None
        self._loop: NDArray[np.float32] | None = None
        self._place: float | None = None  # in the loop, in samples; None before it is heard
        self._heard: Tick | None = None  # the next tick to be heard
        self._knots: list[_Knot] = []
        self._ended = False

    def lay(self, samples: Stereo, now: Tick) -> None:
        """Take the sound, ``[2, n]``, to be heard from ``now`` on at the earliest; it is made to go round."""
        self._loop = looped(samples)
        self._heard = now = max(now, self._heard if self._heard is not None else now)
        if self._knots and self._knots[0][0] - FADE_IN < now:
            late = [self._now(now + FADE_IN), *(knot for knot in self._knots if knot[0] > now + FADE_IN)]
            self._knots = [(now, 0.0, 0.0, late[0][3]), *late]

    def follow(self, points: Iterable[CurvePoint], ended: bool = False) -> None:
        """Take where it goes next; points are in order. With ``ended`` these are the last."""
        self._ended = self._ended or ended
        for point in points:
            self._add(point)
        del self._knots[:-MOST_POINTS]

    def cut(self, at: Tick) -> None:
        """The picture shows another scene from ``at`` on: it ends there."""
        if self._cut is not None:
            return
        self._cut = max(at, self._heard if self._heard is not None else at)
        self._ended = True
        if self._knots and self._knots[-1][0] >= self._cut:
            here = self._now(self._cut)
            self._knots = [*(knot for knot in self._knots if knot[0] < self._cut), here]

    def over(self, now: Tick) -> bool:
        """Whether nothing more is to be heard."""
        if not self._knots:
            return self._ended
        return now > (sum(self._end()) if self._ended else self._knots[-1][0] + FORGOTTEN)

    def _end(self) -> tuple[Tick, Tick]:
        """Return up to when the last point stands, and how long the sound then takes to go."""
        last = self._knots[-1][0]
        return (last + HOLD, FADE_OUT) if self._cut is None else (min(last + HOLD, max(last, self._cut)), CUT_OUT)

    def render(self, start: Tick, n: int) -> Stereo | None:
        """Return the ``n`` ticks from ``start`` on, ``[2, n]``, read in order; None where nothing is heard."""
        self._heard = start + n
        if self._loop is None or not self._knots or not self._sounds(start, n):
            return None
        ticks = np.arange(start, start + n, dtype=np.float64)
        at, left, right, pitch = self._curve()
        sound = self._read(np.interp(ticks, at, pitch), int(at[0]) - start)
        sound *= np.stack((np.interp(ticks, at, left), np.interp(ticks, at, right))).astype(np.float32)
        self._forget(start)
        return sound

    def _sounds(self, start: Tick, n: int) -> bool:
        return self._knots[0][0] - FADE_IN < start + n and start < sum(self._end())

    def _add(self, point: CurvePoint) -> None:
        gain = linear_from_db(point.level_db)
        left, right = (gain * side for side in pan_gains(point.pan))
        at, heard = point.at, self._heard
        if (self._begin is not None and at < self._begin) or (self._cut is not None and at > self._cut):
            return
        if heard is not None:
            if not self._knots and at < heard + FADE_IN:
                self._knots = [(heard, 0.0, 0.0, point.pitch)]
            elif self._knots and heard > self._knots[-1][0]:
                self._knots = [self._now(heard)]  # on from what is heard, be it on its way out
            if at <= heard:
                at = heard + RESUME
                self._knots = [knot for knot in self._knots if knot[0] < at]
        if not self._knots or at > self._knots[-1][0]:
            self._knots.append((at, left, right, point.pitch))

    def _curve(self) -> tuple[NDArray[np.float64], ...]:
        """Return moments, gains and pitches, with the fades at both ends."""
        first, last, (stands, goes) = self._knots[0], self._knots[-1], self._end()
        rises = first[0] - FADE_IN if self._begin is None else min(first[0] - 1, max(first[0] - FADE_IN, self._begin))
        knots = [
            (rises, 0.0, 0.0, first[3]),
            *self._knots,
            (stands, *last[1:]),
            (stands + goes, 0.0, 0.0, last[3]),
        ]
        return tuple(np.array(each, np.float64) for each in zip(*knots, strict=True))

    def _now(self, at: Tick) -> _Knot:
        moments, left, right, pitch = self._curve()
        left_now, right_now, pitch_now = (float(np.interp(at, moments, each)) for each in (left, right, pitch))
        return at, left_now, right_now, pitch_now

    def _forget(self, before: Tick) -> None:
        """Let go of what lies behind, but for the point the curve comes from."""
        behind = sum(1 for knot in self._knots[:-1] if knot[0] <= before) - 1
        if behind > 0:
            del self._knots[:behind]

    def _read(self, pitch: NDArray[np.float64], quiet: int) -> NDArray[np.float32]:
        """Return the loop played at a moving pitch; before it is first heard it waits for ``quiet`` ticks."""
        loop = self._loop
        if loop is None:
            raise AssertionError("no sound yet")
        if self._place is None:
            self._place = 0.0
            pitch[: max(0, quiet)] = 0.0
        length = loop.shape[1]
        places = self._place + np.cumsum(pitch)
        self._place, places = float(places[-1] % length), places - pitch
        whole = np.floor(places)
        part = (places - whole).astype(np.float32)
        here = whole.astype(np.int64) % length
        return np.asarray(loop[:, here] * (1.0 - part) + loop[:, (here + 1) % length] * part, np.float32)


def looped(samples: Stereo) -> NDArray[np.float32]:
    """Return a sound whose end leads into its beginning, by a cross-fade of equal power."""
    length = samples.shape[1]
    seam = min(SEAM, length // 3)
    if seam == 0:
        return np.zeros((2, 1), np.float32)
    loop = np.array(samples[:, : length - seam], np.float32)
    ramp = np.sin(np.arange(seam, dtype=np.float32) * np.float32(np.pi / 2 / seam))
    loop[:, :seam] = loop[:, :seam] * ramp + samples[:, length - seam :] * ramp[::-1]
    return loop
