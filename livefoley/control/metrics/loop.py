"""What the event loop has to do, for ``/metrics``."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from livefoley.control.metrics.snapshots import SnapshotCollector


class LoopCollector(SnapshotCollector):
    """Counts the tasks of the loop it is asked in: a number that only grows is a leak."""

    def collect(self) -> Iterator[Metric]:
        """Yield the metric; none outside a loop."""
        try:
            count = len(asyncio.all_tasks())
        except RuntimeError:
            return
        yield GaugeMetricFamily("livefoley_tasks", "Tasks of the event loop of the rooms' process.", count)
