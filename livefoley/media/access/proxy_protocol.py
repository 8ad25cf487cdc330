"""Proxies that are believed whom they speak for, and the PROXY protocol by which they say it (HAProxy's, v1 and v2).

A connection of a trusted proxy begins with the header, always: it is read before anything else, TLS too. From others it
is not taken for one, as anybody could write it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import TypeAlias

from livefoley.core.errors import ProtocolError

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

HEADER_S = 5.0
_SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
_V1_BYTES = 107
_V2_BYTES = 2048  # address and additions; what is there of additions is passed over
_V2_ADDRESSES = {1: (4, socket.AF_INET), 2: (16, socket.AF_INET6)}


class TrustedProxies:
    """Says of an address whether it is that of a trusted proxy."""

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self.networks = tuple(networks)

    def __contains__(self, address: object) -> bool:
        if not self.networks:
            return False
        try:
            known = ipaddress.ip_address(str(address).partition("%")[0])
        except ValueError:
            return False
        return any(known in network for network in self.networks)


async def read_header(connection: socket.socket) -> str:
    """Take the header off a connection that does not block; return the client's address, "" for the proxy's own.

    Raises ``ProtocolError`` for what is none, or does not come within ``HEADER_S``; ``OSError`` as reading does.
    """
    try:
        async with asyncio.timeout(HEADER_S):
            begin = await _exactly(connection, len(_SIGNATURE))
            if begin == _SIGNATURE:
                return await _read_v2(connection)
            line = bytearray(begin)
            while not line.endswith(b"\n") and len(line) < _V1_BYTES:
                line += await _exactly(connection, 1)
            return parse_v1(bytes(line))
    except TimeoutError:
        raise ProtocolError("the proxy sent no PROXY header in time") from None


async def _read_v2(connection: socket.socket) -> str:
    head = await _exactly(connection, 4)
    length = int.from_bytes(head[2:], "big")
    if length > _V2_BYTES:
        raise ProtocolError("a PROXY header that is too long")
    return parse_v2(head, await _exactly(connection, length))


async def _exactly(connection: socket.socket, size: int) -> bytes:
    """Return the next ``size`` bytes and leave the rest where it is."""
    loop = asyncio.get_running_loop()
    data = bytearray()
    while len(data) < size:
        piece = await loop.sock_recv(connection, size - len(data))
        if not piece:
            raise ProtocolError("the proxy hung up in the PROXY header")
        data += piece
    return bytes(data)


def parse_v1(line: bytes) -> str:
    """Read a header of version 1 with its line end; see `read_header`."""
    words = line.decode("ascii", "replace").split(" ")
    if not line.endswith(b"\r\n") or words[0] != "PROXY" or len(words) < 2:
        raise ProtocolError("no PROXY header, which server.rtmp.trusted_proxies have to send")
    if words[1].strip() == "UNKNOWN":
        return ""
    if words[1] not in ("TCP4", "TCP6") or len(words) != 6:
        raise ProtocolError("a PROXY header that cannot be read")
    return _address(words[2])


def parse_v2(head: bytes, rest: bytes) -> str:
    """Read what follows the signature of version 2: four bytes, and the addresses with additions."""
    version, command = head[0] >> 4, head[0] & 15
    if version != 2 or command > 1:
        raise ProtocolError("a PROXY header that cannot be read")
    found = _V2_ADDRESSES.get(head[1] >> 4)
    if command == 0 or found is None:  # the proxy itself, as for its checks; or no IP
        return ""
    size, family = found
    if len(rest) < 2 * size + 4:
        raise ProtocolError("a PROXY header that is too short")
    return _address(socket.inet_ntop(family, rest[:size]))


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ProtocolError("a PROXY header without an address") from None
