"""A signal that livefoley does not have: what it takes to add one, from its detector to the room's events.

Of livefoley it touches its own detector and the line of ``detectors()`` in runtime/workers/perception_worker.py; its
name is then told in pipelines/reference.yaml (a kind that may have an accent) and in docs/highlights.md, in
both languages: five files.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

import livefoley
from livefoley.control.api.events import to_json
from livefoley.core.highlights import Evidence
from livefoley.core.notices import HighlightNotice
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.engine.clock import PlayoutClock
from livefoley.engine.timeline import ORIGIN
from livefoley.runtime.events.event_feed import EventFeed
from livefoley.runtime.events.highlights import HighlightService, HighlightServiceSettings
from livefoley.runtime.rooms.perception import Perception
from livefoley.runtime.workers.messages import PERCEPTION
from livefoley.runtime.workers.shared import SharedWorkers
from tests.highlights.whistle_worker import HZ, SIGNAL
from tests.support.waiting import until

LOOKAHEAD = ticks_from_s(1.5)
QUIET = np.zeros(4096, np.float32)
WHISTLE = (0.3 * np.sin(2 * np.pi * HZ * np.arange(4096) / TICK_RATE)).astype(np.float32)


class Laid:
    """Where accents are laid."""

    def __init__(self) -> None:
        self.sounds: list[str] = []

    def accent_at(self, start: Tick | None, prompt: str) -> int | None:
        self.sounds.append(prompt)
        return len(self.sounds)

    def withdraw_accent(self, cue_id: int) -> None:
        raise AssertionError("nothing is taken back here")


@contextlib.asynccontextmanager
async def listening(on_evidence: Callable[[Evidence], None]) -> AsyncIterator[Perception]:
    workers = SharedWorkers("perception", "tests.highlights.whistle_worker", PERCEPTION)
    perception = Perception("pitch", workers, lambda event: None, on_evidence, watch=False)
    task = asyncio.create_task(workers.run())
    try:
        await until(lambda: workers.ready)
        yield perception
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_new_signal_becomes_a_highlight_with_its_accent_though_nothing_knows_it() -> None:
    clock, feed, laid = PlayoutClock(LOOKAHEAD), EventFeed("pitch"), Laid()
    clock.start(ORIGIN + LOOKAHEAD, 0.0)
    service = HighlightService(HighlightServiceSettings(accents={SIGNAL: "BELLMisc_Ding"}), feed, clock)
    service.connect(laid)
    at = ORIGIN + LOOKAHEAD
    async with listening(lambda evidence: service.signal(evidence, 0.1)) as perception:
        for block, samples in enumerate((QUIET, WHISTLE, QUIET)):
            perception.audio(samples, at + 4096 * block)
        await until(feed.recent)
    (notice,) = feed.recent()
    assert isinstance(notice.data, HighlightNotice)
    told = json.loads(to_json(notice))["data"]
    assert (told["kind"], told["state"], told["accent"]) == (SIGNAL, "confirmed", "BELLMisc_Ding")
    (reason,) = told["reasons"]
    assert set(reason) == {"signal", "start_s", "end_s", "score", "detail", "people"}
    assert (reason["signal"], reason["score"]) == (SIGNAL, 0.9)
    assert reason["start_s"] == pytest.approx((LOOKAHEAD + 4096) / TICK_RATE, abs=0.001)
    assert laid.sounds == ["BELLMisc_Ding"]
    assert service.statistics().evidence == {SIGNAL: 1}


async def test_a_worker_that_died_does_not_mean_by_its_first_evidence_what_the_one_before_did() -> None:
    found: list[Evidence] = []
    async with listening(found.append) as perception:
        perception.audio(WHISTLE, ORIGIN)
        await until(lambda: found)
        pid = perception.worker_pid
        assert pid is not None
        os.kill(pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        await until(lambda: perception.statistics().alive and perception.worker_pid != pid)
        perception.audio(WHISTLE, ORIGIN + TICK_RATE)
        await until(lambda: len(found) == 2)
    assert [(evidence.signal, evidence.id) for evidence in found] == [(SIGNAL, 1), (SIGNAL, 2)]


@pytest.mark.parametrize("detector", ["livefoley.perception.hearing.crowd", "livefoley.perception.screen.watcher"])
def test_a_detector_is_known_to_its_worker_alone(detector: str) -> None:
    root = Path(livefoley.__file__).parent
    importers = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == detector
    ]
    assert len(importers) == 1
    assert importers[0].startswith("runtime/workers/")
