"""From configuration to sound on demand: the service, its routes, its metrics."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from livefoley import config as cfg
from livefoley.control.api.renders import RenderAccess, renders_router
from livefoley.renders.fetch import FetchLimits
from livefoley.renders.model import RenderLimits
from livefoley.runtime.renders import RenderService, RenderSettings
from livefoley.wiring.sounds import libraries, student_settings


def make_render_service(config: cfg.Config) -> RenderService:
    """Return the service that makes sound on demand."""
    given = config.render
    limits = RenderLimits(
        max_duration_s=given.max_duration_s,
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


class RenderCollector(Collector):
    """The figures of a service for Prometheus."""

    def __init__(self, service: RenderService) -> None:
        self._service = service

    def describe(self) -> list[Metric]:
        """Name nothing in advance."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return one snapshot."""
        figures = self._service.statistics()
        states = GaugeMetricFamily("livefoley_renders", "Renders that are kept, by state.", labels=["state"])
        over = CounterMetricFamily("livefoley_renders_over", "Renders that ended, by outcome.", labels=["outcome"])
        refused = CounterMetricFamily(
            "livefoley_renders_refused", "Renders that were not taken, by reason.", labels=["reason"]
        )
        for family, counts in ((states, figures.states), (over, figures.outcomes), (refused, figures.refused)):
            for name, count in counts.items():
                family.add_metric([name], count)
            yield family
        text = "Seconds of sound made on demand; over livefoley_render_took_seconds: times real time."
        yield CounterMetricFamily("livefoley_render_sound_seconds", text, figures.sound_s)
        yield CounterMetricFamily("livefoley_render_took_seconds", "Seconds that making it took.", figures.took_s)
        yield GaugeMetricFamily("livefoley_render_disk_bytes", "Disk taken or set aside.", figures.disk_bytes)
