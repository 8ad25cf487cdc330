"""A clip's pictures, decoded: for its cover, its borders and its re-framing. Belongs in a worker process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import av

from livefoley.core.errors import InputError
from livefoley.core.media import TrackInfo, Unit
from livefoley.core.ticks import SAMPLES, Tick

MAX_PIXELS = 4096 * 2304
_DECODERS = {"av1": "libdav1d"}  # FFmpeg's own "av1" wants hardware


def open_decoder(info: TrackInfo, **options: str) -> Any:
    """Return a decoder of ``info``'s pictures; raises ``InputError`` for parameters that cannot be used."""
    try:
        context: Any = av.CodecContext.create(_DECODERS.get(info.codec, info.codec), "r")
        context.extradata = info.extradata or None
        context.thread_count = 1
        context.options = {"max_pixels": str(MAX_PIXELS), **options}
        context.open()
    except (av.FFmpegError, ValueError) as error:
        raise InputError(f"the clip's {info.codec} pictures cannot be decoded ({error})") from None
    return context


def frames(info: TrackInfo, units: Iterable[Unit], start: Tick, end: Tick, **options: str) -> Iterator[Any]:
    """Yield the frames shown from ``start`` to before ``end``, in order of display; ``pts`` are ticks.

    ``units`` come in decode order, from a keyframe on; damaged ones are left out. ``options`` are the decoder's.
    """
    context = open_decoder(info, **options)
    for unit in units:
        packet = av.Packet(unit.packet.data)
        packet.pts, packet.dts, packet.time_base = unit.pts, unit.dts, SAMPLES
        yield from _shown(context, packet, start, end)
    yield from _shown(context, None, start, end)


def _shown(context: Any, packet: Any, start: Tick, end: Tick) -> Iterator[Any]:
    try:
        decoded = context.decode(packet)
    except (av.FFmpegError, ValueError):
        return
    for frame in decoded:
        if frame.pts is not None and start <= frame.pts < end and not frame.is_corrupt:
            frame.time_base = SAMPLES
            yield frame
