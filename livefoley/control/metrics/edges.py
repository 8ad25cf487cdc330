"""What edges tell of themselves as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from livefoley.control.delivery.edge import EdgeLog
from livefoley.control.metrics.snapshots import SnapshotCollector


class EdgeCollector(SnapshotCollector):
    """The figures of ``EdgeLog`` for Prometheus. ``origin_bytes`` gives how many bytes of clips we sent ourselves."""

    def __init__(self, log: EdgeLog, origin_bytes: Callable[[], int]) -> None:
        self._log = log
        self._origin_bytes = origin_bytes

    def origin_share(self) -> float:
        """Return the bytes we sent for each byte the audience got from the edges; 0 before the first."""
        return self._origin_bytes() / self._log.sent_bytes if self._log.sent_bytes else 0.0

    def collect(self) -> list[Metric]:
        """Return what was counted so far."""
        log = self._log
        text = "Requests edges answered, by state of their cache and class of status."
        requests = CounterMetricFamily("livefoley_edge_requests", text, labels=["cache", "status"])
        for (cache, status), count in log.requests.items():
            requests.add_metric([cache.lower(), status], count)
        whole = HistogramMetricFamily(
            "livefoley_edge_request_seconds", "From a request's first byte to the answer's last."
        )
        whole.add_metric([], log.seconds.cumulated(), log.seconds.total)
        first = HistogramMetricFamily(
            "livefoley_edge_origin_ttfb_seconds", "Until the origin began its answer to an edge."
        )
        first.add_metric([], log.origin_seconds.cumulated(), log.origin_seconds.total)
        return [
            requests,
            CounterMetricFamily("livefoley_edge_bytes", "Bytes edges sent to the audience.", log.sent_bytes),
            CounterMetricFamily("livefoley_edge_log_garbled", "Lines of edges that made no sense.", log.garbled),
            CounterMetricFamily("livefoley_edge_log_strange", "Lines of senders that are no edges.", log.strange),
            GaugeMetricFamily(
                "livefoley_edge_hit_ratio", "Share of good answers from the edges' caches.", log.hit_ratio()
            ),
            GaugeMetricFamily(
                "livefoley_edge_origin_share", "Bytes of clips sent here for each byte edges sent.", self.origin_share()
            ),
            whole,
            first,
        ]
