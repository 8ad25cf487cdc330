"""Two rooms in memory that answer the control surface's port, and a server over them on 127.0.0.1."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import httpx

from livefoley.control.app import make_app
from livefoley.control.delivery.hls import hls_router
from livefoley.control.guard import Access
from livefoley.control.server import HttpServer
from livefoley.control.state import ChatLine, CueRequest, RoomChanges
from livefoley.core.errors import BankError, InputError
from livefoley.core.mix import changed
from livefoley.core.ports import SinkStatistics, SourceStatistics
from livefoley.core.snapshots import (
    CueCount,
    Latency,
    PortSnapshot,
    Rejection,
    RoomControls,
    RoomSnapshot,
    RoomState,
    ServerSnapshot,
    WorkerSnapshot,
)
from livefoley.media.access.read_access import ReadAccess
from livefoley.runtime.events.event_feed import EventFeed
from tests.support.waiting import LIMIT_S

STAGE = RoomSnapshot(
    "stage",
    state=RoomState.LIVE,
    publisher_connected=True,
    epoch=2,
    uptime_s=12.5,
    lookahead_s=1.5,
    controls=RoomControls(describe="雨夜的街道"),
    units_in=1000,
    units_out=990,
    video_kbps=6000,
    drift_ppm=-12.5,
    limiter_gain_db=-3.5,
    held_back_s=0.25,
    cues=(CueCount("action", "laid", 7), CueCount("accent", "shifted", 1)),
    cue_latency_s=Latency(0.01, 0.05, 0.2),
    workers=(WorkerSnapshot("foley", alive=True, restarts=1),),
    source=SourceStatistics("rtmp", connected=True, connects=2, packets=1000, problem="Sorenson is not carried"),
    sinks=(SinkStatistics("rtmp://h/***", "rtmp", connected=True, units=980, bytes=123456),),
)

PORTS = (PortSnapshot("rtmp", 3, waits=7, gave_way=2, cut=4, exhausted=1), PortSnapshot("http", 9))


class Studio:
    """Implements ``ControlState``. What is asked of it can be read afterwards."""

    def __init__(self, hls: Path | None = None) -> None:
        self.snapshots = {"stage": STAGE, "lobby": RoomSnapshot("lobby")}
        self.hls = hls
        self.reasons: list[str] = []
        self.troubled: list[str] = []
        self.cues: list[tuple[str, CueRequest]] = []
        self.chats: list[ChatLine] = []
        self.dropped = 0
        self.feeds = {name: EventFeed(name) for name in self.snapshots}
        self.broken = False

    def rooms(self) -> Mapping[str, RoomSnapshot]:
        if self.broken:
            raise RuntimeError("planted-inner-detail")
        return self.snapshots

    def ready(self) -> tuple[bool, list[str]]:
        return not self.reasons, self.reasons

    def troubles(self) -> list[str]:
        return self.troubled

    def hls_directory(self, room: str) -> Path | None:
        return self.hls if room == "stage" else None

    def server_statistics(self) -> ServerSnapshot:
        return ServerSnapshot("0.1.0", 60.0, 3, (Rejection("key", 4),), ports=PORTS, log_lines_dropped=5)

    def events(self, room: str) -> EventFeed:
        return self.feeds[room]

    def chat(self, room: str, lines: Sequence[ChatLine], dropped: int = 0) -> None:
        self.chats += lines
        self.dropped += dropped

    async def cue(self, room: str, request: CueRequest) -> int:
        if self.snapshots[room].state == "waiting":
            raise InputError(f"room {room} has no stream yet; a cue needs one to land in")
        if request.effect == "NOPE_Nothing":
            raise BankError("there is no effect NOPE_Nothing; `livefoley bank list` names them")
        self.cues.append((room, request))
        return len(self.cues)

    def thumb(self, room: str, event: int, up: bool) -> str:
        if event != 7:
            raise InputError(f"event {event} is none of the last 256 actions that made a sound")
        return "glass" if up else ""

    async def patch_room(self, room: str, changes: RoomChanges) -> None:
        before = self.snapshots[room]
        self.snapshots[room] = replace(before, controls=changed_controls(before.controls, changes))


def changed_controls(before: RoomControls, changes: RoomChanges) -> RoomControls:
    describe = before.describe if changes.describe is None else changes.describe
    return replace(changed(before, changes.mix), describe=describe)


def open_to_all(studio: Studio) -> ReadAccess:
    """Return a rule for the rooms of ``studio``: everybody may watch them."""
    readers = ReadAccess()
    for room in studio.snapshots:
        readers.register(room, public=True)
    return readers


@contextlib.asynccontextmanager
async def served(
    studio: Studio, access: Access | None = None, readers: ReadAccess | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Serve ``studio`` on a free port and give a client of it; without ``readers`` everybody may watch."""
    server = HttpServer(make_app(studio, access, [hls_router(studio, readers or open_to_all(studio))]), "127.0.0.1", 0)
    running = asyncio.create_task(server.run())
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=LIMIT_S
        ) as client:
            yield client
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
