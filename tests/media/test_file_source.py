"""Files as sources: every container, every way a file can be bad, pace and loops."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import time
from itertools import islice, pairwise
from pathlib import Path

import av
import pytest

from livefoley.core.errors import InputError, UnsupportedCodec
from livefoley.core.media import Disconnected, MediaKind, Packet, SourceItem, TrackInfo
from livefoley.formats import nal
from livefoley.media.files.demux import Demuxer
from livefoley.media.files.file_source import FileSource, looped, probe, read_items
from livefoley.media.files.mux import Muxer
from tests.media.clips import clip, encrypted
from tests.media.render import events_s, output_items
from tests.support.peers import require, shared
from tests.support.waiting import LIMIT_S, until


def split(items: list[SourceItem]) -> tuple[dict[MediaKind, TrackInfo], dict[MediaKind, list[Packet]]]:
    packets: dict[MediaKind, list[Packet]] = {kind: [] for kind in MediaKind}
    for item in items:
        if isinstance(item, Packet):
            packets[item.kind].append(item)
    return {item.kind: item for item in items if isinstance(item, TrackInfo)}, packets


@pytest.mark.parametrize(
    ("name", "video", "audio"),
    [
        ("h264.mp4", "h264", "aac"),
        ("h264.mov", "h264", "pcm_s16le"),
        ("h264.mkv", "h264", "ac3"),
        ("h264.flv", "h264", "aac"),
        ("h264.ts", "h264", "aac"),
        ("hevc.ts", "hevc", "aac"),
        ("hevc.mp4", "hevc", "mp3"),
        ("h264.avi", "h264", "mp3"),
        ("vp8.webm", "vp8", "vorbis"),
        ("vp9.webm", "vp9", "opus"),
        ("av1.mp4", "av1", "opus"),
    ],
)
def test_every_container_gives_its_tracks_and_all_its_pictures_in_order(name: str, video: str, audio: str) -> None:
    infos, packets = split(list(read_items(clip(name))))
    assert infos[MediaKind.VIDEO].codec == video
    assert infos[MediaKind.AUDIO].codec == audio
    assert (infos[MediaKind.VIDEO].width, infos[MediaKind.VIDEO].height) == (320, 180)
    assert (infos[MediaKind.AUDIO].sample_rate, infos[MediaKind.AUDIO].channels) == (48_000, 2)
    assert len(packets[MediaKind.VIDEO]) == 75
    assert packets[MediaKind.VIDEO][0].keyframe
    for track in packets.values():
        assert all(earlier.dts <= later.dts for earlier, later in pairwise(track))
        assert all(packet.pts >= packet.dts for packet in track)
    shown = sorted(packet.pts * packet.time_base for packet in packets[MediaKind.VIDEO])
    assert all(float(later - earlier) == pytest.approx(0.04, abs=0.002) for earlier, later in pairwise(shown))


@pytest.mark.parametrize("name", ["h264.mp4", "h264.flv", "h264.ts", "vp9.webm"])
def test_items_come_in_order_of_decoding_time_over_both_tracks(name: str) -> None:
    stamps = [item.dts * item.time_base for item in read_items(clip(name)) if isinstance(item, Packet)]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("name", ["h264.mp4", "h264.flv", "hevc.mp4", "av1.mp4", "vp9.webm"])
def test_picture_packets_are_the_containers_own_bytes(name: str) -> None:
    with av.open(str(clip(name))) as container:
        stored = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    _, packets = split(list(read_items(clip(name))))
    assert [packet.data for packet in packets[MediaKind.VIDEO]] == stored


def test_a_file_with_sound_or_picture_only_gives_that() -> None:
    assert split(list(read_items(clip("sound.m4a"))))[0].keys() == {MediaKind.AUDIO}
    assert split(list(read_items(clip("picture.mp4"))))[0].keys() == {MediaKind.VIDEO}


def test_probing_tells_tracks_and_length() -> None:
    found = probe(clip("h264.mp4"))
    assert [info.codec for info in found.tracks] == ["h264", "aac"]
    assert found.duration_s == pytest.approx(3.0, abs=0.1)


def test_real_footage_with_16_khz_sound_and_reordered_pictures_is_read() -> None:
    infos, packets = split(list(read_items(shared("footage/nasa_13013.mp4"))))
    assert infos[MediaKind.AUDIO].sample_rate == 16_000
    assert len(packets[MediaKind.VIDEO]) == 390


def bad_files(directory: Path) -> dict[str, tuple[Path, str]]:
    whole = clip("h264.mp4").read_bytes()
    contents = {
        "empty.mp4": b"",
        "text.mp4": b"this is no film\n" * 200,
        "noise.mp4": os.urandom(20_000),
        "cut.mp4": whole[: len(whole) // 2],  # the index of this file is at its end
        "list.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    }
    for name, data in contents.items():
        (directory / name).write_bytes(data)
    (directory / "folder.mp4").mkdir()
    cases = {name: (directory / name, "cannot be read") for name in contents}
    return {
        **cases,
        "folder.mp4": (directory / "folder.mp4", "directory"),
        "missing.mp4": (directory / "missing.mp4", "no such file"),
    }


@pytest.mark.parametrize(
    "name", ["empty.mp4", "text.mp4", "noise.mp4", "cut.mp4", "list.mp4", "folder.mp4", "missing.mp4"]
)
def test_a_bad_file_is_refused_in_one_line_that_names_it(tmp_path: Path, name: str) -> None:
    path, wanted = bad_files(tmp_path)[name]
    with pytest.raises(InputError) as refused:
        list(read_items(path))
    message = str(refused.value)
    assert name in message
    assert "\n" not in message
    if name not in ("list.mp4", "noise.mp4"):
        assert wanted in message


def stripped(path: Path, *options: str) -> Path:
    """Write a clip as a transport stream with what ``options`` of ffmpeg leave of it."""
    command = [require("ffmpeg"), "-v", "error", "-y", "-i", clip("h264.ts"), "-c", "copy", *options, path]
    subprocess.run(command, check=True, timeout=LIMIT_S)
    return path


SETS_AWAY = ("-bsf:v", "filter_units=remove_types=7|8")


async def test_pictures_without_parameters_are_told_and_the_sound_goes_on(tmp_path: Path) -> None:
    source = FileSource(stripped(tmp_path / "headless.ts", *SETS_AWAY), realtime=False)
    _, packets = split(await gathered(source))
    assert not packets[MediaKind.VIDEO]
    assert len(packets[MediaKind.AUDIO]) > 100
    assert "the parameters to decode them never came" in source.statistics().problem
    assert source.statistics().problem.startswith("the pictures (h264 in stream 0)")


def test_a_file_of_pictures_without_parameters_is_refused_for_that(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the parameters to decode them never came; encode it anew"):
        list(read_items(stripped(tmp_path / "headless.ts", *SETS_AWAY, "-an")))


def test_sound_that_cannot_be_decoded_is_counted(tmp_path: Path) -> None:
    path, told = tmp_path / "damaged.mka", list[str]()
    command = [require("ffmpeg"), "-v", "error", "-y", "-i", clip("h264.mp4"), "-vn", "-strict", "-2", "-c:a", "dca"]
    subprocess.run([*command, "-bsf:a", "noise=amount='if(mod(n,4),0,4)'", path], check=True, timeout=LIMIT_S)
    list(read_items(path, on_problem=told.append))
    (line,) = told
    assert re.fullmatch(r"\d+ of \d+ packets of the sound \(dts in stream 0\) could not be used: .*", line)


def test_padding_behind_the_end_is_no_loss() -> None:
    with av.open(str(clip("vp8.webm"))) as container:
        demuxer = Demuxer(container, "clip")
        padding = av.Packet(b"\x0e")
        padding.stream = container.streams.audio[0]
        assert list(islice(demuxer.items(), 20))
        assert demuxer._tracks[padding.stream_index].items(padding) == []
        assert demuxer.losses == ()


def test_an_encrypted_file_is_refused_and_not_laid_under_as_noise(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the pictures \(h264 in stream 0\) cannot be used: they are encrypted"):
        list(read_items(encrypted(tmp_path / "encrypted.mp4")))


def test_a_title_in_the_encoding_of_an_old_machine_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "old.avi"
    with (
        av.open(str(clip("h264.avi"))) as there,
        av.open(str(path), "w", metadata_encoding="latin-1") as made,
    ):
        made.metadata["title"] = "© Café"
        streams = [made.add_stream_from_template(stream) for stream in there.streams]
        for packet in there.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                made.mux(packet)
    assert "©".encode("latin-1") in path.read_bytes()
    infos, packets = split(list(read_items(path)))
    assert set(infos) == set(MediaKind)
    assert len(packets[MediaKind.VIDEO]) == 75
    assert probe(path).tracks


def test_a_file_that_is_damaged_further_on_gives_what_comes_before(tmp_path: Path) -> None:
    whole = clip("h264.ts").read_bytes()
    broken = tmp_path / "broken.ts"
    broken.write_bytes(whole[: len(whole) * 2 // 3] + b"\0" * 1000)
    _, packets = split(list(read_items(broken)))
    assert 20 < len(packets[MediaKind.VIDEO]) < 75


async def test_a_picture_that_cannot_be_carried_live_is_refused_with_the_way_out() -> None:
    with pytest.raises(UnsupportedCodec, match=r"mpeg4 video \(stream 0\) cannot be carried; encode it anew"):
        await gathered(FileSource(clip("mpeg4.avi"), realtime=False))


@pytest.mark.parametrize(("name", "keep"), [("mpeg4.avi", ("h264",)), ("vp8.webm", ("h264", "av1"))])
def test_offline_a_picture_the_output_does_not_carry_is_made_h264_in_its_place(
    tmp_path: Path, name: str, keep: tuple[str, ...]
) -> None:
    infos, packets = split(list(read_items(clip(name), keep)))
    assert infos[MediaKind.VIDEO].codec == "h264"
    assert len(packets[MediaKind.VIDEO]) == 75
    muxer = Muxer(tmp_path / "out.mp4")
    for item in output_items(clip(name), keep=keep):
        muxer.write(item)
    (path,) = muxer.close()
    (flashes_in, ticks_in), (flashes_out, ticks_out) = events_s(clip(name)), events_s(path)
    before = [flash - tick for flash, tick in zip(flashes_in, ticks_in, strict=True)]
    after = [flash - tick for flash, tick in zip(flashes_out, ticks_out, strict=True)]
    assert after == pytest.approx(before, abs=0.0015)


def test_an_avi_of_reordered_pictures_is_shown_in_the_right_order(tmp_path: Path) -> None:
    muxer = Muxer(tmp_path / "out.mp4")
    for item in output_items(clip("h264.avi")):
        muxer.write(item)
    (path,) = muxer.close()
    with av.open(str(path)) as container:
        shown = [frame.pts for frame in container.decode(video=0)]
    assert shown == sorted(shown)
    assert len(shown) == 75
    flashes, ticks = events_s(path)
    assert len(flashes) == 5
    assert [flash - tick for flash, tick in zip(flashes, ticks, strict=True)] == pytest.approx([0.0] * 5, abs=0.04)


def test_a_name_with_colons_and_spaces_is_a_file_name(tmp_path: Path) -> None:
    odd = tmp_path / "http: 夜 %d.mp4"
    odd.write_bytes(clip("h264.mp4").read_bytes())
    assert len(split(list(read_items(odd)))[1][MediaKind.VIDEO]) == 75


def test_a_loop_goes_on_without_a_step_and_keeps_sound_and_picture_together() -> None:
    once = list(read_items(clip("h264.mp4")))
    items = list(islice(looped(clip("h264.mp4")), 3 * len(once) - 4))
    infos = [item for item in items if isinstance(item, TrackInfo)]
    assert len(infos) == 2
    _, packets = split(items)
    video = [packet.dts * packet.time_base for packet in packets[MediaKind.VIDEO]]
    assert all(0.035 < float(later - earlier) < 0.085 for earlier, later in pairwise(video))
    _, single = split(once)
    for lap in (1, 2):
        shifts = [
            (packets[kind][lap * len(single[kind])].pts - single[kind][0].pts) * single[kind][0].time_base
            for kind in MediaKind
        ]
        assert float(abs(shifts[0] - shifts[1])) < 1 / 10_000


async def gathered(source: FileSource) -> list[SourceItem]:
    items: list[SourceItem] = []
    await source.run(items.append)
    return items


async def test_a_source_gives_all_items_then_says_the_file_ended() -> None:
    items = await gathered(FileSource(clip("h264.mp4"), realtime=False))
    assert items[:-1] == list(read_items(clip("h264.mp4")))
    assert items[-1] == Disconnected(f"end of {clip('h264.mp4').name}")


async def test_a_source_keeps_the_pace_of_its_stamps() -> None:
    stamps: list[tuple[float, float]] = []
    began_s: list[float] = []

    def feed(item: SourceItem) -> None:
        now_s = time.monotonic()
        began_s.append(now_s)
        if isinstance(item, Packet):
            stamps.append((now_s, float(item.dts * item.time_base)))

    task = asyncio.create_task(FileSource(clip("h264.mp4")).run(feed))
    await until(lambda: stamps and stamps[-1][1] - stamps[0][1] > 0.6)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    early = [stamp - stamps[0][1] - (at_s - began_s[0]) for at_s, stamp in stamps]
    assert max(early) < 0.01  # never ahead of time: parameters come first, and at once


async def test_a_missing_file_ends_the_source_with_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        await gathered(FileSource(tmp_path / "nothing.mp4", loop=True))


def test_start_codes_behind_a_configuration_become_lengths(tmp_path: Path) -> None:
    """As cameras leave them in FLV; a file's own framing is known from its configuration alone."""
    path = tmp_path / "start-codes.flv"
    flv, at = bytearray(clip("h264.flv").read_bytes()), 13
    while at + 11 < len(flv):
        size = int.from_bytes(flv[at + 1 : at + 4], "big")
        if flv[at] == 9 and flv[at + 12] == 1:
            begin, end = at + 16, at + 11 + size
            flv[begin:end] = nal.join_annex_b(nal.split_length_prefixed(bytes(flv[begin:end])))
        at += 11 + size + 4
    path.write_bytes(flv)
    infos, packets = split(list(read_items(path)))
    wanted, originals = split(list(read_items(clip("h264.flv"))))
    assert infos[MediaKind.VIDEO] == wanted[MediaKind.VIDEO]
    assert packets[MediaKind.VIDEO] == originals[MediaKind.VIDEO]
