"""``/metrics``: all collectors of an application, in the format that is asked for."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from livefoley.control.metrics.loop import LoopCollector
from livefoley.control.metrics.rooms import RoomsCollector
from livefoley.control.metrics.server import ServerCollector
from livefoley.control.state import ControlState


class Metrics:
    """Renders the metrics of one application."""

    def __init__(self, state: ControlState, collectors: Iterable[Collector] = ()) -> None:
        self._registry = CollectorRegistry()
        own = ServerCollector(state.server_statistics), RoomsCollector(lambda: state.rooms().values())
        for collector in (*own, LoopCollector(), *collectors):
            self._registry.register(collector)
        ProcessCollector(registry=self._registry)  # memory and CPU; empty where there is no /proc

    def render(self, accept: str) -> tuple[bytes, str]:
        """Return the text and its media type, OpenMetrics if ``accept`` asks for it."""
        encoder, media_type = choose_encoder(accept)
        return encoder(self._registry), media_type
