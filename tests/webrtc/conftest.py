"""A WHIP server behind the real HTTP server on 127.0.0.1; WebRTC itself over the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aioice.ice
import httpx
import pytest
import pytest_asyncio

from livefoley.control.app import make_app
from livefoley.control.server import HttpServer
from livefoley.control.whip import whip_router
from livefoley.core.media import Disconnected, Packet, SourceItem, TrackInfo
from livefoley.media.webrtc import IceSettings, WhipServer, WhipSource
from tests.control.studio import Studio
from tests.webrtc.publisher import sound_packets, video_packets

KEY = "planted-whip-key"


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [])


@dataclass
class House:
    """A WHIP server with one room, ``stage``, and what it was fed."""

    server: WhipServer
    client: httpx.AsyncClient
    source: WhipSource
    items: list[SourceItem] = field(default_factory=list)

    def packets(self, kind: str) -> list[Packet]:
        return [item for item in self.items if isinstance(item, Packet) and item.kind == kind]

    def infos(self) -> list[TrackInfo]:
        return [item for item in self.items if isinstance(item, TrackInfo)]

    @property
    def gone(self) -> int:
        return sum(isinstance(item, Disconnected) for item in self.items)


@pytest_asyncio.fixture
async def house() -> AsyncIterator[House]:
    """A room that takes WHIP."""
    server = WhipServer(IceSettings(loopback=True))
    source = server.register("stage", KEY)
    http = HttpServer(make_app(Studio(), more=[whip_router(server)]), "127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{http.port}", trust_env=False) as client:
        made = House(server, client, source)
        tasks = [asyncio.create_task(http.run()), asyncio.create_task(source.run(made.items.append))]
        await asyncio.sleep(0.05)
        yield made
        await server.close()
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        http.close()


@pytest.fixture(scope="session")
def video() -> list[bytes]:
    """Two seconds of H.264."""
    return video_packets(2.0)


@pytest.fixture(scope="session")
def sound() -> list[bytes]:
    """Two seconds of Opus."""
    return sound_packets(2.0)
