"""What an edit list cuts away of a film is not seen again: at its beginning, in its middle, at its end."""

from __future__ import annotations

import struct
import subprocess
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.media import MediaKind, Packet, TrackInfo
from livefoley.media.files import cut_away
from livefoley.media.files.cut_away import CutAway
from livefoley.media.files.file_source import read_items
from livefoley.media.files.mux import Muxer
from livefoley.renders.examine import IntakeLimits
from livefoley.renders.layout import survey
from tests.media.render import output_items
from tests.support.peers import require

FPS = 25
STEP = 7  # of luma from picture to picture: each is known by its brightness


def counted(path: Path, *options: str, seconds: float = 6.0) -> Path:
    """Write a film whose every picture tells its number by its brightness, in groups of two seconds."""
    picture = f"color=black:s=64x64:r={FPS}:d={seconds},geq=lum='40+mod(N*{STEP},168)':cb=128:cr=128"
    coded = options or ("-c:v", "libx264", "-bf", "2", "-x264-params", "b-adapt=0:scenecut=0")
    command = [
        require("ffmpeg"),
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        picture,
        "-f",
        "lavfi",
        "-i",
        f"sine=d={seconds}",
    ]
    subprocess.run([*command, *coded, "-g", str(2 * FPS), "-c:a", "aac", path], check=True, timeout=60)
    return path


def trimmed(path: Path, begin_s: float, end_s: float) -> Path:
    """Cut a part out of a film by an edit list, as phones and editors do that copy."""
    cut = path.with_name("cut.mp4")
    span = ("-ss", str(begin_s), "-to", str(end_s))
    subprocess.run(
        [require("ffmpeg"), "-v", "error", "-y", *span, "-i", path, "-c", "copy", cut], check=True, timeout=60
    )
    return cut


def numbers(path: Path, edits: bool = True) -> list[tuple[float, int]]:
    """Return when a player shows which picture, those for a blink left out."""
    options = {} if edits else {"ignore_editlist": "1"}
    with av.open(str(path), options=options) as container:
        shown = [
            (float(f.pts * f.time_base), float(f.to_ndarray(format="gray").mean())) for f in container.decode(video=0)
        ]
    ends = [at for at, _ in shown[1:]] + [shown[-1][0] + 1 / FPS]
    return [(at, round((level - 40) / STEP)) for (at, level), end in zip(shown, ends, strict=True) if end - at > 0.002]


def carried(source: Path, target: Path) -> Path:
    muxer = Muxer(target)
    for item in output_items(source):
        muxer.write(item)
    (path,) = muxer.close()
    return path


@pytest.mark.parametrize("begin_s", [0.04, 1.2, 1.24, 1.28, 1.96, 2.0, 3.0])
@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "out.ts"])
def test_a_film_begins_and_ends_where_it_was_cut(tmp_path: Path, begin_s: float, name: str) -> None:
    cut = trimmed(counted(tmp_path / "whole.mp4"), begin_s, 5.0)
    wanted = [number for _, number in numbers(cut)]
    found = numbers(carried(cut, tmp_path / name), edits=False)
    assert [number for _, number in found][: len(wanted)] == wanted
    assert len(found) - len(wanted) in (0, 1)  # a picture others refer to may stand at the end
    steps = [later - earlier for (earlier, _), (later, _) in pairwise(found[: len(wanted) - 1])]
    assert steps == pytest.approx([1 / FPS] * len(steps), abs=0.0025)


def test_the_pictures_that_are_shown_keep_their_bytes_and_stamps(tmp_path: Path) -> None:
    cut = trimmed(counted(tmp_path / "whole.mp4"), 1.24, 5.0)
    with av.open(str(cut)) as container:
        stored = [(bytes(p), p.pts * p.time_base) for p in container.demux(video=0) if p.size and not p.is_discard]
    packets = [item for item in read_items(cut) if isinstance(item, Packet) and item.kind is MediaKind.VIDEO]
    kept = {(packet.data, packet.pts * packet.time_base) for packet in packets}
    assert set(stored) <= kept
    assert packets[0].keyframe
    assert all(packet.pts >= packet.dts for packet in packets)
    dts = [packet.dts * packet.time_base for packet in packets]
    assert dts == sorted(dts)
    hidden = [packet for packet in packets if (packet.data, packet.pts * packet.time_base) not in set(stored)]
    assert len(hidden) == 31
    assert all(-0.001 < packet.pts * packet.time_base < 0 for packet in hidden)


def test_a_film_is_as_long_as_what_is_left_of_it(tmp_path: Path) -> None:
    cut = trimmed(counted(tmp_path / "whole.mp4"), 1.24, 4.52)
    shorter = shortened(cut, 2.0)
    assert numbers(shorter)[-1][0] == pytest.approx(1.96, abs=0.001)
    assert survey(shorter, IntakeLimits()).end / 48_000 == pytest.approx(2.0, abs=0.05)
    assert numbers(carried(shorter, tmp_path / "out.mkv"))[-1][0] == pytest.approx(1.96, abs=0.085)


