"""Publishes a file by RTMP at its own pace, as OBS would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from livefoley.core.errors import OutputError
from livefoley.core.media import Disconnected, Packet, SourceItem, Unit
from livefoley.core.ports import SinkStatistics
from livefoley.core.ticks import ticks_from_stamp
from livefoley.media.file_source import FileSource
from livefoley.media.rtmp.publisher import RtmpPublisher


async def publish(
    path: Path, url: str, *, loop: bool = False, on_position: Callable[[float], None] = lambda seconds: None
) -> SinkStatistics:
    """Publish ``path`` to ``url`` until its end (with ``loop``: until cancelled); return what was sent.

    ``on_position`` is told the seconds played. Raises ``InputError`` for the file, ``OutputError`` when the server took
    nothing.
    """
    publisher = RtmpPublisher(url, name="the demo's publisher", max_units=4096)

    def feed(item: SourceItem) -> None:
        if isinstance(item, Disconnected):
            return
        publisher.write_nowait(placed(item) if isinstance(item, Packet) else item)
        if isinstance(item, Packet):
            on_position(max(0.0, float(item.pts * item.time_base)))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(publisher.run())
        await FileSource(path, loop=loop).run(feed)
        publisher.close()
    sent = publisher.statistics()
    if not sent.units:
        raise OutputError(f"{path.name} could not be published: the sidecar took none of it")
    return sent


def placed(packet: Packet) -> Unit:
    """Return a file's packet on the timeline its stamps tell."""
    pts, dts = (ticks_from_stamp(stamp, packet.time_base) for stamp in (packet.pts, packet.dts))
    return Unit(packet, pts, dts, epoch=0)
