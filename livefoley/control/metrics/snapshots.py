"""The base of what reads figures for Prometheus when it is asked for them."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import Metric
from prometheus_client.registry import Collector


class SnapshotCollector(Collector):
    """Reads one snapshot each time; ``collect`` is for who derives."""

    def describe(self) -> Iterable[Metric]:
        """Name nothing in advance: registering must not need a running application."""
        return ()
