"""The waveform of the watermark: nine pseudo-random sequences on top of each other, one period of 1.024 s for ever.

The first sequence, always the same, says that a mark is there and where its period begins. Each of the other eight
carries a byte of the payload, by how far it is turned in a circle. The payload is the first 48 bits of the content id
and their CRC-16. Everything here follows from a public key: whoever has the program can look for marks.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from functools import cache

import numpy as np
from numpy.typing import NDArray

from livefoley.core.errors import ConfigError

RATE = 16_000
"""Samples a second of the sequences."""

PERIOD = 16_384
"""Samples of one period, 1.024 s."""

BAND_HZ = (400.0, 5_000.0)
"""Where the mark lies. AAC encoders replace noise by other noise above about 4 kHz, and join channels above 6 kHz."""

ID_DIGITS = 12
"""Hexadecimal digits of a content id that the mark carries: the first."""

SYMBOLS = 8
VALUES = 256
TURN = PERIOD // VALUES

_KEY = b"livefoley mark 1"
_ID = re.compile(r"[0-9a-f]{12,}")
_SYNC_SHARE = 0.25  # of the mark's power: enough to be found where the payload can only just be read


def data_of(content_id: str) -> bytes:
    """Return what the mark carries of a content id; raises ``ConfigError`` for what is none."""
    if not _ID.fullmatch(content_id):
        raise ConfigError(f"{content_id!r} is no content id; it has 12 hexadecimal digits at least: 00c0ffee1234...")
    return bytes.fromhex(content_id[:ID_DIGITS])


@cache
def sequence(index: int) -> NDArray[np.float32]:
    """Return sequence ``index`` (0: the one that is always the same), ``[PERIOD]`` of -1 and 1."""
    drawn = hashlib.shake_256(_KEY + bytes([index])).digest(PERIOD // 8)
    return np.unpackbits(np.frombuffer(drawn, np.uint8)).astype(np.float32) * 2 - 1


@cache
def spectrum(index: int) -> NDArray[np.complex64]:
    """Return the Fourier transform of a sequence, ``[PERIOD // 2 + 1]``."""
    return np.fft.rfft(sequence(index)).astype(np.complex64)


@cache
def in_band() -> NDArray[np.bool_]:
    """Return which lines of a period's spectrum the mark uses."""
    lines_hz = np.fft.rfftfreq(PERIOD, 1 / RATE)
    return np.asarray((lines_hz >= BAND_HZ[0]) & (lines_hz <= BAND_HZ[1]))


def waveform(content_id: str, rate: int) -> NDArray[np.float32]:
    """Return one period of the mark at ``rate`` (a multiple of ``RATE``), flat within its band, of power 1."""
    data = data_of(content_id)
    payload = data + _crc(data)
    lines = np.sqrt(_SYNC_SHARE) * spectrum(0)
    for index, value in enumerate(payload, 1):
        turned = np.fft.rfft(np.roll(sequence(index), TURN * value))
        lines = lines + np.sqrt((1 - _SYNC_SHARE) / SYMBOLS) * turned
    lines = np.where(in_band(), lines, 0)
    period = np.fft.irfft(lines, PERIOD * rate // RATE)
    return np.asarray(period / np.sqrt(np.mean(period**2)), np.float32)


def content_id(payload: bytes) -> str | None:
    """Return the beginning of the content id that a payload carries; None when it was not read right."""
    data, crc = payload[:-2], payload[-2:]
    return data.hex() if crc == _crc(data) else None


def _crc(data: bytes) -> bytes:
    return binascii.crc_hqx(data, 0xFFFF).to_bytes(2, "big")
