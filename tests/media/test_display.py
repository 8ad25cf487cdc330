"""What a container says of how its pictures are shown: read, carried through every output that has a place, or told."""

from __future__ import annotations

import io
import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from livefoley.commands.render import render_file
from livefoley.core.media import PLAIN, Display, MediaKind, OutputItem, Packet, TrackInfo, Unit
from livefoley.core.ticks import ticks_from_stamp
from livefoley.formats.fmp4 import box
from livefoley.media.files.containers import sized
from livefoley.media.files.file_sink import FileSink
from livefoley.media.files.file_source import probe, read_items
from livefoley.media.files.mux import Muxer
from livefoley.media.hls.segmenter import Segmenter
from livefoley.media.pictures.upright import upright
from livefoley.media.rtmp.sink import RtmpSink
from livefoley.media.transcode import VideoTranscoder
from livefoley.runtime.workers.messages import VideoTrack
from tests.media.render import output_items
from tests.support.media_files import make_clip
from tests.support.peers import require
from tests.support.turned import bright_quarter, marked, matrix, seen

TURNS = (0, 1, 2, 3)


def picture_of(path: Path) -> TrackInfo:
    """Return the parameters of a file's pictures."""
    return next(info for info in probe(path).tracks if info.kind is MediaKind.VIDEO)


