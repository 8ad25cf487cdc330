"""Watches a track of encoded video and reports movements and cuts; implements ``VideoAnalyser``.

units -> sampler (few small pictures) -> field (movement) -> finder (moments). While something moves the sampler is
asked for every frame, so that the moment it lands is known to the frame.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import cv2
from av.video.frame import VideoFrame

from livefoley.core.events import MotionCourse, MotionKind, MotionOnset, PerceptionEvent, Sight
from livefoley.core.media import Display, TrackInfo, Unit
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.perception.motion.courses import CourseFinder
from livefoley.perception.motion.cuts import CutFinder
from livefoley.perception.motion.onsets import PLACE, OnsetFinder
from livefoley.perception.motion.optical_flow import Motion, MotionField, smooth
from livefoley.perception.motion.sampler import Allowance, FrameSampler, SamplerStatistics, SmallPicture
from livefoley.perception.motion.set_down import SetDownFinder

WAKE_SPEED = 0.12  # picture widths a second
WAKE_WINDOW = 7
WAKE_BLIND = 8.0  # pixels of a map
WATCH: Tick = ticks_from_s(0.5)
ATTENTION_PIXELS = 640_000  # of each frame, on average, looked at because something moves: 30 % of 1080p, all of 360p
ATTENTION_SAVED: Tick = ticks_from_s(6)
HEARD: Tick = ticks_from_s(0.25)  # what is set down this near to something that lands there is that
NO_HAND = 0.3  # less sure of a hand than this, where one was looked for, and nothing is set down


@dataclass(frozen=True, slots=True)
class AnalyserStatistics:
    """What the sampler did, and how many events were reported."""

    sampler: SamplerStatistics
    onsets: int
    cuts: int


class Looking(Protocol):
    """Eyes, which say what it is that moves: ``livefoley.perception.eyes``."""

    def configure(self, display: Display) -> None: ...

    def keep(self, frame: VideoFrame, at: Tick) -> None: ...

    def cut(self) -> None: ...

    def see(self, onset: MotionOnset) -> MotionOnset: ...

    def follow(self, course: MotionCourse) -> MotionCourse: ...

    def look_around(self, now: Tick) -> Sight | None: ...

    def steps(self, now: Tick) -> list[MotionOnset]: ...


class MotionAnalyser:
    """Encoded video in, ``MotionOnset``, ``MotionCourse`` and ``SceneCut`` out, onsets in order of ``at``, steps and
    what is set down apart; with ``eyes``, ``Sight``, too.

    ``refine=False`` samples at a constant low rate: cheaper by half, and a moment is known to 50 ms only.
    """

    def __init__(self, *, refine: bool = True, eyes: Looking | None = None) -> None:
        cv2.setNumThreads(1)  # its threads cost more than they bring at this size
        self._eyes = eyes
        self._sampler = FrameSampler(refine=refine, show=eyes.keep if eyes is not None else None)
        self._field = MotionField()
        self._finder = OnsetFinder()
        self._courses = CourseFinder()
        self._cuts = CutFinder()
        self._attention = Allowance(1.0, ATTENTION_SAVED)
        self._left: list[PerceptionEvent] = []
        self._epoch: int | None = None
        self._last_onset: Tick | None = None
        self._last_step: Tick | None = None
        self._set_downs = SetDownFinder()
        self._lately: deque[MotionOnset] = deque(maxlen=16)
        self._onsets = self._cut_count = 0

    def configure(self, info: TrackInfo) -> None:
        """Take a track's parameters; what is pending of the track before comes with the next unit."""
        self._left += self._watch(self._sampler.configure(info))
        if self._eyes is not None:
            self._eyes.configure(info.display)
        self._attention = Allowance(min(1.0, ATTENTION_PIXELS / max(1, info.width * info.height)), ATTENTION_SAVED)
        self._left += self._restart()

    def feed(self, unit: Unit) -> list[PerceptionEvent]:
        """Take the next unit in decode order; return the events found by now."""
        events, self._left = self._left, []
        if self._epoch is not None and unit.epoch != self._epoch:
            events += self.flush()
        self._epoch = unit.epoch
        return events + self._watch(self._sampler.feed(unit))

    def flush(self) -> list[PerceptionEvent]:
        """Return what is still pending at the end of a track."""
        events, self._left = self._left, []
        events += self._watch(self._sampler.flush())
        return events + self._restart()

    def statistics(self) -> AnalyserStatistics:
        """Return a snapshot."""
        return AnalyserStatistics(self._sampler.statistics(), self._onsets, self._cut_count)

    def _restart(self) -> list[PerceptionEvent]:
        events = [*self._report(self._finder.flush()), *self._courses.end()]
        self._field.reset()
        self._finder.reset()
        self._cuts.reset()
        self._set_downs.reset()
        self._lately.clear()
        self._last_onset = self._last_step = None
        return events

    def _watch(self, pictures: list[SmallPicture]) -> list[PerceptionEvent]:
        events: list[PerceptionEvent] = []
        for picture in pictures:
            motion = self._field.feed(picture.grey, picture.at)
            if motion is not None:
                events += self._judge(motion)
        return events

    def _judge(self, motion: Motion) -> list[PerceptionEvent]:
        events: list[PerceptionEvent] = []
        cut = self._cuts.feed(motion)
        if cut is not None:
            self._cut_count += 1
            self._finder.forget_from(cut.at - motion.gap)
            self._set_downs.reset()
            events += [cut, *self._courses.end()]
            if self._eyes is not None:
                self._eyes.cut()
        moves = urgency(motion)
        self._attend(motion, moves)
        if moves > 1.0 and self._eyes is not None:
            if (sight := self._eyes.look_around(motion.at)) is not None:
                events.append(sight)
            events += self._stepped(self._eyes.steps(motion.at))
        for course in self._courses.feed(motion):
            events.append(self._eyes.follow(course) if self._eyes is not None else course)
        events += self._set_down(self._set_downs.feed(motion))
        return events + self._report(self._finder.feed(motion))

    def _attend(self, motion: Motion, moves: float) -> None:
        """Look closely at what moves. The less attention is left, the faster a thing must be to get it."""
        seen = motion.at + motion.gap
        if moves * self._attention.left > 1.0:
            cost = max(0, seen + WATCH - max(seen, self._sampler.watched_until))
            if self._attention.spend(cost, seen):
                self._sampler.watch(seen + WATCH)

    def _stepped(self, steps: list[MotionOnset]) -> list[MotionOnset]:
        """Steps are known at their own pace: in order among themselves, not among other onsets."""
        fresh = [step for step in steps if self._last_step is None or step.at > self._last_step]
        if fresh:
            self._last_step = fresh[-1].at
            self._onsets += len(fresh)
        return fresh

    def _set_down(self, onsets: list[MotionOnset]) -> list[MotionOnset]:
        """What is set down is known long after it was, and in order among itself only."""
        fresh = [onset for onset in onsets if not any(_is_same(each, onset) for each in self._lately)]
        if self._eyes is not None:
            fresh = [onset for onset in map(self._eyes.see, fresh) if held(onset)]
        self._onsets += len(fresh)
        return fresh

    def _report(self, onsets: list[MotionOnset]) -> list[PerceptionEvent]:
        """Keep the order strict: whoever listens takes an onset that is not later than the last for a repetition."""
        events: list[PerceptionEvent] = []
        for onset in onsets:
            if self._last_onset is None or onset.at > self._last_onset:
                self._last_onset = onset.at
                self._lately.append(onset)
                self._onsets += 1
                events.append(self._eyes.see(onset) if self._eyes is not None else onset)
        return events


def _is_same(landed: MotionOnset, down: MotionOnset) -> bool:
    near = max(abs(landed.x - down.x), abs(landed.y - down.y)) < PLACE
    return landed.kind is MotionKind.IMPACT and near and abs(landed.at - down.at) < HEARD


def held(onset: MotionOnset) -> bool:
    """Say whether a hand may have been where something was set down: it is, or nobody looked for one."""
    sight = onset.sight
    return sight is None or sight.hands is None or sight.hands >= NO_HAND


def urgency(motion: Motion) -> float:
    """Return more than 1 where something moves that may land soon, or changes in a way no movement explains."""
    speed = float(smooth(motion.speed, WAKE_WINDOW).max()) / WAKE_SPEED
    return max(speed, float(motion.blind.sum()) / WAKE_BLIND)
