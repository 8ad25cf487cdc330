"""A clip's pictures, packet for packet: from the keyframe before its beginning on, with an edit list that hides what
lies before the first picture that is wanted. Nothing is encoded again, so it costs no more than a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import av

from livefoley.clips.selection import Picture
from livefoley.core.errors import OutputError
from livefoley.core.media import MediaKind, Packet, TrackInfo, Unit
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.media.containers import TrackWriter, add_tracks, reason, sized

FRAME: Tick = TICK_RATE // 25  # how long a last picture is shown when none follows
_OPTIONS = {"movflags": "+faststart", "movie_timescale": str(TICK_RATE)}  # an edit list counts in that scale


def whole_end(pictures: Sequence[Picture], end: Tick) -> tuple[int, Tick]:
    """Return how many ``pictures`` (in decode order) to take for a clip that ends at ``end`` or as soon as it can, and
    where it then ends.

    Pictures refer to others that come later in display but earlier in decode order. So the clip ends where those that
    were sent are just those that are shown, which is a few pictures after ``end`` at most.
    """
    latest, count = end - 1, 0
    while (more := len(_needed(pictures, latest))) > count:
        count = more
        latest = max(latest, *(picture.pts for picture in pictures[:count]))
    if latest < end:
        return count, end
    following = min((picture.pts for picture in pictures[count:]), default=latest + FRAME)
    return count, min(following, latest + 2 * FRAME)


def _needed(pictures: Sequence[Picture], latest: Tick) -> Sequence[Picture]:
    """Return the pictures in decode order up to the last one that is shown at ``latest`` or before."""
    last = max((index for index, picture in enumerate(pictures) if picture.pts <= latest), default=-1)
    return pictures[: last + 1]


def write_mp4(
    path: Path, info: TrackInfo | None, pictures: Iterable[Unit], audio: TrackInfo, sound: Iterable[Packet], start: Tick
) -> None:
    """Write an MP4 whose zero is ``start``; what is stamped earlier is there to be decoded, not shown.

    Raises ``OutputError`` or ``UnsupportedCodec``; then nothing is left behind.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        units = list(pictures)
        tracks = [*(sized([info], units) if info is not None else []), audio]
        with av.open(f"file:{partial}", "w", format="mp4", container_options=dict(_OPTIONS)) as container:
            streams = add_tracks(container, tracks)
            container.start_encoding()
            _write(container, tracks, streams, [*units, *_placed(sound)], start)
        partial.replace(path)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise OutputError(f"{path.name}: cannot be written ({reason(error)})") from None
    finally:
        partial.unlink(missing_ok=True)


def _placed(packets: Iterable[Packet]) -> list[Unit]:
    return [Unit(packet, packet.pts, packet.dts, 0) for packet in packets]


def _write(container: Any, tracks: Sequence[TrackInfo], streams: Sequence[Any], units: list[Unit], start: Tick) -> None:
    pairs = zip(tracks, streams, strict=True)
    writers = {info.kind: TrackWriter(container, stream, info) for info, stream in pairs}
    for unit in sorted(units, key=lambda unit: (unit.dts, unit.kind is MediaKind.AUDIO)):
        writers[unit.kind].write(unit, start)
