"""Where a room's buffer goes when memory is full: a file for each chunk, in a directory that goes with the room.

One thread does all the writing, reading and deleting, in the order in which it was asked for.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

import structlog

from livefoley.clips.buffer.chunks import Chunk
from livefoley.clips.buffer.selection import Selection
from livefoley.clips.jobs.files import write_input
from livefoley.core.errors import reason
from livefoley.media.blocking_thread import BlockingThread

log = structlog.get_logger("livefoley.clips")

Task: TypeAlias = tuple[Literal["put", "drop"], Chunk]


class ChunkFiles:
    """Implements ``ChunkStore``. ``on_stored(chunk, path)`` is called from the event loop; None: it was not written.

    ``problem`` says why the last one was not.
    """

    def __init__(self, directory: Path) -> None:
        self.on_stored: Callable[[Chunk, Path | None], None] = lambda chunk, path: None
        self._directory = directory
        self._asked: asyncio.Queue[Task] = asyncio.Queue()  # bounded by the buffer, which asks once for each chunk
        self._thread = BlockingThread(f"clips-{directory.name}")
        self.problem = ""

    def put_nowait(self, chunk: Chunk) -> None:
        """Store a chunk."""
        self._asked.put_nowait(("put", chunk))

    def drop_nowait(self, chunk: Chunk) -> None:
        """Delete a chunk."""
        self._asked.put_nowait(("drop", chunk))

    async def run(self) -> None:
        """Do what is asked until cancelled; then everything is deleted."""
        self._thread.close()
        self._thread = BlockingThread(f"clips-{self._directory.name}")  # a new one each time: the room may begin again
        try:
            await self._thread.call(self._begin)
            while True:
                what, chunk = await self._asked.get()
                path = self._directory / f"{chunk.number}.chunk"
                if what == "drop":
                    await self._thread.call(_delete, path)
                else:
                    stored = await self._thread.call(self._store, chunk, path)
                    self.on_stored(chunk, path if stored else None)
        finally:
            await self._thread.call(shutil.rmtree, self._directory, True)
            self._thread.close()

    async def write(self, selection: Selection, directory: Path) -> None:
        """Write a selection down as a job's input. Raises what `write_input` raises."""
        await self._thread.call(write_input, selection, directory)

    def _begin(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)  # what a crash left

    def _store(self, chunk: Chunk, path: Path) -> bool:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                file.writelines(chunk.parts)
        except OSError as error:
            before, self.problem = self.problem, f"the clips' buffer cannot be written ({reason(error)})"
            if not before:
                log.error("the clips' buffer cannot be written", path=str(path.parent), reason=reason(error))
            _delete(path)
            return False
        self.problem = ""
        return True


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("a part of the clips' buffer cannot be deleted", path=str(path), reason=reason(error))
