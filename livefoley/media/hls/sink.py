"""HLS as a room's sink: segments of fragmented MP4 and a live playlist in a directory, each file appearing whole.

Own playlist instead of FFmpeg's muxer: a change of resolution or codec gets its own EXT-X-MAP after a discontinuity,
and nothing here can block or fail inside FFmpeg. Format: RFC 8216 and its second edition's fMP4 rules.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import structlog

from livefoley.core.errors import OutputError, reason
from livefoley.core.media import OutputItem, Unit
from livefoley.core.ports import SinkStatistics
from livefoley.core.throttle import LogThrottle
from livefoley.media.files.containers import sized
from livefoley.media.files.disk_sink import DiskSink
from livefoley.media.hls.playlist import Entry, Playlist
from livefoley.media.hls.segmenter import Segment, Segmenter
from livefoley.system.files import PARTIAL, SERVED, make_directory, write_whole

log = structlog.get_logger("livefoley.hls")

PLAYLIST = "index.m3u8"
_KEPT = 3  # segments that stay on disk after leaving the playlist, for players that have just read it


class HlsSink(DiskSink):
    """Writes a room as HLS into ``directory`` (``index.m3u8``); implements ``Sink``.

    The playlist holds the last ``window`` segments of ``target_s`` or, when keyframes are further apart, more; older
    files are deleted, and so are those of an earlier run. A disk that refuses costs segments, which are counted.
    """

    def __init__(self, directory: str | Path, target_s: float = 2.0, window: int = 6, name: str = "") -> None:
        self._writer = _Writer(Path(directory), target_s, window)
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
        )


class _Writer:
    """The part of an HLS sink that touches the disk; lives in the worker thread. Only `prepare` raises."""

    def __init__(self, directory: Path, target_s: float, window: int) -> None:
        self._directory = directory
        self._session = int(time.time())  # in every name: no cache may answer with a segment of an earlier run
        self._playlist = Playlist(window, self._session, target_s)
        self._segmenter = Segmenter(target_s, sized)
        self._gone: deque[Entry] = deque()
        self._init = b""
        self._number = 0
        self._throttled = LogThrottle(log, time.monotonic)
        self.failing = False  # the last segment could not be written
        self.units = self.bytes = self.errors = 0

    def prepare(self) -> None:
        try:
            make_directory(self._directory, served=True)
            for old in chain.from_iterable(map(self._directory.glob, ("seg-*.m4s", "init-*.mp4", f".*{PARTIAL}"))):
                old.unlink(missing_ok=True)
            (self._directory / PLAYLIST).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{self._directory}: HLS cannot be written there ({reason(error)})") from None

    def write(self, batch: list[OutputItem]) -> None:
        for item in batch:
            try:
                segments = self._segmenter.feed(item, time.time())
            except Exception as error:  # whatever it is, it must not reach the room
                self._fail(error)
                continue
            if isinstance(item, Unit):
                self.units += 1
                self.bytes += len(item.packet.data)
            for segment in segments:
                self._publish(segment)

    def finish(self) -> None:
        for segment in self._segmenter.flush():
            self._publish(segment)
        if self._number:
            self._guarded(lambda: self._save(PLAYLIST, self._playlist.text(ended=True).encode()))

    def _publish(self, segment: Segment) -> None:
        self.failing = not self._guarded(lambda: self._store(segment))
        if self.failing:
            self._segmenter.skip()

    def _store(self, segment: Segment) -> None:
        if segment.init_data:
            self._init = segment.init_data
        init_uri = f"init-{self._session}-{segment.init}.mp4"
        if not (self._directory / init_uri).exists():
            self._save(init_uri, self._init)
        self._number += 1
        uri = f"seg-{self._session}-{self._number}.m4s"
        self._save(uri, segment.data)
        entry = Entry(uri, init_uri, segment.duration_s, segment.wall_s, segment.discontinuity)
        self._gone.extend(self._playlist.add(entry))
        self._save(PLAYLIST, self._playlist.text().encode())
        self._clean(entry.init_uri)

    def _clean(self, init_uri: str) -> None:
        while len(self._gone) > _KEPT:
            old = self._gone.popleft()
            (self._directory / old.uri).unlink(missing_ok=True)
            if old.init_uri not in {init_uri, *(entry.init_uri for entry in self._gone), *self._playlist.inits}:
                (self._directory / old.init_uri).unlink(missing_ok=True)

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
        self._throttled.error("HLS segment lost", directory=self._directory.name, reason=str(error))
