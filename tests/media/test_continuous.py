"""Recordings whose stamps or tracks begin again in the middle: all of it is played, one part behind the other."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from livefoley.core.media import MediaKind, Packet
from livefoley.core.ticks import ticks_from_stamp
from livefoley.media.files.file_source import read_items
from tests.media.clips import clip
from tests.support.peers import require
from tests.support.strangers import tags

PICTURES = 75
"""In a clip of 3 s."""


def remuxed(path: Path, *options: str) -> bytes:
    command = [require("ffmpeg"), "-v", "error", "-i", str(clip("h264.mp4")), "-c", "copy", *options, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path.read_bytes()


def played(path: Path) -> tuple[dict[MediaKind, list[float]], list[str]]:
    """Return when each packet of a file is decoded, in seconds, and what was told."""
    times: dict[MediaKind, list[float]] = {kind: [] for kind in MediaKind}
    problems: list[str] = []
    for item in read_items(path, on_problem=problems.append):
        if isinstance(item, Packet):
            times[item.kind].append(ticks_from_stamp(item.dts, item.time_base) / 48_000)
    return times, problems


def flv(part: bytes, shift_ms: int = 0, without_s: tuple[int, int] = (0, 0)) -> bytes:
    """Return the tags of an FLV, stamped later; without the sound of some seconds."""
    made = b""
    for kind, stamp, body in tags(part):
        if kind == 8 and without_s[0] * 1000 < stamp < without_s[1] * 1000:
            continue
        at = stamp + shift_ms
        head = bytes([kind]) + len(body).to_bytes(3, "big") + (at & 0xFFFFFF).to_bytes(3, "big")
        head += bytes([at >> 24, 0, 0, 0])
        made += head + body + (len(head) + len(body)).to_bytes(4, "big")
    return made


@pytest.mark.parametrize("name", ["again.ts", "again.flv", "ahead.flv"])
def test_what_begins_again_goes_on(tmp_path: Path, name: str) -> None:
    part = remuxed(tmp_path / f"part.{name[-3:].strip('.')}")
    path = tmp_path / name
    path.write_bytes(part + (part if name.endswith(".ts") else flv(part, 3_600_000 * name.startswith("ahead"))))
    times, problems = played(path)
    assert problems == []
    assert len(times[MediaKind.VIDEO]) == 2 * PICTURES
    for kind, most_s in ((MediaKind.VIDEO, 0.15), (MediaKind.AUDIO, 0.15)):
        steps = [later - earlier for earlier, later in pairwise(times[kind])]
        assert min(steps) > -0.1
        assert max(steps) < most_s
    first, second = (times[MediaKind.VIDEO][at] for at in (0, PICTURES))
    half = len(times[MediaKind.AUDIO]) // 2
    sounds = times[MediaKind.AUDIO][half] - times[MediaKind.AUDIO][0]
    assert second - first == pytest.approx(sounds, abs=0.001)  # the offset between sound and picture stays


def test_tracks_that_go_on_under_other_numbers_are_played(tmp_path: Path) -> None:
    one = remuxed(tmp_path / "one.ts", "-mpegts_start_pid", "0x300")
    other = remuxed(tmp_path / "other.ts", "-mpegts_start_pid", "0x310")
    (tmp_path / "both.ts").write_bytes(one + other)
    times, problems = played(tmp_path / "both.ts")
    assert problems == []
    assert len(times[MediaKind.VIDEO]) == 2 * PICTURES


def test_tracks_that_begin_in_the_middle_are_told(tmp_path: Path) -> None:
    one = remuxed(tmp_path / "one.ts", "-mpegts_start_pid", "0x300", "-mpegts_pmt_start_pid", "0x500")
    other = remuxed(tmp_path / "other.ts", "-mpegts_start_pid", "0x310", "-mpegts_pmt_start_pid", "0x510")
    (tmp_path / "both.ts").write_bytes(one + other)
    times, problems = played(tmp_path / "both.ts")
    assert len(times[MediaKind.VIDEO]) == PICTURES
    assert [problem.startswith("tracks that begin in the middle of it (2)") for problem in problems] == [True]


def test_a_gap_in_one_track_is_left_as_it_is(tmp_path: Path) -> None:
    long = tmp_path / "long.flv"
    picture = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=40", "-c:v", "libx264", "-preset", "ultrafast")
    sound = ("-f", "lavfi", "-i", "sine=d=40", "-c:a", "aac", "-ar", "44100")
    command = [require("ffmpeg"), "-v", "error", *picture[:4], *sound[:4], *picture[4:], *sound[4:], str(long)]
    subprocess.run(command, check=True, timeout=60)
    path = tmp_path / "gap.flv"
    path.write_bytes(long.read_bytes()[:13] + flv(long.read_bytes(), without_s=(2, 37)))
    times, problems = played(path)
    assert problems == []
    steps = [later - earlier for earlier, later in pairwise(times[MediaKind.AUDIO])]
    assert max(steps) == pytest.approx(35.0, abs=0.1)
