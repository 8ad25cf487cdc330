"""Clips of what a phone filmed: its pictures lie on their side in the room, and are seen upright in all of it."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from livefoley.clips import pipeline
from livefoley.clips.buffer.rolling import RollingBuffer
from livefoley.clips.checks.signals import pictures
from livefoley.clips.marker import Marker
from livefoley.clips.model import ClipFiles, ClipMetadata
from livefoley.clips.pictures.visible_notice import with_visible_notice
from livefoley.core.media import Display
from tests.clips import flashes
from tests.clips.jobs import published, tools, write_job
from tests.support.media_files import decodes
from tests.support.turned import bright_quarter, marked, matrix, seen

TURNS = (0, 1, 2, 3)


def buffered(folder: Path, turns: int) -> RollingBuffer:
    folder.mkdir(exist_ok=True)
    coded = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-pix_fmt", "yuv420p")
    return flashes.kept(marked(folder / "phone.mov", turns, *coded, seconds=6.0), 6)


def made(folder: Path, turns: int, visible: bool = False, **request: bool) -> ClipFiles:
    job = write_job(folder / "job", buffered(folder, turns), 1.4, 4.6, **request)
    return published(pipeline.run(job, tools(folder / "out", marks=Marker("livefoley", visible=visible))))


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("request_", [{}, {"exact": True}, {"vertical": True}])
def test_a_clip_and_its_cover_are_upright(tmp_path: Path, turns: int, request_: dict[str, bool]) -> None:
    files = made(tmp_path, turns, **request_)
    decodes(files.clip)
    told = ClipMetadata.from_json(files.metadata.read_text())
    assert bright_quarter(seen(files.clip)) == "upper left"
    assert (told.width, told.height) == seen(files.clip).shape[::-1] == (180, 320)
    with av.open(str(files.cover)) as cover:
        assert bright_quarter(next(cover.decode(video=0)).to_ndarray(format="gray")) == "upper left"
    assert bright_quarter(pictures(files.clip, 1.0)[0].picture.mean(axis=2)) == "upper left"


@pytest.mark.parametrize("turns", TURNS)
def test_the_notice_stands_upright(tmp_path: Path, turns: int) -> None:
    plain, other = seen(made(tmp_path / "plain", 0, visible=True).clip), seen(made(tmp_path / "x", turns, True).clip)
    assert abs(plain.astype(int) - other).mean() < 3
    frame = av.VideoFrame(180, 320, "yuv420p")
    frame.pts = 0
    (drawn,) = with_visible_notice([frame], 1, Display(matrix(turns)))
    assert (drawn.width, drawn.height) == (180, 320)
