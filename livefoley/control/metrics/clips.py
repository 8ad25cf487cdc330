"""The making of clips as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from livefoley.core.snapshots import ClipMakingSnapshot


class ClipCollector(Collector):
    """Reads ``snapshot`` when asked for."""

    def __init__(self, snapshot: Callable[[], ClipMakingSnapshot]) -> None:
        self._snapshot = snapshot

    def describe(self) -> Iterable[Metric]:
        """Name nothing in advance: registering must not need a running application."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Read one snapshot."""
        told = self._snapshot()
        ended = CounterMetricFamily("livefoley_clips_over", "Clips by how they ended.", labels=["outcome"])
        for each in told.outcomes:
            ended.add_metric([each.state], each.count)
        yield ended
        yield GaugeMetricFamily("livefoley_clips_waiting", "Clips that wait for the worker.", told.waiting)
        yield GaugeMetricFamily("livefoley_clips_worker_alive", "Whether the worker answers (1).", told.worker.alive)
        yield CounterMetricFamily(
            "livefoley_clips_worker_restarts", "Times the worker was started again.", told.worker.restarts
        )
        text = "From a clip's end leaving the room to its being published, over the last clips."
        latency = GaugeMetricFamily("livefoley_clips_latency_seconds", text, labels=["quantile"])
        for name, value in (("0.5", told.latency_s.p50), ("0.95", told.latency_s.p95), ("0.99", told.latency_s.p99)):
            latency.add_metric([name], value)
        yield latency
