"""Tells what lands from what turns, by the course of its speed around the moment it stopped.

What hits something is as fast as ever until it is there, and then at once slow, still or on its way back; a hand that
turns in the air slows down before, and goes on changing after. What was not seen to come, or goes on where it is said
to have stopped, was seen wrongly.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.perception.motion.optical_flow import Map, Motion

BEFORE, AFTER = 5, 3
"""Steps before the stop, and after it, whose speeds are looked at."""

ABRUPT = 0.72  # of its highest speed is lost over two steps
CAME = 0.25  # of it is seen on three steps before, or on two of something fast
FAST = 0.8  # picture widths a second
GOES_ON = 0.6  # of it is there on a step after
EDGE, OUTWARD = 0.05, 0.4  # of the picture, and of its way: what goes out there has not stopped
REACH = 6  # pixels of a map
_BACK_S = 0.1  # how far back along its way it is looked for


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where something was seen to stop: the ``rows`` and ``columns`` of it, the velocity it had, its size in pixels."""

    at: Tick
    row: int
    column: int
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    speed: float
    direction: tuple[float, float]


class Course:
    """Remembers the last movements, and says of what stopped among them whether it landed."""

    def __init__(self) -> None:
        self._steps: deque[tuple[Tick, Map]] = deque(maxlen=BEFORE + AFTER + 8)

    def reset(self) -> None:
        """Forget them (a cut)."""
        self._steps.clear()

    def feed(self, motion: Motion) -> None:
        """Take the next movement."""
        self._steps.append((motion.at, motion.after))

    def lands(self, stopped: Stopped) -> bool:
        """Say whether it landed."""
        ticks = [at for at, _ in self._steps]
        if stopped.at not in ticks or self._leaves(stopped):
            return False
        middle = ticks.index(stopped.at)
        before = [self._coming(stopped, each) for each in list(self._steps)[max(0, middle - BEFORE) : middle]]
        after = [_staying(stopped, field) for _, field in list(self._steps)[middle : middle + AFTER + 1]]
        return lands([0.0] * (BEFORE - len(before)) + before, after + [0.0] * (AFTER + 1 - len(after)))

    def _leaves(self, stopped: Stopped) -> bool:
        """Say whether it went out of the picture."""
        height, width = self._steps[0][1].shape[:2]
        for place, size, way in zip((stopped.columns, stopped.rows), (width, height), stopped.direction, strict=True):
            middle = float(place.mean()) / size
            if (middle > 1.0 - EDGE and way > OUTWARD) or (middle < EDGE and way < -OUTWARD):
                return True
        return False

    def _coming(self, stopped: Stopped, step: tuple[Tick, Map]) -> float:
        """Return the speed along its direction of what comes its way: of as many of the fastest pixels as it has."""
        at, field = step
        width = field.shape[1]
        way = stopped.speed * width * min(_BACK_S, (stopped.at - at) / TICK_RATE)
        back = (stopped.row - stopped.direction[1] * way, stopped.column - stopped.direction[0] * way)
        top, bottom = sorted((stopped.row, round(back[0])))
        left, right = sorted((stopped.column, round(back[1])))
        near = field[max(0, top - REACH) : bottom + REACH + 1, max(0, left - REACH) : right + REACH + 1].reshape(-1, 2)
        if not len(near):
            return 0.0
        count = min(len(near), max(4, len(stopped.rows) * 6 // 10))
        fastest = np.argpartition(-np.square(near).sum(axis=1), count - 1)[:count]
        return float((near[fastest] @ np.array(stopped.direction, np.float32)).mean())


def _staying(stopped: Stopped, field: Map) -> float:
    """Return the speed along its direction of what is where it stopped."""
    return float((field[stopped.rows, stopped.columns] @ np.array(stopped.direction, np.float32)).mean())


def lands(before: list[float], after: list[float]) -> bool:
    """Say whether speeds along a direction, of ``BEFORE`` steps and of ``AFTER`` and one more, are a landing's."""
    speeds = np.maximum(np.array(before + after), 0.0)
    highest = float(speeds[: BEFORE + 2].max())
    if highest <= 0.0:
        return False
    lost = max(float(speeds[at - 1] - speeds[at + 1]) for at in (BEFORE - 1, BEFORE, BEFORE + 1))
    came = float(np.sort(speeds[:BEFORE])[-2 if highest > FAST else -3])
    goes_on = float(speeds[BEFORE + 2 :].max())
    return lost >= ABRUPT * highest and came >= CAME * highest and goes_on < GOES_ON * highest
