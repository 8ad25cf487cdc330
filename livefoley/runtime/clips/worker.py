"""The worker that makes clips, one after the other: ``python -m livefoley.runtime.clips.worker``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from livefoley.clips.tool_settings import ToolSettings
from livefoley.runtime.clips.messages import (
    CLIPS,
    ClipOver,
    ClipProgress,
    FromClips,
    MakeClip,
    OpenTools,
    ToClips,
    WithdrawClip,
)
from livefoley.runtime.workers.child import Answer, Rest, serve
from livefoley.system.priority import step_behind_parent

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

    def handle(self, message: ToClips, payload: bytes) -> Iterator[Answer[FromClips]]:
        """Yield the answers to one message."""
        if isinstance(message, OpenTools):
            self._open(message.tools)
            return
        if self._tools is None:
            raise ValueError("not opened yet")
        match message:
            case WithdrawClip(prefix, content_id):
                self._tools.publisher.withdraw(prefix, content_id)
            case MakeClip(clip_id, directory):
                yield from _make(clip_id, Path(directory), self._tools)

    def rest(self) -> None:
        """There has been nothing to do for a while."""
        if self._tools is not None:
            self._tools.makers.rest()

    def _open(self, settings: ToolSettings) -> None:
        step_behind_parent(NICENESS)
        from livefoley.clips.open_tools import open_tools
        from livefoley.clips.pipeline import warm

        self._tools = open_tools(settings)
        warm(self._tools)


def _make(clip_id: str, directory: Path, tools: Tools) -> Iterator[Answer[FromClips]]:
    from livefoley.clips.jobs.job import JobDirectory
    from livefoley.clips.pipeline import Progress, steps

    for told in steps(JobDirectory(directory), tools):
        if isinstance(told, Progress):
            yield ClipProgress(clip_id, told.state, told.part), b""
        else:
            yield ClipOver(clip_id, told), b""


if __name__ == "__main__":
    worker = ClipWorker()
    serve(CLIPS, worker.handle, rest=Rest(worker.rest))
