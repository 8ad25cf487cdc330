"""What sinks that write to a disk have in common: a bounded queue, and one thread that does the blocking half."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from livefoley.core.media import OutputItem
from livefoley.media.blocking_thread import BlockingThread
from livefoley.media.unit_queue import UnitQueue

log = structlog.get_logger("livefoley.disk")

LINGER_S = 0.2  # a hop into the worker thread for each packet would cost more than the writing
FINISH_S = 5.0
"""How long a cancelled sink may take to finish its output."""


class DiskWriter(Protocol):
    """The part that touches the disk; called in one thread, in order. Only ``prepare`` raises."""

    def prepare(self) -> None:
        """Begin; raises ``OutputError`` when there can be no output at all."""
        ...

    def write(self, batch: list[OutputItem]) -> None:
        """Write items in order."""
        ...

    def finish(self) -> None:
        """End the output as whole as it can be."""
        ...


class DiskSink:
    """The asynchronous half of a disk sink; subclasses add ``statistics``."""

    def __init__(self, name: str, writer: DiskWriter) -> None:
        self.name = name
        self._disk = writer
        self._queue = UnitQueue()
        self._running = False

    def write_nowait(self, item: OutputItem) -> None:
        """Take one item; see ``Sink``."""
        self._queue.put_nowait(item)

    def close(self) -> None:
        """Take nothing more; ``run`` writes what is queued, finishes and returns."""
        self._queue.close()

    async def run(self) -> None:
        """Write until closed or cancelled; then finish the output, within ``FINISH_S`` when cancelled."""
        worker = BlockingThread(f"livefoley-{self.name}")
        try:
            await worker.call(self._disk.prepare)
            self._running = True
            while batch := await self._queue.get(linger_s=LINGER_S):
                await worker.call(self._disk.write, batch)
            await worker.call(self._disk.finish)
        except asyncio.CancelledError:
            await self._hurry(worker)
            raise
        finally:
            self._running = False
            worker.close()

    async def _hurry(self, worker: BlockingThread) -> None:
        self._queue.close()
        try:
            async with asyncio.timeout(FINISH_S):
                await worker.call(self._disk.write, self._queue.get_nowait(limit=1 << 20))
                await worker.call(self._disk.finish)
        except TimeoutError:
            log.error("output not finished in time", sink=self.name)
