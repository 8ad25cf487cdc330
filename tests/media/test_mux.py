"""Units into files: the same bytes, the same offset between sound and picture, and whole files only."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import pytest

from livefoley.core.errors import OutputError, UnsupportedCodec
from livefoley.core.media import MediaKind, TrackInfo, Unit
from livefoley.media.files.containers import carried_video
from livefoley.media.files.mux import Muxer
from tests.media.boxes import boxes
from tests.media.clips import clip
from tests.media.render import events_s, output_items, payloads


def written(name: str, target: Path) -> list[Path]:
    muxer = Muxer(target, {"comment": "with generated sound"})
    for item in output_items(clip(name)):
        muxer.write(item)
    return muxer.close()


def sent(name: str) -> list[bytes]:
    units = (item for item in output_items(clip(name)) if isinstance(item, Unit))
    return [unit.packet.data for unit in units if unit.kind is MediaKind.VIDEO]


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("h264.mp4", ".mp4"),
        ("h264.mp4", ".mov"),
        ("h264.mp4", ".mkv"),
        ("h264.mp4", ".flv"),
        ("hevc.ts", ".mp4"),
        ("hevc.ts", ".mkv"),
        ("hevc.ts", ".flv"),
        ("av1.mp4", ".mp4"),
        ("av1.mp4", ".mkv"),
        ("vp9.webm", ".mp4"),
        ("vp8.webm", ".mkv"),
    ],
)
def test_every_picture_is_in_the_file_bit_for_bit(tmp_path: Path, name: str, suffix: str) -> None:
    (path,) = written(name, tmp_path / f"out{suffix}")
    assert payloads(path) == sent(name)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "suffix", "tolerance_s"),
    [
        ("h264.mp4", ".mp4", 1.5 / 48_000),
        ("h264.mp4", ".mov", 1.5 / 48_000),
        ("hevc.ts", ".mp4", 1.5 / 48_000),
        ("av1.mp4", ".mp4", 1.5 / 48_000),
        ("h264.mp4", ".mkv", 0.0011),
        ("h264.mp4", ".flv", 0.0011),
        ("h264.mp4", ".ts", 2.5 / 48_000),
    ],
)
def test_sound_and_picture_keep_their_offset(tmp_path: Path, name: str, suffix: str, tolerance_s: float) -> None:
    (path,) = written(name, tmp_path / f"out{suffix}")
    (flashes_in, ticks_in), (flashes_out, ticks_out) = events_s(clip(name)), events_s(path)
    assert len(flashes_out) == len(ticks_out) == 5
    before = [flash - tick for flash, tick in zip(flashes_in, ticks_in, strict=True)]
    after = [flash - tick for flash, tick in zip(flashes_out, ticks_out, strict=True)]
    assert after == pytest.approx(before, abs=tolerance_s)


def test_an_mp4_begins_at_zero_and_says_how_long_it_is(tmp_path: Path) -> None:
    (path,) = written("h264.mp4", tmp_path / "out.mp4")
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert container.metadata["comment"] == "with generated sound"
        assert float(video.duration * video.time_base) == pytest.approx(3.0, abs=0.001)
        first_sound = next(container.decode(audio))
        assert float(first_sound.pts * first_sound.time_base) == pytest.approx(0.0, abs=0.03)
    kinds = [kind for kind, _ in boxes(path.read_bytes())]
    assert set(kinds) == {b"ftyp", b"free", b"mdat", b"moov"}  # closed, it is a plain indexed file


def test_new_parameters_begin_a_new_file_that_plays_by_itself(tmp_path: Path) -> None:
    muxer = Muxer(tmp_path / "out.mp4")
    for item in (*output_items(clip("h264.mp4")), *output_items(clip("large.mp4"), start=96_000 + 3 * 48_000)):
        muxer.write(item)
    first, second = muxer.close()
    assert (first.name, second.name) == ("out.mp4", "out-2.mp4")
    assert payloads(first) == sent("h264.mp4")
    assert payloads(second) == sent("large.mp4")
    assert events_s(second)[1] == pytest.approx(events_s(clip("large.mp4"))[1], abs=0.03)


def test_a_file_without_sound_or_without_picture_is_written_too(tmp_path: Path) -> None:
    for name, kind in (("picture.mp4", "video"), ("sound.m4a", "audio")):
        (path,) = written(name, tmp_path / f"{kind}.mp4")
        with av.open(str(path)) as container:
            assert [stream.type for stream in container.streams] == [kind]


def test_a_size_the_source_did_not_tell_is_found_in_the_stream(tmp_path: Path) -> None:
    for name in ("h264.mp4", "av1.mp4", "vp8.webm"):
        muxer = Muxer(tmp_path / f"{name}.mkv")
        for item in output_items(clip(name)):
            muxer.write(replace(item, width=0, height=0) if isinstance(item, TrackInfo) else item)
        (path,) = muxer.close()
        with av.open(str(path)) as container:
            assert container.streams.video[0].width == 320


def test_units_before_the_first_keyframe_and_repeated_stamps_do_no_harm(tmp_path: Path) -> None:
    muxer = Muxer(tmp_path / "out.mp4")
    units = []
    for item in output_items(clip("h264.mp4")):
        if isinstance(item, Unit) and item.kind is MediaKind.VIDEO:
            units.append(item)
            if len(units) == 1:
                continue  # the keyframe is lost
            item = replace(item, dts=item.dts - item.dts % 4_000)
        muxer.write(item)
    (path,) = muxer.close()
    assert payloads(path) == [unit.packet.data for unit in units[25:]]


@pytest.mark.parametrize(
    ("name", "suffix", "codec"), [("vp8.webm", ".mp4", "vp8"), ("av1.mp4", ".ts", "av1"), ("vp8.webm", ".webm", "aac")]
)
def test_a_codec_the_container_does_not_carry_is_refused_and_leaves_nothing(
    tmp_path: Path, name: str, suffix: str, codec: str
) -> None:
    with pytest.raises(UnsupportedCodec, match=rf"does not carry {codec}; use .*\.mkv"):
        written(name, tmp_path / f"out{suffix}")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_extension_and_an_impossible_place_are_output_errors(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"out\.xyz: unknown kind of file; use \.mp4"):
        Muxer(tmp_path / "out.xyz")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        written("h264.mp4", tmp_path / "file" / "out.mp4")


def test_an_aborted_file_leaves_nothing(tmp_path: Path) -> None:
    muxer = Muxer(tmp_path / "out.mp4")
    for item in output_items(clip("h264.mp4")):
        muxer.write(item)
    muxer.abort()
    assert list(tmp_path.iterdir()) == []


CRASH = """
import os, sys
from pathlib import Path
from livefoley.media.files.containers import carried_video
from livefoley.media.files.mux import Muxer
from tests.media.render import output_items
muxer = Muxer(sys.argv[2])
for item in output_items(Path(sys.argv[1])):
    muxer.write(item)
os._exit(1)
"""


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".flv"])
def test_a_crash_leaves_a_file_that_plays_but_for_its_last_seconds(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"out{suffix}"
    ran = subprocess.run([sys.executable, "-c", CRASH, clip("h264.mp4"), target], cwd=Path(__file__).parents[2])
    assert ran.returncode == 1
    assert not target.exists()
    left = payloads(target.with_name(target.name + ".partial"))
    assert left == sent("h264.mp4")[: len(left)]
    assert len(left) >= 25


def test_an_output_says_which_pictures_it_carries() -> None:
    assert carried_video(Path("out.mp4")) == ("h264", "hevc", "av1", "vp9")
    assert "vp8" in carried_video(Path("out.mkv"))
    with pytest.raises(OutputError, match="unknown kind of file"):
        carried_video(Path("out.doc"))
