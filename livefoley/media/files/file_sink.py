"""A recording as a room's sink: MP4, MKV, FLV or TS; whole at its end, playable after a crash."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import structlog

from livefoley.core.errors import LivefoleyError, OutputError, reason
from livefoley.core.media import OutputItem, TrackInfo, Unit
from livefoley.core.ports import SinkStatistics
from livefoley.core.throttle import LogThrottle
from livefoley.media.files.containers import format_of, no_place, playable
from livefoley.media.files.disk_sink import DiskSink
from livefoley.media.files.mux import Muxer, partial_of
from livefoley.media.pictures.untold import Untold

log = structlog.get_logger("livefoley.file")


class FileSink(DiskSink):
    """Records a room to ``path``; implements ``Sink``.

    ``path`` may hold strftime fields (``rec/%Y-%m-%d_%H-%M-%S.mp4``), filled in when a file is begun; a file that
    is there already is replaced when the new one is complete. When the disk refuses, what was recorded is kept, units
    are dropped and counted, and ``retry_s`` later, or with new parameters, a new file is begun. Raises ``OutputError``
    for an unknown extension.
    """

    def __init__(
        self, path: str | Path, name: str = "", metadata: Mapping[str, str] | None = None, retry_s: float = 10.0
    ) -> None:
        self._path = Path(path)
        format_of(self._path)
        self._recorder = _Recorder(self._path, dict(metadata or {}), retry_s)
        super().__init__(name or self._path.name, self._recorder)
        container = no_place(self._path)
        self._untold = Untold(container, self.name, log) if container else None

    def write_nowait(self, item: OutputItem) -> None:
        """Take one item; see ``Sink``."""
        if self._untold is not None:
            self._untold.look(item)
        super().write_nowait(item)

    @property
    def paths(self) -> list[Path]:
        """The files that are complete."""
        return list(self._recorder.paths)

    def statistics(self) -> SinkStatistics:
        recorder = self._recorder
        return SinkStatistics(
            name=self.name,
            kind="file",
            connected=recorder.recording,
            units=recorder.units,
            bytes=recorder.bytes,
            dropped_units=self._queue.dropped + recorder.dropped,
            reconnects=max(0, recorder.begun - 1),
            errors=recorder.errors,
            queue_units=self._queue.units,
            problem=recorder.problem or (self._untold.problem if self._untold is not None else ""),
        )


class _Recorder:
    """The part of a file sink that blocks; lives in the worker thread. It never raises."""

    def __init__(self, path: Path, metadata: dict[str, str], retry_s: float) -> None:
        self._path = path
        self._metadata = metadata
        self._retry_s = retry_s
        self._muxer: Muxer | None = None
        self._infos: dict[str, TrackInfo] = {}
        self._retry_at_s = 0.0
        self._throttled = LogThrottle(log, time.monotonic)
        self.paths: list[Path] = []
        self.units = self.bytes = self.dropped = self.errors = self.begun = 0
        self.problem = ""  # why nothing is recorded, until something is

    @property
    def recording(self) -> bool:
        return self._muxer is not None

    def prepare(self) -> None:
        """A file is begun with its first unit; there is nothing to do before."""

    def write(self, batch: list[OutputItem]) -> None:
        for item in batch:
            if isinstance(item, TrackInfo) and self._infos.get(item.kind) != item:
                self._infos[item.kind] = item
                self._retry_at_s = 0.0  # what failed may have been the parameters before
            try:
                self._write(item)
            except Exception as error:  # whatever it is, it must not reach the room
                self._fail(error)

    def finish(self) -> None:
        if self._muxer is None:
            return
        muxer, self._muxer = self._muxer, None
        try:
            self.paths += muxer.close()
        except Exception as error:
            self._fail(error)

    def _write(self, item: OutputItem) -> None:
        if self._muxer is None:
            if isinstance(item, TrackInfo):
                return
            if time.monotonic() < self._retry_at_s:
                self.dropped += 1
                return
            self._muxer = self._begin()
        self._muxer.write(item)
        if self._muxer.begun:
            self.problem = ""
        if isinstance(item, Unit):
            self.units += 1
            self.bytes += len(item.packet.data)

    def _begin(self) -> Muxer:
        path = Path(time.strftime(str(self._path)))
        if self.begun and path == self._path:
            path = _free(path)
        _rescue(path)
        muxer = Muxer(path, self._metadata)
        self.begun += 1
        for info in self._infos.values():
            muxer.write(info)
        return muxer

    def _fail(self, error: Exception) -> None:
        self.errors += 1
        self.problem = str(error)
        self._retry_at_s = time.monotonic() + self._retry_s
        if self._muxer is not None:
            muxer, self._muxer = self._muxer, None
            muxer.abort(keep=True)
            self.paths += muxer.paths
        trace = None if isinstance(error, LivefoleyError) else error
        name, retry_s = self._path.name, self._retry_s
        self._throttled.error("recording failed", file=name, reason=self.problem, retry_s=retry_s, exc_info=trace)


def _free(path: Path) -> Path:
    """Return the first of ``name.mp4``, ``name-2.mp4``, ... that does not exist."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in range(2, 10_000))
    return next((each for each in (path, *numbered) if not each.exists()), path)


def _rescue(path: Path) -> None:
    """Give what a crash left of an earlier recording a name of its own."""
    left = partial_of(path)
    try:
        if left.is_file() and playable(left):
            left.rename(_free(path.with_stem(f"{path.stem}-recovered")))
    except OSError as error:
        raise OutputError(f"{left}: a recording left by a crash cannot be renamed ({reason(error)})") from None
