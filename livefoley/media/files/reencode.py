"""Pictures in codecs livefoley does not carry, made H.264: for offline work on old or unusual files."""

from __future__ import annotations

import heapq
from fractions import Fraction
from typing import Any

import av

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import Display, MediaKind, Packet, SourceItem, TrackInfo
from livefoley.formats import nal
from livefoley.media.pictures.upright import COLOURS

_OPTIONS = {"preset": "veryfast", "crf": "18"}
_DEPTH = 4  # pictures whose stamps are put in order: containers without presentation times jumble them


class Reencoder:
    """Decodes the packets of one video stream and encodes them to H.264, close to the eye's threshold (crf 18).

    Pictures whose longer side is more than ``largest`` pixels are scaled down to that.
    """

    def __init__(self, stream: Any, time_base: Fraction, display: Display, largest: int = 1 << 14) -> None:
        self._display = display.only(b"pasp", b"mdcv", b"clli", b"st3d", b"sv3d")  # the colours are in the bitstream
        self._largest = largest
        self._stream = stream
        self._time_base = time_base
        self._encoder: Any = None
        self._frames: list[Any] = []  # decoded, in order of display
        self._stamps: list[int] = []  # theirs, smallest first
        self._last = -(1 << 62)
        self.errors = 0

    def feed(self, packet: Any) -> list[SourceItem]:
        """Return what ``packet`` (None at the end) adds: the parameters first, then packets in decode order."""
        try:
            frames = self._stream.codec_context.decode(packet)
        except (av.FFmpegError, ValueError):
            self.errors += 1
            frames = []
        for frame in frames:
            if frame.pts is not None:
                self._frames.append(frame)
                heapq.heappush(self._stamps, frame.pts)
        return self._encode(_DEPTH)

    def flush(self) -> list[SourceItem]:
        """Return the rest."""
        items = [*self.feed(None), *self._encode(0)]
        if self._encoder is None:
            return items
        return items + [self._packet(packet) for packet in self._encoder.encode(None)]

    def _encode(self, keep: int) -> list[SourceItem]:
        items: list[SourceItem] = []
        while len(self._frames) > keep:
            frame, stamp = self._frames.pop(0), heapq.heappop(self._stamps)
            if stamp <= self._last:
                continue
            self._last = stamp
            if self._encoder is None:
                items.append(self._open(frame))
            fitted = frame.reformat(self._encoder.width, self._encoder.height, "yuv420p")
            fitted.pts, fitted.time_base, fitted.pict_type = stamp, self._time_base, 0
            items += [self._packet(packet) for packet in self._encoder.encode(fitted)]
        return items

    def _open(self, frame: Any) -> TrackInfo:
        scale = min(1.0, self._largest / max(frame.width, frame.height))
        width, height = (max(2, int(side * scale) & ~1) for side in (frame.width, frame.height))
        try:
            encoder: Any = av.CodecContext.create("libx264", "w")
        except ValueError:
            raise UnsupportedCodec("this build of FFmpeg cannot encode H.264 (no libx264)") from None
        encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
        encoder.time_base, encoder.framerate = self._time_base, self._stream.average_rate or 25
        encoder.flags |= av.codec.context.Flags.global_header
        encoder.sample_aspect_ratio = self._display.pixel_aspect  # not every container has a place for it
        for name in COLOURS:
            setattr(encoder, name, getattr(frame, name))
        encoder.options = dict(_OPTIONS)
        if frame.interlaced_frame:
            encoder.flags |= av.codec.context.Flags.interlaced_dct | av.codec.context.Flags.interlaced_me
        encoder.open()
        self._encoder = encoder
        sets = nal.parameter_sets("h264", nal.split_annex_b(bytes(encoder.extradata)))
        return TrackInfo(MediaKind.VIDEO, "h264", nal.configuration("h264", sets), width, height, display=self._display)

    def _packet(self, packet: Any) -> Packet:
        data = nal.join_length_prefixed(nal.split_annex_b(bytes(packet)))
        return Packet(MediaKind.VIDEO, data, packet.pts, packet.dts, self._time_base, bool(packet.is_keyframe))
