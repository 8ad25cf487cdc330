"""Codecs that few encoders send, as FFmpeg writes them into FLV: pictures are carried, sound is decoded."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from livefoley.core.media import MediaKind, Packet, SourceItem, TrackInfo
from livefoley.media.audio_codecs import make_decoder
from livefoley.media.rtmp.protocol import chunks
from livefoley.media.rtmp.protocol.chunks import Message
from livefoley.media.rtmp.protocol.read_tags import TagReader
from livefoley.media.rtmp.protocol.tag_stream import TagStream
from tests.media.clips import FLASHES_S, clip
from tests.media.render import output_items, ticks_s
from tests.support.peers import require
from tests.support.strangers import tags


def read(flv: bytes) -> list[Any]:
    """Return what comes of an FLV's tags, sent by RTMP; nothing of it is refused."""
    reader = TagReader()
    items = [item for kind, stamp, body in tags(flv) for item in reader.read(Message(kind, 1, stamp, body))]
    assert (reader.problems, reader.skipped) == ({}, 0)
    return items


def heard(items: Iterable[SourceItem]) -> np.ndarray:
    """Return the sound, ``[2, n]`` at 48 kHz."""
    sound, decoder = np.zeros((2, 5 * 48_000), np.float32), None
    for item in items:
        if isinstance(item, TrackInfo) and item.kind is MediaKind.AUDIO:
            decoder = make_decoder(item)
        elif isinstance(item, Packet) and item.kind is MediaKind.AUDIO:
            assert decoder is not None
            for offset, samples in decoder.decode(item):
                at = max(0, round(item.pts * item.time_base * 48_000) + offset)
                sound[:, at : at + samples.shape[1]] = samples
    return sound


def by_debian(path: Path, *options: str) -> bytes:
    """Return the small clip's sound as FLV in a codec of Flash's days."""
    command = [require("ffmpeg"), "-v", "error", "-i", str(clip("h264.mov")), "-vn", *options, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path.read_bytes()


def by_fourcc(path: Path, source: Path) -> bytes:
    """Return ``source`` as the FLV of enhanced RTMP that today's FFmpeg writes."""
    with av.open(str(source)) as container, av.open(str(path), "w", format="flv") as out:
        pairs = {stream.index: out.add_stream_from_template(stream, opaque=True) for stream in container.streams}
        for packet in container.demux():
            if packet.size:
                packet.stream = pairs[packet.stream.index]
                out.mux(packet)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("options", "codec"),
    [
        (("-c:a", "nellymoser", "-ar", "22050", "-ac", "1"), "nellymoser"),
        (("-c:a", "nellymoser", "-ar", "16000", "-ac", "1"), "nellymoser"),
        (("-c:a", "nellymoser", "-ar", "8000", "-ac", "1"), "nellymoser"),
        (("-c:a", "adpcm_swf", "-ar", "44100", "-ac", "2"), "adpcm_swf"),
        (("-c:a", "libspeex", "-ar", "16000", "-ac", "1"), "speex"),
        (("-c:a", "pcm_s16le", "-ar", "44100", "-ac", "2"), "pcm_s16le"),
        (("-c:a", "pcm_u8", "-ar", "22050", "-ac", "1"), "pcm_u8"),
        (("-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"), "pcm_mulaw"),
    ],
)
def test_sound_of_old_encoders_is_heard_where_it_was(tmp_path: Path, options: tuple[str, ...], codec: str) -> None:
    items = read(by_debian(tmp_path / "old.flv", *options))
    (info,) = [item for item in items if isinstance(item, TrackInfo)]
    assert (info.codec, info.sample_rate) == (codec, int(options[options.index("-ar") + 1]))
    found = ticks_s(heard(items)[0] * 3)  # a click comes out blurred by some ms
    assert [at - found[0] for at in found] == pytest.approx([at - FLASHES_S[0] for at in FLASHES_S], abs=0.015)
    assert found[0] == pytest.approx(FLASHES_S[0], abs=0.06)  # the old coders delay, and nothing says by how much


@pytest.mark.parametrize(("codec", "ending"), [("ac3", "mp4"), ("eac3", "mp4"), ("flac", "mkv")])
def test_sound_by_fourcc_is_heard_where_it_was(tmp_path: Path, codec: str, ending: str) -> None:
    source = tmp_path / f"source.{ending}"
    command = [require("ffmpeg"), "-v", "error", "-i", str(clip("h264.mov")), "-vn", "-c:a", codec, str(source)]
    subprocess.run(command, check=True, timeout=60)
    items = read(by_fourcc(tmp_path / "source.flv", source))
    assert [item.codec for item in items if isinstance(item, TrackInfo)] == [codec]
    assert ticks_s(heard(items)[0] * 3) == pytest.approx(FLASHES_S, abs=0.008)


def test_pictures_in_vp9_come_in_and_go_out_by_fourcc(tmp_path: Path) -> None:
    source = clip("vp9.webm")
    items = read(by_fourcc(tmp_path / "vp9.flv", source))
    with av.open(str(source)) as container:
        sent = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    (info,) = [item for item in items if isinstance(item, TrackInfo) and item.kind is MediaKind.VIDEO]
    assert (info.codec, info.extradata[:4]) == ("vp9", b"\x01\x00\x00\x00")
    assert [item.data for item in items if isinstance(item, Packet) and item.kind is MediaKind.VIDEO] == sent
    again, stream = TagReader(), TagStream({})
    out = [tag for item in output_items(source) for tag in stream.feed(item)]
    back = [item for tag in out for item in again.read(Message(tag.type, 1, tag.timestamp, tag.body))]
    assert [item.data for item in back if isinstance(item, Packet) and item.kind is MediaKind.VIDEO] == sent


def test_a_record_of_vp9_without_a_version_gets_one() -> None:
    record = bytes([0, 31, 0x82, 2, 2, 2, 0, 0])
    (info,) = TagReader().read(Message(chunks.VIDEO, 1, 0, b"\x90vp09" + record))
    assert isinstance(info, TrackInfo)
    assert info.extradata == b"\x01\x00\x00\x00" + record
