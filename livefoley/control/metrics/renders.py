"""Sound on demand as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from livefoley.control.metrics.snapshots import SnapshotCollector
from livefoley.renders.model import RenderStatistics


class RenderCollector(SnapshotCollector):
    """The renders of one service."""

    def __init__(self, statistics: Callable[[], RenderStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> Iterator[Metric]:
        """Return one snapshot."""
        figures = self._statistics()
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
