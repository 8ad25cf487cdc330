"""WebRTC: publishers come in by WHIP; what they send stays encoded."""

from livefoley.media.webrtc.server import Answer, WhipRefused, WhipServer
from livefoley.media.webrtc.source import WhipSource

__all__ = ["Answer", "WhipRefused", "WhipServer", "WhipSource"]
