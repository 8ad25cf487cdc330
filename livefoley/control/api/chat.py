"""What the audience writes: ``/v1/rooms/ROOM/chat`` takes it from the platform's connector, by POST or by WebSocket.

A room judges how much is written, so a flood may be thinned: what comes faster than it is read here is dropped and
counted. One message as JSON is ``{"text": "...", "user": "..."}``; a list of them is a batch, and far cheaper.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Request, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, Field

from livefoley.control.api.chat_lines import FORM, MAX_BATCH, MAX_TEXT, MAX_USER, ReadLines, counted, read_lines
from livefoley.control.api.rooms import known
from livefoley.control.problems import Problem, problem
from livefoley.control.state import ControlState
from livefoley.core.throttle import LogThrottle

log = structlog.get_logger("livefoley.control")

REQUESTS_PER_S = 200  # of one room; singles that come faster are to be sent in batches
FRAMES_PER_S = 500  # of one connection; it is read no faster, which slows its sender down
BYTES_PER_TURN = 16 * 1024  # what is longer takes as many turns
MAX_STRIKES, STRIKES_WITHIN_S = 5, 10.0  # frames in a row that are no chat, before a connection is closed


class ChatMessage(BaseModel):
    """One message. ``user`` tells writers apart (a name, an id, a hash of one); it is kept for five seconds.

    What is longer is cut; keys that are not named here are not looked at.
    """

    text: Annotated[str | float, Field(description=f"what was written, cut at {MAX_TEXT} characters")]
    user: Annotated[str | float | None, Field(description=f"who wrote it, cut at {MAX_USER} characters")] = None


_LINE = ChatMessage.model_json_schema()
_SCHEMA = {"anyOf": [_LINE, {"type": "array", "items": _LINE, "maxItems": MAX_BATCH}]}
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}}}


class ChatTaken(BaseModel):
    """How many messages were taken in, how many were none, and why the first of those was none."""

    taken: int
    dropped: int = 0
    reason: str = ""


class Pace:
    """At most so many turns a second, and a second's worth at once; ``now`` is in seconds and never goes back."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._left = per_s
        self._at_s: float | None = None

    def wait_s(self, now: float, turns: int = 1) -> float:
        """Take ``turns``; return how long one would have to wait for the next, 0 when these were there."""
        if self._at_s is not None:
            self._left = min(self._per_s, self._left + (now - self._at_s) * self._per_s)
        self._at_s = now
        if self._left < 1:
            return (1 - self._left) / self._per_s
        self._left -= turns
        return 0.0


def chat_router(state: ControlState) -> APIRouter:
    """Return the routes of the chat."""
    router = APIRouter(prefix="/v1", tags=["chat"])
    paces: dict[str, Pace] = {}
    intake = _Intake(state)

    @router.post("/rooms/{room}/chat", status_code=202, openapi_extra=_BODY, response_model_exclude_defaults=True)
    async def post_chat(room: str, request: Request) -> ChatTaken:
        """Take one message, or a list of them. A line that is none costs that line."""
        known(state, room)
        if (packed := request.headers.get("content-encoding", "identity").strip().lower()) not in ("", "identity"):
            raise Problem(415, f"a body packed by {packed[:40]} is not read; send it without Content-Encoding")
        body = await request.body()
        if paces.setdefault(room, Pace(REQUESTS_PER_S)).wait_s(time.monotonic(), _turns(body)):
            state.chat(room, (), dropped=counted(body))
            raise Problem(429, f"at most {REQUESTS_PER_S} requests a second; send lists", {"Retry-After": "1"})
        read = intake.take(room, body)
        if read.refused:
            raise Problem(422, read.reason)
        return ChatTaken(taken=len(read.lines), dropped=read.dropped, reason=read.reason)

    @router.websocket("/rooms/{room}/chat")
    async def chat(socket: WebSocket, room: str) -> None:
        """Take messages, each frame one or a list of them, for as long as the connector likes."""
        if room not in state.rooms():
            await socket.send_denial_response(problem(404, "there is no such room; GET /v1/rooms lists them"))
            return
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            await _read(socket, intake, room)

    return router


class _Intake:
    """Hands on what is chat; counts and logs what is none."""

    def __init__(self, state: ControlState) -> None:
        self._state = state
        self._throttle = LogThrottle(log, time.monotonic)

    def take(self, room: str, data: bytes | str) -> ReadLines:
        read = read_lines(data)
        self._state.chat(room, read.lines, dropped=read.dropped)
        if read.dropped:
            self._throttle.warning("lines of the chat were dropped", room=room, lines=read.dropped, reason=read.reason)
        return read


async def _read(socket: WebSocket, intake: _Intake, room: str) -> None:
    pace, strikes = Pace(FRAMES_PER_S), deque[float](maxlen=MAX_STRIKES)
    while True:
        data = await _frame(socket)
        now = time.monotonic()
        if not intake.take(room, data).refused:
            strikes.clear()  # nobody is closed for what lies behind
        else:
            strikes.append(now)
            if len(strikes) == MAX_STRIKES and now - strikes[0] <= STRIKES_WITHIN_S:
                await socket.close(1008, FORM)
                return
        if pause_s := pace.wait_s(now, _turns(data)):
            await asyncio.sleep(pause_s)


def _turns(data: bytes | str) -> int:
    return 1 + len(data) // BYTES_PER_TURN


async def _frame(socket: WebSocket) -> Any:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    return message.get("text") or message.get("bytes") or ""
