"""Puts the decoded sound of a source on the timeline, sample by sample, and keeps it there for hours.

A source's stamps are coarse (RTMP counts whole milliseconds) and its sound card's clock is not its stamps' clock. So a
stamp anchors the first block and from there on samples are counted; what the stamps say of every further block is
measured against the count and smoothed (``OffsetTracker``). While the two agree to about a millisecond, samples pass
bit for bit; when they drift apart, the ratio of a resampler follows, slowly.

A stamp that jumps is a lost packet, a pause, a restart or just a bad stamp. The block is held back until those after
it tell which (there is a second of look-ahead): if they jump alike, the sound moves by position, so that a lost packet
never shifts sound against picture; if they do not, it was a bad stamp and nothing moves. Two more are enough where
samples can be missing; a small step that is no whole packet has to last, for some encoders are ten milliseconds off and
back again and again. The sound fades at both sides of a hole.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from livefoley.core.cues import Stereo
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.dsp.gate import GatedReader
from livefoley.dsp.levels import finite
from livefoley.dsp.resample import DriftResampler
from livefoley.dsp.ring import TickRing
from livefoley.dsp.tracker import OffsetTracker

FADE = TICK_RATE * 5 // 1000
"""Ticks of the fade at each side of a hole."""

RESYNC = TICK_RATE * 60 // 1000
"""A step of more ticks than this counts as a resync, a smaller one forward as a gap (one or two lost packets)."""

STEP = TICK_RATE * 8 // 1000
"""A stamp this many ticks off what was foretold may be a step: less than the shortest packet in use, 10 ms of Opus."""

MAX_DRIFT = 0.001
"""The resampler follows no more than this."""

_ENGAGE = 60.0  # ticks of error at which the resampler starts: 1.25 ms, more than whole milliseconds and jitter cause
_PULL = TICK_RATE * 2  # ticks within which an error is made good
_AGREE = 3  # blocks that must tell of the same step
_HELD = 8  # blocks held back at most, or so many as make up _LASTING
_LASTING = TICK_RATE * 4 // 10  # ticks for which blocks must tell of one small step
_ALIKE = TICK_RATE * 4 // 1000  # how much they may differ
_SETTLE = TICK_RATE // 10  # held blocks are placed at the latest this many ticks before they are read
_SNAP = 60  # a step this close to a whole number of packets is one


@dataclass(frozen=True, slots=True)
class AudioInputStatistics:
    """Figures since the input was made; counters never go back."""

    epoch: int
    blocks: int
    gaps: int  # small holes: lost packets
    resyncs: int  # everything moved: a long hole, a jump, a stamp that went back
    strays: int  # single stamps that were not believed
    late_samples: int  # came behind the playhead
    early_samples: int  # came further ahead than the capacity
    drift_ppm: float  # the stamps' clock against the samples': positive when the sound must be stretched
    error_ms: float  # smoothed stamps less the place of the sound


@dataclass(frozen=True, slots=True)
class _Block:
    samples: Stereo
    stamp: Tick

    @property
    def length(self) -> int:
        return int(self.samples.shape[1])


class AudioInput:
    """Takes decoded blocks with their stamps and gives sound by tick, ``capacity_s`` ahead of the playhead at most."""

    def __init__(
        self,
        capacity_s: float = 10.0,
        start: Tick = 0,
        on_sound: Callable[[Stereo, Tick], None] = lambda samples, at: None,
    ) -> None:
        """``on_sound`` is told what lies where as soon as it is placed: in one piece, but for the holes."""
        self._ring = TickRing(capacity_s, start)
        self._reader = GatedReader(self._ring, FADE)
        self._resampler = DriftResampler()
        self._tracker = OffsetTracker()
        self._on_sound = on_sound
        self._held: deque[_Block] = deque()
        self._position: Tick | None = None  # of the resampler's next output
        self._elapsed = 0  # input samples since the last measurement
        self._astray, self._astray_for = 0.0, 0  # by how much the last blocks were off that ran on, and for how long
        self._engaged = self._was_read = False
        self._epoch = self._blocks = self._gaps = self._resyncs = self._strays = 0

    @property
    def end(self) -> Tick:
        """The tick up to which sound is there to be read."""
        return self._ring.end

    def reset(self, epoch: int) -> None:
        """A new publisher: place what is left of the old one, and anchor anew at the next stamp."""
        self.flush()
        self._resampler = DriftResampler()
        self._tracker.reset()
        self._engaged = False
        self._epoch = epoch

    def feed(self, samples: Stereo, stamp: Tick) -> None:
        """Take the next block ``[2, n]`` whose first sample is stamped ``stamp``, in order of decoding."""
        if not samples.shape[1]:
            return
        self._blocks += 1
        if self._position is None:
            self._anchor(stamp)
        self._held.append(_Block(finite(samples), stamp))
        self._decide()

    def flush(self) -> None:
        """The source went away: place what is held back; the next block anchors anew."""
        self._settle()
        if self._position is not None:
            self._write(self._resampler.flush())
        self._position = None

    def read(self, start: Tick, n: int) -> Stereo:
        """Take ``n`` ticks from ``start`` on, ``[2, n]``: silence where there is no sound.

        Read in order: what comes later for these ticks is late.
        """
        if self._held and min(self._held[0].stamp, self._next) < start + n + _SETTLE:
            self._settle()
        self._was_read = True
        return self._reader.read(start, n)

    def statistics(self) -> AudioInputStatistics:
        """Return a snapshot."""
        ring = self._ring.statistics()
        return AudioInputStatistics(
            epoch=self._epoch,
            blocks=self._blocks,
            gaps=self._gaps,
            resyncs=self._resyncs,
            strays=self._strays,
            late_samples=ring.late_samples,
            early_samples=ring.early_samples,
            drift_ppm=self._tracker.drift * 1e6,
            error_ms=self._tracker.offset * 1000.0 / TICK_RATE,
        )

    @property
    def _next(self) -> float:
        """The place of the next input sample."""
        return (self._position or 0) + self._resampler.pending

    def _anchor(self, stamp: Tick) -> None:
        if not self._was_read and not self._ring.edge <= stamp < self._ring.edge + self._ring.capacity // 2:
            self._ring.reset(stamp - self._ring.capacity // 4)  # nobody has said yet where the playhead is
        self._elapsed = 0
        self._move(stamp)

    def _move(self, position: Tick) -> None:
        """Go on writing at ``position``, with a hole of one tick at least before it, so that the sound fades there."""
        self._position = position
        self._ring.clear_from(position - 1)

    def _surprises(self) -> list[float]:
        """Return, for each block held back, how far its stamp is from what was foretold."""
        foretold, surprises = self._next + self._tracker.offset, []
        for block in self._held:
            surprises.append(block.stamp - foretold)
            foretold += block.length
        return surprises

    def _decide(self) -> None:
        """Place the blocks held back as soon as the newest tells what the first of them meant."""
        surprises = self._surprises()
        newest = surprises[-_AGREE:]
        if abs(surprises[-1]) <= STEP:
            self._place_strays(len(surprises) - 1)
            self._place_all()
        elif len(newest) == _AGREE and max(newest) - min(newest) <= STEP and self._is_step(median(newest)):
            self._place_strays(len(surprises) - _AGREE)
            self._step(median(newest), self._held[0].length)
            self._place_all()
        elif lasting := self._lasting(surprises):
            self._place_strays(len(surprises) - lasting)
            self._step(median(surprises[-lasting:]), self._held[0].length)
            self._place_all()
        elif len(surprises) >= _HELD and sum(block.length for block in self._held) >= _LASTING:
            self._place_strays(1)

    def _lasting(self, surprises: list[float]) -> int:
        """Return how many of the newest blocks tell of one step that is there to stay; 0 if none is."""
        count = length = 0
        for block, surprise in zip(reversed(self._held), reversed(surprises), strict=True):
            if abs(surprise - surprises[-1]) > _ALIKE:
                break
            count, length = count + 1, length + block.length
        if count == len(surprises) and abs(self._astray - surprises[-1]) <= _ALIKE:
            length += self._astray_for  # a short look-ahead did not let them wait
        return count if count >= _AGREE and length >= _LASTING else 0

    def _is_step(self, by: float) -> bool:
        """Say whether samples can be missing: whole packets, or so much that a resampler would take too long.

        Anything else may be an encoder that stamps badly (some are ten milliseconds off and back, again and again):
        its sound runs on until the step has lasted.
        """
        length = self._held[0].length
        packets = round(by / length)
        return abs(by) > RESYNC or (packets >= 1 and abs(by - packets * length) <= _SNAP)

    def _settle(self) -> None:
        """Place every block held back: there is no time left, or no sense in the stamps."""
        while self._held:
            surprise = self._surprises()[0]
            if abs(surprise) <= STEP:
                self._place(self._held.popleft())
            elif self._is_step(surprise):
                self._step(surprise, self._held[0].length)
                self._place(self._held.popleft())
            else:
                self._place_strays(1)

    def _place_strays(self, count: int) -> None:
        """Let blocks run on whatever their stamps say; the tracker hears of them, and believes a little."""
        self._strays += count
        for _ in range(count):
            surprise, block = self._surprises()[0], self._held.popleft()
            alike = abs(surprise - self._astray) <= _ALIKE
            self._astray_for = (self._astray_for if alike else 0) + block.length
            self._astray = self._astray if alike else surprise
            self._place(block)

    def _place_all(self) -> None:
        self._astray_for = 0
        while self._held:
            self._place(self._held.popleft())

    def _place(self, block: _Block) -> None:
        """Measure a block against the count, follow the drift, and write it."""
        self._tracker.feed(block.stamp - self._next, self._elapsed)
        self._elapsed = 0
        if abs(self._tracker.offset) > RESYNC:
            self._tracker.shift(-self._step(self._tracker.offset, block.length))
        self._steer(block.length)
        self._append(block.samples)

    def _steer(self, length: int) -> None:
        error = self._tracker.offset
        self._engaged = self._engaged or abs(error) > _ENGAGE
        if self._engaged:
            stretch = self._tracker.drift + error / max(_PULL, 4 * length)
            self._resampler.set_ratio(1.0 / (1.0 + min(max(stretch, -MAX_DRIFT), MAX_DRIFT)))

    def _append(self, samples: Stereo) -> None:
        before, length = self._next, samples.shape[1]
        self._write(self._resampler.feed(samples))
        self._elapsed += length
        self._tracker.shift(length - (self._next - before))

    def _step(self, by: float, length: int) -> float:
        """Move what comes next by ``by`` ticks, count it, and return what it came to."""
        packets = round(by / length)
        if packets and abs(by - packets * length) <= _SNAP:
            by = packets * length  # exactly what was lost, free of the stamps' rounding
        self._gaps += 0 < by <= RESYNC
        self._resyncs += not 0 < by <= RESYNC
        self._elapsed += max(round(by), 0)
        target = self._next + by
        self._write(self._resampler.flush())
        self._move(round(target))
        return by

    def _write(self, samples: Stereo) -> None:
        position = self._position or 0
        self._ring.write(samples, position)
        if samples.shape[1]:
            self._on_sound(samples, position)
        self._position = position + samples.shape[1]
