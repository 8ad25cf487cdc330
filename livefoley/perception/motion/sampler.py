"""Gives small grey pictures of an encoded stream, few while nothing happens and all of them while something does.

Most of a calm stream is never decoded: frames no other frame needs are skipped. A skipped B-frame cannot be had later
(its references are gone by then), so what is to be looked at closely has to be known before. Two things tell: the
analyser asks for full attention while something moves, and an anchor (a frame shown after all frames decoded before
it) comes ahead of the B-frames that lie between it and the last anchor: when its packet is larger than its
predecessors', something has changed there, and the B-frames that follow are decoded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from av.video.frame import VideoFrame

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.formats.b_frames import b_frames_are_spare
from livefoley.perception.motion.decoder import Grey, PictureDecoder, Shrinker

WIDTH = 192
CALM_FPS = 10
BUSY_FPS = 30
HINT_HOLD: Tick = TICK_RATE * 2 // 5  # until the pictures of a suspicious group have been looked at
_NEVER: Tick = -(1 << 62)
MAX_WAIT = 250  # units without a keyframe (intra refresh) after which decoding starts anyway


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """A frame's luma, ``[h, w]`` uint8, and the presentation tick of its unit."""

    at: Tick
    grey: Grey


@dataclass(frozen=True, slots=True)
class SamplerStatistics:
    """``units`` taken, of these ``skipped`` (not decoded) and ``waited`` (no keyframe yet); ``pictures`` given."""

    units: int
    skipped: int
    waited: int
    pictures: int
    hints: int
    errors: int


@dataclass
class _Counters:
    units: int = 0
    skipped: int = 0
    waited: int = 0
    pictures: int = 0
    hints: int = 0
    errors: int = 0


def spare(info: TrackInfo) -> str:
    """Return what the decoder may skip of a track without harm to the rest: FFmpeg's name of it."""
    if info.codec == "h264" and b_frames_are_spare(info.extradata):
        return "BIDIR"
    return "NONREF" if info.codec in ("h264", "hevc") else "DEFAULT"


class SizeHint:
    """Says when an anchor's packet is suspiciously larger than those of the stream's calmer moments."""

    def __init__(self, memory: int = 24, calm: float = 0.3, ratio: float = 1.6) -> None:
        self._sizes: deque[int] = deque(maxlen=memory)
        self._calm = calm
        self._ratio = ratio

    def feed(self, size: int) -> bool:
        """Take the size of the next anchor that is no keyframe (these are always large)."""
        known = len(self._sizes) >= 4
        suspicious = known and size > self._ratio * float(np.quantile(self._sizes, self._calm))
        self._sizes.append(size)
        return suspicious


class Allowance:
    """Time that may be looked at closely: a share of the stream's, saved up to a limit."""

    def __init__(self, share: float = 0.05, limit: Tick = 2 * TICK_RATE) -> None:
        self._share = share
        self._limit = float(limit)
        self._left = float(limit)
        self._seen: Tick | None = None

    @property
    def left(self) -> float:
        """What is left, as a share of the limit."""
        return self._left / self._limit

    def spend(self, cost: Tick, now: Tick) -> bool:
        """Take ``cost`` at the stream's time ``now``; False when there is not enough left."""
        if self._seen is not None:
            self._left = min(self._limit, self._left + self._share * max(0, now - self._seen))
        self._seen = now
        if self._left < cost:
            return False
        self._left -= cost
        return True


