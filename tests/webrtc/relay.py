"""A bad network: a UDP relay on 127.0.0.1 that loses packets and holds others up, both ways, so that they overtake."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

Address = tuple[str, int]


@dataclass
class Relay:
    """Forwards between one client and ``target``. ``loss`` is a share, ``jitter_s`` the most a packet is held up."""

    target: Address
    loss: float = 0.0
    jitter_s: float = 0.0
    seed: int = 1
    forwarded: int = 0
    lost: int = 0
    port: int = 0
    _client: Address | None = None
    _near: asyncio.DatagramTransport | None = None
    _far: asyncio.DatagramTransport | None = None
    _random: random.Random = field(default_factory=random.Random)

    async def __aenter__(self) -> Relay:
        self._random.seed(self.seed)
        loop = asyncio.get_running_loop()
        here = ("127.0.0.1", 0)
        self._near, _ = await loop.create_datagram_endpoint(lambda: _Side(self._from_client), here)
        self._far, _ = await loop.create_datagram_endpoint(lambda: _Side(self._from_target), here)
        self.port = self._near.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for side in (self._near, self._far):
            if side is not None:
                side.close()

    def _from_client(self, data: bytes, address: Address) -> None:
        self._client = address
        self._pass_on(self._far, data, self.target)

    def _from_target(self, data: bytes, address: Address) -> None:
        if self._client is not None:
            self._pass_on(self._near, data, self._client)

    def _pass_on(self, side: asyncio.DatagramTransport | None, data: bytes, to: Address) -> None:
        if self._random.random() < self.loss or side is None:
            self.lost += 1
            return
        self.forwarded += 1
        delay_s = self._random.uniform(0, self.jitter_s)
        asyncio.get_running_loop().call_later(delay_s, lambda: side.is_closing() or side.sendto(data, to))


class _Side(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, Address], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._take(data, addr)
