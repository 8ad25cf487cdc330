"""A clip's pictures encoded anew, as H.264: at its borders, or all of them when they are framed otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from livefoley.core.errors import UnsupportedCodec
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import SAMPLES, TICK_RATE, Tick
from livefoley.formats import nal
from livefoley.media.pictures.upright import COLOURS

CRF = 19
KEYFRAME: Tick = 2 * TICK_RATE
RATE_HINT = 30


class PictureEncoder:
    """Encodes frames whose ``pts`` are ticks, in order of display and without B-frames.

    ``set_id`` is the id of its parameter sets: pictures of another encoder may stand in the same track if theirs
    differ. ``info`` is known after the first frame.
    """

    def __init__(self, set_id: int = 0, preset: str = "veryfast") -> None:
        self.info: TrackInfo | None = None
        self._set_id = set_id
        self._preset = preset
        self._encoder: Any = None
        self._keyframe_at: Tick | None = None

    def encode(self, frames: Iterable[Any], epoch: int = 0) -> Iterator[Unit]:
        """Yield the units of all ``frames``; the encoder is done then."""
        for frame in map(plain, frames):
            if self._encoder is None:
                self._encoder = self._open(frame)
            due = self._keyframe_at is None or frame.pts - self._keyframe_at >= KEYFRAME
            frame.pict_type = av.video.frame.PictureType.I if due else av.video.frame.PictureType.NONE
            self._keyframe_at = frame.pts if due else self._keyframe_at
            frame.time_base = SAMPLES
            yield from (_unit(packet, epoch) for packet in self._encoder.encode(frame))
        if self._encoder is not None:
            yield from (_unit(packet, epoch) for packet in self._encoder.encode(None))

    def _open(self, frame: Any) -> Any:
        try:
            encoder: Any = av.CodecContext.create("libx264", "w")
        except ValueError:
            raise UnsupportedCodec("this build of FFmpeg cannot encode H.264 (no libx264)") from None
        encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuv420p"
        encoder.time_base, encoder.framerate = SAMPLES, RATE_HINT
        encoder.flags |= av.codec.context.Flags.global_header
        for name in COLOURS:
            setattr(encoder, name, getattr(frame, name))
        given = f"sps-id={self._set_id}:keyint=infinite:scenecut=0:bframes=0:forced-idr=1"
        encoder.options = {"preset": self._preset, "crf": str(CRF), "x264-params": given, "forced-idr": "1"}
        encoder.open()
        sets = nal.parameter_sets("h264", nal.split_annex_b(bytes(encoder.extradata)))
        size = {"width": frame.width, "height": frame.height}
        self.info = TrackInfo(MediaKind.VIDEO, "h264", nal.configuration("h264", sets), **size)
        return encoder


def planes_of(frame: Any) -> NDArray[np.uint8]:
    """Return a copy of a plain frame's planes: the rows of Y, then those of U and V."""
    planes: NDArray[np.uint8] = frame.to_ndarray()
    return planes


def plain(frame: Any) -> Any:
    """Return the frame in yuv420p, which has even sizes alone; one of 4:4:4 may have odd ones."""
    width, height = max(2, frame.width & ~1), max(2, frame.height & ~1)
    if (frame.format.name, frame.width, frame.height) == ("yuv420p", width, height):
        return frame
    return frame.reformat(width, height, "yuv420p")


def _unit(packet: Any, epoch: int) -> Unit:
    data = nal.join_length_prefixed(nal.split_annex_b(bytes(packet)))
    made = Packet(MediaKind.VIDEO, data, packet.pts, packet.dts, SAMPLES, bool(packet.is_keyframe))
    return Unit(made, packet.pts, packet.dts, epoch)
