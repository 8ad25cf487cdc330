"""Clips that are encoded anew, at their borders or as a whole: exact to the frame, and upright around the action."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from livefoley.clips import pipeline
from livefoley.clips.buffer.rolling import BufferLimits, RollingBuffer
from livefoley.clips.model import ClipFiles, ClipMetadata
from livefoley.clips.pictures.reframe import camera, window
from livefoley.core.events import MotionKind, MotionOnset
from livefoley.core.ticks import TICK_RATE
from tests.clips import flashes
from tests.clips.jobs import published, tools, write_job
from tests.clips.sounds import read
from tests.support.made import made_once
from tests.support.media_files import VIDEO, decodes, file_hashes
from tests.support.peers import require
from tests.support.waiting import LIMIT_S

FRAME = TICK_RATE // flashes.FPS


@pytest.fixture(scope="module")
def stream() -> Path:
    return made_once("clips/short.mp4", flashes.make)


def made(folder: Path, buffer: RollingBuffer, start_s: float, end_s: float, **request: bool) -> ClipFiles:
    return published(pipeline.run(write_job(folder / "job", buffer, start_s, end_s, **request), tools(folder / "out")))


def test_a_clip_tells_how_much_of_it_is_hidden(stream: Path, tmp_path: Path) -> None:
    for request, hidden_s in (({}, 1.5), ({"exact": True}, 0.0)):
        files = made(tmp_path / str(hidden_s), flashes.kept(stream, 12), 3.5, 8.5, **request)
        told = ClipMetadata.from_json(files.metadata.read_text())
        assert told.hidden_s == pytest.approx(hidden_s, abs=0.001)
        with av.open(str(files.clip), options={"ignore_editlist": "1"}) as container:
            shown = sum(1 for _ in container.decode(video=0))
        assert shown / flashes.FPS == pytest.approx(5.0 + hidden_s, abs=0.11)


@pytest.mark.parametrize(("start_s", "end_s"), [(3.5, 8.5), (2.0, 4.0), (4.1, 4.9), (3.1, 4.5), (0.5, 2.2)])
def test_an_exact_clip_holds_the_frames_asked_for_and_copies_what_it_can(
    stream: Path, tmp_path: Path, start_s: float, end_s: float
) -> None:
    files = made(tmp_path, flashes.kept(stream, 12), start_s, end_s, exact=True)
    told = ClipMetadata.from_json(files.metadata.read_text())
    decodes(files.clip)
    shown = flashes.frames_s(files.clip)
    first, last = np.floor(start_s * flashes.FPS + 1e-6), np.ceil(end_s * flashes.FPS - 1e-6)
    assert len(shown) == last - first
    assert shown == pytest.approx([n / flashes.FPS for n in range(int(last - first))], abs=0.001)
    assert told.duration_s == pytest.approx((last - first) / flashes.FPS, abs=0.001)
    begin = told.stream_start_s
    wanted = [second - begin for second in range(12) if begin < second < begin + told.duration_s - 0.01]
    assert [moment for moment in flashes.flashes_s(files.clip) if moment > 0.05] == pytest.approx(wanted, abs=0.002)
    heard = flashes.beeps_s(read(files.clip))
    assert all(min(abs(moment - beep) for beep in heard) < 0.006 for moment in wanted)
    copied = set(file_hashes(stream, VIDEO)) & set(file_hashes(files.clip, VIDEO))
    whole_groups = max(0, int(end_s // 2) - int(-(-start_s // 2)))
    assert len(copied) >= whole_groups * 2 * flashes.FPS


def test_an_exact_clip_looks_the_same_at_its_seams(stream: Path, tmp_path: Path) -> None:
    files = made(tmp_path, flashes.kept(stream, 12), 3.5, 8.5, exact=True)
    whole = made(tmp_path / "copied", flashes.kept(stream, 12), 3.5, 8.4)
    pairs = list(zip(pictures(files.clip), pictures(whole.clip), strict=False))
    assert len(pairs) >= 147
    assert max(float(np.abs(a - b).mean()) for a, b in pairs) < 3.0


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray").astype(np.float32) for frame in container.decode(video=0)]


def test_pictures_of_another_codec_are_cut_exactly_by_encoding_all_of_them(tmp_path: Path) -> None:
    options = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=2:keyint=60"]
    stream = flashes.make(tmp_path / "hevc.mp4", 6, *options, "-pix_fmt", "yuv420p", "-tag:v", "hvc1")
    copied = made(tmp_path / "copied", flashes.kept(stream, 6), 1.5, 3.8)
    exact = made(tmp_path / "exact", flashes.kept(stream, 6), 1.5, 3.8, exact=True)
    assert ClipMetadata.from_json(copied.metadata.read_text()).video_codec == "hevc"
    assert ClipMetadata.from_json(exact.metadata.read_text()).video_codec == "h264"
    for files in (copied, exact):
        decodes(files.clip)
        assert flashes.flashes_s(files.clip) == pytest.approx([0.5, 1.5], abs=0.003)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        (("-pix_fmt", "yuv420p10le"), (320, 240)),
        (("-pix_fmt", "yuv444p"), (320, 240)),
        (("-vf", "scale=161:91", "-pix_fmt", "yuv444p"), (160, 90)),
        (("-vf", "scale=334:190", "-pix_fmt", "yuv420p"), (334, 190)),  # not square: half of what is shown is odd
    ],
)
def test_pictures_of_any_form_and_size_are_cut_exactly_and_upright_in_one_form(
    options: tuple[str, ...], size: tuple[int, int], tmp_path: Path
) -> None:
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "40", *options]
    stream = flashes.make(tmp_path / "stream.mp4", 5, *encoder)
    for number, request in enumerate(({"exact": True}, {"vertical": True})):
        files = made(tmp_path / str(number), flashes.kept(stream, 5), 0.5, 4.4, **request)
        with av.open(str(files.clip)) as container:
            forms = {(frame.format.name, frame.width, frame.height) for frame in container.decode(video=0)}
        assert len(forms) == 1  # players do not change over to another form
        name, wide, tall = forms.pop()
        assert name == "yuv420p"
        assert (wide, tall) == size if number == 0 else (tall <= size[1] and wide < tall)
        assert flashes.flashes_s(files.clip) == pytest.approx([0.5, 1.5, 2.5, 3.5], abs=0.003)
        assert files.cover.exists()


@pytest.fixture(scope="module")
def walker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bright box on grey that goes from the left to the right in 6 s, with sound."""
    path = tmp_path_factory.mktemp("walker") / "walker.mp4"
    source = (
        "color=0x404040:s=640x360:r=30[a];color=white:s=60x120:r=30[b];[a][b]overlay=x='20+90*t':y=120,noise=alls=4"
    )
    command = [require("ffmpeg"), "-v", "error", "-y", "-filter_complex", source, "-t", "6", "-c:v", "libx264"]
    command += ["-preset", "veryfast", "-g", "60", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, check=True, timeout=LIMIT_S)
    return path