def shortened(path: Path, seconds: float) -> Path:
    """Let the edit lists of an MP4 end earlier."""
    data = bytearray(path.read_bytes())
    scale = struct.unpack_from(">I", data, data.index(b"mvhd") + 16)[0]
    at = -1
    while (at := data.find(b"elst", at + 1)) > 0:
        struct.pack_into(">I", data, at + 12, round(seconds * scale))
    path.write_bytes(data)
    return path


def packet(number: int, pts: int, keyframe: bool = False) -> Packet:
    return Packet(MediaKind.VIDEO, bytes([number % 256]), pts, number, Fraction(1, 25), keyframe)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 3)), max_size=60))
def test_whatever_is_cut_nothing_that_is_shown_is_lost_or_moved(parts: list[tuple[bool, bool, int]]) -> None:
    cut, given_, out = CutAway(), [], []
    for number, (hidden, keyframe, ahead) in enumerate(parts):
        item = packet(number, number + ahead, keyframe or number == 0)
        given_ += [] if hidden else [item]
        out += cut.feed([item], hidden)
    out += cut.flush()
    packets = [item for item in out if isinstance(item, Packet)]
    assert [item for item in packets if item in given_] == given_
    assert all(item.pts >= item.dts for item in packets)


def test_no_more_waits_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_away, "MOST", 10)
    cut = CutAway()
    info = TrackInfo(MediaKind.VIDEO, "h264")
    assert cut.feed([info, packet(0, 0, True)], True) == [info]
    news = replace(info, width=640)
    fed = [[news, packet(number, number)] if number == 5 else [packet(number, number)] for number in range(1, 30)]
    out = [item for number, items in enumerate(fed, 1) for item in cut.feed(items, number < 20)]
    assert out == [news]  # parameters are not given up
    assert cut.dropped > 20
    key = packet(30, 30, True)
    assert cut.feed([key], False) == [key]
    assert cut.feed([packet(31, 31)], False) == [packet(31, 31)]


def edited(path: Path, parts_s: list[tuple[float, float]]) -> Path:
    """Give all tracks of an MP4 whose header stands at its end an edit list of such parts, from and to."""
    data = path.read_bytes()
    begin = data.rindex(b"moov") - 4
    moov = _rebuilt(data[begin + 8 :], parts_s, {})
    path.write_bytes(data[:begin] + struct.pack(">I4s", 8 + len(moov), b"moov") + moov)
    return path


def _rebuilt(body: bytes, parts_s: list[tuple[float, float]], scales: dict[str, int]) -> bytes:
    """Return the content of a moov or trak with other edit lists."""
    made, at = b"", 0
    while at < len(body):
        size, kind = struct.unpack_from(">I4s", body, at)
        inside, at = body[at + 8 : at + size], at + size
        if kind == b"mvhd":
            scales["movie"] = struct.unpack_from(">I", inside, 12)[0]
        elif kind == b"trak":
            scales["media"] = struct.unpack_from(">I", inside, inside.index(b"mdhd") + 16)[0]
            inside = _rebuilt(inside, parts_s, scales)
        elif kind == b"edts":
            first = struct.unpack_from(">i", inside, 20)[0]  # where the media begin
            entries = [
                struct.pack(">Ii2h", round((end - a) * scales["movie"]), first + round(a * scales["media"]), 1, 0)
                for a, end in parts_s
            ]
            elst = struct.pack(">2I", 0, len(entries)) + b"".join(entries)
            inside = struct.pack(">I4s", 8 + len(elst), b"elst") + elst
        made += struct.pack(">I4s", 8 + len(inside), kind) + inside
    return made


@pytest.mark.parametrize("parts_s", [[(0.6, 1.6), (3.4, 5.0)], [(2.0, 3.0), (0.2, 1.0)]])
def test_what_was_cut_out_of_the_middle_stays_out(tmp_path: Path, parts_s: list[tuple[float, float]]) -> None:
    film = edited(counted(tmp_path / "whole.mp4"), parts_s)
    wanted = [number for _, number in numbers(film)]
    assert len(wanted) == pytest.approx(FPS * sum(end - begin for begin, end in parts_s), abs=2)
    found = [number for _, number in numbers(carried(film, tmp_path / "out.mkv"))]
    extra = len(found) - len(wanted)
    assert 0 <= extra <= 2 * len(parts_s)  # at the end of a part a picture that others refer to may stand
    assert [number for number in found if number in set(wanted)][: len(wanted)] == wanted
