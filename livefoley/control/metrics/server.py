"""The process around the rooms as Prometheus metrics, and what strangers at its ports are held to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from livefoley.control.metrics.snapshots import SnapshotCollector
from livefoley.core.snapshots import PortSnapshot, ServerSnapshot

_PORT_COUNTERS: tuple[tuple[str, str, Callable[[PortSnapshot], int]], ...] = (
    (
        "waits",
        "Times strangers waited for their share of the event loop, or to be taken in.",
        lambda p: p.waits,
    ),
    ("gave_way", "Connections closed for want of room for newer ones.", lambda p: p.gave_way),
    ("cut", "Strangers cut for breaking the protocol; their address has to wait.", lambda p: p.cut),
    ("exhausted", "Times nobody could be taken in for want of descriptors or memory.", lambda p: p.exhausted),
)


class ServerCollector(SnapshotCollector):
    """Reads ``snapshot`` when asked for."""

    def __init__(self, snapshot: Callable[[], ServerSnapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Read one snapshot."""
        server = self._snapshot()
        yield InfoMetricFamily("livefoley_build", "The version that runs.", {"version": server.version})
        yield GaugeMetricFamily("livefoley_uptime_seconds", "Seconds since the start.", server.uptime_s)
        connections = "Connections to the RTMP port."
        yield GaugeMetricFamily("livefoley_rtmp_connections", connections, server.rtmp_connections)
        for protocol, rejections, who in (
            ("rtmp", server.rtmp_rejected, "Publishers"),
            ("whip", server.whip_rejected, "Publishers"),
            ("whep", server.whep_rejected, "Viewers"),
            ("hls", server.hls_rejected, "Requests of viewers"),
        ):
            text = f"{who} turned away, by reason."
            rejected = CounterMetricFamily(f"livefoley_{protocol}_rejected", text, labels=["reason"])
            for rejection in rejections:
                rejected.add_metric([rejection.reason], rejection.count)
            yield rejected
        half_open = "Viewers who have an answer and have not connected yet."
        yield GaugeMetricFamily("livefoley_whep_half_open", half_open, server.whep_half_open)
        text = "Times what a publisher sent waited, because it had had its share of the event loop."
        yield CounterMetricFamily("livefoley_rtmp_publisher_waits", text, server.rtmp_publisher_waits)
        text = "Lines of the log that were lost: too many, not writable, or printed too fast by a child."
        yield CounterMetricFamily("livefoley_log_lines_dropped", text, server.log_lines_dropped)
        yield from _ports(server.ports)


def _ports(ports: tuple[PortSnapshot, ...]) -> Iterator[Metric]:
    connections = GaugeMetricFamily("livefoley_port_connections", "Connections open now.", labels=["port"])
    for port in ports:
        connections.add_metric([port.name], port.connections)
    yield connections
    for name, text, read in _PORT_COUNTERS:
        family = CounterMetricFamily(f"livefoley_port_{name}", text, labels=["port"])
        for port in ports:
            family.add_metric([port.name], read(port))
        yield family
