"""From movement to moments: which of the sudden stops and starts in a picture are worth a sound.

At every picture the places where material lost its speed most compete; one that is the strongest for a tenth of a
second around, stands out of the room's own unrest and is not contradicted by what follows becomes an onset.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from livefoley.core.events import MotionKind, MotionOnset
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.perception.motion.landing import AFTER, Course, Stopped
from livefoley.perception.motion.optical_flow import Map, Motion, smooth

NEAR_S = 0.12
NEAR: Tick = ticks_from_s(NEAR_S)
"""Moments closer than this, at one place, are one; a moment is decided when this much has been seen after it."""

APART: Tick = ticks_from_s(0.045)  # moments at different places
SWEEP_APART: Tick = ticks_from_s(0.3)
PLACE = 0.22  # picture widths: closer than this is one place
MIN_SCORE = 0.09  # widths a second lost, over a window
OFTEN = 1.2  # times what is reached by every fourth picture
MIN_SPEED = 0.2  # widths a second: a hand that turns at the top of its way is slower, one that hits is faster
MIN_SWEEP = 0.7
MIN_SIZE = 7e-4  # share of the picture
RISING = 0.35  # what stops on its way up has seldom hit something
BRAKING_WINDOW = 7
LOST_SIGHT = 20.0  # pixels of a map
TURNED = 1.2  # share of the speed lost from which something came back
STROKE_S = 0.9  # the longest from one end of a stroke to the other
BACK = -0.3  # cosine between the ways of both
HARDER = 1.3  # times the score of one end, and the other is no moment
MASKED_S = 0.25  # a stronger moment just before hides a weaker one
MEMORY = 256  # scores the adaptive threshold looks back on
_FULL = 0.25  # score of a strength of 0.63


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where something stopped or turned, or started (``kind``); ``score`` in picture widths a second."""

    at: Tick
    kind: MotionKind
    score: float
    braking: float
    column: int
    row: int
    x: float
    y: float
    size: float
    speed: float
    direction: tuple[float, float]
    turned: bool  # it came back, rather than stopped
    gap: Tick
    stopped: Stopped
    landed: bool = False  # of what stopped: it hit something, and is no turn of a hand


