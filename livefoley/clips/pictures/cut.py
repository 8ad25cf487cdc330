"""A clip's pictures, packet for packet: from the keyframe before its beginning on, with an edit list that hides what
lies before the first picture that is wanted. Nothing is encoded again, so it costs no more than a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import av

from livefoley.core.errors import OutputError, reason
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.media.files.containers import STRICTNESS, TrackWriter, add_tracks, sized
from livefoley.system.files import SHARED, WholeFile

_OPTIONS = {**STRICTNESS, "movflags": "+faststart", "movie_timescale": str(TICK_RATE)}  # an edit list's scale


def write_mp4(
    path: Path, info: TrackInfo | None, pictures: Iterable[Unit], audio: TrackInfo, sound: Iterable[Packet], start: Tick
) -> None:
    """Write an MP4 whose zero is ``start``; what is stamped earlier is there to be decoded, not shown.

    Raises ``OutputError`` or ``UnsupportedCodec``; then nothing is left behind.
    """
    units = list(pictures)
    tracks = [*(sized([info], units) if info is not None else []), audio]
    with WholeFile(path, mode=SHARED) as written:
        try:
            with av.open(f"file:{written}", "w", format="mp4", container_options=dict(_OPTIONS)) as container:
                streams = add_tracks(container, tracks)
                container.start_encoding()
                _write(container, tracks, streams, [*units, *_placed(sound)], start)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise OutputError(f"{path.name}: cannot be written ({reason(error)})") from None


def _placed(packets: Iterable[Packet]) -> list[Unit]:
    return [Unit(packet, packet.pts, packet.dts, 0) for packet in packets]


def _write(container: Any, tracks: Sequence[TrackInfo], streams: Sequence[Any], units: list[Unit], start: Tick) -> None:
    pairs = zip(tracks, streams, strict=True)
    writers = {info.kind: TrackWriter(container, stream, info) for info, stream in pairs}
    for unit in sorted(units, key=lambda unit: (unit.dts, unit.kind is MediaKind.AUDIO)):
        writers[unit.kind].write(unit, start)
