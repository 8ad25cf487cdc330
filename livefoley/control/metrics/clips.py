"""The making, keeping and serving of clips as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from livefoley.clips.publish import PublishStatistics
from livefoley.control.delivery.clip_files import ClipFiles
from livefoley.control.metrics.snapshots import SnapshotCollector
from livefoley.core.snapshots import ClipMakingSnapshot


class ClipCollector(SnapshotCollector):
    """Reads ``snapshot`` when asked for."""

    def __init__(self, snapshot: Callable[[], ClipMakingSnapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Read one snapshot."""
        told = self._snapshot()
        ended = CounterMetricFamily("livefoley_clips_over", "Clips by how they ended.", labels=["outcome"])
        for each in told.outcomes:
            ended.add_metric([each.state], each.count)
        yield ended
        yield GaugeMetricFamily("livefoley_clips_waiting", "Clips that wait for the worker.", told.waiting)
        yield GaugeMetricFamily("livefoley_clips_ahead", "Clips wanted whose end has not left yet.", told.ahead)
        refused = CounterMetricFamily("livefoley_clips_refused", "Clips not taken, by reason.", labels=["reason"])
        for each in told.refused:
            refused.add_metric([each.state], each.count)
        yield refused
        yield GaugeMetricFamily("livefoley_clips_worker_alive", "Whether the worker answers (1).", told.worker.alive)
        yield CounterMetricFamily(
            "livefoley_clips_worker_restarts", "Times the worker was started again.", told.worker.restarts
        )
        text = "From a clip's end leaving the room to its being published, over the last clips."
        latency = GaugeMetricFamily("livefoley_clips_latency_seconds", text, labels=["quantile"])
        for name, value in (("0.5", told.latency_s.p50), ("0.95", told.latency_s.p95), ("0.99", told.latency_s.p99)):
            latency.add_metric([name], value)
        yield latency


class ClipFileCollector(SnapshotCollector):
    """The figures of ``ClipFiles`` for Prometheus."""

    def __init__(self, files: ClipFiles) -> None:
        self._files = files

    def collect(self) -> list[Metric]:
        """Return one snapshot."""
        figures = self._files.statistics()
        served = CounterMetricFamily(
            "livefoley_clip_requests", "Requests for clips served, by status.", labels=["status"]
        )
        for status, count in figures.served.items():
            served.add_metric([str(status)], count)
        text = "Requests for clips turned away, by reason."
        refused = CounterMetricFamily("livefoley_clip_requests_refused", text, labels=["reason"])
        for reason, count in figures.refused.items():
            refused.add_metric([reason], count)
        return [served, refused, CounterMetricFamily("livefoley_clip_bytes", "Bytes of clips sent.", figures.bytes)]


class SpoolCollector(SnapshotCollector):
    """Clips that wait for their place, and what became of those that did."""

    def __init__(self, statistics: Callable[[], PublishStatistics]) -> None:
        self._statistics = statistics

    def collect(self) -> list[Metric]:
        """Return one snapshot."""
        figures = self._statistics()
        return [
            GaugeMetricFamily("livefoley_clip_spool_clips", "Clips that wait to be published.", figures.waiting),
            GaugeMetricFamily("livefoley_clip_spool_bytes", "Bytes of these.", figures.waiting_bytes),
            CounterMetricFamily("livefoley_clip_late", "Clips that were published later.", figures.published),
            CounterMetricFamily("livefoley_clip_target_failures", "Times the target did not answer.", figures.failures),
            GaugeMetricFamily("livefoley_clip_target_up", "Whether the target answered last (1).", figures.target_up),
            CounterMetricFamily("livefoley_clip_spooled", "Clips kept for later.", figures.spooled),
            CounterMetricFamily("livefoley_clip_backed_up", "Clips that went to the backup.", figures.backed_up),
            CounterMetricFamily("livefoley_clip_lost", "Clips that could be kept nowhere.", figures.lost),
        ]