class FrameSampler:
    """Units in decode order in, ``SmallPicture`` in presentation order out. ``watch`` asks for full attention.

    ``show`` is handed the frames of these pictures as they are.
    """

    def __init__(
        self, width: int = WIDTH, *, refine: bool = True, show: Callable[[VideoFrame, Tick], None] | None = None
    ) -> None:
        self._show = show
        self._refine = refine
        self._width = width
        self._shrinker = Shrinker(width)
        self._count = _Counters()
        self._decoder: PictureDecoder | None = None
        self._sparing = "DEFAULT"
        self._watch_until: Tick = _NEVER
        self._restart()

    def configure(self, info: TrackInfo) -> list[SmallPicture]:
        """Take a track's parameters; returns what the former decoder still held.

        A track that cannot be decoded is skipped, unit by unit, until the next ``configure``.
        """
        left = self.flush()
        self._retire()
        try:
            self._decoder = PictureDecoder(info)
            self._shrinker = Shrinker(self._width, info.display)
            self._sparing = spare(info)
        except UnsupportedCodec:
            self._count.errors += 1
        self._restart()
        return left

    @property
    def watched_until(self) -> Tick:
        """Everything shown before this tick is decoded."""
        return self._watch_until

    def watch(self, until: Tick) -> None:
        """Decode everything shown before ``until``."""
        self._watch_until = max(self._watch_until, until)

    def feed(self, unit: Unit) -> list[SmallPicture]:
        """Take the next unit; return the pictures ready by now."""
        self._count.units += 1
        if self._decoder is None or not self._may_start(unit):
            self._count.waited += 1
            return []
        return self._sample(self._decoder.decode(unit, self._skip(unit)))

    def flush(self) -> list[SmallPicture]:
        """Return what is still inside; the next unit should be a keyframe."""
        if self._decoder is None:
            return []
        left = self._sample(self._decoder.flush())
        self._restart()
        return left

    def statistics(self) -> SamplerStatistics:
        """Return a snapshot."""
        count = self._count
        errors = count.errors + (self._decoder.errors if self._decoder else 0)
        return SamplerStatistics(count.units, count.skipped, count.waited, count.pictures, count.hints, errors)

    def _retire(self) -> None:
        if self._decoder is not None:
            self._count.errors += self._decoder.errors
            self._decoder = None

    def _restart(self) -> None:
        self._waiting = 0
        self._started = False
        self._hint = SizeHint()
        self._allowance = Allowance()
        self._newest: Tick = _NEVER  # the presentation tick of the last anchor
        self._watch_until = _NEVER
        self._full = True
        self._next: Tick = _NEVER
        self._last: Tick = _NEVER

    def _may_start(self, unit: Unit) -> bool:
        self._waiting += not self._started
        self._started = self._started or unit.packet.keyframe or self._waiting > MAX_WAIT
        return self._started

    def _skip(self, unit: Unit) -> str:
        """Choose what the decoder may skip; the choice is made at an anchor, for all frames shown before it."""
        anchor = unit.pts > self._newest
        if anchor:
            self._look_at(unit)
            self._newest = unit.pts
            self._full = self._refine and unit.pts <= self._watch_until + TICK_RATE // 10
        elif not self._full:
            self._count.skipped += 1
        return "DEFAULT" if self._full else self._sparing

    def _look_at(self, anchor: Unit) -> None:
        if anchor.packet.keyframe:
            self.watch(anchor.pts)  # many encoders put one at a cut
        elif self._hint.feed(len(anchor.packet.data)) and anchor.pts > self._watch_until:
            if not self._allowance.spend(HINT_HOLD, anchor.pts):
                return
            self._count.hints += 1
            self.watch(anchor.pts + HINT_HOLD)

    def _sample(self, frames: list[VideoFrame]) -> list[SmallPicture]:
        stamped = [(frame, frame.pts) for frame in frames if frame.pts is not None and self._is_due(frame.pts)]
        pictures = [SmallPicture(at, self._shrinker.shrink(frame)) for frame, at in stamped]
        if self._show is not None:
            for frame, at in stamped:
                self._show(frame, at)
        self._count.pictures += len(pictures)
        return pictures

    def _is_due(self, at: Tick) -> bool:
        """Keep to a grid of the wanted rate: what comes half an interval early is due, or 8 of 10 would become 5."""
        busy = self._refine and at <= self._watch_until
        interval = TICK_RATE // (BUSY_FPS if busy else CALM_FPS)
        due = min(self._next, self._last + interval * 3 // 2)  # the grid may have been the wider one until now
        if at < due - interval // 2:
            return False
        self._next = max(due + interval, at + interval // 2)
        self._last = at
        return True
