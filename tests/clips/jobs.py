"""Jobs as a running room writes them down, and the tools that clips are made with in tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from livefoley.clips.buffer.rolling import RollingBuffer
from livefoley.clips.captions import LiveCaptions
from livefoley.clips.checks.clip_checks import CheckSettings, ClipChecks
from livefoley.clips.jobs.files import write_input
from livefoley.clips.jobs.job import Job, JobDirectory, Record
from livefoley.clips.marker import Marker
from livefoley.clips.model import ClipFiles, ClipRequest, ClipState
from livefoley.clips.pipeline import Tools
from livefoley.clips.publish import Naming, StorePublisher, open_store
from livefoley.core.ticks import ticks_from_s
from livefoley.engine.mixer import MixSettings
from livefoley.engine.planner import PlannerSettings
from livefoley.engine.timeline import ORIGIN
from livefoley.foley.makers import Makers

JOB = Job(
    id="demo-1",
    content_id="0123456789abcdef" * 2,
    session="s",
    request=ClipRequest("demo", 0.0, 1.0),
    mix=MixSettings(),
    plan=PlannerSettings(),
    describe="",
    seed=0,
    title="${room} ${kind}",
    tags=("${kind}", "${keyword}"),
    values={},
    clock=(ORIGIN, 1_790_000_000.0),
    due_s=1_790_000_060.0,
)


def write_job(folder: Path, buffer: RollingBuffer, start_s: float, end_s: float, **request: Any) -> JobDirectory:
    """Write down the job of a clip from ``start_s`` to ``end_s`` of the stream."""
    wanted = replace(JOB.request, start_s=start_s, end_s=end_s, **request)
    span = (ORIGIN + ticks_from_s(start_s), ORIGIN + ticks_from_s(end_s))
    write_input(buffer.select(*span, exact=wanted.exact or wanted.vertical), folder)
    directory = JobDirectory(folder)
    directory.create(replace(JOB, request=wanted))
    return directory


def tools(place: Path, **changes: Any) -> Tools:
    """Return real tools that publish to ``place``."""
    made = Tools(
        Makers(),
        ClipChecks(CheckSettings(black_share=1, frozen_share=1, silent_share=1)),
        Marker("livefoley"),
        StorePublisher(open_store(str(place)), Naming()),
        LiveCaptions(),
    )
    return replace(made, **changes)


def published(record: Record) -> ClipFiles:
    assert (record.state, record.error) == (ClipState.READY, "")
    return ClipFiles(Path(record.location))
