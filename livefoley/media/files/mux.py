"""Encoded units into a media file that appears whole. Synchronous; `file_sink` makes a room's recording of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av

from livefoley.core.errors import OutputError, UnsupportedCodec, reason
from livefoley.core.media import AAC_FRAME, MediaKind, OutputItem, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.media.files.containers import STRICTNESS, TrackWriter, add_tracks, format_of, playable, sized
from livefoley.system.files import PARTIAL

# Written in fragments of 2 s, so that a crash leaves a playable file, and as a plain indexed file once closed.
# The edit list that trims the encoder's priming counts in the movie's timescale: at FFmpeg's 1 ms, sound would move.
_MP4_OPTIONS = {
    "movflags": "+hybrid_fragmented+delay_moov",
    "frag_duration": "2000000",
    "movie_timescale": str(TICK_RATE),
}


def partial_of(path: Path) -> Path:
    """Return where a file is written until it is whole: under a name that is found again after a crash."""
    return path.with_name(path.name + PARTIAL)


class Muxer:
    """Writes output items to ``path``; the file appears there, whole, at `close`.

    Until then it is ``path`` + ``.partial``. Its timeline starts at 0 with the first picture or the first sound after
    the encoder's priming, whichever is earlier. New parameters of a track begin a new file (``name-2.mp4``), and so
    does a track that begins more than ``patience`` after the other. The extension chooses the container. Raises
    ``OutputError`` or ``UnsupportedCodec``.
    """

    def __init__(
        self, path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None, patience: Tick = TICK_RATE
    ) -> None:
        self._path = Path(path)
        self._patience = patience
        self._metadata = dict(metadata or {})
        format_of(self._path)
        self._infos: dict[MediaKind, TrackInfo] = {}
        self._pending: list[Unit] = []
        self._part: _Part | None = None
        self._count = 0
        self.paths: list[Path] = []

    @property
    def begun(self) -> bool:
        """Whether a file is being written: its container took the tracks, the disk its first bytes."""
        return self._part is not None

    def write(self, item: OutputItem) -> None:
        """Take the next item; units before the first keyframe are left out."""
        if isinstance(item, TrackInfo):
            self._change(item)
        elif self._part is not None:
            self._part.write(item)
        elif item.kind in self._infos and (item.opens_track or self._has(MediaKind.VIDEO)):
            self._pending.append(item)
            if self._ready():
                self._start()

    def close(self) -> list[Path]:
        """Finish the file, give it its name and return all files written."""
        if self._part is None and self._pending:
            self._infos = {kind: info for kind, info in self._infos.items() if self._has(kind)}
            self._start()
        if self._part is not None:
            part, self._part = self._part, None
            self.paths.append(part.finish())
        return self.paths

    def abort(self, keep: bool = False) -> None:
        """Give up the file being written; ``keep`` leaves what was recorded so far, if it can be played."""
        self._pending.clear()
        if self._part is not None:
            part, self._part = self._part, None
            if (kept := part.discard(keep)) is not None:
                self.paths.append(kept)

    def _change(self, info: TrackInfo) -> None:
        if self._infos.get(info.kind) == info:
            return
        if self._part is not None or self._has(info.kind):
            self.close()
        self._infos[info.kind] = info

    def _has(self, kind: MediaKind) -> bool:
        return any(unit.kind is kind for unit in self._pending)

    def _ready(self) -> bool:
        """Whether every track has begun, or has had its time to do so."""
        first, last = self._pending[0], self._pending[-1]
        return all(map(self._has, MediaKind)) or last.dts - first.dts >= self._patience

    def _start(self) -> None:
        units, self._pending = self._pending, []
        self._count += 1
        path = self._path if self._count == 1 else self._path.with_stem(f"{self._path.stem}-{self._count}")
        self._part = _Part(path, sized(self._infos.values(), units), self._metadata, _origin(units))
        for unit in units:
            self._part.write(unit)


def _mp4_options(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the muxer's options; a file without metadata is as if there were none."""
    flags = _MP4_OPTIONS["movflags"] + ("+use_metadata_tags" if metadata else "")  # else it drops keys it does not know
    return {**_MP4_OPTIONS, "movflags": flags}


def _origin(units: list[Unit]) -> Tick:
    return min(unit.pts + (AAC_FRAME if unit.kind is MediaKind.AUDIO else 0) for unit in units)


class _Part:
    """One file being written."""

    def __init__(self, path: Path, tracks: list[TrackInfo], metadata: dict[str, str], origin: Tick) -> None:
        self._path = path
        self._partial = partial_of(path)
        self._origin = origin
        kind = format_of(path)
        self._container: Any = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            options = {"flush_packets": "1", **STRICTNESS, **(_mp4_options(metadata) if kind in ("mp4", "mov") else {})}
            self._container = av.open(f"file:{self._partial}", "w", format=kind, container_options=options)
            self._container.metadata.update(metadata)
            streams = add_tracks(self._container, tracks)
            self._container.start_encoding()
        except UnsupportedCodec:
            self.discard(keep=False)
            raise
        except (av.FFmpegError, OSError, ValueError) as error:
            self.discard(keep=False)
            raise OutputError(f"{path}: cannot be written ({reason(error)})") from None
        pairs = zip(tracks, streams, strict=True)
        self._writers = {info.kind: TrackWriter(self._container, stream, info) for info, stream in pairs}

    def write(self, unit: Unit) -> None:
        writer = self._writers.get(unit.kind)
        if writer is None:
            return
        try:
            writer.write(unit, self._origin)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise OutputError(f"{self._path}: cannot be written ({reason(error)})") from None

    def finish(self) -> Path:
        try:
            self._container.close()
            os.replace(self._partial, self._path)
        except (av.FFmpegError, OSError, ValueError) as error:
            self.discard(keep=True)
            raise OutputError(f"{self._path}: cannot be finished ({reason(error)})") from None
        return self._path

    def discard(self, keep: bool) -> Path | None:
        try:
            if self._container is not None:
                self._container.close()
        except (av.FFmpegError, OSError, ValueError):
            pass
        try:
            if keep and playable(self._partial):
                os.replace(self._partial, self._path)
                return self._path
            self._partial.unlink(missing_ok=True)
        except OSError:
            pass
        return None
