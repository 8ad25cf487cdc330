"""The RTMP handshake, both ends, sans-IO: bytes in, bytes out (Adobe RTMP 1.0, section 5.2).

A client may hide an HMAC-SHA256 digest in its C1 (Flash and ffmpeg do; not in Adobe's text, but known from rtmpdump).
It is answered in kind, and an ffmpeg that plays checks the answer. Everyone else gets the plain handshake.
"""

from __future__ import annotations

import hmac
import os
from hashlib import sha256

from livefoley.core.errors import ProtocolError

VERSION = 3
SIZE = 1536
_DIGEST = 32
# The salts that both sides of Adobe's handshake share; public constants of the protocol.
_SALT = bytes.fromhex("f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae")
_CLIENT_KEY = b"Genuine Adobe Flash Player 001"
_SERVER_KEY = b"Genuine Adobe Flash Media Server 001"
_SERVER_VERSION = bytes([4, 5, 0, 1])
_SCHEMES = (772, 8)  # where the four bytes that point to the digest may lie


class ServerHandshake:
    """The server's half: `receive` until `done`; what is left over belongs to the chunk stream."""

    def __init__(self) -> None:
        self.done = False
        self._held = bytearray()
        self._answered = False

    def receive(self, data: bytes | bytearray | memoryview) -> tuple[bytes, bytes]:
        """Take bytes; return what to send, and what follows the handshake (empty until `done`).

        Raises ``ProtocolError`` when this is not RTMP.
        """
        self._held += data
        if self._held and self._held[0] != VERSION:
            raise ProtocolError(f"not RTMP: the first byte is {self._held[0]:#04x} in place of 0x03")
        reply = b""
        if not self._answered and len(self._held) > SIZE:
            self._answered = True
            reply = answer(bytes(self._held[1 : 1 + SIZE]))
        self.done = len(self._held) > 2 * SIZE
        rest = bytes(self._held[1 + 2 * SIZE :])
        if self.done:
            self._held.clear()
        return reply, rest


class ClientHandshake:
    """The client's half, always plain: send `hello` first."""

    def __init__(self) -> None:
        self.hello = bytes([VERSION]) + bytes(8) + os.urandom(SIZE - 8)
        self.done = False
        self._held = bytearray()

    def receive(self, data: bytes | bytearray | memoryview) -> tuple[bytes, bytes]:
        """Take bytes; return what to send, and what follows the handshake (empty until `done`)."""
        self._held += data
        if self._held and self._held[0] != VERSION:
            raise ProtocolError(f"the server does not speak RTMP: its first byte is {self._held[0]:#04x}")
        if len(self._held) < 1 + 2 * SIZE:
            return b"", b""
        self.done = True
        return bytes(self._held[1 : 1 + SIZE]), bytes(self._held[1 + 2 * SIZE :])


def answer(c1: bytes) -> bytes:
    """Return S0, S1 and S2 for a client's C1."""
    digest = find_digest(c1, _CLIENT_KEY) if any(c1[4:8]) else None
    s0 = bytes([VERSION])
    if digest is None:
        return s0 + bytes(8) + os.urandom(SIZE - 8) + c1
    s1 = _signed(bytes(4) + _SERVER_VERSION + os.urandom(SIZE - 8))
    noise = os.urandom(SIZE - _DIGEST)
    return s0 + s1 + noise + _hmac(_hmac(_SERVER_KEY + _SALT, digest), noise)


def find_digest(block: bytes, key: bytes) -> bytes | None:
    """Return the digest hidden in a C1 or S1 if it is one made with ``key``."""
    for pointer in _SCHEMES:
        at = _place(block, pointer)
        digest = block[at : at + _DIGEST]
        if hmac.compare_digest(digest, _hmac(key, block[:at] + block[at + _DIGEST :])):
            return digest
    return None


def _signed(block: bytes) -> bytes:
    at = _place(block, _SCHEMES[1])
    head, tail = block[:at], block[at + _DIGEST :]
    return head + _hmac(_SERVER_KEY, head + tail) + tail


def _place(block: bytes, pointer: int) -> int:
    return sum(block[pointer : pointer + 4]) % 728 + pointer + 4


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, sha256)
