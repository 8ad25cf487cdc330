"""WebRTC: publishers come in by WHIP; what they send stays encoded."""

from livefoley.media.webrtc.ice import IceServer, IceSettings
from livefoley.media.webrtc.offer import Fragment, Refused, read_fragment
from livefoley.media.webrtc.server import Answer, Client, WhipServer
from livefoley.media.webrtc.source import WhipSource

__all__ = [
    "Answer",
    "Client",
    "Fragment",
    "IceServer",
    "IceSettings",
    "Refused",
    "WhipServer",
    "WhipSource",
    "read_fragment",
]
