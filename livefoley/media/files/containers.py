"""What each container carries, and how encoded units get into one through FFmpeg's muxers, packet for packet.

The codec parameters reach FFmpeg through the header of an MP4 written in memory: PyAV copies streams from an input, and
has no other way to add one that it shall not encode itself.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import av

from livefoley.core.errors import OutputError, UnsupportedCodec
from livefoley.core.media import AAC_FRAME, VIDEO_CODECS, MediaKind, TrackInfo, Unit
from livefoley.core.ticks import SAMPLES, Tick
from livefoley.formats import fmp4
from livefoley.formats.frame_size import frame_size

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

STRICTNESS = {"strict": "unofficial"}
"""For FFmpeg's muxers: else what is not of a container's own standard (Dolby Vision, 360 degrees) is left out."""

_CARRIED = {
    "mp4": ("h264", "hevc", "av1", "vp9", "mpeg4", "aac", "mp3", "opus"),
    "mov": ("h264", "hevc", "mpeg4", "aac", "mp3"),
    "webm": ("vp8", "vp9", "av1", "opus"),
    "flv": ("h264", "hevc", "av1", "vp9", "aac", "mp3"),
    "mpegts": ("h264", "hevc", "aac", "mp3"),
}


_NO_MATRIX = {"flv": "FLV", "mpegts": "MPEG-TS"}


def no_place(path: Path) -> str:
    """Return the name of the container of ``path`` if it has no place for how pictures are turned, else nothing."""
    return _NO_MATRIX.get(format_of(path), "")


def format_of(path: Path) -> str:
    """Return FFmpeg's name of the container ``path`` asks for by its extension, or raise ``OutputError``."""
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise OutputError(f"{path.name}: unknown kind of file; use {', '.join(FORMATS)}")
    return found


def carried_video(path: Path) -> tuple[str, ...]:
    """Return the video codecs the container of ``path`` carries; raises ``OutputError`` for an unknown one."""
    return tuple(codec for codec in VIDEO_CODECS if codec in _CARRIED.get(format_of(path), VIDEO_CODECS))


def add_tracks(container: Any, tracks: Sequence[TrackInfo]) -> list[Any]:
    """Add a stream for each track to an open output; raises ``UnsupportedCodec`` when it cannot carry one."""
    kind = container.format.name
    for info in tracks:
        if info.codec not in _CARRIED.get(kind, (info.codec,)):
            raise UnsupportedCodec(f"{kind} does not carry {info.codec}; {_alternatives(tracks)}")
    with av.open(io.BytesIO(fmp4.init_segment(tracks)), format="mov") as template:
        return [_add(container, source, info) for info, source in zip(tracks, template.streams, strict=True)]


def _add(container: Any, source: Any, info: TrackInfo) -> Any:
    stream = container.add_stream_from_template(source, opaque=True)
    stream.time_base = SAMPLES
    if info.display.pixel_aspect != 1:
        stream.codec_context.sample_aspect_ratio = info.display.pixel_aspect  # the template's is the bitstream's
    if info.codec == "hevc" and container.format.name in ("mp4", "mov"):
        stream.codec_context.codec_tag = "hvc1"  # Apple's players take no other
    if info.codec == "vp9":
        stream.codec_context.pix_fmt = "yuv420p"  # vpcC is made from it
    return stream


def _alternatives(tracks: Sequence[TrackInfo]) -> str:
    codecs = {info.codec for info in tracks}
    carrying = [suffixes[0] for name, suffixes in _CONTAINERS.items() if codecs <= set(_CARRIED.get(name, codecs))]
    return f"use {', '.join(carrying)}"


class TrackWriter:
    """Stamps the units of one stream and hands them to the container: dts strictly rising, never after pts.

    A dts that does not fit is moved ahead; only where there is no room before it, pts moves.
    """

    def __init__(self, container: Any, stream: Any, info: TrackInfo) -> None:
        self._container = container
        self._stream = stream
        self._duration = AAC_FRAME if info.codec == "aac" else 0
        self._last: Tick | None = None

    def write(self, unit: Unit, origin: Tick) -> None:
        """Write ``unit``, ``origin`` being the zero of the file. Raises PyAV's errors."""
        if self._last is None and not unit.opens_track:
            return  # a track that began after the others still begins with a keyframe
        dts = min(unit.dts, unit.pts) - origin
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


def sized(infos: Iterable[TrackInfo], units: Iterable[Unit]) -> list[TrackInfo]:
    """Return ``infos`` with a size for the picture that had none, found in the first keyframe among ``units``."""
    keyframes = (unit.packet.data for unit in units if unit.kind is MediaKind.VIDEO and unit.packet.keyframe)
    return [_with_size(info, next(keyframes, b"")) if _sizeless(info) else info for info in infos]


def _sizeless(info: TrackInfo) -> bool:
    return info.kind is MediaKind.VIDEO and not (info.width and info.height)


def _with_size(info: TrackInfo, keyframe: bytes) -> TrackInfo:
    width, height = frame_size(info.codec, info.extradata, keyframe)
    return replace(info, width=width, height=height)


def playable(path: Path) -> bool:
    """Tell whether something can be read from ``path``."""
    try:
        with av.open(f"file:{path}", metadata_errors="replace") as container:
            return any(packet.size for packet in container.demux())
    except (av.FFmpegError, OSError, ValueError):
        return False
