"""Opus packets as WebRTC brings them: how long each is (RFC 6716, 3.1), and silence in the place of lost ones."""

from __future__ import annotations

from collections.abc import Iterator

from livefoley.core.media import MediaKind, TrackInfo

HEAD = b"OpusHead\x01\x02\x00\x00\x80\xbb\x00\x00\x00\x00\x00"  # stereo, 48 kHz, nothing to skip (RFC 7845, 5.1)
INFO = TrackInfo(MediaKind.AUDIO, "opus", HEAD, sample_rate=48000, channels=2)
DELAY = 312  # samples libopus looks ahead: WebRTC stamps what goes in, and this much later it comes out
MAX_FILLED = 48000  # a longer hole is a pause, not a loss

_FRAME = {"silk": (480, 960, 1920, 2880), "hybrid": (480, 960), "celt": (120, 240, 480, 960)}
_SILENCE = ((960, b"\xfc\xff\xfe"), (480, b"\xf4\xff\xfe"), (240, b"\xec\xff\xfe"), (120, b"\xe4\xff\xfe"))


def samples(packet: bytes) -> int:
    """Return how many samples at 48 kHz a packet is; 0 for one that is malformed."""
    if not packet:
        return 0
    kind, code = packet[0] >> 3, packet[0] & 3
    if kind < 12:
        frame = _FRAME["silk"][kind & 3]
    else:
        frame = _FRAME["hybrid"][kind & 1] if kind < 16 else _FRAME["celt"][kind & 3]
    count = (1, 2, 2)[code] if code < 3 else packet[1] & 63 if len(packet) > 1 else 0
    return frame * count


def filling(begin: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield stamps and packets of silence that fill a hole of lost packets; a decoder fades into and out of them."""
    if end - begin > MAX_FILLED:
        return
    for length, packet in _SILENCE:
        while end - begin >= length:
            yield begin, packet
            begin += length
