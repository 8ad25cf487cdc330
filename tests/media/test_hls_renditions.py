"""HLS with the original sound beside the programme's: three tracks, cut together, named by one playlist."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from heapq import merge
from pathlib import Path

import pytest

from livefoley.core.media import MediaKind, OutputItem, TrackInfo, Unit
from livefoley.formats.codec_names import codec_name
from livefoley.media.hls.sink import PLAYLIST, HlsSink
from tests.media.clips import clip
from tests.media.render import events_s, names_in, output_items, payloads, poured
from tests.support.peers import require
from tests.support.waiting import LIMIT_S

PLAYLISTS = ("video.m3u8", "sound.m3u8", "original.m3u8")


def with_original(name: str, *, laps: int = 1, gap: range = range(0)) -> Iterator[OutputItem]:
    """Yield a clip over and over, its sound as programme and as original; without pictures in the laps of ``gap``."""
    for lap in range(laps):
        items = list(output_items(clip(name), start=96_000 + lap * 3 * 48_000))
        infos = [item for item in items if isinstance(item, TrackInfo)]
        units = [item for item in items if isinstance(item, Unit) and (lap not in gap or item.kind is MediaKind.AUDIO)]
        originals = [replace(unit, original=True) for unit in units if unit.kind is MediaKind.AUDIO]
        if lap == 0:
            yield from (*infos, *(replace(info, original=True) for info in infos if info.kind is MediaKind.AUDIO))
        yield from merge(sorted(units, key=lambda unit: unit.dts), originals, key=lambda unit: unit.dts)


async def written(place: Path, items: Iterator[OutputItem], window: int = 20) -> Path:
    """Write HLS, tracks apart; return the playlist that names them."""
    sink = HlsSink(place, target_s=1.0, window=window, apart=True)
    task = asyncio.create_task(sink.run())
    await poured(sink, items)
    sink.close()
    await task
    assert sink.statistics().errors == sink.statistics().dropped_units == 0
    return place / PLAYLIST


def probed(path: Path) -> list[dict[str, object]]:
    """Return what ffprobe says of the streams."""
    shown = ["-show_entries", "stream=codec_type,codec_name:stream_disposition=default:stream_tags=comment"]
    command = [require("ffprobe"), "-v", "error", *shown, "-of", "json", path]
    found = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    assert found.stderr == ""
    streams: list[dict[str, object]] = json.loads(found.stdout)["streams"]
    return streams


async def test_players_see_one_picture_and_two_sounds_the_programmes_first(tmp_path: Path) -> None:
    index = await written(tmp_path, with_original("h264.mp4"))
    text = index.read_text()
    sounds = [line for line in text.splitlines() if line.startswith("#EXT-X-MEDIA:TYPE=AUDIO")]
    assert ['NAME="With sound",DEFAULT=YES' in line for line in sounds] == [True, False]
    assert 'NAME="Original",DEFAULT=NO' in sounds[1]
    assert 'CODECS="avc1.64000' in text
    assert "RESOLUTION=320x180" in text
    streams = probed(index)
    assert sorted(str(stream["codec_type"]) for stream in streams) == ["audio", "audio", "video"]
    assert payloads(index) == payloads(clip("h264.mp4"))


async def test_both_sounds_lie_with_the_pictures(tmp_path: Path) -> None:
    index = await written(tmp_path, with_original("h264.mp4"))
    flashes, ticks = events_s(clip("h264.mp4"))
    offsets = [flash - tick for flash, tick in zip(flashes, ticks, strict=True)]
    for sound in range(2):
        shown, heard = events_s(index, sound)
        assert [flash - tick for flash, tick in zip(shown, heard, strict=True)] == pytest.approx(
            offsets, abs=1.5 / 48_000
        )


async def test_every_track_is_cut_at_the_same_times_and_has_the_same_numbers(tmp_path: Path) -> None:
    await written(tmp_path, with_original("h264.mp4", laps=4), window=3)
    told = []
    for name in PLAYLISTS:
        lines = (tmp_path / name).read_text().splitlines()
        told.append(
            [line for line in lines if line.startswith(("#EXTINF", "#EXT-X-MEDIA-S", "#EXT-X-TARGET", "#EXT-X-P"))]
        )
    assert told[0] == told[1] == told[2]
    assert len([line for line in told[0] if line.startswith("#EXTINF")]) == 3
    names = names_in(tmp_path)
    assert sum(name.startswith("seg-") for name in names) == 3 * 6
    assert sum(name.startswith("init-") for name in names) == 3


async def test_pictures_that_are_away_are_gaps_and_the_sounds_go_on(tmp_path: Path) -> None:
    await written(tmp_path, with_original("h264.mp4", laps=4, gap=range(1, 3)))
    video, sound = ((tmp_path / name).read_text() for name in PLAYLISTS[:2])
    assert 4 <= video.count("#EXT-X-GAP") <= 6
    assert "GAP" not in sound
    assert video.count("#EXTINF") == sound.count("#EXTINF")
    assert payloads(tmp_path / "video.m3u8")[-75:] == payloads(clip("h264.mp4"))


async def test_sound_alone_is_a_programme_too(tmp_path: Path) -> None:
    index = await written(tmp_path, with_original("sound.m4a"))
    assert index.read_text().splitlines()[-1] == "sound.m3u8"
    assert [stream["codec_type"] for stream in probed(index)][:1] == ["audio"]
    assert not (tmp_path / "video.m3u8").exists()


async def test_another_run_leaves_no_playlist_of_a_track_it_does_not_have(tmp_path: Path) -> None:
    await written(tmp_path, with_original("h264.mp4"))
    sink = HlsSink(tmp_path, target_s=1.0)
    sink.close()
    await poured(sink, output_items(clip("h264.mp4")))
    await sink.run()
    assert not names_in(tmp_path) & {*PLAYLISTS}


@pytest.mark.parametrize(
    ("name", "codecs"),
    [
        ("h264.mp4", ("avc1.64000c", "mp4a.40.2")),
        ("hevc.mp4", ("hvc1.1.6.L60.90", "mp4a.40.2")),
        ("av1.mp4", ("av01.0.00M.08", "mp4a.40.2")),
        ("vp9.webm", ("vp09.00.31.08", "mp4a.40.2")),
    ],
)
def test_codecs_have_the_names_of_rfc_6381(name: str, codecs: tuple[str, str]) -> None:
    infos = [item for item in output_items(clip(name)) if isinstance(item, TrackInfo)]
    assert tuple(codec_name(info) for info in sorted(infos, key=lambda info: info.kind, reverse=True)) == codecs
    assert codec_name(replace(infos[0], codec="h264", extradata=b"\x01")) == ""
