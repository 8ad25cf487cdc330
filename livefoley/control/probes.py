"""Probes and metrics. ``/livez`` depends on nothing but the event loop that answers it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from livefoley.control.metrics.registry import Metrics
from livefoley.control.metrics.snapshots import SnapshotCollector
from livefoley.control.state import ControlState
from livefoley.core.snapshots import RoomSnapshot

_NO_STORE = {"Cache-Control": "no-store"}


def probe_router(state: ControlState, collectors: Iterable[SnapshotCollector] = ()) -> APIRouter:
    """Return ``/livez``, ``/readyz``, ``/healthz`` and ``/metrics``."""
    router = APIRouter(tags=["operations"])
    metrics = Metrics(state, collectors)

    @router.get("/livez", response_class=PlainTextResponse)
    async def livez() -> Response:
        """Answer as long as the process does its rounds; restart it when this fails."""
        return PlainTextResponse("ok\n", headers=_NO_STORE)

    @router.get("/readyz", response_class=PlainTextResponse)
    async def readyz() -> Response:
        """Say whether publishers and viewers can be served; send nobody here while this fails."""
        ready, reasons = state.ready()
        text = "ok\n" if ready else "".join(f"{reason}\n" for reason in reasons) or "not ready\n"
        return PlainTextResponse(text, 200 if ready else 503, headers=_NO_STORE)

    @router.get("/healthz")
    async def healthz() -> Response:
        """Tell how everything is: ok, degraded (the stream goes on, something beside it does not) or not ready."""
        ready, reasons = state.ready()
        rooms = {name: _health(room) for name, room in state.rooms().items()}
        troubles = state.troubles()
        degraded = troubles or any(room["troubles"] for room in rooms.values())
        status = "not ready" if not ready else "degraded" if degraded else "ok"
        body = {"status": status, "reasons": reasons, "troubles": troubles, "rooms": rooms}
        return JSONResponse(body, 200 if ready else 503, headers=_NO_STORE)

    @router.get("/metrics", response_class=PlainTextResponse)
    async def prometheus(request: Request) -> Response:
        """Return everything that is counted, for Prometheus."""
        content, media_type = metrics.render(request.headers.get("accept", ""))
        return Response(content, headers={"Content-Type": media_type, **_NO_STORE})

    return router


def _health(room: RoomSnapshot) -> dict[str, Any]:
    troubles = [f"worker {worker.name} is down" for worker in room.workers if not worker.alive]
    troubles += [f"output {index} ({sink.kind}) is down" for index, sink in enumerate(room.sinks) if not sink.connected]
    if room.foley_bypassed:
        troubles.append(f"foley is bypassed: {room.bypass_reason or 'no reason given'}")
    if room.student.state in ("resting", "unavailable"):
        troubles.append(f"the student is {room.student.state}: {room.student.reason or 'it failed or was too slow'}")
    if room.problem:
        troubles.append(room.problem)
    troubles += room.unwritten
    return {"state": room.state, "troubles": troubles if room.state != "waiting" else []}
