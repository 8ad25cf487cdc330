"""WebRTC: publishers come in by WHIP; what they send stays encoded."""

from livefoley.media.webrtc.ice import IceServer, IceSettings
from livefoley.media.webrtc.server import Answer, WhipRefused, WhipServer
from livefoley.media.webrtc.source import WhipSource

__all__ = ["Answer", "IceServer", "IceSettings", "WhipRefused", "WhipServer", "WhipSource"]
