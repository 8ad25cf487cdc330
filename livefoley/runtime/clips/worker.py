"""The worker that makes clips, one after the other: ``python -m livefoley.runtime.clips.worker``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from livefoley.clips import pipeline
from livefoley.clips.job import JobDirectory
from livefoley.clips.toolbox import open_tools
from livefoley.runtime.child import WINDOWS_BELOW_NORMAL, Reply, serve
from livefoley.runtime.ipc import Header

NICENESS = 10


class ClipWorker:
    """Answers with what becomes of each job."""

    def __init__(self) -> None:
        self._tools: pipeline.Tools | None = None

    def handle(self, header: Header, payload: bytes) -> Iterator[Reply]:
        """Yield the answers to one message."""
        if header["op"] == "open":
            with contextlib.suppress(psutil.Error, OSError):  # below the workers that a live stream waits for
                psutil.Process().nice(WINDOWS_BELOW_NORMAL if os.name == "nt" else NICENESS)
            self._tools = open_tools(header["tools"])
            pipeline.warm(self._tools)
        elif self._tools is None:
            raise ValueError("not opened yet")
        elif header["op"] == "withdraw":
            self._tools.publisher.withdraw(header["prefix"], header["content_id"])
        elif header["op"] == "make":
            yield from self._make(header["id"], JobDirectory(Path(header["directory"])), self._tools)

    @staticmethod
    def _make(clip_id: str, directory: JobDirectory, tools: pipeline.Tools) -> Iterator[Reply]:
        for told in pipeline.steps(directory, tools):
            if isinstance(told, pipeline.Progress):
                yield {"op": "progress", "id": clip_id, "state": told.state.value, "progress": told.part}, b""
            else:
                yield {"op": "over", "id": clip_id, "record": told.to_json()}, b""


if __name__ == "__main__":
    serve(ClipWorker().handle)
