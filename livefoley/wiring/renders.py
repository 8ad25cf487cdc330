"""From configuration to sound on demand: the service and its routes."""

from __future__ import annotations

from fastapi import APIRouter

from livefoley import config as cfg
from livefoley.control.api.renders import RenderAccess, renders_router
from livefoley.renders.fetch import FetchLimits
from livefoley.renders.model import RenderLimits
from livefoley.renders.settings import RenderSettings
from livefoley.runtime.renders import RenderService
from livefoley.wiring.sounds import libraries, student_settings


def make_render_service(config: cfg.Config) -> RenderService:
    """Return the service that makes sound on demand."""
    given = config.render
    limits = RenderLimits(
        max_duration_s=given.max_duration_s,
        scale_down=given.large_pictures == "scale_down",
        processes=given.processes,
        memory_mb=given.memory_mb,
        timeout_s=given.timeout_s,
    )
    return RenderService(
        RenderSettings(
            directory=given.directory,
            limits=limits,
            fetch=FetchLimits(max_bytes=given.max_mb * cfg.MEGABYTE, allowed_hosts=given.allowed_hosts),
            jobs=given.jobs,
            waiting=given.waiting,
            disk_bytes=given.disk_mb * cfg.MEGABYTE,
            keep_s=given.keep_s,
            provider=config.clips.provider,
            libraries=libraries(config),
            student=student_settings(config.student),
        )
    )


def render_routes(given: cfg.Render, service: RenderService) -> APIRouter:
    """Return the routes over a service."""
    return renders_router(service, RenderAccess(given.max_mb * cfg.MEGABYTE, given.per_minute, given.wait_s))
