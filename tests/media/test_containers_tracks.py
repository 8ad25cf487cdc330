"""Which of a container's tracks are used, and sound in codecs no live protocol carries."""

from __future__ import annotations

import io
import subprocess
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from rich.console import Console

from livefoley.commands.render import render_file
from livefoley.core.errors import InputError
from livefoley.core.media import MediaKind, Packet, SourceItem, TrackInfo
from livefoley.media.audio_codecs import make_decoder
from livefoley.media.files.choice import choose
from livefoley.media.files.demux import Demuxer
from livefoley.media.files.file_source import FileSource, read_items
from tests.media.clips import FLASHES_S, clip
from tests.media.render import ticks_s
from tests.support.media_files import decoded_sound
from tests.support.peers import require


def remade(path: Path, *options: str) -> Path:
    """Write the small clip again, by ffmpeg with ``options`` before the name of the output."""
    command = [require("ffmpeg"), "-v", "error", "-y", "-i", str(clip("h264.mov")), *options, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


def tones(path: Path, *options: str) -> Path:
    """Write two tracks of sound, of 440 and of 1760 Hz, beside a picture."""
    sines = [part for hertz in (440, 1760) for part in ("-f", "lavfi", "-i", f"sine={hertz}:sample_rate=48000:d=1")]
    picture = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=1", "-map", "2", "-map", "0", "-map", "1")
    coded = ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")
    subprocess.run([require("ffmpeg"), "-v", "error", "-y", *sines, *picture, *coded, *options, path], check=True)
    return path


def heard(items: list[SourceItem]) -> np.ndarray:
    """Return the sound of a file's items, ``[2, n]`` at 48 kHz, each block where its stamp says."""
    sound = np.zeros((2, 10 * 48_000), np.float32)
    decoder = None
    for item in items:
        if isinstance(item, TrackInfo) and item.kind is MediaKind.AUDIO:
            decoder = make_decoder(item)
        elif isinstance(item, Packet) and item.kind is MediaKind.AUDIO:
            assert decoder is not None
            at = round(item.pts * item.time_base * 48_000)
            for offset, samples in decoder.decode(item):
                begin = at + offset
                kept = samples[:, max(0, -begin) :]
                sound[:, max(0, begin) : max(0, begin) + kept.shape[1]] = kept
    return sound


def hertz(path: Path) -> float:
    """Return the tone that is heard of a file."""
    sound = heard(list(read_items(path)))[0, 12_000:36_000]
    return float(np.argmax(np.abs(np.fft.rfft(sound)))) * 48_000 / len(sound)


@pytest.mark.parametrize(
    ("name", "options", "codec"),
    [
        ("a.mov", ("-c:a", "pcm_s24be"), "pcm_s24be"),
        ("b.mov", ("-c:a", "pcm_f32be"), "pcm_f32be"),
        ("a.mkv", ("-c:a", "dca", "-strict", "-2"), "dts"),
        ("b.mkv", ("-c:a", "truehd", "-strict", "-2"), "truehd"),
        ("c.mkv", ("-c:a", "wmav2"), "wmav2"),
        ("d.mkv", ("-c:a", "wavpack"), "wavpack"),
        ("a.wmv", ("-c:v", "wmv2", "-c:a", "wmav2"), "wmav2"),
        ("a.avi", ("-bf", "0", "-c:v", "mpeg4", "-c:a", "adpcm_ms"), "adpcm_ms"),
        ("b.avi", ("-bf", "0", "-c:v", "mpeg4", "-c:a", "adpcm_ima_wav"), "adpcm_ima_wav"),
        ("a.wav", ("-vn", "-c:a", "g726", "-ar", "8000", "-ac", "1"), "adpcm_g726"),
        ("b.wav", ("-vn", "-c:a", "g722", "-ar", "16000", "-ac", "1"), "adpcm_g722"),
        ("a.ts", ("-c:a", "aac", "-mpegts_flags", "latm"), "aac_latm"),
        ("b.ts", ("-c:a", "s302m", "-strict", "-2"), "s302m"),
        ("c.ts", ("-c:a", "ac3"), "ac3"),
    ],
)
def test_sound_that_ffmpeg_decodes_is_heard_where_it_was(
    tmp_path: Path, name: str, options: tuple[str, ...], codec: str
) -> None:
    path = remade(
        tmp_path / name, *(("-c:v", "copy") if "-c:v" not in options and "-vn" not in options else ()), *options
    )
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.codec.canonical_name == codec
        begin_s = (container.start_time or 0) / 1_000_000
    found = [at - begin_s for at in ticks_s(heard(list(read_items(path)))[1 if "1" in options else 0] * 3)]
    coarse = 0.003 if codec.startswith("adpcm_g") else 0.0015  # a click through a telephone's band is no longer one
    assert found == pytest.approx(_ticks_by_ffmpeg(path, begin_s), abs=coarse)
    assert len(found) == len(FLASHES_S)


def _ticks_by_ffmpeg(path: Path, begin_s: float) -> list[float]:
    """Return where Debian's ffmpeg hears the ticks of a file, in seconds of it."""
    command = [require("ffmpeg"), "-v", "error", "-i", str(path), "-vn", "-af", "aresample=async=1:first_pts=0"]
    raw = subprocess.run([*command, "-f", "f32le", "-ac", "2", "-ar", "48000", "-"], check=True, capture_output=True)
    return ticks_s(np.frombuffer(raw.stdout, "<f4").reshape(-1, 2)[:, 0] * 3)


def test_decoded_sound_is_what_ffmpeg_decodes_without_a_step(tmp_path: Path) -> None:
    path = remade(tmp_path / "a.mkv", "-c:v", "copy", "-c:a", "dca", "-strict", "-2", "-ar", "48000")
    items = list(read_items(path))
    packets = [item for item in items if isinstance(item, Packet) and item.kind is MediaKind.AUDIO]
    assert all(one.pts + len(one.data) // 8 == other.pts for one, other in pairwise(packets))
    wanted = decoded_sound(path)
    mine = np.concatenate([np.frombuffer(packet.data, "<f4").reshape(-1, 2).T for packet in packets], axis=1)
    assert mine == pytest.approx(wanted[:, : mine.shape[1]], abs=1e-6)


def test_the_track_marked_as_default_is_heard_as_in_every_player(tmp_path: Path) -> None:
    flags = ("-disposition:a:0", "0", "-disposition:a:1", "default")
    assert hertz(tones(tmp_path / "second.mkv", *flags)) == pytest.approx(1760, abs=40)
    assert hertz(tones(tmp_path / "first.mkv")) == pytest.approx(440, abs=40)
    aside = ("-disposition:a:0", "default+comment", "-disposition:a:1", "0")
    assert hertz(tones(tmp_path / "comment.mkv", *aside)) == pytest.approx(1760, abs=40)


def of_unknown_codec(path: Path, track: int) -> Path:
    """Make one sound track of an MP4 one in a codec that nobody has a decoder for."""
    data = bytearray(path.read_bytes())
    at = -1
    for _ in range(track + 1):
        at = data.index(b"mp4a", at + 1)
        while data[at - 16 : at - 12] != b"stsd":
            at = data.index(b"mp4a", at + 1)
    data[at : at + 4] = b"apac"
    box = data.index(b"esds", at)
    data[box : box + 4] = b"dapa"
    path.write_bytes(data)
    return path


def test_a_second_track_that_nobody_decodes_does_no_harm(tmp_path: Path) -> None:
    path = of_unknown_codec(tones(tmp_path / "spatial.mov"), 1)
    assert hertz(path) == pytest.approx(440, abs=40)
    with av.open(str(path)) as container:
        assert choose(container).problems == ()
    first = of_unknown_codec(tones(tmp_path / "first.mov"), 0)
    assert hertz(first) == pytest.approx(1760, abs=40)


async def test_sound_that_nobody_decodes_is_told_by_its_name_and_stream(tmp_path: Path) -> None:
    path = of_unknown_codec(of_unknown_codec(tones(tmp_path / "spatial.mov"), 1), 0)
    source, items = FileSource(path, realtime=False), list[SourceItem]()
    await source.run(items.append)
    problem = source.statistics().problem
    assert "sound (apac in stream 1, apac in stream 2) cannot be decoded" in problem
    assert "-c:a aac" in problem
    assert {item.kind for item in items if isinstance(item, Packet)} == {MediaKind.VIDEO}


def test_a_rendered_file_says_what_of_it_is_not_heard(tmp_path: Path) -> None:
    path = of_unknown_codec(of_unknown_codec(tones(tmp_path / "spatial.mov"), 1), 0)
    printed = io.StringIO()
    render_file(
        path, "rain", tmp_path / "out.mp4", stem=None, report=None, seed=0, force=True,
        console=Console(file=printed, width=300), student=False,
    )  # fmt: skip
    assert "warning: the sound (apac in stream 1" in printed.getvalue()


def late(path: Path, kind: str) -> Path:
    """Write a clip of 8 s one track of which begins 6 s after the other."""
    seconds = {"sound": 8, "picture": 8, kind: 2}
    picture, sound = (f"testsrc2=s=64x64:r=25:d={seconds['picture']}", f"sine=440:d={seconds['sound']}")
    delays = {kind: ("-itsoffset", "6")}
    inputs = (*delays.get("picture", ()), "-f", "lavfi", "-i", picture)
    inputs += (*delays.get("sound", ()), "-f", "lavfi", "-i", sound)
    coded = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac", "-ar", "48000", "-muxdelay", "0")
    subprocess.run([require("ffmpeg"), "-v", "error", "-y", *inputs, *coded, path], check=True, timeout=60)
    return path


def sounding_s(sound: np.ndarray) -> float:
    """Return for how long something is heard."""
    return float(np.count_nonzero(np.abs(sound[0]).reshape(-1, 480).max(axis=1) > 0.01)) / 100


def test_sound_that_begins_after_what_ffmpeg_looks_at_is_heard_whole(tmp_path: Path) -> None:
    path = late(tmp_path / "late.ts", "sound")
    assert sounding_s(heard(list(read_items(path)))) == pytest.approx(2.0, abs=0.1)
    options = {"analyzeduration": "1500000", "probesize": "1000000"}  # as of streams that are pulled
    with av.open(str(path), container_options=options) as container:
        assert container.streams.audio[0].codec_context.sample_rate == 0
        assert sounding_s(heard(list(Demuxer(container, "late").items()))) == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("extension", ["ts", "flv"])
def test_a_picture_that_begins_late_is_in_the_same_file_as_the_sound_before_it(tmp_path: Path, extension: str) -> None:
    path = late(tmp_path / f"late.{extension}", "picture")
    render_file(
        path, "rain", tmp_path / "out.mp4", stem=None, report=None, seed=0, force=True,
        console=Console(file=io.StringIO()), student=False,
    )  # fmt: skip
    assert sorted(found.name for found in tmp_path.glob("*.mp4")) == ["out.mp4"]
    with av.open(str(tmp_path / "out.mp4")) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        begin_s = float(picture.start_time * picture.time_base - sound.start_time * sound.time_base)
        assert picture.frames == 50
    assert begin_s == pytest.approx(6.0, abs=0.1)


def test_a_cover_is_no_picture_track(tmp_path: Path) -> None:
    cover = tmp_path / "cover.png"
    subprocess.run(
        [require("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", "color=s=64x64", "-frames:v", "1", cover], check=True
    )
    song = remade(
        tmp_path / "song.m4a",
        "-i",
        str(cover),
        "-map",
        "0:a",
        "-map",
        "1",
        "-c:a",
        "aac",
        "-c:v",
        "mjpeg",
        "-disposition:v:0",
        "attached_pic",
    )
    assert {item.kind for item in read_items(song)} == {MediaKind.AUDIO}
    film = remade(
        tmp_path / "film.mkv",
        "-map",
        "0",
        "-c:v",
        "copy",
        "-c:a",
        "aac",
        "-attach",
        str(cover),
        "-metadata:s:t",
        "mimetype=image/png",
    )
    assert {item.codec for item in read_items(film) if isinstance(item, TrackInfo)} == {"h264", "aac"}


def test_a_file_of_which_nothing_can_be_decoded_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "alone.m4a"
    path.write_bytes(clip("sound.m4a").read_bytes())
    of_unknown_codec(path, 0)
    with (
        pytest.raises(InputError, match=r"nothing to play in it .*apac in stream 0.*-c:a aac"),
        av.open(str(path)) as container,
    ):
        Demuxer(container, "alone.m4a")
