"""A room's RTMP sink: publishes to a server, and comes back whatever happens to it."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping, Sequence

import structlog

from livefoley.core.backoff import Backoff, jittered
from livefoley.core.errors import LivefoleyError, Rejected
from livefoley.core.media import MediaKind, OutputItem, TrackInfo, Unit
from livefoley.core.ports import SinkStatistics
from livefoley.core.throttle import LogThrottle
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.media.pictures.untold import Untold
from livefoley.media.rtmp.client import Link, open_link
from livefoley.media.rtmp.protocol.tag_stream import TagStream
from livefoley.media.rtmp.protocol.url import RtmpUrl
from livefoley.media.unit_queue import UnitQueue
from livefoley.system.tasks import TaskGroup

log = structlog.get_logger("livefoley.rtmp")

BACKLOG: Tick = 3 * TICK_RATE
"""An outage up to this long loses nothing; after a longer one the newest keyframe comes first."""

_BATCH = 16
_FINISH_S = 4.0
_SETTLED_S = 10.0  # a connection that lasted this long was a good one: the next retry comes fast


class RtmpSink:
    """Sends a room's output to an ``rtmp://`` or ``rtmps://`` URL; implements ``Sink``.

    ``name`` labels it in logs and statistics; by default scheme, host and port. ``backoff_s`` (least, most) is
    the time between attempts, doubled each time and jittered; a server that says no is asked again after
    ``reject_retry_s``. ``ssl_context`` replaces the system's certificates, ``metadata`` is told beside the tracks'
    parameters. Raises ``ConfigError`` for a bad URL.
    """

    def __init__(
        self,
        url: str | RtmpUrl,
        *,
        name: str | None = None,
        connect_timeout_s: float = 10.0,
        write_timeout_s: float = 5.0,
        backoff_s: tuple[float, float] = (0.25, 10.0),
        reject_retry_s: float = 10.0,
        max_units: int = 1024,
        max_bytes: int = 32 << 20,
        ssl_context: ssl.SSLContext | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self._url = RtmpUrl.parse(url) if isinstance(url, str) else url
        self.name = name or self._url.label
        self._ssl = ssl_context
        self._metadata = dict(metadata or {})
        self._connect_timeout_s = connect_timeout_s
        self._write_timeout_s = write_timeout_s
        self._backoff_s = backoff_s
        self._reject_retry_s = reject_retry_s
        self._queue = UnitQueue(max_units, max_bytes)
        self._throttled = LogThrottle(log, time.monotonic)
        self._closing = asyncio.Event()
        self._untold = Untold("RTMP", self.name, log)
        self._tracks: dict[MediaKind, TrackInfo] = {}
        self._backlog: list[OutputItem] = []  # taken from the queue, not sent yet
        self._link: Link | None = None
        self._lost = ""  # why there is none
        self._left_out = ""  # why tracks are
        self._links = self._units = self._bytes = self._dropped = self._errors = 0

    def write_nowait(self, item: OutputItem) -> None:
        """Take one item; see ``Sink``."""
        self._untold.look(item)
        self._queue.put_nowait(item)

    def close(self) -> None:
        """Take nothing more; ``run`` sends what is queued and returns."""
        self._queue.close()
        self._closing.set()

    async def run(self) -> None:
        """Publish until closed or cancelled; reconnect by itself. It connects when there is something to publish."""
        backoff = Backoff(self._backoff_s, steady_s=_SETTLED_S)
        try:
            self._backlog = await self._queue.get(_BATCH)
            if not self._backlog:
                return
            while True:
                began_s, links, last = time.monotonic(), self._links, self._closing.is_set()
                error = await self._attempt()
                if error is None or last:
                    break
                self._note(error)
                wait_s = backoff.next_s(time.monotonic() - began_s if self._links > links else 0.0)
                await self._pause(jittered(self._reject_retry_s) if isinstance(error, Rejected) else wait_s)
        except asyncio.CancelledError:
            await self._hurry()
            raise
        finally:
            self._dropped += sum(isinstance(item, Unit) for item in (*self._backlog, *self._queue.get_nowait(1 << 20)))
            self._backlog = []

    def statistics(self) -> SinkStatistics:
        """Return a snapshot."""
        lost = self._lost if self._link is None else ""
        return SinkStatistics(
            name=self.name,
            kind="rtmp",
            connected=self._link is not None,
            units=self._units,
            bytes=self._bytes,
            dropped_units=self._queue.dropped + self._dropped,
            reconnects=max(0, self._links - 1),
            errors=self._errors,
            queue_units=self._queue.units,
            problem="; ".join(filter(None, (lost, self._left_out, self._untold.problem))),
        )

    async def _attempt(self) -> Exception | None:
        """Connect and send until the output is over (None) or the connection is (the error)."""
        try:
            link = await open_link(
                self._url,
                ssl_context=self._ssl,
                timeout_s=_FINISH_S if self._closing.is_set() else self._connect_timeout_s,
                write_timeout_s=self._write_timeout_s,
            )
        except (LivefoleyError, OSError) as error:
            return error
        self._link = link
        self._links += 1
        log.info("publishing", sink=self.name)
        lost = await self._serve(link)
        self._link = None
        link.abort()
        return lost

    async def _serve(self, link: Link) -> Exception | None:
        lost: list[BaseException] = []
        try:
            async with TaskGroup() as group:
                watcher = group.create_task(link.wait_lost())
                await self._pump(link)
                watcher.cancel()
        except* (LivefoleyError, OSError) as errors:
            lost += errors.exceptions
        if lost:
            return lost[0] if isinstance(lost[0], Exception) else OSError()
        await link.finish(_FINISH_S)
        return None

    async def _pump(self, link: Link) -> None:
        """Send what is queued until the queue is closed and empty."""
        self._trim()
        stream = TagStream(self._tracks, self._metadata)
        while True:
            await link.drain()  # before taking any: what waits is bounded and counted in the queue only
            batch = self._next_batch() or await self._queue.get(_BATCH)
            if not batch:
                return
            self._send(link, stream, batch)

    def _next_batch(self) -> list[OutputItem]:
        batch, self._backlog = self._backlog[:_BATCH], self._backlog[_BATCH:]
        return batch

    def _send(self, link: Link, stream: TagStream, batch: Sequence[OutputItem]) -> None:
        skipped = stream.skipped
        for item in batch:
            if isinstance(item, TrackInfo):
                self._tracks[item.kind] = item
            for tag in stream.feed(item):
                link.send(*tag)
                self._bytes += len(tag.body)
            self._units += isinstance(item, Unit)
        skipped = stream.skipped - skipped
        self._units -= skipped
        self._dropped += skipped
        link.flush()
        self._tell("; ".join(stream.problems.values()))

    def _tell(self, left_out: str) -> None:
        """Take why tracks are left out; empty when none is."""
        if left_out and left_out != self._left_out:
            self._throttled.warning("track left out", sink=self.name, problem=left_out)
        self._left_out = left_out

    def _trim(self) -> None:
        """Make the backlog of what is queued, without what a long outage has made old."""
        items = self._backlog + self._queue.get_nowait(1 << 20)
        cut = first_fresh(items)
        for item in items[:cut]:
            if isinstance(item, TrackInfo):
                self._tracks[item.kind] = item
            else:
                self._dropped += 1
        self._backlog = items[cut:]

    def _note(self, error: Exception) -> None:
        self._errors += 1
        problem = f"no answer within {self._connect_timeout_s:g} s" if isinstance(error, TimeoutError) else str(error)
        problem = f"{self._url.where}: {problem or type(error).__name__}"
        self._lost = problem
        self._throttled.warning("not publishing", sink=self.name, problem=problem)

    async def _pause(self, wait_s: float) -> None:
        """Wait before the next attempt; a closing output makes that at once, its last."""
        self._trim()
        try:
            async with asyncio.timeout(wait_s):
                await self._closing.wait()
        except TimeoutError:
            pass

    async def _hurry(self) -> None:
        """Cancelled: say goodbye to the server within the time a sink has for it."""
        link, self._link = self._link, None
        self._queue.close()
        if link is not None:
            await link.finish(_FINISH_S)


def first_fresh(items: Sequence[OutputItem], keep: Tick = BACKLOG) -> int:
    """Return the index of the first item worth sending: 0, or after a long outage that of the newest keyframe."""
    units = [(index, item) for index, item in enumerate(items) if isinstance(item, Unit)]
    if not units or units[-1][1].dts - units[0][1].dts <= keep:
        return 0
    pictures = [(index, unit) for index, unit in units if unit.kind is MediaKind.VIDEO]
    if not pictures:
        return next(index for index, unit in units if unit.dts >= units[-1][1].dts - keep)
    keyframes = [index for index, unit in pictures if unit.packet.keyframe]
    return keyframes[-1] if keyframes else len(items)