def told(path: Path) -> dict[str, Any]:
    """Return what Debian's ffprobe says of a file's pictures."""
    command = [require("ffprobe"), "-v", "error", "-select_streams", "v", "-show_streams", "-of", "json", str(path)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["streams"][0]
    return found


def muxed(source: Path, target: Path) -> Path:
    """Carry a file through a room's muxer."""
    muxer = Muxer(target)
    for item in output_items(source):
        muxer.write(item)
    (path,) = muxer.close()
    return path


def rotation(path: Path) -> int:
    return next((side["rotation"] for side in told(path).get("side_data_list", ()) if "rotation" in side), 0)


@given(st.sampled_from(TURNS), st.booleans(), st.integers(1, 8), st.integers(1, 8))
def test_a_picture_that_is_turned_and_back_is_as_it_was(turns: int, mirrored: bool, width: int, height: int) -> None:
    display = Display(matrix(turns, mirrored))
    picture = np.arange(width * height).reshape(height, width)
    shown = display.upright(picture)
    assert (display.turns, display.mirrored) == (turns, mirrored)
    assert shown.shape[::-1] == display.size(width, height)
    assert (display.as_stored(shown) == picture).all()
    assert bool(display.told()) is display.is_turned is (turns > 0 or mirrored)


def test_a_quarter_turn_clockwise_brings_the_left_side_up() -> None:
    picture = np.array([[1, 2], [3, 4]])
    assert Display(matrix(1)).upright(picture).tolist() == [[3, 1], [4, 2]]
    assert Display(matrix(0, mirrored=True)).upright(picture).tolist() == [[2, 1], [4, 3]]


@given(st.binary(max_size=64))
def test_boxes_that_are_none_do_no_harm(data: bytes) -> None:
    display = Display(boxes=data)
    assert Fraction(1, 16) <= display.pixel_aspect <= 16
    assert len(list(display.parts())) <= 8


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv"])
def test_what_a_phone_films_upright_is_upright_in_every_file_that_can_say_so(
    tmp_path: Path, turns: int, extension: str
) -> None:
    source = marked(tmp_path / "phone.mov", turns)
    out = muxed(source, tmp_path / f"out.{extension}")
    assert rotation(out) == rotation(source)
    assert bright_quarter(seen(out)) == bright_quarter(seen(source)) == "upper left"
    assert picture_of(out).display.turns == turns


def test_hls_says_how_its_pictures_are_turned(tmp_path: Path) -> None:
    segmenter = Segmenter(1.0, sized)
    segments = [part for item in output_items(marked(tmp_path / "phone.mp4", 1)) for part in segmenter.feed(item, 0.0)]
    segments += segmenter.flush()
    path = tmp_path / "all.mp4"
    path.write_bytes(segments[0].init_data + b"".join(segment.data for segment in segments))
    assert rotation(path) == -90
    assert bright_quarter(seen(path)) == "upper left"


HDR = (
    "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:max-cll=1000,400:log-level=none:"
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
)
COLOURS = ("color_range", "color_primaries", "color_transfer", "color_space")


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv"])
def test_colours_and_the_shape_of_pixels_go_along(tmp_path: Path, extension: str) -> None:
    coded = (
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        "-bsf:v",
        "h264_metadata=sample_aspect_ratio=0/1",
    )
    source = marked(
        tmp_path / "odd.mkv", 0, *coded, "-aspect", "16:9", "-color_range", "pc", "-color_primaries", "bt2020",
        "-color_trc", "arib-std-b67", "-colorspace", "bt2020nc",
    )  # fmt: skip
    before, after = told(source), told(muxed(source, tmp_path / f"out.{extension}"))
    assert [after[name] for name in COLOURS] == [before[name] for name in COLOURS]
    assert after["color_transfer"] == "arib-std-b67"
    assert after["sample_aspect_ratio"] == before["sample_aspect_ratio"] == "256:81"
    assert picture_of(source).display.size(180, 320) == (569, 320)


@pytest.mark.parametrize("extension", ["mp4", "mov"])
def test_the_shape_of_pixels_is_what_the_container_says(tmp_path: Path, extension: str) -> None:
    square = marked(tmp_path / "square.mp4", 0, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    said = (tmp_path / "said.mp4", "-c", "copy", "-aspect", "16:9")
    subprocess.run([require("ffmpeg"), "-v", "error", "-i", square, *said[1:], said[0]], check=True)
    assert told(square)["sample_aspect_ratio"] == "1:1"
    assert picture_of(said[0]).display.size(180, 320) == (569, 320)
    assert told(muxed(said[0], tmp_path / f"out.{extension}"))["sample_aspect_ratio"] == "256:81"


def test_what_hdr_needs_goes_along(tmp_path: Path) -> None:
    coded = (
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p10le",
        "-x265-params",
        HDR,
        "-tag:v",
        "hvc1",
    )
    source = marked(tmp_path / "hdr.mp4", 1, *coded)
    given_boxes = box(b"mdcv", bytes(range(24))) + box(b"clli", bytes([3, 232, 1, 144]))
    info = picture_of(source)
    muxer = Muxer(tmp_path / "out.mp4")
    for item in output_items(source):
        same = isinstance(item, TrackInfo) and item.kind is MediaKind.VIDEO
        muxer.write(with_boxes(info, given_boxes) if same else item)
    (path,) = muxer.close()
    parts = dict(picture_of(path).display.parts())
    assert (parts[b"mdcv"], parts[b"clli"]) == (bytes(range(24)), bytes([3, 232, 1, 144]))
    assert told(path)["color_transfer"] == told(source)["color_transfer"] == "smpte2084"


def with_boxes(info: TrackInfo, more: bytes) -> TrackInfo:
    display = Display(info.display.matrix, info.display.boxes + more)
    return TrackInfo(info.kind, info.codec, info.extradata, info.width, info.height, display=display)


@pytest.mark.parametrize(
    "codec", [("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"), ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p")]
)
def test_pictures_that_are_encoded_anew_keep_turn_and_levels(tmp_path: Path, codec: tuple[str, ...]) -> None:
    source = marked(tmp_path / "editor.mov", 1, *codec)
    render_file(
        source, "rain", tmp_path / "out.mp4", stem=None, report=None, seed=0, force=True,
        console=Console(file=io.StringIO()), student=False,
    )  # fmt: skip
    before, after = seen(source), seen(tmp_path / "out.mp4")
    assert after.shape == before.shape
    assert np.abs(after.astype(int) - before).mean() < 2


def fields_of(path: Path) -> set[tuple[int, int]]:
    """Return, of all pictures of a file, whether they are two fields and whether the upper comes first."""
    entries = ("-select_streams", "v", "-show_entries", "frame=interlaced_frame,top_field_first", "-of", "json")
    shown = subprocess.run([require("ffprobe"), "-v", "error", *entries, path], check=True, capture_output=True)
    return {(frame["interlaced_frame"], frame["top_field_first"]) for frame in json.loads(shown.stdout)["frames"]}


@pytest.mark.parametrize("first", ["tff", "bff"])
def test_pictures_that_are_encoded_anew_keep_their_fields_and_the_shape_of_pixels(tmp_path: Path, first: str) -> None:
    fields = ("-vf", f"interlace=scan={first}", "-flags", "+ildct+ilme", "-c:v", "mpeg2video", "-aspect", "16:9")
    source = make_clip(tmp_path / "disc.ts", *fields, seconds=0.5, audio="mp2")
    for extension in ("mp4", "ts"):
        out = tmp_path / f"out.{extension}"
        render_file(
            source, "rain", out, stem=None, report=None, seed=0, force=True,
            console=Console(file=io.StringIO()), student=False,
        )  # fmt: skip
        assert told(out)["sample_aspect_ratio"] == told(source)["sample_aspect_ratio"] == "4:3"
        assert fields_of(out) == fields_of(source) == {(1, int(first == "tff"))}


@pytest.mark.parametrize(("name", "what"), [("out.flv", "FLV"), ("out.ts", "MPEG-TS")])
async def test_an_output_that_has_no_place_for_it_says_so(tmp_path: Path, name: str, what: str) -> None:
    source = marked(tmp_path / "phone.mov", 1)
    info, sink = picture_of(source), FileSink(tmp_path / "rec" / name)
    sink.write_nowait(info)
    assert f"{what} has no place for pictures that are to be shown turned by 90 degrees" in sink.statistics().problem
    sink.write_nowait(picture_of(marked(tmp_path / "plain.mp4", 0)))
    assert sink.statistics().problem == ""
    printed = io.StringIO()
    render_file(
        source, "rain", tmp_path / name, stem=None, report=None, seed=0, force=True,
        console=Console(file=printed, width=300), student=False,
    )  # fmt: skip
    assert f"warning: {what} has no place" in printed.getvalue()


async def test_rtmp_says_that_it_has_no_place_for_it(tmp_path: Path) -> None:
    sink = RtmpSink("rtmp://127.0.0.1:9/app/key")
    sink.write_nowait(picture_of(marked(tmp_path / "phone.mov", 3)))
    assert "RTMP has no place for pictures that are to be shown turned by 270 degrees" in sink.statistics().problem
    assert FileSink(tmp_path / "a.mp4").statistics().problem == ""


def test_workers_are_told(tmp_path: Path) -> None:
    info = picture_of(marked(tmp_path / "phone.mov", 1))
    assert VideoTrack.of(info).info(info.extradata) == info
    assert picture_of(marked(tmp_path / "plain.mp4", 0)).display.only(b"none") == PLAIN


def test_viewers_of_encoded_pictures_see_them_upright(tmp_path: Path) -> None:
    transcoder, shown = VideoTranscoder(), list[OutputItem]()
    for item in read_items(marked(tmp_path / "phone.mov", 1)):
        if isinstance(item, TrackInfo) and item.kind is MediaKind.VIDEO:
            transcoder.configure(item)
        elif isinstance(item, Packet) and item.kind is MediaKind.VIDEO:
            pts, dts = (ticks_from_stamp(stamp, item.time_base) for stamp in (item.pts, item.dts))
            shown += transcoder.feed(Unit(item, pts, dts, 0))
    muxer = Muxer(tmp_path / "out.mp4")
    for item in shown:
        muxer.write(item)
    (path,) = muxer.close()
    assert (told(path)["width"], told(path)["height"], rotation(path)) == (180, 320, 0)
    assert bright_quarter(seen(path)) == "upper left"


def test_pixels_that_are_not_square_become_square(tmp_path: Path) -> None:
    with av.open(str(marked(tmp_path / "phone.mp4", 1))) as container:
        frame = next(container.decode(video=0))
    wide = Display(matrix(1), box(b"pasp", (2).to_bytes(4, "big") + (1).to_bytes(4, "big")))
    made = upright(frame, wide)
    assert (made.width, made.height, made.pts) == (180, 640, frame.pts)
    assert bright_quarter(made.to_ndarray(format="gray")) == "upper left"
    assert upright(frame, PLAIN) is frame
