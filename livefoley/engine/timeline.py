"""Places the packets of all tracks of a room on one timeline of ticks.

The tracks of a publisher share one clock, so they share one offset from stamps to ticks. Stamps that jump (an encoder
restarted inside a connection, a splice, a reset) get a new offset that continues where the clock on the wall says the
stream is; the other track, whose stamps jump a moment later, takes the same offset, so sound stays with its picture.
"""

from __future__ import annotations

from dataclasses import dataclass

from livefoley.core.media import MediaKind, Packet, Unit
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s, ticks_from_stamp

ORIGIN: Tick = TICK_RATE
"""Where a room's timeline starts: above 0, because encoders stamp their priming before their first sample."""

MAX_BACK = TICK_RATE  # a step further back than this is a jump; after a smaller one decode times are made to rise
MAX_AHEAD = TICK_RATE  # a step further ahead is a jump, unless as much time has passed on the wall
WALL_TOLERANCE = 2 * TICK_RATE
MAX_TRACK_SKEW = 10 * TICK_RATE  # tracks of one publisher that start further apart do not share a clock


@dataclass(frozen=True, slots=True)
class TimelineStatistics:
    """How often stamps had to be mended since the room began."""

    epoch: int
    rebases: int
    clamped: int


class _Track:
    __slots__ = ("dts", "offset", "seen_s")

    def __init__(self, offset: int, dts: Tick, seen_s: float) -> None:
        self.offset = offset
        self.dts = dts
        self.seen_s = seen_s


class Timeline:
    """Turns packets into units. ``now`` is the wall clock in seconds, monotonic."""

    def __init__(self, origin: Tick = ORIGIN) -> None:
        self._next_start: Tick | None = origin
        self._offset = 0
        self._tracks: dict[MediaKind, _Track] = {}
        self._head: Tick | None = None
        self._epoch = 0
        self._rebases = 0
        self._clamped = 0

    @property
    def epoch(self) -> int:
        return self._epoch

    @property
    def head(self) -> Tick | None:
        """The newest decode tick placed, over all tracks and epochs; None before the first packet."""
        return self._head

    def begin_epoch(self, start: Tick) -> None:
        """Let the next packet, of whatever track, land on ``start``: a publisher came (back)."""
        self._next_start = start
        self._tracks.clear()
        self._epoch += 1

    def mark_epoch(self) -> None:
        """Open a new epoch in place: parameters changed, the stamps go on."""
        self._epoch += 1

    def place(self, packet: Packet, now: float) -> Unit:
        """Return ``packet`` with its ticks; ``dts`` is strictly greater than the track's last one.

        ``pts`` is where the publisher wants it shown or heard, even when that is before ``dts``; only of pictures
        stamped as decoded and shown at once, none is shown before the one in front of it.
        """
        raw = ticks_from_stamp(packet.dts, packet.time_base)
        track = self._tracks.get(packet.kind)
        if track is None:
            track = self._start_track(packet.kind, raw, now)
        else:
            self._follow(track, raw, now)
        dts = raw + track.offset
        if dts <= track.dts and track.seen_s >= 0:
            dts = track.dts + 1
            self._clamped += 1
        track.dts, track.seen_s = dts, now
        self._head = dts if self._head is None else max(self._head, dts)
        pts = ticks_from_stamp(packet.pts, packet.time_base) + track.offset
        if packet.kind is MediaKind.VIDEO and packet.pts == packet.dts:
            pts = dts  # decoded and shown in one order: where stamps step back, it is the clock that did
        return Unit(packet, pts, dts, self._epoch)

    def _start_track(self, kind: MediaKind, raw: Tick, now: float) -> _Track:
        if self._next_start is not None:
            self._offset, self._next_start = self._next_start - raw, None
        else:
            head = self._head
            if head is not None and abs(raw + self._offset - head) > MAX_TRACK_SKEW:
                self._rebases += 1
                track = _Track(head - raw, head, -1.0)
                self._tracks[kind] = track
                return track
        track = _Track(self._offset, raw + self._offset, -1.0)
        self._tracks[kind] = track
        return track

    def _follow(self, track: _Track, raw: Tick, now: float) -> None:
        """Move the track to another offset if its stamps jumped."""
        expected = track.dts + ticks_from_s(now - track.seen_s)
        if self._continues(track, raw + track.offset, expected):
            return
        if not self._continues(track, raw + self._offset, expected):
            self._offset = expected - raw
            self._epoch += 1
        self._rebases += 1
        track.offset = self._offset

    @staticmethod
    def _continues(track: _Track, dts: Tick, expected: Tick) -> bool:
        if -MAX_BACK <= dts - track.dts <= MAX_AHEAD:
            return True
        return dts > track.dts and abs(dts - expected) <= WALL_TOLERANCE

    def statistics(self) -> TimelineStatistics:
        """Return a snapshot."""
        return TimelineStatistics(self._epoch, self._rebases, self._clamped)
