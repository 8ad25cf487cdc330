"""The worker that draws one slate and ends: ``python -m livefoley.runtime.workers.slate_worker``.

A process of its own: the operator's picture may be no picture, and what reads it costs more memory than a room has
use for.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from livefoley.core.errors import LivefoleyError
from livefoley.core.media import MediaKind, TrackInfo, Unit
from livefoley.media.slate import slate
from livefoley.runtime.workers.child import Answer, serve
from livefoley.runtime.workers.messages import SLATE, DrawSlate, FromSlate, NoSlate, VideoTrack, VideoUnit


def draw(wanted: DrawSlate, payload: bytes) -> Iterable[Answer[FromSlate]]:
    """Return the slate's track and its picture, or why there is none."""
    info = TrackInfo(MediaKind.VIDEO, wanted.codec, b"", wanted.width, wanted.height)
    try:
        made, packet = slate(info, wanted.text, Path(wanted.picture) if wanted.picture else None)
    except LivefoleyError as error:
        return [(NoSlate(str(error)), b"")]
    return [(VideoTrack.of(made), made.extradata), (VideoUnit.of(Unit(packet, 0, 0, 0)), packet.data)]


if __name__ == "__main__":
    serve(SLATE, draw)
