"""From configuration to clips: the service of the process, and what each room with clips keeps."""

from __future__ import annotations

from functools import partial
from typing import Literal

from livefoley import config as cfg
from livefoley.clips.buffer.ranges import RangeSettings
from livefoley.clips.buffer.rolling import BufferLimits
from livefoley.clips.model import ClipState, ClipStatus
from livefoley.clips.tool_settings import (
    C2paSettings,
    ClipCheckSettings,
    FrameCheckSettings,
    PublishSettings,
    ToolSettings,
)
from livefoley.core.notices import ClipNotice
from livefoley.core.ticks import ticks_from_s
from livefoley.engine.room import RoomEngine
from livefoley.runtime.clips.celery_app import make_celery
from livefoley.runtime.clips.job_queue import SLOTS, ClipQueue
from livefoley.runtime.clips.room import ClipSettings, RoomClips
from livefoley.runtime.clips.service import ClipService
from livefoley.runtime.events.highlights import HighlightService
from livefoley.wiring.sounds import action_prompts, libraries, student_settings

_OVER: dict[ClipState, Literal["ready", "failed", "quarantined"]] = {
    ClipState.READY: "ready",
    ClipState.FAILED: "failed",
    ClipState.QUARANTINED: "quarantined",
}


def make_clip_service(config: cfg.Config) -> ClipService:
    """Return the service of all rooms."""
    tools, broker = tool_settings(config), config.jobs.broker
    if broker is None or not any(room.clips.enabled for room in config.rooms.values()):
        return ClipService(config.clips.directory, tools)
    app = make_celery(broker.get_secret_value(), config.jobs.visibility_timeout_s)
    return ClipService(config.clips.directory, tools, partial(ClipQueue, app), SLOTS)


def tool_settings(config: cfg.Config) -> ToolSettings:
    """Return what the worker's tools are opened with; of secrets it has the places alone."""
    given = config.clips
    url = given.c2pa.timestamp_url
    return ToolSettings(
        libraries=tuple(map(str, libraries(config))),
        student=student_settings(config.student),
        publish=PublishSettings(
            place=given.place,
            name=given.name,
            backup=given.backup_to,
            spool=str(given.spool),
            spool_bytes=given.spool_mb * cfg.MEGABYTE,
        ),
        captions=given.captions,
        speech_model=config.ears.model,
        provider=given.provider,
        audible_notice=given.audible_notice,
        visible_notice=given.visible_notice,
        c2pa=C2paSettings(
            cert=str(given.c2pa.cert) if given.c2pa.cert else None,
            key=str(given.c2pa.key) if given.c2pa.key else None,
            timestamp_url=url.get_secret_value() if url else None,
        ),
        checks=_check_settings(given),
    )


def _check_settings(given: cfg.ClipMaking) -> ClipCheckSettings:
    checks, frames = given.checks, given.checks.frames
    return ClipCheckSettings(
        frames=FrameCheckSettings(
            enabled=frames.enabled,
            model=str(frames.model) if frames.model else None,
            sha256=frames.sha256,
            unsafe=frames.unsafe,
            threshold=frames.threshold,
            every_s=frames.every_s,
        ),
        words=checks.words,
        black=checks.black,
        frozen=checks.frozen,
        silent=checks.silent,
    )


def make_room_clips(
    config: cfg.Config, name: str, engine: RoomEngine, highlights: HighlightService, service: ClipService
) -> RoomClips | None:
    """Return what keeps what clips of a room are cut from; None for a room that keeps nothing."""
    given = config.rooms[name]
    if not given.clips.enabled:
        return None
    settings, prompts = clip_settings(config, given), action_prompts(given)
    clips = RoomClips(name, settings, engine, service, prompts, highlights.current, given.seed)
    service.rooms[name] = clips
    return clips


def clip_settings(config: cfg.Config, room: cfg.Room) -> ClipSettings:
    """Return what a room wants of its clips."""
    given = room.clips
    seconds = (given.lead_s, given.tail_s, given.longest_s)
    disk = given.disk_mb * cfg.MEGABYTE
    return ClipSettings(
        directory=config.clips.directory,
        on_highlight=given.on_highlight,
        ranges=RangeSettings(*map(ticks_from_s, seconds)),
        limits=BufferLimits(ticks_from_s(given.keep_s), given.memory_mb * cfg.MEGABYTE, disk),
        exact=given.exact,
        vertical=given.vertical,
        title=given.title,
        tags=given.tags,
        values=dict(given.values),
        student=room.foley.student,
    )


def clip_notice(status: ClipStatus) -> ClipNotice | None:
    """Return what the room's listeners are told of a clip that is over; None before."""
    if status.state not in _OVER:
        return None
    reasons = [status.error, *(finding.reason for finding in status.findings if finding.blocks)]
    return ClipNotice(
        id=status.content_id,
        state=_OVER[status.state],
        title=status.title,
        kind=status.kind,
        start_s=status.start_s or 0.0,
        end_s=status.end_s or 0.0,
        score=status.score,
        location=status.location if status.state is ClipState.READY else "",
        reason="" if status.state is ClipState.READY else "; ".join(reason for reason in reasons if reason),
        latency_s=status.latency_s.get("whole", 0.0),
    )