class OnsetFinder:
    """``Motion`` in, ``MotionOnset`` out, in order of ``at`` and about ``NEAR`` later."""

    def __init__(self) -> None:
        self._scores: deque[float] = deque(maxlen=MEMORY)
        self._course = Course()
        self.reset()

    def reset(self) -> None:
        """Forget what is pending (a cut); the room's unrest stays."""
        self._course.reset()
        self._young: list[Candidate] = []  # stops of which it is not known what follows
        self._strokes: deque[Candidate] = deque(maxlen=MEMORY // 8)
        self._pending: list[Candidate] = []
        self._last: dict[MotionKind, Candidate] = {}
        self._previous: tuple[Tick, Map, Map] | None = None

    def forget_from(self, at: Tick) -> None:
        """Drop what is pending from ``at`` on: the picture was cut."""
        self._young = [candidate for candidate in self._young if candidate.at < at]
        self._pending = [candidate for candidate in self._pending if candidate.at < at]
        self._previous = None

    def feed(self, motion: Motion) -> list[MotionOnset]:
        """Take the next movement; return the onsets decided by now."""
        self._course.feed(motion)
        self._contradict(motion)
        self._judge(motion.at - AFTER * motion.gap)
        impacts = find_impacts(motion)
        self._scores.append(impacts[0].score if impacts else 0.0)
        braking = smooth(motion.braking * (1.0 - motion.blind), BRAKING_WINDOW)
        self._young += [self._sharpen(candidate, motion, braking) for candidate in impacts]
        self._previous = (motion.at, braking, motion.blind)
        self._pending += find_sweeps(motion)
        youngest = min((candidate.at for candidate in self._young), default=motion.at + motion.gap)
        return self._decide(youngest - NEAR)

    def flush(self) -> list[MotionOnset]:
        """Return what is pending."""
        self._judge(1 << 62)
        return self._decide(1 << 62)

    def _judge(self, until: Tick) -> None:
        """Say of what stopped before ``until`` whether it landed, and let it compete."""
        ready = [candidate for candidate in self._young if candidate.at <= until]
        self._young = [candidate for candidate in self._young if candidate.at > until]
        for candidate in ready:
            lands = self._course.lands(candidate.stopped)
            if lands:
                self._strokes.append(candidate)
                lands = not any(_strikes_back(other, candidate) for other in self._strokes)
            self._pending.append(replace(candidate, landed=lands))

    def _contradict(self, motion: Motion) -> None:
        """Drop what is said to have stopped just before, and is seen to go on."""
        self._young = [c for c in self._young if motion.at - c.at > 2 * motion.gap or not goes_on(c, motion)]

    def _sharpen(self, candidate: Candidate, motion: Motion, braking: Map) -> Candidate:
        """Place the moment a picture earlier where that fits better.

        A thing that lands between two pictures loses speed at both: the one at which it lost more counts. And what
        bounces off fast is often lost for one step, and found again going the other way.
        """
        if self._previous is None or motion.at - self._previous[0] > 2 * motion.gap:
            return candidate
        at, before, blind = self._previous
        place = (candidate.row, candidate.column)
        near, around = _box(place, place, 6), _box(place, place, 8)
        lost_sight = float(blind[around].sum()) > LOST_SIGHT and candidate.turned
        if lost_sight or float(before[near].max()) > float(braking[near].max()):
            return replace(candidate, at=at, stopped=replace(candidate.stopped, at=at))
        return candidate

    def _decide(self, until: Tick) -> list[MotionOnset]:
        ready = sorted((c for c in self._pending if c.at <= until), key=lambda c: c.at)
        if not ready:
            return []
        threshold = self._threshold()
        onsets = []
        for candidate in ready:
            if self._wins(candidate, threshold):
                self._last[candidate.kind] = candidate
                onsets.append(_onset(candidate, threshold))
        self._pending = [c for c in self._pending if c.at > until]
        return onsets

    def _threshold(self) -> float:
        """Return the score an onset must have: well above what the room does all the time."""
        scores = np.array(self._scores, np.float32)
        if len(scores) <= 16:
            return MIN_SCORE
        often, sometimes = np.percentile(scores, (50, 75))
        return float(max(MIN_SCORE, 2.0 * often, OFTEN * sometimes))

    def _wins(self, candidate: Candidate, threshold: float) -> bool:
        if candidate.size < MIN_SIZE or (candidate.kind is MotionKind.IMPACT and not candidate.landed):
            return False
        if candidate.kind is MotionKind.IMPACT and (candidate.score < threshold or candidate.speed < MIN_SPEED):
            return False
        for kind, last in self._last.items():
            same_place = abs(last.x - candidate.x) < PLACE and abs(last.y - candidate.y) < PLACE
            apart = NEAR if same_place else APART
            since_s = (candidate.at - last.at) / TICK_RATE
            if same_place and candidate.score < 0.5 * last.score * np.exp(-since_s / MASKED_S):
                return False
            if kind is candidate.kind is MotionKind.SWEEP:
                apart = SWEEP_APART
            if candidate.at - last.at < apart:
                return False
        return not any(_outdoes(other, candidate) for other in self._pending)


def find_impacts(motion: Motion, most: int = 2) -> list[Candidate]:
    """Return the places where most speed was lost, the strongest first."""
    lost, had, braking = (smooth(each) for each in (motion.loss, motion.before, motion.braking))
    whole = np.clip((lost / np.maximum(had, 1e-3) - 0.55) / 0.35, 0.0, 1.0)
    abrupt = np.clip((braking / np.maximum(lost, 1e-3) - 0.2) / 0.4, 0.0, 1.0)
    upward = -smooth(motion.came[..., 1]) / np.maximum(had, 1e-3)
    weight = 1.0 - (1.0 - RISING) * np.clip((upward - 0.1) / 0.35, 0.0, 1.0)
    score = np.asarray(lost * whole * abrupt * weight, np.float32)
    return _peaks(MotionKind.IMPACT, score, braking, motion, most)


def find_sweeps(motion: Motion) -> list[Candidate]:
    """Return the place where most speed was gained, if it is much."""
    gained = smooth(motion.gain, 9)
    found = _peaks(MotionKind.SWEEP, gained, gained, motion, 1)
    return [candidate for candidate in found if candidate.score >= MIN_SWEEP]


def goes_on(candidate: Candidate, motion: Motion) -> bool:
    """Whether something moves on from the candidate's place the way it came, or what is there cannot be explained."""
    since_s = (motion.at - candidate.at + motion.gap) / TICK_RATE
    w = motion.speed.shape[1]
    dx, dy = candidate.direction
    way = min(1.2 * candidate.speed * since_s * w, w / 4)
    end = (candidate.row + round(dy * way), candidate.column + round(dx * way))
    path, ahead = _box((candidate.row, candidate.column), end, 4), _box(end, end, 3)
    along = motion.after[path] @ np.array((dx, dy), np.float32) > 0.5 * candidate.speed
    unseen = int((motion.blind[ahead] > 0.5).sum()) if way > 4 else 0
    return int(along.sum()) + unseen > 0.4 * candidate.size * motion.speed.size


def _box(a: tuple[int, int], b: tuple[int, int], margin: int) -> tuple[slice, slice]:
    """Return the rows and columns of the box with corners ``a`` and ``b``, and ``margin`` around it."""
    rows, columns = sorted((a[0], b[0])), sorted((a[1], b[1]))
    return (
        slice(max(0, rows[0] - margin), max(0, rows[1] + margin + 1)),
        slice(max(0, columns[0] - margin), max(0, columns[1] + margin + 1)),
    )


def _peaks(kind: MotionKind, score: Map, braking: Map, motion: Motion, most: int) -> list[Candidate]:
    left = score.copy()
    found = []
    for _ in range(most):
        row, column = divmod(int(np.argmax(left)), left.shape[1])
        if left[row, column] < MIN_SCORE / 2:
            break
        found.append(_candidate(kind, score, braking, motion, row, column))
        reach = round(PLACE * left.shape[1])
        left[max(0, row - reach) : row + reach, max(0, column - reach) : column + reach] = 0.0
    return found


def _candidate(kind: MotionKind, score: Map, braking: Map, motion: Motion, row: int, column: int) -> Candidate:
    h, w = score.shape
    impact = kind is MotionKind.IMPACT
    reach = round(PLACE * w / 2)
    window = (slice(max(0, row - reach), row + reach), slice(max(0, column - reach), column + reach))
    changed = (motion.loss if impact else motion.gain)[window]
    part = changed > 0.4 * float(changed.max())
    rows, columns = np.nonzero(part)
    velocity = (motion.came if impact else motion.after)[window][part].mean(0)
    speed = float(np.hypot(*velocity))
    direction = (float(velocity[0]) / max(speed, 1e-6), float(velocity[1]) / max(speed, 1e-6))
    return Candidate(
        at=motion.at,
        kind=kind,
        score=float(score[row, column]),
        braking=float(braking[row, column]),
        column=column,
        row=row,
        x=(window[1].start + float(columns.mean()) + 0.5) / w,
        y=(window[0].start + float(rows.mean()) + 0.5) / h,
        size=float(part.sum()) / (h * w),
        speed=speed,
        direction=direction,
        turned=bool(motion.loss[window][part].sum() > TURNED * motion.before[window][part].sum()),
        gap=motion.gap,
        stopped=Stopped(motion.at, row, column, rows + window[0].start, columns + window[1].start, speed, direction),
    )


def _is_near(a: Candidate, b: Candidate) -> bool:
    return abs(a.x - b.x) < PLACE and abs(a.y - b.y) < PLACE


def _outdoes(other: Candidate, candidate: Candidate) -> bool:
    """Whether ``other`` is the same moment seen better. An impact outdoes the sweep that leads to it or away."""
    if other is candidate or abs(other.at - candidate.at) >= NEAR or not _is_near(other, candidate):
        return False
    if other.kind is not candidate.kind:
        return other.kind is MotionKind.IMPACT and other.score > MIN_SCORE
    return other.score > candidate.score and (other.landed or not candidate.landed)


def _strikes_back(other: Candidate, candidate: Candidate) -> bool:
    """Whether ``candidate`` is only the other end of a stroke: what came down hard a moment ago has been raised."""
    since_s = (candidate.at - other.at) / TICK_RATE
    if not 0.0 < since_s < STROKE_S or not _is_near(other, candidate):
        return False
    along = sum(a * b for a, b in zip(other.direction, candidate.direction, strict=True))
    return along < BACK and other.score * np.exp(-since_s / STROKE_S) > HARDER * candidate.score


def _onset(candidate: Candidate, threshold: float) -> MotionOnset:
    over = candidate.score - (threshold / 2 if candidate.kind is MotionKind.IMPACT else MIN_SWEEP / 2)
    return MotionOnset(
        at=candidate.at,
        kind=candidate.kind,
        strength=float(1.0 - np.exp(-max(0.0, over) / _FULL)),
        x=min(1.0, candidate.x),
        y=min(1.0, candidate.y),
        size=candidate.size,
        speed=candidate.speed,
        uncertainty=candidate.gap // 2,
    )
