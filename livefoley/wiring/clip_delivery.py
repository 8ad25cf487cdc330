"""From configuration to the delivery of clips: who may fetch them, which edges are warmed, what is published later."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
from fastapi import APIRouter

from livefoley import config as cfg
from livefoley.clips.model import ClipState, ClipStatus, Heat
from livefoley.clips.ports import Published
from livefoley.clips.publish import SpoolingPublisher, open_publisher, open_store
from livefoley.clips.publish.links import PATH, Links
from livefoley.control.delivery.clip_files import ClipFiles, FileAccess, clip_files_router
from livefoley.control.delivery.edge import EdgeLog, listening
from livefoley.control.metrics.clips import ClipFileCollector, SpoolCollector
from livefoley.control.metrics.edges import EdgeCollector
from livefoley.control.metrics.snapshots import SnapshotCollector
from livefoley.control.problems import Problem
from livefoley.core.errors import OutputError
from livefoley.media.access.read_access import ReadAccess
from livefoley.outbound.prewarm import prewarm
from livefoley.system.tasks import TaskGroup

log = structlog.get_logger("livefoley.clips")

WARMED = ("clip.mp4", "cover.jpg", "captions.vtt", "metadata.json")


class PublishedClips(Protocol):
    """What delivery needs of the clips."""

    def get(self, clip_id: str) -> ClipStatus | None:
        """Return where a clip stands."""
        ...

    async def moved(self, content_id: str, location: str, prefix: str) -> None:
        """Note that a clip that waited has reached its place."""
        ...


class ClipDelivery:
    """Serves published clips, warms edges with them, counts what edges tell, and brings later what could not be
    published at once. Raises ``ConfigError`` for a place that cannot be used."""

    def __init__(self, given: cfg.ClipMaking, service: PublishedClips, readers: ReadAccess) -> None:
        delivery = given.delivery
        secret = delivery.secret.get_secret_value() if delivery.secret else None
        self._given = delivery
        self._service = service
        self._links = Links(secret, delivery.ttl_s) if secret else None
        self._store = open_store(given.place)
        self._files = ClipFiles(self._store, FileAccess(self._links, readers, delivery.referers, delivery.rate))
        self._edge_log = EdgeLog(delivery.edge_log_from)
        self._late: asyncio.Queue[Published] = asyncio.Queue()
        self._to_warm: asyncio.Queue[str] = asyncio.Queue(64)
        spool_bytes = given.spool_mb * cfg.MEGABYTE
        publisher = open_publisher(
            given.place, name=given.name, backup=given.backup_to, spool=given.spool, spool_bytes=spool_bytes
        )
        self._spool = publisher if isinstance(publisher, SpoolingPublisher) else None

    def routers(self) -> list[APIRouter]:
        """Return the routes of the files and of their links."""
        return [clip_files_router(self._files), self._links_router()]

    def collectors(self) -> list[SnapshotCollector]:
        """Return what ``/metrics`` shows beside the rooms."""
        spool = [SpoolCollector(self._spool.statistics)] if self._spool is not None else []
        edges = EdgeCollector(self._edge_log, lambda: self._files.statistics().bytes)
        return [ClipFileCollector(self._files), *spool, edges]

    def parts(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """Return what runs beside the rooms, by name."""
        wanted: list[tuple[str, bool, Callable[[], Awaitable[None]]]] = [
            ("clip spool", self._spool is not None, self._bring_later),
            ("edge warming", bool(self._given.edges), self._warm),
            ("edge log", self._given.edge_log is not None, self._listen),
        ]
        return [(name, run) for name, is_wanted, run in wanted if is_wanted]

    def note(self, status: ClipStatus) -> None:
        """Take in what became of a clip."""
        if status.state is ClipState.READY and status.prefix and self._given.edges and not self._to_warm.full():
            self._to_warm.put_nowait(status.prefix)

    # ---- what runs ----

    async def _bring_later(self) -> None:
        if self._spool is None:
            return
        loop = asyncio.get_running_loop()
        self._spool.on_late = lambda published: _ignore(loop.call_soon_threadsafe(self._late.put_nowait, published))
        async with TaskGroup() as tasks:
            tasks.create_task(self._spool.run())
            while True:
                late = await self._late.get()
                await self._service.moved(late.content_id, late.location, late.prefix)

    async def _warm(self) -> None:
        edges = [edge.get_secret_value() for edge in self._given.edges]
        while True:
            prefix = await self._to_warm.get()
            try:
                heat = await asyncio.to_thread(self._files.heat, prefix)
            except OutputError:
                continue
            if heat is Heat.HOT:
                names = [name for name in WARMED if await self._has(f"{prefix}/{name}")]
                good = await prewarm(edges, prefix, names, self._links)
                log.info("edges are warm", answers=good, wanted=len(edges) * len(names))

    async def _has(self, key: str) -> bool:
        try:
            return await asyncio.to_thread(self._store.stat, key) is not None
        except OutputError:
            return False

    async def _listen(self) -> None:
        if self._given.edge_log is None:
            return
        async with listening(self._edge_log, self._given.edge_log.host, self._given.edge_log.port):
            await asyncio.Event().wait()

    # ---- what the API tells ----

    def _links_router(self) -> APIRouter:
        router = APIRouter(prefix="/v1", tags=["clips"])

        @router.get("/clips/{clip}/links")
        async def get_links(clip: str) -> dict[str, str]:
            """Return where the files of a published clip are fetched, by name; signed links end after a while."""
            status = self._service.get(clip)
            if status is None or status.state is not ClipState.READY or not status.prefix:
                raise Problem(404, "there is no such clip, or it is not published; GET /v1/clips/ID tells")
            try:
                keys = await asyncio.to_thread(self._store.keys, status.prefix)
            except OutputError:
                raise Problem(503, "the clips' store does not answer", {"Retry-After": "5"}) from None
            return {key.rpartition("/")[2]: self._link(PATH + key) for key in keys}

        return router

    def _link(self, path: str) -> str:
        return self._links.sign(path) if self._links is not None else path


def _ignore(_: object) -> None:
    """A callback's answer that nobody wants."""
