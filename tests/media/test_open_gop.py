"""Keyframes of open groups, repeated: every player decodes each of them."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import SAMPLES, TICK_RATE
from livefoley.engine.hold import Hold, OnDrop
from livefoley.formats import nal
from livefoley.formats.bits import escape, unescape
from livefoley.formats.open_gop import CRA, begins_anew
from livefoley.media.files.file_source import read_items
from tests.support.media_files import make_clip


@pytest.mark.parametrize(
    "options", ["open-gop=1", "open-gop=1:slices=3", "open-gop=1:aud=1:repeat-headers=1", "open-gop=0"]
)
def test_a_held_picture_is_decoded_each_time(tmp_path: Path, options: str) -> None:
    encoder = f"log-level=none:keyint=15:min-keyint=15:bframes=2:{options}"
    path = make_clip(tmp_path / "clip.mp4", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", encoder)
    items = [item for item in read_items(path) if getattr(item, "kind", "") == MediaKind.VIDEO]
    info, packets = items[0], [item for item in items if isinstance(item, Packet)]
    assert isinstance(info, TrackInfo)
    hold = Hold(OnDrop.FREEZE)
    hold.left(info)
    for number, packet in enumerate(packets):
        hold.left(Unit(packet, number * 1600, number * 1600, 0))
    filled = [hold.fill(len(packets) * 1600 + number * TICK_RATE, 1)[0] for number in range(1, 7)]
    fillers = [item.packet for item in filled if isinstance(item, Unit)]
    assert all(packet.time_base == SAMPLES and packet.keyframe for packet in fillers)
    decoder = av.CodecContext.create("hevc", "r")
    decoder.extradata = info.extradata
    sent = [*packets, *fillers, *packets]  # and the publisher comes back
    frames = [frame for packet in sent for frame in decoder.decode(av.Packet(packet.data))]
    assert len(frames) + len(decoder.decode(None)) == len(sent)
    last = [packet.data for packet in packets if packet.keyframe][-1]
    kinds = {nal.unit_type("hevc", unit) for unit in nal.split_length_prefixed(last)}
    assert (CRA in kinds) == (options != "open-gop=0") == (fillers[0].data != last)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_what_cannot_be_read_stays_as_it_is(record: bytes, data: bytes) -> None:
    assert begins_anew(record, data, 1) == data


@given(st.lists(st.sampled_from([0, 1, 2, 3, 4, 255]), max_size=40).map(bytes))
def test_escaping_is_undone_by_unescaping(data: bytes) -> None:
    escaped = escape(data)
    assert unescape(escaped) == data
    assert not any(escaped[at : at + 3] in (b"\0\0\0", b"\0\0\1", b"\0\0\2") for at in range(len(escaped)))
