"""What a bed is woven of: streams of texture segments, and single events, both made in blocks of one grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import soxr
from numpy.random import Generator
from numpy.typing import NDArray

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE, ticks_from_s
from livefoley.dsp.levels import linear_from_db
from livefoley.foley.bank.catalogue import EFFECTS
from livefoley.foley.bed import KEPT_SEGMENTS
from livefoley.foley.bed.kinds import EventSpec, GrainSpec, TextureSpec
from livefoley.foley.render_cache import Stored
from livefoley.foley.rendered import RenderedSounds

BLOCK = 4800
"""Ticks made at a time, 100 ms."""
_SEAM = ticks_from_s(1.0)
_FILL_BLOCKS = 15
_RENEW_BLOCKS = 3000
_MOST_EVENTS = 12
_SCALE = np.float32(1 / 32767)


class Segments(Protocol):
    """What a stream draws from."""

    @property
    def swell_db(self) -> float:
        """How far the loudness wanders."""
        ...

    @property
    def vary(self) -> float:
        """By how much, at most, a segment is played faster or slower than it is."""
        ...

    def tick(self) -> None:
        """Let a block's time pass."""
        ...

    def draw(self, rng: Generator) -> Stored:
        """Return one of the segments."""
        ...


class GivenSegments:
    """The newest few segments of those that somebody else makes."""

    swell_db = 0.0
    vary = 0.0

    def __init__(self, first: Stored) -> None:
        self._segments = [first]

    def add(self, segment: Stored) -> None:
        """Take a new one, for the oldest if there are enough."""
        self._segments = [*self._segments[-(KEPT_SEGMENTS - 1) :], segment]

    def tick(self) -> None:
        """Nothing is made here."""

    def draw(self, rng: Generator) -> Stored:
        """Return one of the segments."""
        return self._segments[int(rng.integers(len(self._segments)))]


class Pool:
    """The segments of one texture a stream may draw from now: one at first, more as blocks pass, then ever newer.

    Each is played a little faster or slower every time, so that what comes back is no copy of what was.
    """

    vary = 0.045

    def __init__(self, texture: TextureSpec, strength: float, rendered: RenderedSounds, stagger: int) -> None:
        """``stagger`` keeps the pools of a scene from rendering in the same block."""
        self.texture = texture
        self.swell_db = texture.swell_db
        self._strength = strength
        self._rendered = rendered
        self._blocks = stagger
        self._newest = 0
        self._segments = [rendered.segment(texture, strength, 0)]

    def tick(self) -> None:
        """Let a block's time pass."""
        self._blocks += 1
        filling = self._newest < KEPT_SEGMENTS - 1
        if self._blocks % (_FILL_BLOCKS if filling else _RENEW_BLOCKS) == 0:
            self._newest += 1
            fresh = self._rendered.segment(self.texture, self._strength, self._newest)
            self._segments = [*self._segments[-(KEPT_SEGMENTS - 1) :], fresh]

    def draw(self, rng: Generator) -> Stored:
        """Return one of the segments."""
        return self._segments[int(rng.integers(len(self._segments)))]


@dataclass(slots=True)
class _Segment:
    """Part of a segment on its way out: int16 samples and how far it is."""

    samples: NDArray[np.int16]
    at: int


class Stream:
    """Segments of one texture, one after another, each seam an equal-power cross-fade of a second."""

    def __init__(self, pool: Segments, gain: float, rng: Generator, lead: int) -> None:
        self._pool = pool
        self._gain = gain
        self._rng = rng
        self._ticks = lead == 0  # the first of a pool's two streams keeps its time
        self._current = self._segment()
        self._next: _Segment | None = None
        self._swell = 0.0
        self._ramp = np.sin(np.arange(_SEAM, dtype=np.float32) * np.float32(np.pi / 2 / _SEAM))

    def add(self, out: Stereo) -> None:
        """Add the next block."""
        if self._ticks:
            self._pool.tick()
        before = self._swell_gain()
        self._walk()
        block = np.zeros((2, BLOCK), np.float32)
        at = 0
        while at < BLOCK:
            at += self._piece(block[:, at:])
        after = self._swell_gain()
        if before == after:
            out += block * np.float32(before * self._gain)
        else:
            out += block * np.linspace(before * self._gain, after * self._gain, BLOCK, endpoint=False, dtype=np.float32)

    def _piece(self, out: Stereo) -> int:
        """Add as much as lies before the next turn of this stream; return how much that was."""
        current = self._current
        turn = current.samples.shape[1] - _SEAM
        if current.at < turn:
            n = int(min(out.shape[1], turn - current.at))
            out[:, :n] += current.samples[:, current.at : current.at + n] * _SCALE
        else:
            if self._next is None:
                self._next = self._segment()
            n = int(min(out.shape[1], current.samples.shape[1] - current.at))
            place = current.at - turn
            out[:, :n] += current.samples[:, current.at : current.at + n] * (
                self._ramp[::-1][place : place + n] * _SCALE
            )
            out[:, :n] += self._next.samples[:, self._next.at : self._next.at + n] * (
                self._ramp[place : place + n] * _SCALE
            )
            self._next.at += n
        current.at += n
        if current.at >= current.samples.shape[1] and self._next is not None:
            self._current, self._next = self._next, None
        return n

    def _segment(self) -> _Segment:
        segment = self._pool.draw(self._rng).samples
        whole = segment.shape[1]
        length = int(whole * self._rng.uniform(0.55, 0.95))
        start = int(self._rng.integers(0, whole - length + 1))
        samples = segment[:, start : start + length]
        if self._rng.random() < 0.5:
            samples = samples[::-1]
        if self._pool.vary:
            ratio = 1 + self._pool.vary * float(self._rng.uniform(-1, 1))
            samples = soxr.resample(np.ascontiguousarray(samples.T), TICK_RATE, TICK_RATE * ratio, quality="QQ").T
        return _Segment(samples, 0)

    def _walk(self) -> None:
        """Let the loudness wander: a pull to the middle and a small step, about 10 s of memory."""
        if self._pool.swell_db:
            self._swell += -0.01 * self._swell + 0.14 * float(self._rng.standard_normal())

    def _swell_gain(self) -> float:
        return linear_from_db(self._pool.swell_db * float(np.tanh(self._swell)))


