"""Slates: one keyframe in the track's own codec that decodes to the picture wanted."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from livefoley.core.errors import InputError, UnsupportedCodec
from livefoley.core.media import MediaKind, Packet, TrackInfo
from livefoley.media.slate import slate


def shown(info: TrackInfo, packet: Packet) -> np.ndarray:
    decoder = av.CodecContext.create("libdav1d" if info.codec == "av1" else info.codec, "r")
    if info.extradata:
        decoder.extradata = info.extradata
    (frame,) = [*decoder.decode(av.Packet(packet.data)), *decoder.decode(None)]
    return frame.to_ndarray(format="bgr24")


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9"])
def test_a_slate_is_one_keyframe_of_the_tracks_codec_and_size(codec: str) -> None:
    info, packet = slate(TrackInfo(MediaKind.VIDEO, codec, width=640, height=360), "back soon")
    assert (info.codec, info.width, info.height) == (codec, 640, 360)
    assert packet.keyframe
    picture = shown(info, packet)
    assert picture.shape == (360, 640, 3)
    assert picture.max() > 150  # the text
    assert np.median(picture) < 60  # on a dark card


def test_a_picture_fills_the_frame_between_bars(tmp_path: Path) -> None:
    path = tmp_path / "夜.png"
    path.write_bytes(cv2.imencode(".png", np.full((100, 100, 3), (0, 0, 255), np.uint8))[1].tobytes())
    picture = shown(*slate(TrackInfo(MediaKind.VIDEO, "h264", width=320, height=180), picture=path))
    assert picture[90, 160, 2] > 200
    assert picture[90, 10].max() < 60


def test_an_unknown_size_is_720p_and_an_odd_one_is_made_even() -> None:
    assert slate(TrackInfo(MediaKind.VIDEO, "h264"))[0].width == 1280
    assert slate(TrackInfo(MediaKind.VIDEO, "h264", width=321, height=181))[0].height == 182


@pytest.mark.parametrize(
    ("size", "drawn"), [((8192, 8192), (1080, 1080)), ((3840, 2160), (1920, 1080)), ((2160, 3840), (1080, 1920))]
)
def test_a_large_picture_gets_a_slate_of_its_shape_that_is_no_larger_than_1080p(
    size: tuple[int, int], drawn: tuple[int, int]
) -> None:
    info, _ = slate(TrackInfo(MediaKind.VIDEO, "h264", width=size[0], height=size[1]))
    assert (info.width, info.height) == drawn


def test_what_cannot_be_shown_is_refused_in_one_line(tmp_path: Path) -> None:
    info = TrackInfo(MediaKind.VIDEO, "h264", width=320, height=180)
    (tmp_path / "notes.png").write_text("no picture")
    with pytest.raises(InputError, match="use a PNG or JPEG"):
        slate(info, picture=tmp_path / "notes.png")
    with pytest.raises(InputError, match="cannot be read"):
        slate(info, picture=tmp_path / "missing.png")
    with pytest.raises(UnsupportedCodec, match="frozen picture"):
        slate(TrackInfo(MediaKind.VIDEO, "prores"))
