"""Encoded units into a media file, packet for packet, through FFmpeg's muxers. Synchronous; see file_sink for a room's.

The codec parameters reach FFmpeg through the header of an MP4 written in memory: PyAV copies streams from an input, and
has no other way to add one that it shall not encode itself.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import av

from livefoley.core.errors import LivefoleyError, OutputError, UnsupportedCodec
from livefoley.core.media import VIDEO_CODECS, MediaKind, OutputItem, TrackInfo, Unit
from livefoley.core.ticks import SAMPLES, TICK_RATE, Tick
from livefoley.media import fmp4
from livefoley.media.codecs import FRAME
from livefoley.media.demux import picture_size

_CONTAINERS = {
    "mp4": (".mp4", ".m4v", ".m4a"),
    "mov": (".mov",),
    "matroska": (".mkv", ".mka"),
    "webm": (".webm",),
    "flv": (".flv",),
    "mpegts": (".ts",),
}
FORMATS = {suffix: name for name, suffixes in _CONTAINERS.items() for suffix in suffixes}
"""FFmpeg's name of the container by a file's extension."""

_CARRIED = {
    "mp4": ("h264", "hevc", "av1", "vp9", "mpeg4", "aac", "mp3", "opus"),
    "mov": ("h264", "hevc", "mpeg4", "aac", "mp3"),
    "webm": ("vp8", "vp9", "av1", "opus"),
    "flv": ("h264", "hevc", "av1", "vp9", "aac", "mp3"),
    "mpegts": ("h264", "hevc", "aac", "mp3"),
}
# Written in fragments of 2 s, so that a crash leaves a playable file, and as a plain indexed file once closed.
# The edit list that trims the encoder's priming counts in the movie's timescale: at FFmpeg's 1 ms, sound would move.
_MP4_OPTIONS = {
    "movflags": "+hybrid_fragmented+delay_moov",
    "frag_duration": "2000000",
    "movie_timescale": str(TICK_RATE),
}


def add_tracks(container: Any, tracks: Sequence[TrackInfo]) -> list[Any]:
    """Add a stream for each track to an open output; raises ``UnsupportedCodec`` when it cannot carry one."""
    kind = container.format.name
    for info in tracks:
        if info.codec not in _CARRIED.get(kind, (info.codec,)):
            raise UnsupportedCodec(f"{kind} does not carry {info.codec}; {_alternatives(info.codec)}")
    with av.open(io.BytesIO(fmp4.init_segment(tracks)), format="mov") as template:
        return [_add(container, source, info) for info, source in zip(tracks, template.streams, strict=True)]


def _add(container: Any, source: Any, info: TrackInfo) -> Any:
    stream = container.add_stream_from_template(source, opaque=True)
    stream.time_base = SAMPLES
    if info.codec == "hevc" and container.format.name in ("mp4", "mov"):
        stream.codec_context.codec_tag = "hvc1"  # Apple's players take no other
    if info.codec == "vp9":
        stream.codec_context.pix_fmt = "yuv420p"  # vpcC is made from it
    return stream


def _alternatives(codec: str) -> str:
    carrying = [suffixes[0] for name, suffixes in _CONTAINERS.items() if codec in _CARRIED.get(name, (codec,))]
    return f"use {', '.join(carrying)}"


class TrackWriter:
    """Stamps the units of one stream and hands them to the container: dts strictly rising, never after pts."""

    def __init__(self, container: Any, stream: Any, info: TrackInfo) -> None:
        self._container = container
        self._stream = stream
        self._duration = FRAME if info.codec == "aac" else 0
        self._last: Tick | None = None

    def write(self, unit: Unit, origin: Tick) -> None:
        """Write ``unit``, ``origin`` being the zero of the file. Raises PyAV's errors."""
        if self._last is None and not opens_track(unit):
            return  # a track that began after the others still begins with a keyframe
        dts = unit.dts - origin
        if self._last is not None:
            dts = max(dts, self._last + 1)
            self._duration = dts - self._last if unit.kind is MediaKind.VIDEO else self._duration
        self._last = dts
        packet: Any = av.Packet(unit.packet.data)
        packet.stream = self._stream
        packet.time_base = SAMPLES
        packet.dts, packet.pts = dts, max(unit.pts - origin, dts)
        packet.duration = self._duration  # of the step before: only the last packet's is ever used
        packet.is_keyframe = unit.packet.keyframe
        self._container.mux_one(packet)


