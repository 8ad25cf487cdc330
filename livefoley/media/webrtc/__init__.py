"""WebRTC: publishers come in by WHIP; what they send stays encoded."""

from livefoley.media.webrtc.door import Client
from livefoley.media.webrtc.ice import IceServer, IceSettings
from livefoley.media.webrtc.offer import Fragment, Refused, read_fragment
from livefoley.media.webrtc.server import Answer, WhipServer
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