def test_an_upright_clip_follows_the_action(walker: Path, tmp_path: Path) -> None:
    files = made(tmp_path, flashes.kept(walker, 6, BufferLimits()), 0.5, 5.5, vertical=True)
    decodes(files.clip)
    told = ClipMetadata.from_json(files.metadata.read_text())
    assert (told.width, told.height, told.vertical) == (202, 360, True)
    shown = pictures(files.clip)
    assert len(shown) == 150
    places = [np.flatnonzero(picture[180] > 200) for picture in shown]
    inside = [place.size >= 40 for place in places]
    assert sum(inside) > 0.95 * len(inside)
    assert ClipFiles(files.directory).cover.stat().st_size > 0


def test_the_camera_stays_inside_and_still_where_nothing_moves() -> None:
    still = [(n * FRAME, np.full((36, 64), 90, np.uint8)) for n in range(60)]
    assert camera(still, []) == [0.5] * 60
    seen = [MotionOnset(30 * FRAME, MotionKind.IMPACT, 1.0, x=0.9)]
    assert camera(still, seen)[30] > 0.7
    assert window(1920, 1080, 0.0) == (0, 0, 606, 1080)
    assert window(1920, 1080, 1.0) == (1314, 0, 606, 1080)
    assert window(1080, 1920, 0.5) == (0, 0, 1080, 1920)
    assert window(360, 1000, 0.5) == (0, 180, 360, 640)


def test_the_camera_jumps_with_a_cut_and_glides_without() -> None:
    def box(n: int, left: int, back: int) -> tuple[int, np.ndarray]:
        picture = np.full((36, 64), back, np.uint8)
        picture[10:26, left + n % 2 : left + 8 + n % 2] = 255 - back
        return n * FRAME, picture

    path = camera([*(box(n, 4, 30) for n in range(60)), *(box(n, 50, 200) for n in range(60, 120))], [])
    assert max(path[:60]) < 0.25
    assert min(path[60:]) > 0.7
    moving = camera([box(n, 2 + n // 3, 30) for n in range(150)], [])
    assert max(abs(a - b) for a, b in itertools.pairwise(moving)) < 0.02
