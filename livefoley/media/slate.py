"""A still picture as one keyframe in a track's own codec, to be sent while the publisher is away."""

from __future__ import annotations

import io
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from livefoley.core.errors import InputError, UnsupportedCodec, reason
from livefoley.core.media import MediaKind, Packet, TrackInfo
from livefoley.core.ticks import SAMPLES
from livefoley.media.files.demux import Demuxer

_ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"preset": "veryfast", "tune": "stillimage", "crf": "23"}),
    "hevc": ("libx265", {"preset": "veryfast", "crf": "25", "x265-params": "log-level=none"}),
    "av1": ("libsvtav1", {"preset": "10", "crf": "35", "svtav1-params": "lp=1"}),
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "crf": "35"}),
}
_CARD = (28, 24, 22)  # B, G, R of the plain dark card
_INK = (200, 200, 200)
_LARGEST = 1920, 1080  # its longer and its shorter side: a larger still picture shows no more, and costs seconds


def slate(info: TrackInfo, text: str = "", picture: str | Path | None = None) -> tuple[TrackInfo, Packet]:
    """Return parameters and one keyframe that shows ``picture``, or ``text`` (ASCII) on a dark card.

    It has the codec and size of ``info`` (1280x720 if unknown, made even, and made smaller to fit 1920x1080). Takes
    tens of milliseconds up to a second: call it in a process of its own. Raises ``InputError`` when the picture cannot
    be read, ``UnsupportedCodec`` when this build has no encoder for the codec.
    """
    encoder = _ENCODERS.get(info.codec)
    if encoder is None:
        raise UnsupportedCodec(f"no slate can be made in {info.codec}; use the frozen picture instead")
    width, height = _size(info)
    image = _fitted(picture, width, height) if picture else _card(text, width, height)
    try:
        return _keyframe(image, *encoder)
    except (av.FFmpegError, ValueError) as error:
        raise UnsupportedCodec(f"this build cannot encode {info.codec} for a slate ({reason(error)})") from None


def _size(info: TrackInfo) -> tuple[int, int]:
    """Return the slate's size: that of the track, scaled to fit ``_LARGEST`` either way up, made even."""
    width, height = info.width or 1280, info.height or 720
    scale = min(1.0, _LARGEST[0] / max(width, height), _LARGEST[1] / min(width, height))
    return max(2, round(width * scale)) + 1 & ~1, max(2, round(height * scale)) + 1 & ~1


def _keyframe(image: NDArray[np.uint8], codec: str, options: dict[str, str]) -> tuple[TrackInfo, Packet]:
    """Encode ``image``; the way through an MP4 in memory gives avcC and the like, and NAL units with lengths."""
    os.environ.setdefault("SVT_LOG", "1")  # else SVT-AV1 prints a page of settings
    memory = io.BytesIO()
    with av.open(memory, "w", format="mp4") as output:
        stream: Any = output.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = image.shape[1], image.shape[0], "yuv420p"
        stream.time_base = Fraction(1, 25)
        frame: Any = VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        frame.pts, frame.time_base = 0, stream.time_base
        encoded = [*stream.encode(frame), *stream.encode(None)][0]
        encoded.pts = encoded.dts = 0  # x265 leaves the dts of a lone frame to chance
        output.mux(encoded)
    memory.seek(0)
    with av.open(memory, format="mov") as container:
        items = list(Demuxer(container, "slate").items())
    info = next(item for item in items if isinstance(item, TrackInfo))
    packet = next(item for item in items if isinstance(item, Packet))
    return info, Packet(MediaKind.VIDEO, packet.data, 0, 0, SAMPLES)


def _fitted(picture: str | Path, width: int, height: int) -> NDArray[np.uint8]:
    """Return the picture at ``picture``, scaled to fit between bars."""
    try:
        raw = np.frombuffer(Path(picture).read_bytes(), np.uint8)
        image = cv2.imdecode(raw, cv2.IMREAD_COLOR) if raw.size else None
    except (OSError, cv2.error) as error:
        raise InputError(f"{picture}: the slate cannot be read ({reason(error)})") from None
    if image is None:
        raise InputError(f"{picture}: the slate is not a picture; use a PNG or JPEG")
    scale = min(width / image.shape[1], height / image.shape[0])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    canvas = np.full((height, width, 3), _CARD, np.uint8)
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return canvas


def _card(text: str, width: int, height: int) -> NDArray[np.uint8]:
    canvas = np.full((height, width, 3), _CARD, np.uint8)
    shown = text.encode("ascii", "ignore").decode().strip()
    if shown:
        font, scale = cv2.FONT_HERSHEY_SIMPLEX, height / 480
        (wide, high), _ = cv2.getTextSize(shown, font, scale, 1)
        scale *= min(1.0, 0.9 * width / max(1, wide))
        (wide, high), _ = cv2.getTextSize(shown, font, scale, 1)
        at = ((width - wide) // 2, (height + high) // 2)
        cv2.putText(canvas, shown, at, font, scale, _INK, max(1, round(scale * 1.5)), cv2.LINE_AA)
    return canvas
