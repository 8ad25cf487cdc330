"""What the first bytes of sound say of it: AudioSpecificConfig, ADTS, OpusHead, MPEG audio headers."""

from __future__ import annotations

from livefoley.formats.bits import Bits

_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_AAC_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8, 0)
_MPEG_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_SBR, _PS, _ESCAPE = 5, 29, 31


def audio_specific_config(config: bytes) -> tuple[int, int]:
    """Return sample rate and channels of an AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1); (0, 0) if it is not one.

    With explicit SBR the rate is the one that comes out; channels are 0 when a program config element holds them.
    """
    bits = Bits(config)
    try:
        kind = _object_type(bits)
        rate = _rate(bits)
        channels = _AAC_CHANNELS[bits.u(4)]
        if kind in (_SBR, _PS):
            rate = _rate(bits)
    except IndexError:
        return 0, 0
    return rate, 2 if kind == _PS else channels


def low_complexity(rate: int, channels: int) -> bytes:
    """Return the AudioSpecificConfig of plain AAC-LC; empty for a rate or channels that have no number in it."""
    if rate not in _AAC_RATES or channels not in _AAC_CHANNELS[1:8]:
        return b""
    return (2 << 11 | _AAC_RATES.index(rate) << 7 | _AAC_CHANNELS.index(channels) << 3).to_bytes(2, "big")


def adts(frame: bytes) -> tuple[int, int]:
    """Return sample rate and channels of AAC behind an ADTS header (ISO/IEC 14496-3, 1.A.2.2.1); (0, 0) if it has none.

    Raw AAC does not begin so: it would be a frame that ends before it has a sound.
    """
    if len(frame) < 8 or frame[0] != 0xFF or frame[1] & 0xF6 != 0xF0:
        return 0, 0
    index, length = frame[2] >> 2 & 15, (frame[3] & 3) << 11 | frame[4] << 3 | frame[5] >> 5
    if index >= len(_AAC_RATES) or not 7 <= length <= len(frame):
        return 0, 0
    return _AAC_RATES[index], _AAC_CHANNELS[(frame[2] & 1) << 2 | frame[3] >> 6]


def opus_head(head: bytes) -> int:
    """Return the channels an OpusHead names (RFC 7845, 5.1); 2 when there is none."""
    return head[9] if len(head) > 9 and head.startswith(b"OpusHead") else 2


def mpeg_audio(frame: bytes | memoryview) -> tuple[int, int]:
    """Return sample rate and channels of an MPEG audio frame (ISO/IEC 11172-3, 2.4.1.3); (0, 0) if it is not one."""
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] < 0xE0:
        return 0, 0
    rates, index = _MPEG_RATES.get(frame[1] >> 3 & 3), frame[2] >> 2 & 3
    if rates is None or index == 3:
        return 0, 0
    return rates[index], 1 if frame[3] >> 6 == 3 else 2


def _object_type(bits: Bits) -> int:
    kind = bits.u(5)
    return 32 + bits.u(6) if kind == _ESCAPE else kind


def _rate(bits: Bits) -> int:
    index = bits.u(4)
    return bits.u(24) if index == 15 else _AAC_RATES[index]
