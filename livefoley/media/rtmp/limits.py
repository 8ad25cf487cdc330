"""What one RTMP server lets strangers do."""

from __future__ import annotations

from dataclasses import dataclass

from livefoley.media.publisher_slot import TAKEOVER_INTERVAL_S, TAKEOVERS


@dataclass(frozen=True, slots=True)
class RtmpLimits:
    """Bounds of an `RtmpServer`; every one is enforced, and what it turns away is counted.

    A stranger is a peer whose request to publish has not been accepted yet. Only strangers are counted against
    ``max_connections``, and only they give way when there are too many.
    """

    max_connections: int = 256  # of strangers, in all ...
    max_connections_per_ip: int = 32  # ... and of one address
    stranger_messages: int = 32  # of all kinds; encoders need about ten
    stranger_message_bytes: int = 64 << 10  # of one message, and of all that is half received
    stranger_share: float = 0.1  # of the event loop's time, for all strangers of a server together
    publisher_share: float = 0.3  # of the event loop's processor time, for each publisher ...
    publisher_burst_s: float = 0.1  # ... and at most so much of it in a row
    max_message_bytes: int = 8 << 20  # the largest keyframe; 24 bits of length would allow 16 MiB
    min_chunk_bytes: int = 128  # the protocol's default; smaller chunks only cost CPU
    handshake_timeout_s: float = 10.0  # from the connection to the request to publish
    read_timeout_s: float = 10.0  # a publisher that sends nothing for this long is gone
    takeovers: int = TAKEOVERS
    takeover_interval_s: float = TAKEOVER_INTERVAL_S
