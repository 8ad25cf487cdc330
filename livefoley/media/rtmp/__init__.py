"""RTMP both ways: a sans-IO protocol (handshake, chunks, AMF0, FLV tags) with a server and a publisher around it."""

from livefoley.media.rtmp.counters import RtmpServerStatistics
from livefoley.media.rtmp.limits import RtmpLimits
from livefoley.media.rtmp.server import RtmpServer
from livefoley.media.rtmp.sink import RtmpSink
from livefoley.media.rtmp.source import RtmpSource

__all__ = ["RtmpLimits", "RtmpServer", "RtmpServerStatistics", "RtmpSink", "RtmpSource"]
