"""The way of a clip through the media adapters, without a room: items in, units out, and what a viewer would see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import av
import numpy as np

from livefoley.core.media import VIDEO_CODECS, MediaKind, OutputItem, Packet, TrackInfo, Unit
from livefoley.core.ports import Sink
from livefoley.core.ticks import ticks_from_stamp
from livefoley.media.audio_codecs import AacEncoder, make_decoder
from livefoley.media.files.file_source import read_items
from tests.support.waiting import until

START = 96_000
"""Where on the timeline a clip's stamp 0 is laid."""


def output_items(path: Path, start: int = START, keep: Collection[str] = VIDEO_CODECS) -> Iterator[OutputItem]:
    """Yield a clip as a room would put it out: its pictures as they are, its sound encoded to AAC."""
    encoder = AacEncoder()
    decoder, joined = None, None
    for item in read_items(path, keep):
        if isinstance(item, TrackInfo):
            if item.kind is MediaKind.AUDIO:
                decoder = make_decoder(item)
                yield encoder.info
            else:
                yield item
            continue
        assert isinstance(item, Packet)
        pts = ticks_from_stamp(item.pts, item.time_base) + start
        if item.kind is MediaKind.VIDEO:
            yield Unit(item, pts, ticks_from_stamp(item.dts, item.time_base) + start, 0)
            continue
        assert decoder is not None
        for offset, samples in decoder.decode(item):
            joined = pts + offset if joined is None else joined
            yield from (Unit(packet, packet.pts, packet.dts, 0) for packet in encoder.encode(samples, joined))
            joined += samples.shape[1]
    yield from (Unit(packet, packet.pts, packet.dts, 0) for packet in encoder.flush())


async def poured(sink: Sink, items: Iterable[OutputItem]) -> None:
    """Give a running sink ``items`` no faster than it takes them."""
    for item in items:
        sink.write_nowait(item)
        if sink.statistics().queue_units > 200:
            await until(lambda: not sink.statistics().queue_units)


def names_in(directory: Path) -> set[str]:
    """Return the names of the files in ``directory``."""
    return {path.name for path in directory.iterdir()}


def payloads(path: Path | str) -> list[bytes]:
    """Return the picture packets of a file."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def events_s(path: Path | str, sound: int = 0) -> tuple[list[float], list[float]]:
    """Return when a player of ``path`` shows each flash and sounds each tick of that of its sounds, in seconds."""
    with av.open(str(path)) as container:
        shown = [(float(f.pts * f.time_base), f.to_ndarray(format="gray").mean()) for f in container.decode(video=0)]
    with av.open(str(path)) as container:
        heard = np.zeros(48_000 * 8, np.float32)
        for frame in container.decode(audio=sound):
            at = round(frame.pts * frame.time_base * 48_000)
            block = frame.to_ndarray()[0][max(0, -at) :]
            heard[max(0, at) : max(0, at) + len(block)] = block
    return [t for t, level in shown if level > 120], ticks_s(heard)


def ticks_s(sound: np.ndarray) -> list[float]:
    """Return where the ticks in 48 kHz ``sound`` are: the middle of each, in seconds."""
    found, at = [], 0
    loud = np.abs(sound) > 0.2
    while loud[at:].any():
        first = at + int(np.argmax(loud[at:]))
        near = np.abs(sound[first : first + 96]).astype(np.float64)
        found.append((first + float((near * np.arange(len(near))).sum() / near.sum())) / 48_000)
        at = first + 4_800
    return found
