"""A recording of a room: finished when it ends or is cancelled, and a disk that refuses never reaches the room."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from livefoley.core.errors import OutputError
from livefoley.core.media import MediaKind, OutputItem, TrackInfo, Unit
from livefoley.marks.labels import make_labels, read_labels
from livefoley.media.files.file_sink import FileSink
from tests.media.clips import clip
from tests.media.render import names_in, output_items, payloads
from tests.support.waiting import LIMIT_S, until


def items_of(name: str) -> list[OutputItem]:
    return list(output_items(clip(name)))


async def test_a_closed_sink_writes_everything_and_gives_the_file_its_name(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "deep" / "room.mp4")
    items = items_of("h264.mp4")
    for item in items:
        sink.write_nowait(item)
    sink.close()
    await sink.run()
    pictures = [u.packet.data for u in items if isinstance(u, Unit) and u.kind is MediaKind.VIDEO]
    assert payloads(tmp_path / "deep" / "room.mp4") == pictures
    figures = sink.statistics()
    assert figures.units == sum(isinstance(item, Unit) for item in items)
    assert (figures.kind, figures.dropped_units, figures.errors, figures.queue_units) == ("file", 0, 0, 0)
    assert sink.paths == [tmp_path / "deep" / "room.mp4"]


@pytest.mark.parametrize("name", ["room.mp4", "room.mov", "room.mkv", "room.flv"])
async def test_a_recording_carries_labels_and_is_else_as_without(tmp_path: Path, name: str) -> None:
    labels, items = make_labels("例子公司", "00c0ffee12345678" * 2), items_of("h264.mp4")
    for folder, metadata in (("labelled", labels), ("plain", None)):
        sink = FileSink(tmp_path / folder / name, metadata=metadata)
        for item in items:
            sink.write_nowait(item)
        sink.close()
        await sink.run()
    found = read_labels(tmp_path / "labelled" / name)
    assert (found.provider, found.content_id, found.ai_generated) == ("例子公司", labels["content_id"], True)
    assert found.aigc is not None
    assert not read_labels(tmp_path / "plain" / name).ai_generated
    assert payloads(tmp_path / "labelled" / name) == payloads(tmp_path / "plain" / name)


async def test_a_cancelled_sink_finishes_its_file_first(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "room.mp4")
    task = asyncio.create_task(sink.run())
    for item in items_of("h264.mp4"):
        sink.write_nowait(item)
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(payloads(tmp_path / "room.mp4")) == 75
    assert names_in(tmp_path) == {"room.mp4"}


async def test_a_place_that_cannot_be_written_costs_units_and_is_tried_again(tmp_path: Path) -> None:
    blocked = tmp_path / "rec"
    blocked.write_text("a file where a directory is wanted")
    sink = FileSink(blocked / "room.mkv", retry_s=0.0)
    task = asyncio.create_task(sink.run())
    items = items_of("h264.mp4")
    for item in items:
        sink.write_nowait(item)
    await until(lambda: sink.statistics().errors and not sink.statistics().queue_units)
    blocked.unlink()
    for item in items:
        sink.write_nowait(item)
    sink.close()
    await task
    assert sink.statistics().errors >= 1
    assert len(payloads(sink.paths[-1])) == 75


async def test_new_parameters_are_tried_at_once_where_others_failed(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "room.mp4", retry_s=3600.0)
    task = asyncio.create_task(sink.run())
    items = items_of("h264.mp4")
    broken = [replace(i, codec="h263") if isinstance(i, TrackInfo) and i.kind is MediaKind.VIDEO else i for i in items]
    for item in broken:
        sink.write_nowait(item)
    await until(lambda: sink.statistics().errors and not sink.statistics().queue_units)
    assert sink.statistics().problem == "mp4 does not carry h263; use .mkv"
    for item in items:
        sink.write_nowait(item)
    sink.close()
    async with asyncio.timeout(LIMIT_S):
        await task
    assert len(payloads(sink.paths[-1])) == 75
    assert sink.statistics().problem == ""


async def test_a_container_is_named_that_carries_the_sound_too(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "room.mp4", retry_s=3600.0)
    task = asyncio.create_task(sink.run())
    for item in items_of("vp8.webm"):
        sink.write_nowait(item)
    await until(lambda: sink.statistics().problem)
    sink.close()
    async with asyncio.timeout(LIMIT_S):
        await task
    assert sink.statistics().problem == "mp4 does not carry vp8; use .mkv"  # not .webm: a room's sound is AAC


async def test_what_a_crash_left_is_kept_under_another_name(tmp_path: Path) -> None:
    left = tmp_path / "room.mp4.partial"
    left.write_bytes(clip("h264.mp4").read_bytes())
    sink = FileSink(tmp_path / "room.mp4")
    for item in items_of("large.mp4"):
        sink.write_nowait(item)
    sink.close()
    await sink.run()
    assert names_in(tmp_path) == {"room-recovered.mp4", "room.mp4"}
    assert (tmp_path / "room-recovered.mp4").read_bytes() == clip("h264.mp4").read_bytes()


async def test_the_name_may_hold_the_time(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "%Y-room.flv")
    for item in items_of("h264.mp4"):
        sink.write_nowait(item)
    sink.close()
    await sink.run()
    (name,) = names_in(tmp_path)
    assert name.startswith("20")


def test_an_unknown_extension_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="unknown kind of file"):
        FileSink(tmp_path / "room.txt")


FULL_DISK = """
import asyncio, resource, signal, sys
from pathlib import Path
from livefoley.media.files.file_sink import FileSink
from tests.media.render import output_items, poured

async def main():
    sink = FileSink(sys.argv[2], retry_s=0.0)
    task = asyncio.create_task(sink.run())
    for lap in range(12):
        await poured(sink, output_items(Path(sys.argv[1]), start=96_000 + lap * 3 * 48_000))
    sink.close()
    await task
    print(sink.statistics().errors, len(sink.paths))

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_ends_files_that_play_and_the_recording_goes_on(tmp_path: Path) -> None:
    target = tmp_path / "room.mkv"
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, clip("h264.mp4"), target],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert ran.returncode == 0, ran.stderr
    errors, files = map(int, ran.stdout.split()[-2:])
    assert errors >= 1
    assert files >= 2
    assert "Traceback" not in ran.stdout + ran.stderr
    found = sorted(tmp_path.iterdir())
    assert len(found) == files
    assert all(len(payloads(path)) > 10 for path in found)
