"""A WHIP server behind the real HTTP server on 127.0.0.1; WebRTC itself over the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aioice.ice
import httpx
import pytest
import pytest_asyncio

from livefoley.control.app import make_app
from livefoley.control.server import HttpServer
from livefoley.control.signalling.whip import whip_router
from livefoley.core.media import Disconnected, Packet, SourceItem, TrackInfo
from livefoley.media.publisher_slot import OnDuplicate
from livefoley.media.webrtc import IceSettings, WhipServer, WhipSource
from tests.control.studio import Studio
from tests.support.made import made_once
from tests.support.media_files import make_clip
from tests.support.waiting import LIMIT_S
from tests.webrtc import obs_like
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
    async with open_house() as made:
        yield made


@contextlib.asynccontextmanager
async def open_house(on_duplicate: OnDuplicate = OnDuplicate.REPLACE) -> AsyncIterator[House]:
    """Serve a room that takes WHIP."""
    server = WhipServer(IceSettings(loopback=True))
    source = server.register("stage", KEY, on_duplicate=on_duplicate)
    http = HttpServer(make_app(Studio(), more=[whip_router(server)]), "127.0.0.1", 0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{http.port}", trust_env=False, timeout=LIMIT_S) as client:
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


@pytest.fixture(scope="session")
def program(request: pytest.FixtureRequest) -> Path:
    """The publisher, installed."""
    return obs_like.install(Path(request.config.cache.mkdir("obs-like")))  # type: ignore[union-attr]


@pytest.fixture(scope="session")
def plain_clip() -> Path:
    """H.264 without B-frames and AAC in MP4, 320x240, 4 s, a keyframe each second."""
    options = ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", "30", "-pix_fmt", "yuv420p"]
    return made_once("webrtc/plain.mp4", lambda path: make_clip(path, *options, seconds=4.0))


@pytest.fixture(scope="session")
def b_frames_clip() -> Path:
    """The same with B-frames."""
    options = ["-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-g", "30", "-pix_fmt", "yuv420p"]
    return made_once("webrtc/b-frames.mp4", lambda path: make_clip(path, *options, seconds=4.0))


@pytest.fixture(scope="session")
def hevc_clip() -> Path:
    """HEVC and AAC in MP4."""
    options = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:keyint=30"]
    options += ["-pix_fmt", "yuv420p", "-tag:v", "hvc1"]
    return made_once("webrtc/hevc.mp4", lambda path: make_clip(path, *options, seconds=4.0))