class Grains:
    """Small sounds strewn afresh into every block, so that none of them ever comes back."""

    def __init__(self, spec: GrainSpec, gain: float, strength: float, rng: Generator) -> None:
        self._spec = spec
        self._gain = np.float32(gain)
        self._strength = strength
        self._rng = rng
        self._tail = np.zeros((2, 0), np.float32)

    def add(self, out: Stereo) -> None:
        """Add the next block."""
        sound = self._spec.render(self._rng, BLOCK, self._strength).astype(np.float32) * self._gain
        sound[:, : self._tail.shape[1]] += self._tail
        self._tail = sound[:, BLOCK:]
        out += sound[:, :BLOCK]


@dataclass(slots=True)
class _Playing:
    """An event on its way out, its gains for both sides already in it."""

    samples: Stereo
    at: int
    start: int


class Events:
    """One kind of single event in a scene, by chance or on a beat."""

    def __init__(self, spec: EventSpec, factor: float, rate: float, rendered: RenderedSounds, rng: Generator) -> None:
        self._spec = spec
        self._effect = EFFECTS[spec.effect]
        self._factor = factor
        self._per_second = spec.per_minute / 60 * rate
        self._rendered = rendered
        self._rng = rng
        self._blocks = 0
        self._beat = 0
        self._playing: list[_Playing] = []
        self._next = 0.0 if spec.every_s or spec.at_once else float(rng.exponential(0.5 / self._per_second))

    def add(self, out: Stereo) -> None:
        """Start what is due in the next block and add what sounds."""
        now = self._blocks * BLOCK / TICK_RATE
        while self._next < now + BLOCK / TICK_RATE:
            self._start(max(0, min(BLOCK - 1, ticks_from_s(self._next - now))))
            self._next += self._spec.every_s or float(self._rng.exponential(1 / self._per_second)) + 0.05
        for event in self._playing:
            n = min(BLOCK - event.start, event.samples.shape[1] - event.at)
            out[:, event.start : event.start + n] += event.samples[:, event.at : event.at + n]
            event.at, event.start = event.at + n, 0
        self._playing = [event for event in self._playing if event.at < event.samples.shape[1]]
        self._blocks += 1

    def _start(self, start: int) -> None:
        if len(self._playing) < _MOST_EVENTS:
            self._playing.append(_Playing(self._made(), 0, start))

    def _made(self) -> Stereo:
        """Return the next event's samples: one of the variants (new ones come in over time), retuned and placed."""
        rng, spec = self._rng, self._spec
        age = int(self._blocks * BLOCK / TICK_RATE) // 300
        if spec.every_s:
            self._beat += 1
            variant = self._beat % 2
        else:
            variant = age + int(rng.integers(self._effect.variants))
        layer = int(rng.integers(len(self._effect.layers)))
        samples = self._rendered.effect(self._effect, variant, layer).samples.astype(np.float32) * _SCALE
        ratio = 2 ** (float(rng.uniform(-spec.vary, spec.vary)) / 12)
        retuned = soxr.resample(samples.T, TICK_RATE, TICK_RATE * ratio, quality="LQ").T
        loud = self._factor * linear_from_db(float(rng.uniform(spec.quiet_db, spec.loud_db)))
        angle = (float(rng.uniform(-spec.width, spec.width)) + 1) * np.pi / 4
        sides = np.array([[np.cos(angle)], [np.sin(angle)]], np.float32) * np.float32(loud * np.sqrt(2))
        return np.asarray(np.clip(retuned, -1, 1) * sides, dtype=np.float32)
