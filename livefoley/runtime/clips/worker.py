"""The worker that makes clips, one after the other: ``python -m livefoley.runtime.clips.worker``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from livefoley.runtime.workers.child import WINDOWS_BELOW_NORMAL, Reply, serve
from livefoley.runtime.workers.ipc import Header

if TYPE_CHECKING:
    from livefoley.clips.pipeline import Tools

NICENESS = 10  # below the workers that a live stream waits for


class ClipWorker:
    """Answers with what becomes of each job.

    What clips are made with is brought in once the worker has stepped back: its start takes seconds of a processor, and
    a room that begins needs them more.
    """

    def __init__(self) -> None:
        self._tools: Tools | None = None

    def handle(self, header: Header, payload: bytes) -> Iterator[Reply]:
        """Yield the answers to one message."""
        if header["op"] == "open":
            self._open(header)
        elif self._tools is None:
            raise ValueError("not opened yet")
        elif header["op"] == "withdraw":
            self._tools.publisher.withdraw(header["prefix"], header["content_id"])
        elif header["op"] == "make":
            yield from _make(header["id"], Path(header["directory"]), self._tools)

    def _open(self, header: Header) -> None:
        with contextlib.suppress(psutil.Error, OSError):
            psutil.Process().nice(WINDOWS_BELOW_NORMAL if os.name == "nt" else NICENESS)
        from livefoley.clips.open_tools import open_tools
        from livefoley.clips.pipeline import warm

        self._tools = open_tools(header["tools"])
        warm(self._tools)


def _make(clip_id: str, directory: Path, tools: Tools) -> Iterator[Reply]:
    from livefoley.clips.jobs.job import JobDirectory
    from livefoley.clips.pipeline import Progress, steps

    for told in steps(JobDirectory(directory), tools):
        if isinstance(told, Progress):
            yield {"op": "progress", "id": clip_id, "state": told.state.value, "progress": told.part}, b""
        else:
            yield {"op": "over", "id": clip_id, "record": told.to_json()}, b""


if __name__ == "__main__":
    serve(ClipWorker().handle)
