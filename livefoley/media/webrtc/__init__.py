"""WebRTC: publishers come in by WHIP, viewers watch by WHEP; pictures stay encoded both ways."""

from livefoley.media.access.admission import Client, Refused
from livefoley.media.webrtc.audience import WhepAudience
from livefoley.media.webrtc.ice import IceServer, IceSettings
from livefoley.media.webrtc.offer import Fragment, read_fragment
from livefoley.media.webrtc.source import WhipSource
from livefoley.media.webrtc.whep import WhepServer
from livefoley.media.webrtc.whip import Answer, WhipServer

__all__ = [
    "Answer",
    "Client",
    "Fragment",
    "IceServer",
    "IceSettings",
    "Refused",
    "WhepAudience",
    "WhepServer",
    "WhipServer",
    "WhipSource",
    "read_fragment",
]