class Muxer:
    """Writes output items to ``path``; the file appears there, whole, at `close`.

    Until then it is ``path`` + ``.partial``. Its timeline starts at 0 with the first picture or the first sound after
    the encoder's priming, whichever is earlier. New parameters of a track begin a new file (``name-2.mp4``). The
    extension chooses the container. Raises ``OutputError`` or ``UnsupportedCodec``.
    """

    def __init__(self, path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None) -> None:
        self._path = Path(path)
        self._metadata = dict(metadata or {})
        format_of(self._path)
        self._infos: dict[MediaKind, TrackInfo] = {}
        self._pending: list[Unit] = []
        self._part: _Part | None = None
        self._count = 0
        self.paths: list[Path] = []

    def write(self, item: OutputItem) -> None:
        """Take the next item; units before the first keyframe are left out."""
        if isinstance(item, TrackInfo):
            self._change(item)
        elif self._part is not None:
            self._part.write(item)
        elif item.kind in self._infos and (opens_track(item) or self._has(MediaKind.VIDEO)):
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
        """Whether every track has begun, or has had its second to do so."""
        first, last = self._pending[0], self._pending[-1]
        return all(map(self._has, MediaKind)) or last.dts - first.dts >= TICK_RATE

    def _start(self) -> None:
        units, self._pending = self._pending, []
        self._count += 1
        path = self._path if self._count == 1 else self._path.with_stem(f"{self._path.stem}-{self._count}")
        self._part = _Part(path, sized(self._infos.values(), units), self._metadata, _origin(units))
        for unit in units:
            self._part.write(unit)


def format_of(path: Path) -> str:
    """Return FFmpeg's name of the container ``path`` asks for by its extension, or raise ``OutputError``."""
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise OutputError(f"{path.name}: unknown kind of file; use {', '.join(FORMATS)}")
    return found


def opens_track(unit: Unit) -> bool:
    """Tell whether a track may begin with ``unit``."""
    return unit.packet.keyframe or unit.kind is MediaKind.AUDIO


def carried_video(path: Path) -> tuple[str, ...]:
    """Return the video codecs the container of ``path`` carries; raises ``OutputError`` for an unknown one."""
    return tuple(codec for codec in VIDEO_CODECS if codec in _CARRIED.get(format_of(path), VIDEO_CODECS))


def _origin(units: list[Unit]) -> Tick:
    return min(unit.pts + (FRAME if unit.kind is MediaKind.AUDIO else 0) for unit in units)


def sized(infos: Iterable[TrackInfo], units: Iterable[Unit]) -> list[TrackInfo]:
    """Return ``infos`` with a size for the picture that had none, found in the first keyframe among ``units``."""
    keyframes = (unit.packet.data for unit in units if unit.kind is MediaKind.VIDEO and unit.packet.keyframe)
    return [_with_size(info, next(keyframes, b"")) if _sizeless(info) else info for info in infos]


def _sizeless(info: TrackInfo) -> bool:
    return info.kind is MediaKind.VIDEO and not (info.width and info.height)


def _with_size(info: TrackInfo, keyframe: bytes) -> TrackInfo:
    width, height = picture_size(info, keyframe)
    return replace(info, width=width, height=height)


class _Part:
    """One file being written."""

    def __init__(self, path: Path, tracks: list[TrackInfo], metadata: dict[str, str], origin: Tick) -> None:
        self._path = path
        self._partial = path.with_name(path.name + ".partial")
        self._origin = origin
        kind = format_of(path)
        self._container: Any = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            options = {"flush_packets": "1", **(_MP4_OPTIONS if kind in ("mp4", "mov") else {})}
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


def playable(path: Path) -> bool:
    """Tell whether something can be read from ``path``."""
    try:
        with av.open(f"file:{path}") as container:
            return any(packet.size for packet in container.demux())
    except (av.FFmpegError, OSError, ValueError):
        return False


def reason(error: Exception) -> str:
    """Return what went wrong without the path or URL that PyAV puts into its messages."""
    if isinstance(error, LivefoleyError):
        return str(error)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
