"""The notice one sees: it stands in a clip's first seconds, big enough, and costs no other picture anything."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from livefoley.clips import pipeline
from livefoley.clips.buffer.rolling import RollingBuffer
from livefoley.clips.marker import Marker
from livefoley.clips.model import ClipFiles, ClipMetadata
from livefoley.clips.open_tools import open_tools
from livefoley.clips.pictures.visible_notice import with_visible_notice
from livefoley.clips.tool_settings import PublishSettings, ToolSettings
from livefoley.system.dirs import library_directory
from tests.clips import flashes
from tests.clips.jobs import published, tools, write_job
from tests.clips.sounds import read
from tests.support.media_files import VIDEO, decodes, file_hashes

NOTICE_S = 4.0
BRIGHT = 180


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return flashes.make(tmp_path_factory.mktemp("stream") / "flashes.mp4", 14)


def made(folder: Path, buffer: RollingBuffer, start_s: float, end_s: float, **request: bool) -> ClipFiles:
    noticed = tools(folder / "out", marks=Marker("livefoley", visible=True))
    return published(pipeline.run(write_job(folder / "job", buffer, start_s, end_s, **request), noticed))


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def has_notice(picture: np.ndarray) -> bool:
    """Return whether a picture that was black or white has bright letters on dark in its corner."""
    corner = picture[14:50, 14:130]
    return bool(0.1 < (corner > BRIGHT).mean() < 0.6 and (corner < 130).mean() > 0.2)


@pytest.mark.parametrize(("start_s", "end_s"), [(3.5, 12.5), (2.0, 10.0)])
def test_the_notice_stands_for_four_seconds_and_the_pictures_after_it_are_the_publishers(
    stream: Path, tmp_path: Path, start_s: float, end_s: float
) -> None:
    files = made(tmp_path, flashes.kept(stream, 14), start_s, end_s)
    plain = published(
        pipeline.run(
            write_job(tmp_path / "plain", flashes.kept(stream, 14), start_s, end_s), tools(tmp_path / "plain out")
        )
    )
    decodes(files.clip)
    told, before = (ClipMetadata.from_json(each.metadata.read_text()) for each in (files, plain))
    assert (told.visible_notice, before.visible_notice) == (True, False)
    assert (told.duration_s, told.stream_start_s) == (before.duration_s, before.stream_start_s)
    assert flashes.frames_s(files.clip) == pytest.approx(flashes.frames_s(plain.clip), abs=0.001)
    shown, wanted = pictures(files.clip), pictures(plain.clip)
    count = round(NOTICE_S * flashes.FPS)
    assert [has_notice(picture) for picture in shown] == [n < count for n in range(len(shown))]
    assert not any(map(has_notice, wanted))
    copied = round((-(-(start_s + NOTICE_S) // 2) * 2 - start_s) * flashes.FPS)  # from the first keyframe after it on
    assert all(np.array_equal(a, b) for a, b in zip(shown[copied:], wanted[copied:], strict=True))
    payload = Counter(file_hashes(stream, VIDEO)) & Counter(file_hashes(files.clip, VIDEO))
    assert payload.total() >= len(shown) - copied
    assert max(float(np.abs(a[80:].astype(int) - b[80:]).mean()) for a, b in zip(shown, wanted, strict=True)) < 3
    heard = flashes.beeps_s(read(files.clip))
    seen = [moment for moment in flashes.flashes_s(files.clip) if moment > 0.1]
    assert len(seen) >= 7
    assert max(min(abs(moment - beep) for beep in heard) for moment in seen) < 0.006


@pytest.mark.parametrize("request_", [{"exact": True}, {"vertical": True}])
def test_exact_and_upright_clips_show_it_too(stream: Path, tmp_path: Path, request_: dict[str, bool]) -> None:
    files = made(tmp_path, flashes.kept(stream, 14), 3.5, 11.1, **request_)
    decodes(files.clip)
    shown = pictures(files.clip)
    assert len(shown) == round(7.6 * flashes.FPS)
    told = ClipMetadata.from_json(files.metadata.read_text())
    assert told.visible_notice
    if told.exact:
        assert [has_notice(each) for each in shown] == [n < NOTICE_S * flashes.FPS for n in range(len(shown))]
        assert len(set(file_hashes(stream, VIDEO)) & set(file_hashes(files.clip, VIDEO))) >= 2 * flashes.FPS
    else:
        letters = [(each[8:30, 8:60] > BRIGHT).mean() for each in shown]
        dark = [n for n, each in enumerate(shown) if each[100:].mean() < 60]
        assert all((letters[n] > 0.05) == (n < NOTICE_S * flashes.FPS) for n in dark)


def test_a_short_clip_and_one_of_another_codec_are_encoded_anew_as_a_whole(stream: Path, tmp_path: Path) -> None:
    options = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=2:keyint=60"]
    hevc = flashes.make(tmp_path / "hevc.mp4", 7, *options, "-pix_fmt", "yuv420p", "-tag:v", "hvc1")
    for source, end_s in ((stream, 4.0), (hevc, 6.5)):
        files = made(tmp_path / source.stem, flashes.kept(source, 7), 1.5, end_s)
        decodes(files.clip)
        told = ClipMetadata.from_json(files.metadata.read_text())
        assert (told.video_codec, told.visible_notice) == ("h264", True)
        shown = pictures(files.clip)
        assert len(shown) == len(flashes.frames_s(files.clip)) == round(told.duration_s * flashes.FPS)
        assert [has_notice(each) for each in shown] == [n < NOTICE_S * flashes.FPS for n in range(len(shown))]


@pytest.mark.parametrize("size", [(1920, 1080), (640, 360), (202, 360), (360, 640), (320, 240), (1280, 200)])
def test_its_letters_are_a_twentieth_of_the_shorter_side_high_and_within_the_picture(size: tuple[int, int]) -> None:
    frame = av.VideoFrame(*size, "yuv420p")
    for plane in frame.planes:
        plane.update(bytes([128]) * plane.buffer_size)
    frame.pts = 0
    drawn, after = with_visible_notice([frame, frame], 1), with_visible_notice([frame], 0)
    letters = next(drawn).to_ndarray()[: size[1]] > BRIGHT
    assert next(after) is frame
    assert (frame.to_ndarray() == 128).all()
    begin = int(np.flatnonzero(letters.any(axis=0))[0])
    capitals, characters = begin + int(0.075 * min(size)), begin + int(0.13 * min(size))
    chinese, english = lines(letters[:, :capitals])
    assert min(map(len, (chinese, english, lines(letters[:, characters:])[0]))) >= 0.05 * min(size)
    assert not letters[:, -2:].any()
    assert not letters[-2:].any()


def lines(letters: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each line of text."""
    rows = np.flatnonzero(letters.any(axis=1))
    return np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)


def test_it_is_asked_for_by_the_configuration_alone(tmp_path: Path) -> None:
    given = ToolSettings((str(library_directory()),), PublishSettings(str(tmp_path / "out")))
    assert not open_tools(given).marks.visible
    assert open_tools(replace(given, visible_notice=True)).marks.visible
