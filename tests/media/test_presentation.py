"""When pictures are shown is the publisher's to say: in every output they keep their place against the sound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest

from livefoley.core.media import MediaKind, OutputItem, Packet, TrackInfo, Unit
from livefoley.core.ticks import MILLISECONDS, ms_from_ticks
from livefoley.engine.delay_line import DelayLine
from livefoley.engine.timeline import Timeline
from livefoley.media.files.containers import sized
from livefoley.media.files.file_source import read_items
from livefoley.media.files.mux import Muxer
from livefoley.media.hls.segmenter import Segmenter
from livefoley.media.rtmp.protocol.chunks import VIDEO, Message
from livefoley.media.rtmp.protocol.read_tags import TagReader
from livefoley.media.rtmp.protocol.tag_stream import TagStream
from livefoley.media.transport_stream import TsStream
from tests.media.clips import clip
from tests.media.render import events_s, output_items
from tests.support.media_files import make_clip

LATE_MS = (34, 80, 120)
"""How much later than in the clip its pictures are decoded: beyond 0 the first B-frames are shown before that."""


def decoded_late(name: str, by_ms: int) -> list[OutputItem]:
    """Return a clip as a room puts it out whose publisher stamps decode times ``by_ms`` too late."""
    line, rest = DelayLine(), []
    for item in output_items(clip(name)):
        if item.kind is MediaKind.AUDIO:
            rest.append(item)
        else:
            line.push(replace(item, dts=item.dts + by_ms * 48) if isinstance(item, Unit) else item)
    items = [*rest, *line.pop_due(1 << 60)]
    units = sorted((item for item in items if isinstance(item, Unit)), key=lambda unit: unit.dts)
    return [*(item for item in items if isinstance(item, TrackInfo)), *units]


def offsets_s(path: Path) -> list[float]:
    flashes, ticks = events_s(path)
    return [flash - tick for flash, tick in zip(flashes, ticks, strict=True)]


def recorded(items: Iterable[OutputItem], path: Path) -> Path:
    muxer = Muxer(path)
    for item in items:
        muxer.write(item)
    (written,) = muxer.close()
    return written


@pytest.mark.parametrize("by_ms", LATE_MS)
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".flv", ".ts"])
def test_in_files(tmp_path: Path, suffix: str, by_ms: int) -> None:
    path = recorded(decoded_late("h264.mp4", by_ms), tmp_path / f"out{suffix}")
    assert offsets_s(path) == pytest.approx(offsets_s(clip("h264.mp4")), abs=0.0011)


@pytest.mark.parametrize("by_ms", LATE_MS)
def test_in_hls(tmp_path: Path, by_ms: int) -> None:
    segmenter = Segmenter(1.0, sized)
    segments = [each for item in decoded_late("h264.mp4", by_ms) for each in segmenter.feed(item, 0.0)]
    path = tmp_path / "all.mp4"
    path.write_bytes(b"".join(each.init_data + each.data for each in [*segments, *segmenter.flush()]))
    assert offsets_s(path) == pytest.approx(offsets_s(clip("h264.mp4")), abs=1.5 / 48_000)


@pytest.mark.parametrize("by_ms", LATE_MS)
def test_in_what_srt_carries(tmp_path: Path, by_ms: int) -> None:
    stream, path = TsStream(), tmp_path / "out.ts"
    path.write_bytes(stream.feed(decoded_late("h264.mp4", by_ms)) + stream.flush())
    assert offsets_s(path) == pytest.approx(offsets_s(clip("h264.mp4")), abs=2.5 / 48_000)


@pytest.mark.parametrize("by_ms", LATE_MS)
def test_by_rtmp(by_ms: int) -> None:
    items, stream, reader = decoded_late("h264.mp4", by_ms), TagStream({}), TagReader()
    tags = [tag for item in items for tag in stream.feed(item)]
    read = [item for tag in tags if tag.type == VIDEO for item in reader.read(Message(*tag[:1], 1, *tag[1:]))]
    shown = [(packet.data, packet.pts) for packet in read if isinstance(packet, Packet)]
    pictures = [item for item in items if isinstance(item, Unit) and item.kind is MediaKind.VIDEO]
    assert shown == [(unit.packet.data, ms_from_ticks(unit.pts)) for unit in pictures]
    assert all(packet.time_base == MILLISECONDS for packet in read if isinstance(packet, Packet))


def test_in_a_file_that_was_not_put_in_order_before(tmp_path: Path) -> None:
    late = [
        replace(item, dts=item.dts + 34 * 48) if isinstance(item, Unit) and item.kind is MediaKind.VIDEO else item
        for item in output_items(clip("picture.mp4"))
    ]
    path = recorded(late, tmp_path / "out.mp4")
    with av.open(str(path)) as container:
        shown = [float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.size]
    with av.open(str(clip("picture.mp4"))) as container:
        wanted = [float(packet.pts * packet.time_base) for packet in container.demux(video=0) if packet.size]
    assert shown == pytest.approx(wanted, abs=1.5 / 48_000)


def test_from_an_avi_that_has_no_presentation_times(tmp_path: Path) -> None:
    options = ("-c:v", "libx264", "-preset", "veryfast", "-bf", "4", "-x264-params", "b-pyramid=normal")
    path = make_clip(tmp_path / "clip.avi", *options, audio="libmp3lame")
    timeline, line, now_s = Timeline(), DelayLine(), 0.0
    for item in read_items(path):
        if isinstance(item, Packet):
            now_s = max(now_s, float(item.dts * item.time_base))
            unit = timeline.place(item, now_s)
            if item.kind is MediaKind.VIDEO:
                line.push(unit)
    units = [item for item in line.pop_due(1 << 60) if isinstance(item, Unit)]
    shown = sorted(unit.pts for unit in units)
    assert [later - earlier for earlier, later in pairwise(shown)] == pytest.approx([1600] * 59, abs=1)
    assert all(unit.dts <= unit.pts for unit in units)
    assert all(earlier.dts < later.dts for earlier, later in pairwise(units))


@pytest.mark.parametrize("name", ["plain.avi", "plain.asf"])
def test_pictures_in_order_are_shown_when_their_container_has_them(tmp_path: Path, name: str) -> None:
    path = make_clip(tmp_path / name, "-c:v", "libx264", "-preset", "ultrafast", audio="pcm_s16le")
    pictures = [item for item in read_items(path) if isinstance(item, Packet) and item.kind is MediaKind.VIDEO]
    assert len(pictures) == 60
    assert all(picture.pts == picture.dts for picture in pictures)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_from_a_bare_stream_that_has_no_times_at_all(tmp_path: Path, codec: str) -> None:
    ending = {"libx264": "h264", "libx265": "hevc"}[codec]
    path = make_clip(tmp_path / f"bare.{ending}", "-an", "-c:v", codec, "-preset", "veryfast", "-bf", "3")
    pictures = [item for item in read_items(path) if isinstance(item, Packet)]
    shown_s = sorted(float(picture.pts * picture.time_base) for picture in pictures)
    assert shown_s == pytest.approx([number / 30 for number in range(60)], abs=0.001)
    assert [picture.pts for picture in pictures] != sorted(picture.pts for picture in pictures)
