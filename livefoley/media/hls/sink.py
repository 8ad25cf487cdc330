"""HLS as a room's sink: segments of fragmented MP4 and a live playlist in a directory, each file appearing whole.

Own playlist instead of FFmpeg's muxer: a change of resolution or codec gets its own EXT-X-MAP after a discontinuity,
and nothing here can block or fail inside FFmpeg. Format: RFC 8216 and its second edition's fMP4 rules.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import structlog

from livefoley.core.errors import OutputError, reason
from livefoley.core.media import OutputItem, Track, TrackInfo, Unit
from livefoley.core.ports import SinkStatistics
from livefoley.core.throttle import LogThrottle
from livefoley.media.files.containers import sized
from livefoley.media.files.disk_sink import DiskSink
from livefoley.media.hls.playlist import Entry, Playlist, multivariant
from livefoley.media.hls.segmenter import Segment, Segmenter
from livefoley.system.files import PARTIAL, SERVED, make_directory, write_whole

log = structlog.get_logger("livefoley.hls")

PLAYLIST = "index.m3u8"
_LEAST_S = 0.5  # what is shorter says nothing of a track's rate
_KEPT = 3  # segments that stay on disk after leaving the playlist, for players that have just read it


class HlsSink(DiskSink):
    """Writes a room as HLS into ``directory`` (``index.m3u8``); implements ``Sink``.

    The playlist holds the last ``window`` segments of ``target_s`` or, when keyframes are further apart, more; older
    files are deleted, and so are those of an earlier run. A disk that refuses costs segments, which are counted.

    ``apart``: each track, the original sound among them, has a playlist of its own, and ``index.m3u8`` names them.
    """

    def __init__(
        self, directory: str | Path, target_s: float = 2.0, window: int = 6, name: str = "", *, apart: bool = False
    ) -> None:
        self._writer = _Writer(Path(directory), target_s, window, apart)
        super().__init__(name or Path(directory).name, self._writer)

    def statistics(self) -> SinkStatistics:
        writer = self._writer
        return SinkStatistics(
            name=self.name,
            kind="hls",
            connected=self._running and not writer.failing,
            units=writer.units,
            bytes=writer.bytes,
            dropped_units=self._queue.dropped,
            errors=writer.errors,
            queue_units=self._queue.units,
            problem=writer.problem,
        )


class _Rendition:
    """What a directory holds of one track, or of all together (``track`` None), and what is told of it."""

    def __init__(self, track: Track | None, playlist: Playlist) -> None:
        self.playlist = playlist
        self.name = f"{track}.m3u8" if track else PLAYLIST
        self.mark = f"-{track}" if track else ""  # in the names of its files
        self.init = b""
        self.init_uri = ""
        self.infos: tuple[TrackInfo, ...] = ()
        self.bits_per_s = 0.0  # the most of a segment
        self._gone: deque[Entry] = deque()

    def add(self, entry: Entry) -> None:
        """Name a segment in the playlist."""
        self._gone.extend(self.playlist.add(entry))

    def outlived(self) -> Iterator[str]:
        """Yield the names of files that nobody can still be reading."""
        while len(self._gone) > _KEPT:
            old = self._gone.popleft()
            yield old.uri
            if old.init_uri not in {self.init_uri, *(each.init_uri for each in self._gone), *self.playlist.inits}:
                yield old.init_uri


class _Writer:
    """The part of an HLS sink that touches the disk; lives in the worker thread. Only `prepare` raises."""

    def __init__(self, directory: Path, target_s: float, window: int, apart: bool) -> None:
        self._directory = directory
        self._session = int(time.time())  # in every name: no cache may answer with a segment of an earlier run
        self._target_s, self._window = target_s, window
        self._renditions: dict[Track | None, _Rendition] = {}
        self._segmenter = Segmenter(target_s, sized, apart=apart)
        self._apart = apart
        self._index = ""  # as it was written last, where tracks are apart
        self._number = self._discontinuities = 0
        self._throttled = LogThrottle(log, time.monotonic)
        self.failing = False  # the last segment could not be written
        self.units = self.bytes = self.errors = 0
        self.problem = ""  # why the last segment was lost

    def prepare(self) -> None:
        names = ("seg-*.m4s", "init-*.mp4", f".*{PARTIAL}", PLAYLIST, *(f"{track}.m3u8" for track in Track))
        try:
            make_directory(self._directory, served=True)
            for old in chain.from_iterable(map(self._directory.glob, names)):
                old.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{self._directory}: HLS cannot be written there ({reason(error)})") from None

    def write(self, batch: list[OutputItem]) -> None:
        for item in batch:
            try:
                cut = self._segmenter.feed(item, time.time())
            except Exception as error:  # whatever it is, it must not reach the room
                self._fail(error)
                continue
            if isinstance(item, Unit):
                self.units += 1
                self.bytes += len(item.packet.data)
            self._publish(cut)

    def finish(self) -> None:
        self._publish(self._segmenter.flush())
        if self._number:
            self._guarded(lambda: self._save_playlists(ended=True))

    def _publish(self, cut: list[Segment]) -> None:
        if not cut:
            return
        self.failing = not self._guarded(lambda: self._store(cut))
        if self.failing:
            self._segmenter.skip()
        else:
            self.problem = ""

    def _store(self, cut: list[Segment]) -> None:
        """Write what was cut at once, then name it: a track that has nothing of that time has a gap."""
        for segment in cut:
            rendition = self._rendition(segment.track)
            if segment.init_data:
                rendition.init, rendition.infos = segment.init_data, segment.infos
            if segment.data:
                self._save_segment(segment, rendition)
        self._number += 1
        there = {segment.track for segment in cut if segment.data}
        for track, rendition in self._renditions.items():
            uri = f"seg-{self._session}-{self._number}{rendition.mark}.m4s"
            first, gap = cut[0], track not in there
            rendition.add(Entry(uri, rendition.init_uri, first.duration_s, first.wall_s, first.discontinuity, gap))
        self._discontinuities += cut[0].discontinuity
        self._save_playlists()
        for rendition in self._renditions.values():
            for name in rendition.outlived():
                (self._directory / name).unlink(missing_ok=True)

    def _save_segment(self, segment: Segment, rendition: _Rendition) -> None:
        init_uri = f"init-{self._session}-{segment.init}{rendition.mark}.mp4"
        if not (self._directory / init_uri).exists():
            self._save(init_uri, rendition.init)
        rendition.init_uri = init_uri
        self._save(f"seg-{self._session}-{self._number + 1}{rendition.mark}.m4s", segment.data)
        rendition.bits_per_s = max(rendition.bits_per_s, 8 * len(segment.data) / max(segment.duration_s, _LEAST_S))

    def _rendition(self, track: Track | None) -> _Rendition:
        """Return what is held of a track; one that comes later counts on from where the others are."""
        if track not in self._renditions:
            first = self._session + self._number
            playlist = Playlist(self._window, first, self._target_s, discontinuities=self._discontinuities)
            self._renditions[track] = _Rendition(track, playlist)
        return self._renditions[track]

    def _save_playlists(self, *, ended: bool = False) -> None:
        for rendition in self._renditions.values():
            self._save(rendition.name, rendition.playlist.text(ended=ended).encode())
        if not self._apart:
            return
        named = {track: each for track, each in self._renditions.items() if track is not None and each.infos}
        infos = {track: each.infos[0] for track, each in named.items()}
        index = multivariant(infos, {track: each.bits_per_s for track, each in named.items()})
        if index != self._index:
            self._save(PLAYLIST, index.encode())
            self._index = index

    def _save(self, name: str, data: bytes) -> None:
        write_whole(self._directory / name, data, mode=SERVED)

    def _guarded(self, call: Callable[[], None]) -> bool:
        try:
            call()
        except Exception as error:
            self._fail(error)
            return False
        return True

    def _fail(self, error: Exception) -> None:
        self.errors += 1
        self.problem = str(error)
        self._throttled.error("HLS segment lost", directory=self._directory.name, reason=self.problem)
