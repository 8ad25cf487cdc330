"""What the first bytes of sound say of it: AudioSpecificConfig, OpusHead, MPEG audio headers."""

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
