"""A room's events: ``/v1/rooms/ROOM/events`` as JSON over HTTP (the last ones) and over a WebSocket (as they come)."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect
from pydantic import TypeAdapter

from livefoley.control.api.rooms import known
from livefoley.control.problems import problem
from livefoley.control.state import ControlState, Listener
from livefoley.core.notices import Notice, NoticeType

MAX_LIMIT = 256

_DOCUMENT = TypeAdapter(Notice)

Types = Annotated[tuple[NoticeType, ...], Query(description="only these types; default: all")]
After = Annotated[int | None, Query(ge=0, description="begin after this id: the last one seen before")]
Limit = Annotated[int, Query(ge=0, le=MAX_LIMIT, description="the last so many")]


def to_json(notice: Notice) -> bytes:
    """Return a notice as it is sent everywhere: one line of UTF-8."""
    return _DOCUMENT.dump_json(notice)


def from_json(text: str | bytes) -> Notice:
    """Return the notice of a document; raises ``ValueError`` when it is none of this schema."""
    return _DOCUMENT.validate_json(text)


def events_router(state: ControlState) -> APIRouter:
    """Return the routes of the events."""
    router = APIRouter(prefix="/v1", tags=["events"])

    @router.get("/rooms/{room}/events")
    async def get_events(room: str, type: Types = (), after: After = None, limit: Limit = 50) -> list[Notice]:
        """Return the room's last events, the oldest first. Ask for a WebSocket here to get them as they come."""
        known(state, room)
        return state.events(room).recent(after or 0, type, limit)

    @router.websocket("/rooms/{room}/events")
    async def events(
        socket: WebSocket,
        room: str,
        type: Types = (),
        after: After = None,
        replay: Limit = 0,
    ) -> None:
        """Send the room's events as they come: first those after ``after``, or the last ``replay``."""
        if room not in state.rooms():
            await socket.send_denial_response(problem(404, "there is no such room; GET /v1/rooms lists them"))
            return
        address = socket.client.host if socket.client is not None else ""
        with state.events(room).listen(after, type, replay, address) as listener:
            if listener is None:
                full = problem(503, "this room has as many listeners as it takes, or takes of one address")
                await socket.send_denial_response(full)
                return
            await socket.accept()
            await _serve(socket, listener)

    return router


async def _serve(socket: WebSocket, listener: Listener) -> None:
    """Send until the reader goes away; whatever it sends is ignored."""
    sending = asyncio.create_task(_send(socket, listener))
    reading = asyncio.create_task(_ignore(socket))
    try:
        await asyncio.wait([sending, reading], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, reading):
            task.cancel()
        await asyncio.gather(sending, reading, return_exceptions=True)


async def _send(socket: WebSocket, listener: Listener) -> None:
    while True:
        for notice in await listener.get():
            await socket.send_text(to_json(notice).decode())


async def _ignore(socket: WebSocket) -> None:
    try:
        while True:
            await socket.receive_text()
    except (WebSocketDisconnect, KeyError):
        return
