"""Cuts output units into HLS segments of fragmented MP4. Sans-IO: items and the wall clock in, segments out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from livefoley.core.media import AAC_FRAME, MediaKind, OutputItem, Track, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick, s_from_ticks
from livefoley.formats import fmp4

_LEAD = TICK_RATE  # added to every stamp: decode times in MP4 are unsigned, and priming begins before 0
_LONGEST = 30 * TICK_RATE  # a segment is cut here even without a keyframe
_LATEST = TICK_RATE  # how long the first track waits for the second


Sized: TypeAlias = Callable[[Sequence[TrackInfo], Sequence[Unit]], Sequence[TrackInfo]]


@dataclass(frozen=True, slots=True)
class Segment:
    """One media segment, and what a playlist says of it.

    ``init`` numbers the initialisation segment it needs, ``init_data`` carries that with the first segment of its kind
    (empty otherwise), ``infos`` what that was made of. ``wall_s`` is the wall-clock time of its beginning, in Unix
    seconds. ``track`` is the one it holds, None for all; ``data`` is empty where that track has nothing for the time.
    """

    data: bytes
    duration_s: float
    wall_s: float
    init: int
    init_data: bytes = b""
    discontinuity: bool = False
    track: Track | None = None
    infos: tuple[TrackInfo, ...] = ()


class Segmenter:
    """Gathers units and cuts at the first keyframe after ``target_s``; without pictures, by time alone.

    New parameters end the segment, and the next has an initialisation segment of its own after a discontinuity.
    ``sized`` gives tracks whose parameters name no size one, from the units at hand. ``apart``: every track, the
    original sound among them, has segments of its own, all cut at the same times; a cut gives one of each.
    """

    def __init__(self, target_s: float, sized: Sized, *, apart: bool = False) -> None:
        self._sized = sized
        self._apart = apart
        self._expected = frozenset(Track) if apart else frozenset({Track.VIDEO, Track.SOUND})
        self._target = round(target_s * TICK_RATE)
        self._infos: dict[Track, TrackInfo] = {}
        self._pending: list[Unit] = []  # until both tracks have begun
        self._tracks: dict[Track, _Track] = {}
        self._inits = self._segments = 0
        self._new: dict[Track | None, tuple[bytes, tuple[TrackInfo, ...]]] = {}  # initialisation not given yet
        self._discontinuity = False
        self._shift: Tick | None = None  # what takes a stamp of the timeline to one of the segments
        self._start: Tick = 0  # where the segment begins that is being gathered
        self._anchor: tuple[float, Tick] = (0.0, 0)  # a wall-clock time and the stamp that arrived then

    def feed(self, item: OutputItem, wall_s: float) -> list[Segment]:
        """Take the next item, arrived at ``wall_s``; return the segments it completes."""
        if isinstance(item, TrackInfo):
            return self._change(item)
        if item.track not in self._infos:
            return []
        if self._tracks and item.track not in self._tracks:  # announced, but came late
            done = self.flush()
            self._wait(item, wall_s)
            return done
        if not self._tracks:
            self._wait(item, wall_s)
            return []
        due = self._due(item)
        self._tracks[item.track].add(item)  # tells how long the sample before it lasts, which belongs to the segment
        return self._cut(item.dts) if due else []

    def flush(self) -> list[Segment]:
        """Return what is gathered as a last segment; what comes then begins anew, after a discontinuity."""
        if not self._tracks and self._pending:
            self._begin()
        if not self._tracks:
            return []
        ends = [track.end() for track in self._tracks.values()]
        done = self._cut(max(ends))
        self._tracks = {}
        self._discontinuity = True
        return done

    def skip(self) -> None:
        """Say that a segment was lost on its way out: the next one follows a discontinuity."""
        self._discontinuity = True

    def _change(self, info: TrackInfo) -> list[Segment]:
        if self._infos.get(info.track) == info:
            return []
        begun = self._tracks or any(unit.track is info.track for unit in self._pending)
        done = self.flush() if begun else []
        self._infos[info.track] = info
        return done

    def _wait(self, unit: Unit, wall_s: float) -> None:
        begun = {each.track for each in self._pending}
        if unit.track not in begun and not unit.opens_track:
            return
        if not begun:
            self._anchor = wall_s, unit.dts
        self._pending.append(unit)
        if begun | {unit.track} == self._expected or unit.dts - self._pending[0].dts > _LATEST:
            self._begin()

    def _begin(self) -> None:
        units, self._pending = self._pending, []
        self._start = min(unit.dts for unit in units)
        if self._shift is None:
            self._shift = _LEAD - round(self._start / TICK_RATE) * TICK_RATE  # the programme's and the stem's are one
        begun = {unit.track for unit in units}
        infos = self._sized([info for track, info in self._infos.items() if track in begun], units)
        self._inits += 1
        self._tracks = {
            info.track: _Track(1 if self._apart else number, self._shift) for number, info in enumerate(infos, 1)
        }
        files = {info.track: (info,) for info in infos} if self._apart else {None: tuple(infos)}
        self._new = {track: (fmp4.init_segment(held), held) for track, held in files.items()}
        for unit in units:
            self._tracks[unit.track].add(unit)

    def _due(self, unit: Unit) -> bool:
        length = unit.dts - self._start
        if unit.kind is MediaKind.VIDEO:
            return (length >= self._target and unit.packet.keyframe) or length >= _LONGEST
        video = self._tracks.get(Track.VIDEO)
        frozen = video is None or unit.dts - video.last > self._target
        return length >= self._target and frozen

    def _cut(self, end: Tick) -> list[Segment]:
        start, self._start = self._start, end
        taken = {track: fmp4.Run(each.number, each.take()) for track, each in self._tracks.items()}
        if not any(run.samples for run in taken.values()):
            return []
        self._segments += 1
        wall_s = self._anchor[0] + s_from_ticks(start - self._anchor[1])
        duration_s, new = s_from_ticks(max(1, end - start)), self._new
        segments = []
        for track, runs in self._files(taken):
            data = fmp4.fragment(self._segments, runs) if runs else b""
            init_data, infos = new.get(track, (b"", ()))
            segments.append(
                Segment(data, duration_s, wall_s, self._inits, init_data, self._discontinuity, track, infos)
            )
        self._new, self._discontinuity = {}, False
        return segments

    def _files(self, taken: dict[Track, fmp4.Run]) -> Iterator[tuple[Track | None, list[fmp4.Run]]]:
        """Yield what goes into each file of a cut: every track into its own, or all into one."""
        if self._apart:
            yield from ((track, [run] if run.samples else []) for track, run in taken.items())
        else:
            yield None, [run for run in taken.values() if run.samples]


class _Track:
    """A track's samples in the segment being gathered; each waits for the next to know how long it lasts."""

    def __init__(self, number: int, shift: Tick) -> None:
        self.number = number
        self.samples: list[fmp4.Sample] = []
        self.last: Tick = 0  # dts of the newest unit, made to rise
        self._shift = shift
        self._waiting: Unit | None = None
        self._step = AAC_FRAME

    def add(self, unit: Unit) -> None:
        dts = unit.dts if self._waiting is None else max(unit.dts, self.last + 1)
        self._settle(dts - self.last)
        self._waiting, self.last = unit, dts

    def end(self) -> Tick:
        """Let the newest sample last as long as the one before; return where it ends."""
        self._settle(self._step)
        return self.last + self._step

    def take(self) -> list[fmp4.Sample]:
        samples, self.samples = self.samples, []
        return samples

    def _settle(self, duration: int) -> None:
        if self._waiting is None:
            return
        unit, packet, dts = self._waiting, self._waiting.packet, self.last + self._shift
        pts = dts if unit.pts == unit.dts else unit.pts + self._shift  # before dts, too: MP4 tells that
        self.samples.append(fmp4.Sample(packet.data, dts, pts, duration, packet.keyframe))
        self._waiting, self._step = None, duration
