"""Video encoded anew for viewers whose protocol cannot carry the room's own: any codec to H.264 without B-frames.

Decodes what strangers send, so it belongs in a worker process. Every picture keeps the tick it is shown at.
"""

from __future__ import annotations

from typing import Any

import av

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import PLAIN, VIDEO_CODECS, MediaKind, OutputItem, Packet, TrackInfo, Unit
from livefoley.core.ticks import SAMPLES, Tick
from livefoley.formats import nal
from livefoley.media.pictures.upright import upright

MAX_PIXELS = 4096 * 2304
MAX_WIDTH = 1920  # larger pictures are made smaller: they would cost more than a live encoder has
BITS_PER_PIXEL = 3.2  # of the highest rate: 2.9 Mb/s for 1280x720, 6.6 Mb/s for 1920x1080
RATE_HINT = 30
_DECODERS = {"av1": "libdav1d"}  # FFmpeg's own "av1" wants hardware
_OPTIONS = {"preset": "veryfast", "tune": "zerolatency", "crf": "23", "profile": "baseline", "forced-idr": "1"}


class VideoTranscoder:
    """One track at a time. Raises ``UnsupportedCodec`` for a track that cannot be decoded."""

    def __init__(self, keyframe_s: float = 2.0) -> None:
        self.errors = 0
        self._keyframe_ticks = round(keyframe_s / float(SAMPLES))
        self._decoder: Any = None
        self._display = PLAIN
        self._encoder: Any = None
        self._epoch = 0
        self._last: Tick = -(1 << 62)
        self._keyframe_at: Tick = self._last

    def configure(self, info: TrackInfo) -> None:
        """Take a track's parameters."""
        if info.kind is not MediaKind.VIDEO or info.codec not in VIDEO_CODECS:
            raise UnsupportedCodec(f"video in {info.codec!r} cannot be encoded anew")
        if info.width * info.height > MAX_PIXELS:
            raise UnsupportedCodec(f"pictures of {info.width}x{info.height} are too large to be encoded anew")
        try:
            context: Any = av.CodecContext.create(_DECODERS.get(info.codec, info.codec), "r")
            context.extradata = info.extradata or None
            context.thread_type = "SLICE"  # frame threads would hold pictures back
            context.options = {"max_pixels": str(MAX_PIXELS)}
            context.open()
        except (av.FFmpegError, ValueError) as error:
            raise UnsupportedCodec(f"the {info.codec} track's parameters cannot be used ({error})") from None
        self._decoder, self._display = context, info.display

    def request_keyframe(self) -> None:
        """Make the next picture a keyframe."""
        self._keyframe_at = -(1 << 62)

    def feed(self, unit: Unit) -> list[OutputItem]:
        """Return what the next unit in decode order adds: parameters when they are new, then units."""
        if self._decoder is None or not unit.packet.data:
            return []
        self._epoch = unit.epoch
        packet = av.Packet(unit.packet.data)
        packet.pts, packet.dts = unit.pts, unit.dts
        try:
            frames = self._decoder.decode(packet)
        except (av.FFmpegError, ValueError):
            self.errors += 1
            return []
        return [item for frame in frames for item in self._encode(frame)]

    def _encode(self, frame: Any) -> list[OutputItem]:
        if frame.pts is None or frame.pts <= self._last or frame.is_corrupt:
            return []
        shown = upright(frame, self._display)
        width, height = _fitted(shown.width, shown.height)
        items: list[OutputItem] = []
        if self._encoder is None or (self._encoder.width, self._encoder.height) != (width, height):
            items.append(self._open(width, height))
        self._last = frame.pts
        picture = shown.reformat(width, height, "yuv420p")
        picture.pts, picture.time_base = frame.pts, SAMPLES
        due = frame.pts - self._keyframe_at >= self._keyframe_ticks
        picture.pict_type = av.video.frame.PictureType.I if due else av.video.frame.PictureType.NONE
        if due:
            self._keyframe_at = frame.pts
        return items + [self._unit(packet) for packet in self._encoder.encode(picture)]

    def _open(self, width: int, height: int) -> TrackInfo:
        try:
            encoder: Any = av.CodecContext.create("libx264", "w")
        except ValueError:
            raise UnsupportedCodec("this build of FFmpeg cannot encode H.264 (no libx264)") from None
        rate = round(width * height * BITS_PER_PIXEL)
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.time_base, encoder.framerate = SAMPLES, RATE_HINT
        encoder.flags |= av.codec.context.Flags.global_header
        encoder.gop_size = 1000  # keyframes are asked for by time: pictures come at any rate
        encoder.options = {**_OPTIONS, "maxrate": str(rate), "bufsize": str(rate // 2)}
        encoder.open()
        self._encoder = encoder
        self.request_keyframe()
        sets = nal.parameter_sets("h264", nal.split_annex_b(bytes(encoder.extradata)))
        return TrackInfo(MediaKind.VIDEO, "h264", nal.configuration("h264", sets), width=width, height=height)

    def _unit(self, packet: Any) -> Unit:
        data = nal.join_length_prefixed(nal.split_annex_b(bytes(packet)))
        made = Packet(MediaKind.VIDEO, data, packet.pts, packet.pts, SAMPLES, bool(packet.is_keyframe))
        return Unit(made, packet.pts, packet.pts, self._epoch)


def _fitted(width: int, height: int) -> tuple[int, int]:
    """Return the size to encode at: even, and not wider than ``MAX_WIDTH``."""
    scale = min(1.0, MAX_WIDTH / width)
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)
