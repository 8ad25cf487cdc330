"""How a media connection is found: addresses, UDP ports, ICE servers. A subclass of aioice 0.13's connection.

aioice binds one UDP port of the system's choice on each interface and forgets the loopback one. An operator behind a
firewall needs a range of ports; one behind a NAT needs its public address in the candidates.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import random
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol, server_reflexive_candidate
from aiortc.rtcicetransport import parse_stun_turn_uri

TRIED_WITH = "0.13."
STUN_TIMEOUT_S = 3.0
PORTS_TRIED = 64
RECEIVE_BUFFER = 1 << 20
MAX_EARLY = 2048
SRTP_FIRST_BYTES = range(128, 192)  # RFC 7983
LOOPBACK = "127.0.0.1"
PUBLIC_PREFERENCE = 65534  # just below the addresses of this machine's own interfaces


class MediaPort(StunProtocol):
    """aioice's, but a message of which an attribute is too short or too long is none, and no error of ours."""

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        """Take a datagram of anybody's."""
        with contextlib.suppress(struct.error):
            super().datagram_received(data, addr)


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN server, which we ask too, or a TURN server, which only peers are told of."""

    url: str
    username: str = ""
    credential: str = field(default="", repr=False)

    @property
    def link(self) -> str:
        """The value of a ``Link`` header (RFC 9725, 4.6)."""
        parts = [f"<{self.url}>", 'rel="ice-server"']
        if self.username:
            user, password = (quote(text, safe="!#$&'()*+,/:;=?@-._~ ") for text in (self.username, self.credential))
            parts += [f'username="{user}"', f'credential="{password}"', 'credential-type="password"']
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class IceSettings:
    """What an operator says of the network. ``loopback`` adds 127.0.0.1, for peers on a machine without a network."""

    servers: tuple[IceServer, ...] = ()
    public_ips: tuple[str, ...] = ()
    ports: tuple[int, int] | None = None  # first and last; None leaves the choice to the system
    loopback: bool = False

    @property
    def stun_server(self) -> tuple[str, int] | None:
        """Host and port of the first STUN server."""
        for server in self.servers:
            if server.url.startswith("stun:"):
                parsed = parse_stun_turn_uri(server.url)
                return str(parsed["host"]), int(parsed["port"])
        return None


class MediaConnection(Connection):
    """An ICE connection that keeps to `IceSettings`, and whose end is final."""

    def __init__(self, settings: IceSettings, *, local_username: str, local_password: str) -> None:
        super().__init__(
            ice_controlling=False,
            stun_server=settings.stun_server,
            local_username=local_username,
            local_password=local_password,
        )
        self._settings = settings
        self._early: deque[bytes] = deque(maxlen=MAX_EARLY)
        self.secured: Callable[[], bool] = lambda: True

    async def recv(self) -> bytes:
        """Return the next datagram. Media that overtook the end of the DTLS handshake waits until it is ``secured``.

        A publisher begins when the handshake is over on its side; aiortc would throw its first keyframe away.
        """
        if self._early and self.secured():
            return self._early.popleft()
        while True:
            data = await super().recv()
            if self.secured() or data[0] not in SRTP_FIRST_BYTES:
                return data
            self._early.append(data)

    async def connect(self) -> None:
        """Find a way. aioice lets a connection that was closed meanwhile ask for consent for ever: not here."""
        await super().connect()
        if self._closing and self._query_consent_task is not None:
            self._query_consent_task.cancel()
            raise ConnectionError("closed while connecting")

    @property
    def unsent_bytes(self) -> int:
        """Bytes that wait for the socket, because the network takes less than it is given."""
        pair = self._nominated.get(1)
        transport = pair.protocol.transport if pair is not None else None
        return transport.get_write_buffer_size() if transport is not None else 0  # type: ignore[attr-defined]

    async def get_component_candidates(self, component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:
        """Bind a port on each address; return their candidates, the public ones and what the STUN server sees."""
        if self._settings.loopback and LOOPBACK not in addresses:
            addresses = [*addresses, LOOPBACK]
        bound = [protocol for address in addresses if (protocol := await self._bind(address, component)) is not None]
        self._protocols += bound
        candidates = [protocol.local_candidate for protocol in bound]
        candidates += [public for host in candidates for public in self._published(host)]
        return candidates + await self._reflexive(bound)

    async def _bind(self, address: str, component: int) -> StunProtocol | None:
        loop = asyncio.get_running_loop()
        for port in _choices(self._settings.ports):
            try:
                transport, protocol = await loop.create_datagram_endpoint(
                    lambda: MediaPort(self), local_addr=(address, port)
                )
            except OSError:  # taken, or an address that went away
                continue
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            name = transport.get_extra_info("sockname")
            protocol.local_candidate = _host_candidate(component, name[0], name[1])
            return protocol
        return None

    def _published(self, host: Candidate) -> Iterator[Candidate]:
        """Name the public addresses a port of ours is reached by: the NAT keeps its number."""
        here = ipaddress.ip_address(host.host)
        for text in self._settings.public_ips:
            if ipaddress.ip_address(text).version == here.version and not here.is_loopback and text != host.host:
                yield _host_candidate(host.component, text, host.port, PUBLIC_PREFERENCE)

    async def _reflexive(self, bound: list[StunProtocol]) -> list[Candidate]:
        """Ask the STUN server how our ports look from outside; what does not answer in time is left out."""
        server = self._settings.stun_server
        usable = [p for p in bound if _is_outward(p.local_candidate.host)]
        if server is None or not usable:
            return []
        asked: list[asyncio.Task[Any]] = [asyncio.create_task(server_reflexive_candidate(p, server)) for p in usable]
        done, pending = await asyncio.wait(asked, timeout=STUN_TIMEOUT_S)
        for task in pending:
            task.cancel()
        return [task.result()[0] for task in done if task.exception() is None]


def _host_candidate(component: int, host: str, port: int, preference: int = 65535) -> Candidate:
    return Candidate(
        foundation=candidate_foundation("host", "udp", host),
        component=component,
        transport="udp",
        priority=candidate_priority(component, "host", preference),
        host=host,
        port=port,
        type="host",
    )


def _choices(ports: tuple[int, int] | None) -> list[int]:
    """Return the ports to try, in random order: old packets for a port's last owner then seldom meet its next one."""
    if ports is None:
        return [0]
    span = range(ports[0], ports[1] + 1)
    return random.sample(span, min(len(span), PORTS_TRIED))


def _is_outward(host: str) -> bool:
    address = ipaddress.ip_address(host)
    return address.version == 4 and not address.is_loopback
