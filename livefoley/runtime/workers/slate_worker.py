"""The worker that draws one slate and ends: ``python -m livefoley.runtime.workers.slate_worker``.

A process of its own: the operator's picture may be no picture, and what reads it costs more memory than a room has
use for.
"""

from __future__ import annotations

from collections.abc import Iterable

from livefoley.core.errors import LivefoleyError
from livefoley.core.media import MediaKind, TrackInfo, Unit
from livefoley.media.slate import slate
from livefoley.runtime.workers.child import Reply, serve
from livefoley.runtime.workers.ipc import Header
from livefoley.runtime.workers.messages import track_header, unit_header


def draw(header: Header, payload: bytes) -> Iterable[Reply]:
    """Return the slate's track and its picture, or why there is none."""
    info = TrackInfo(MediaKind.VIDEO, header["codec"], b"", header["width"], header["height"])
    try:
        made, packet = slate(info, header["text"], header["picture"])
    except LivefoleyError as error:
        return [({"op": "refused", "reason": str(error)}, b"")]
    return [(track_header(made), made.extradata), (unit_header(Unit(packet, 0, 0, 0)), packet.data)]


if __name__ == "__main__":
    serve(draw)
