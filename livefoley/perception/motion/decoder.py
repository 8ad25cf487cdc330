"""Decodes one video track for analysis: one thread, no loop filter, frames stamped with the ticks of their units.

The cheapest picture that still shows movement. What a stream can do to a decoder is bounded here: picture size, frames
that come from nowhere, errors (counted).
"""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import PLAIN, VIDEO_CODECS, Display, MediaKind, TrackInfo, Unit
from livefoley.core.ticks import Tick

MAX_PIXELS = 4096 * 2304
"""Pictures with more pixels are refused: a few kilobytes can hold 8192x8192."""

MAX_IN_FLIGHT = 64  # units a decoder may hold back; a stamp older than that belongs to no frame to come

_DECODERS = {"av1": "libdav1d"}  # FFmpeg's own "av1" wants hardware

Grey = NDArray[np.uint8]
"""A picture's luma, shape ``[height, width]``."""


class PictureDecoder:
    """Takes units in decode order, gives frames in presentation order; ``frame.pts`` is the tick of the frame's unit.

    Raises ``UnsupportedCodec`` when the track cannot be decoded at all.
    """

    def __init__(self, info: TrackInfo) -> None:
        self.errors = 0
        if info.kind is not MediaKind.VIDEO or info.codec not in VIDEO_CODECS:
            raise UnsupportedCodec(f"video in {info.codec!r} cannot be analysed; use {', '.join(VIDEO_CODECS)}")
        if info.width * info.height > MAX_PIXELS:
            raise UnsupportedCodec(f"pictures of {info.width}x{info.height} are too large to analyse")
        self._context = _open(info)
        self._in_flight: dict[Tick, None] = {}

    def decode(self, unit: Unit, skip: str = "DEFAULT") -> list[VideoFrame]:
        """Return the frames that are ready; ``skip`` is FFmpeg's name of what not to decode (``NONREF``, ``BIDIR``).

        A unit that cannot be decoded gives an empty list and counts in ``errors``.
        """
        if not unit.packet.data:
            self.errors += 1
            return []
        packet = av.Packet(unit.packet.data)
        packet.pts, packet.dts = unit.pts, unit.dts
        self._in_flight[unit.pts] = None
        while len(self._in_flight) > MAX_IN_FLIGHT:
            del self._in_flight[next(iter(self._in_flight))]
        self._context.skip_frame = skip
        return self._take(packet)

    def flush(self) -> list[VideoFrame]:
        """Return what is still inside; the next unit may come from anywhere."""
        frames = self._take(None)
        self._context.flush_buffers()
        self._in_flight.clear()
        return frames

    def _take(self, packet: Any) -> list[VideoFrame]:
        try:
            frames = self._context.decode(packet)
        except (av.FFmpegError, ValueError):
            self.errors += 1
            return []
        return [frame for frame in frames if self._is_whole(frame)]

    def _is_whole(self, frame: VideoFrame) -> bool:
        """Whether the frame is complete, and one of the units'."""
        whole = frame.pts in self._in_flight and not frame.is_corrupt
        if frame.pts is not None:
            self._in_flight.pop(frame.pts, None)
        self.errors += not whole
        return whole


def _open(info: TrackInfo) -> Any:
    try:
        context: Any = av.CodecContext.create(_DECODERS.get(info.codec, info.codec), "r")
        if info.extradata:
            context.extradata = info.extradata
        context.thread_count = 1
        context.options = {"skip_loop_filter": "all", "max_pixels": str(MAX_PIXELS)}
        context.open()
    except (av.FFmpegError, ValueError) as error:
        raise UnsupportedCodec(f"the {info.codec} track's parameters cannot be used ({error})") from None
    return context


class Shrinker:
    """Makes small pictures of decoded frames, upright as they are shown: ``width`` pixels wide and as high as the
    aspect asks; grey, or in another of FFmpeg's packed formats."""

    def __init__(self, width: int, display: Display = PLAIN, pixels: str = "gray") -> None:
        self._width = width
        self._display = display
        self._pixels = pixels
        self._reformatter = VideoReformatter()

    def shrink(self, frame: VideoFrame) -> Grey:
        """Return the picture, ``[h, w]`` grey or ``[h, w, 3]``, averaged over the area each pixel covers."""
        wide, high = self._display.size(frame.width, frame.height)
        height = max(16, round(self._width * high / max(1, wide) / 2) * 2)
        height = min(height, 4 * self._width)
        stored = (height, self._width) if self._display.turns % 2 else (self._width, height)
        small = self._reformatter.reformat(frame, *stored, self._pixels, interpolation="AREA", threads=1)
        return np.ascontiguousarray(self._display.upright(small.to_ndarray()), np.uint8)
