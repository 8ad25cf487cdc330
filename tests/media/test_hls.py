"""HLS: segments cut at keyframes, a playlist players understand, a directory that stays small."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.errors import OutputError
from livefoley.core.media import MediaKind, OutputItem, TrackInfo, Unit
from livefoley.formats.fmp4 import init_segment
from livefoley.media.files.containers import sized
from livefoley.media.hls.playlist import Entry, Playlist
from livefoley.media.hls.segmenter import Segment, Segmenter
from livefoley.media.hls.sink import PLAYLIST, HlsSink
from tests.media.boxes import boxes
from tests.media.clips import clip
from tests.media.render import events_s, names_in, output_items, payloads, poured
from tests.support.peers import require
from tests.support.waiting import LIMIT_S, until


def laps(name: str, count: int) -> list[OutputItem]:
    """Return a clip played ``count`` times in a row, with its parameters once."""
    items = list(output_items(clip(name)))
    step = 3 * 48_000
    units = [item for item in items if isinstance(item, Unit)]
    later = [replace(u, pts=u.pts + lap * step, dts=u.dts + lap * step) for lap in range(1, count) for u in units]
    return [*items, *sorted(later, key=lambda unit: unit.dts)]


def is_picture(item: OutputItem) -> TypeGuard[Unit]:
    return isinstance(item, Unit) and item.kind is MediaKind.VIDEO


def segmented(items: list[OutputItem], target_s: float = 1.0) -> list[Segment]:
    segmenter = Segmenter(target_s, sized)
    segments = [segment for number, item in enumerate(items) for segment in segmenter.feed(item, 1000.0 + number)]
    return segments + segmenter.flush()


def warnings_of(ffmpeg: str, path: Path) -> str:
    command = [ffmpeg, "-v", "warning", "-i", path, "-f", "null", "-"]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True).stderr


def joined(segments: list[Segment], target: Path) -> Path:
    """Return the segments that share their initialisation, as the one file they are for a player."""
    target.write_bytes(segments[0].init_data + b"".join(segment.data for segment in segments))
    return target


@pytest.mark.parametrize("name", ["h264.mp4", "hevc.ts", "av1.mp4", "vp9.webm"])
def test_segments_hold_every_picture_bit_for_bit(tmp_path: Path, name: str) -> None:
    items = laps(name, 2)
    segments = segmented(items)
    sent = [item.packet.data for item in items if is_picture(item)]
    assert payloads(joined(segments, tmp_path / "all.mp4")) == sent


def test_each_segment_begins_with_a_keyframe_and_lasts_as_long_as_it_says() -> None:
    segments = segmented(laps("h264.mp4", 3))
    assert len(segments) == 9
    assert all(segment.duration_s == pytest.approx(1.0, abs=0.06) for segment in segments[:-1])
    assert [segment.init for segment in segments] == [1] * 9
    assert [bool(segment.init_data) for segment in segments] == [True] + [False] * 8
    assert not any(segment.discontinuity for segment in segments)
    for segment in segments:
        assert [kind for kind, _ in boxes(segment.data)] == [b"moof", b"mdat"]


def test_sound_and_picture_keep_their_offset_in_segments(tmp_path: Path) -> None:
    path = joined(segmented(laps("h264.mp4", 1)), tmp_path / "all.mp4")
    (flashes_in, ticks_in), (flashes_out, ticks_out) = events_s(clip("h264.mp4")), events_s(path)
    before = [flash - tick for flash, tick in zip(flashes_in, ticks_in, strict=True)]
    after = [flash - tick for flash, tick in zip(flashes_out, ticks_out, strict=True)]
    assert after == pytest.approx(before, abs=1.5 / 48_000)


def test_a_stem_lies_where_the_sound_lies_beside_pictures_that_are_decoded_early(tmp_path: Path) -> None:
    items = laps("h264.mp4", 1)
    early = [replace(item, dts=item.dts - 3840) if is_picture(item) else item for item in items]
    sound = [item for item in items if item.kind is MediaKind.AUDIO]
    starts = []
    for name, sent in (("program.mp4", early), ("stem.mp4", sound)):
        with av.open(str(joined(segmented(sent), tmp_path / name))) as container:
            starts.append(next(float(packet.pts * packet.time_base) for packet in container.demux(audio=0)))
    assert starts[0] == starts[1]


def test_a_new_resolution_gets_its_own_initialisation_after_a_discontinuity(tmp_path: Path) -> None:
    items = [*output_items(clip("h264.mp4")), *output_items(clip("large.mp4"), start=96_000 + 3 * 48_000)]
    segments = segmented(items)
    small = [segment for segment in segments if segment.init == 1]
    large = [segment for segment in segments if segment.init == 2]
    assert [segment.discontinuity for segment in large] == [True] + [False] * (len(large) - 1)
    assert len(payloads(joined(small, tmp_path / "small.mp4"))) == 75
    assert len(payloads(joined(large, tmp_path / "large.mp4"))) == 75
    with av.open(str(tmp_path / "large.mp4")) as container:
        assert container.streams.video[0].width == 640


def test_sound_alone_is_cut_by_time() -> None:
    segments = segmented(laps("sound.m4a", 2))
    assert len(segments) >= 5
    assert all(segment.duration_s == pytest.approx(1.0, abs=0.05) for segment in segments[:-1])


def test_a_picture_that_freezes_does_not_stop_the_sound() -> None:
    items = laps("h264.mp4", 4)
    frozen = [item for item in items if not (is_picture(item) and item.dts > 200_000)]
    segments = segmented(frozen)
    assert sum(segment.duration_s for segment in segments) == pytest.approx(12.0, abs=0.2)


def test_a_picture_that_comes_late_begins_a_new_initialisation() -> None:
    items = laps("h264.mp4", 2)
    late = [
        item for item in items if not (isinstance(item, Unit) and item.kind is MediaKind.VIDEO and item.dts < 200_000)
    ]
    segments = segmented(late)
    assert {segment.init for segment in segments} == {1, 2}
    tracks = [init for segment in segments if (init := segment.init_data)]
    assert [init.count(b"trak") for init in tracks] == [1, 2]


@given(st.lists(st.tuples(st.integers(10, 4000), st.booleans()), max_size=60), st.integers(1, 8))
def test_a_playlist_is_bounded_and_its_sequence_numbers_only_rise(entries: list[tuple[int, bool]], window: int) -> None:
    playlist = Playlist(window, first=100)
    gone, last = 0, 100
    for number, (millis, discontinuity) in enumerate(entries):
        entry = Entry(f"{number}.m4s", "init.mp4", millis / 1000, 1e9 + number, discontinuity)
        gone += len(playlist.add(entry))
        lines = playlist.text().splitlines()
        named = [line for line in lines if line.endswith(".m4s")]
        sequence = int(next(line for line in lines if "MEDIA-SEQUENCE" in line).rpartition(":")[2])
        longest = int(next(line for line in lines if "TARGETDURATION" in line).rpartition(":")[2])
        assert 1 <= len(named) <= min(window, number + 1)
        assert named[-1] == entry.uri
        assert sequence == 100 + gone >= last
        assert all(longest + 0.5 >= float(line[8:-1]) for line in lines if line.startswith("#EXTINF"))
        last = sequence
    assert "ENDLIST" not in playlist.text()
    assert playlist.text(ended=True).endswith("#EXT-X-ENDLIST\n")


def target_of(playlist: Playlist) -> int:
    return next(int(line[22:]) for line in playlist.text().splitlines() if "TARGETDURATION" in line)


def test_the_target_duration_falls_again_after_a_long_segment() -> None:
    playlist, said = Playlist(6, 0, 2.0), []
    for number, duration_s in enumerate((2.04, 2.0, 11.0, 2.0, 2.0, 2.0, 2.0)):
        playlist.add(Entry(f"{number}.m4s", "init.mp4", duration_s, 0.0, False))
        said.append(target_of(playlist))
    assert said == [2, 2, 11, 11, 11, 2, 2]


def test_a_playlist_of_long_segments_alone_keeps_its_window() -> None:
    playlist = Playlist(6, 0, 2.0)
    for number in range(10):
        playlist.add(Entry(f"{number}.m4s", "init.mp4", 9.8, 0.0, False))
    assert (playlist.text().count("#EXTINF"), target_of(playlist)) == (6, 10)


async def test_a_sink_leaves_a_playlist_that_ffmpeg_plays_without_a_warning(tmp_path: Path) -> None:
    ffmpeg = require("ffmpeg")
    items = laps("h264.mp4", 3)
    sink = HlsSink(tmp_path / "room", target_s=1.0, window=20)
    for item in items:
        sink.write_nowait(item)
    sink.close()
    await sink.run()
    playlist = tmp_path / "room" / PLAYLIST
    assert warnings_of(ffmpeg, playlist) == ""
    assert len(payloads(playlist)) == 225
    assert "#EXT-X-ENDLIST" in playlist.read_text()
    assert sink.statistics().errors == 0


async def test_the_directory_holds_the_window_and_a_few_segments_more(tmp_path: Path) -> None:
    stale = tmp_path / "seg-1-7.m4s"
    stale.write_bytes(b"of an earlier run")
    kept = tmp_path / "poster.jpg"
    kept.write_bytes(b"somebody else's")
    sink = HlsSink(tmp_path, target_s=1.0, window=3)
    task = asyncio.create_task(sink.run())
    await poured(sink, laps("h264.mp4", 6))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    names = names_in(tmp_path)
    assert stale.name not in names
    assert kept.name in names
    assert sum(name.startswith("seg-") for name in names) == 6
    assert sum(name.startswith("init-") for name in names) == 1
    text = (tmp_path / PLAYLIST).read_text()
    assert text.count("#EXTINF") == 3
    assert text.endswith("#EXT-X-ENDLIST\n")
    assert all(line in names for line in text.splitlines() if line.endswith(".m4s"))


async def test_old_initialisations_go_with_their_last_segment(tmp_path: Path) -> None:
    sink = HlsSink(tmp_path, target_s=1.0, window=2)
    task = asyncio.create_task(sink.run())
    for lap, name in enumerate(("h264.mp4", "large.mp4") * 4):
        await poured(sink, output_items(clip(name), start=96_000 + lap * 3 * 48_000))
    sink.close()
    await task
    assert sum(name.startswith("init-") for name in names_in(tmp_path)) <= 3
    assert "#EXT-X-DISCONTINUITY-SEQUENCE:7" in (tmp_path / PLAYLIST).read_text()


async def test_a_directory_that_cannot_be_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="HLS cannot be written"):
        await HlsSink(tmp_path / "file" / "room").run()


async def test_a_directory_that_vanishes_costs_segments_only(tmp_path: Path) -> None:
    sink = HlsSink(tmp_path / "room", target_s=1.0, window=20)
    task = asyncio.create_task(sink.run())
    await until(lambda: sink.statistics().connected)
    (tmp_path / "room").rmdir()
    items = laps("h264.mp4", 4)
    for item in items[: len(items) // 2]:
        sink.write_nowait(item)
    await until(lambda: sink.statistics().errors and not sink.statistics().queue_units)
    assert not sink.statistics().connected
    assert sink.statistics().problem
    (tmp_path / "room").mkdir()
    for item in items[len(items) // 2 :]:
        sink.write_nowait(item)
    sink.close()
    await task
    assert sink.statistics().errors > 0
    assert sink.statistics().problem == ""
    assert "#EXT-X-DISCONTINUITY\n" in (tmp_path / "room" / PLAYLIST).read_text()
    assert len(payloads(tmp_path / "room" / PLAYLIST)) > 50


@pytest.mark.parametrize("name", ["h264.mp4", "hevc.mp4", "av1.mp4", "vp9.webm"])
def test_an_initialisation_segment_gives_back_the_tracks_it_was_made_of(tmp_path: Path, name: str) -> None:
    infos = [item for item in output_items(clip(name)) if isinstance(item, TrackInfo)]
    path = tmp_path / "init.mp4"
    path.write_bytes(init_segment(infos))
    with av.open(str(path)) as container:
        for info, stream in zip(infos, container.streams, strict=True):
            assert stream.codec_context.codec.canonical_name == info.codec
            if info.codec != "vp9":
                assert bytes(stream.codec_context.extradata) == info.extradata
            if info.kind is MediaKind.VIDEO:
                assert (stream.width, stream.height) == (320, 180)
