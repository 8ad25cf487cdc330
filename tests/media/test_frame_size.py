"""The size of a picture, read from headers: as a decoder finds it, without decoding anything."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.formats.frame_size import frame_size

ENCODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9", "av1": "libsvtav1"}


def keyframe(codec: str, width: int, height: int, pixels: str = "yuv420p") -> bytes:
    """Return a keyframe of a picture."""
    context = av.CodecContext.create(ENCODERS[codec], "w")
    context.width, context.height, context.pix_fmt = width, height, pixels
    context.time_base = Fraction(1, 25)
    frame = av.VideoFrame(width, height, pixels)
    frame.pts, frame.time_base = 0, context.time_base
    return bytes([*context.encode(frame), *context.encode(None)][0])


@pytest.mark.parametrize("codec", ENCODERS)
@pytest.mark.parametrize("size", [(320, 180), (1920, 1080), (66, 130)])
def test_a_keyframe_names_its_size(codec: str, size: tuple[int, int]) -> None:
    assert frame_size(codec, b"", keyframe(codec, *size)) == size


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "gbrp"])
def test_formats_of_vp9_are_told_apart(pixels: str) -> None:
    assert frame_size("vp9", b"", keyframe("vp9", 322, 178, pixels)) == (322, 178)


def test_a_picture_that_would_take_gigabytes_to_decode_is_a_few_bytes_to_read() -> None:
    claimed = bytearray(keyframe("vp8", 64, 64))
    claimed[6:10] = b"\xff\x3f\xff\x3f"
    assert frame_size("vp8", b"", bytes(claimed)) == (16383, 16383)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["h264", "hevc", "av1", "vp9", "vp8", "mpeg4"]), st.binary(max_size=64), st.binary(max_size=64))
def test_junk_has_some_size_or_none_and_never_raises(codec: str, extradata: bytes, frame: bytes) -> None:
    width, height = frame_size(codec, extradata, frame)
    assert width >= 0
    assert height >= 0
