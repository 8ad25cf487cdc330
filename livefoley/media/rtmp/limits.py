"""What one RTMP server lets strangers do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RtmpLimits:
    """Bounds of an `RtmpServer`; every one is enforced, and what it turns away is counted."""

    max_connections: int = 256
    max_connections_per_ip: int = 32
    max_message_bytes: int = 8 << 20  # the largest keyframe; 24 bits of length would allow 16 MiB
    min_chunk_bytes: int = 128  # the protocol's default; smaller chunks only cost CPU
    handshake_timeout_s: float = 10.0  # from the connection to the request to publish
    read_timeout_s: float = 10.0  # a publisher that sends nothing for this long is gone
    takeovers: int = 5  # in a row that one room allows ...
    takeover_interval_s: float = 10.0  # ... and how long it takes to earn another
