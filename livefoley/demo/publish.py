"""Publishes a file by RTMP at its own pace, as OBS would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from livefoley.core.errors import LivefoleyError, OutputError
from livefoley.core.media import Disconnected, Packet, SourceItem, Unit
from livefoley.core.ports import SinkStatistics
from livefoley.core.ticks import ticks_from_stamp
from livefoley.media.files.file_source import FileSource
from livefoley.media.rtmp.sink import RtmpSink
from livefoley.system.tasks import TaskGroup


async def publish(
    path: Path, url: str, *, loop: bool = False, on_position: Callable[[float], None] = lambda seconds: None
) -> SinkStatistics:
    """Publish ``path`` to ``url`` until its end (with ``loop``: until cancelled); return what was sent.

    ``on_position`` is told the seconds played. Raises ``InputError`` for the file, ``OutputError`` when the server took
    nothing.
    """
    publisher = RtmpSink(url, name="the demo's publisher", max_units=4096)

    def feed(item: SourceItem) -> None:
        if isinstance(item, Disconnected):
            return
        publisher.write_nowait(placed(item) if isinstance(item, Packet) else item)
        if isinstance(item, Packet):
            on_position(max(0.0, float(item.pts * item.time_base)))

    async with single_error(), TaskGroup() as tasks:
        tasks.create_task(publisher.run())
        await FileSource(path, loop=loop).run(feed)
        publisher.close()
    sent = publisher.statistics()
    if not sent.units:
        raise OutputError(f"{path.name} could not be published: the sidecar took none of it")
    return sent


@asynccontextmanager
async def single_error() -> AsyncIterator[None]:
    """Raise the first ``LivefoleyError`` of a task group by itself: what a user reads is one line."""
    try:
        yield
    except BaseExceptionGroup as group:
        error = _first(group)
        if error is None:
            raise
        raise error from None


def _first(error: BaseException) -> LivefoleyError | None:
    if isinstance(error, BaseExceptionGroup):
        return next((found for part in error.exceptions if (found := _first(part))), None)
    return error if isinstance(error, LivefoleyError) else None


def placed(packet: Packet) -> Unit:
    """Return a file's packet on the timeline its stamps tell."""
    pts, dts = (ticks_from_stamp(stamp, packet.time_base) for stamp in (packet.pts, packet.dts))
    return Unit(packet, pts, dts, epoch=0)
