"""The service's order: what its worker is given, and when."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from livefoley.clips.jobs.job import JobDirectory
from livefoley.clips.model import ClipRequest, ClipState, Priority
from livefoley.clips.tool_settings import PublishSettings, ToolSettings
from livefoley.runtime.clips.maker import OnMessage
from livefoley.runtime.clips.messages import MakeClip, ToClips
from livefoley.runtime.clips.service import ClipService
from livefoley.runtime.workers.process import WorkerStatistics
from tests.clips.finished import finished, metadata
from tests.clips.jobs import JOB
from tests.support.waiting import until

TOOLS = ToolSettings((), PublishSettings(""))
LIVE, BATCH = Priority.LIVE, Priority.BATCH


class Bench:
    """A ``Maker`` that takes all it is given and makes nothing of it."""

    ready = True

    def __init__(self, on_message: OnMessage, on_ready: Callable[[], None]) -> None:
        self.taken = list[str]()

    def send_nowait(self, message: ToClips) -> bool:
        assert isinstance(message, MakeClip)
        self.taken.append(message.id)
        return True

    async def run(self) -> None:
        await asyncio.Event().wait()

    def statistics(self) -> WorkerStatistics:
        return WorkerStatistics("bench", True, 1, 0, len(self.taken), 0, 0)


class Nobody:
    """A room that is asked for nothing."""

    def ask(self, clip_id: str, request: ClipRequest) -> None:
        raise AssertionError(clip_id)

    def forget(self, clip_id: str) -> None:
        raise AssertionError(clip_id)

    @property
    def ahead(self) -> int:
        return 0


def left_undone(folder: Path, *priorities: Priority) -> list[str]:
    """Write down jobs as an earlier process left them, the oldest first; return their ids."""
    made = []
    for number, priority in enumerate(priorities):
        content_id = f"{number:032x}"
        job = JobDirectory(folder / ".jobs" / content_id)
        finished(job.path, metadata(content_id))
        request = replace(JOB.request, priority=priority)
        job.create(replace(JOB, id=content_id, content_id=content_id, request=request))
        job.change(done=("cutting", "sounding", "checking"))
        os.utime(job.path / "job.json", (number, number))
        made.append(content_id)
    return made


async def run_until(service: ClipService, condition: Callable[[], bool]) -> None:
    running = asyncio.create_task(service.run())
    await until(condition)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_clip_of_an_earlier_process_is_known_to_whoever_asks_first(tmp_path: Path) -> None:
    (clip,) = left_undone(tmp_path, LIVE)
    service = ClipService(tmp_path, TOOLS, Bench)
    service.rooms["stage"] = Nobody()
    running = asyncio.create_task(service.run())
    await service.recall()
    assert service.get(clip) is not None
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_live_clip_overtakes_the_batch_ones_that_wait(tmp_path: Path) -> None:
    batch, other, live, last = left_undone(tmp_path, BATCH, BATCH, LIVE, LIVE)
    tools, over = ToolSettings((), PublishSettings(str(tmp_path / "published"))), list[str]()
    service = ClipService(tmp_path, tools)
    service.on_change = lambda status: over.append(status.id) if status.state is ClipState.READY else None
    await run_until(service, lambda: len(over) == 4)
    assert over == [live, last, batch, other]
    assert [status.priority for status in service.list()] == [BATCH, BATCH, LIVE, LIVE]


async def test_batch_clips_leave_half_of_a_queue_to_live_ones(tmp_path: Path) -> None:
    jobs = left_undone(tmp_path, BATCH, BATCH, BATCH, LIVE, LIVE, LIVE)
    benches = list[Bench]()

    def bench(on_message: OnMessage, on_ready: Callable[[], None]) -> Bench:
        benches.append(Bench(on_message, on_ready))
        return benches[-1]

    service = ClipService(tmp_path, TOOLS, bench, slots=4)
    await run_until(service, lambda: len(service.list()) == 6 and len(benches[0].taken) == 4)
    assert benches[0].taken == [jobs[0], jobs[1], jobs[3], jobs[4]]
