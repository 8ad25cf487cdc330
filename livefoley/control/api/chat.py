"""What the audience writes: ``/v1/rooms/ROOM/chat`` takes it from the platform's connector, by POST or by WebSocket.

A room judges how much is written, so a flood may be thinned: what comes faster than it is read here is dropped and
counted. One message as JSON is ``{"text": "...", "user": "..."}``; a list of them is a batch, and far cheaper.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Body, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from livefoley.control.api.rooms import known
from livefoley.control.problems import Problem, problem
from livefoley.control.state import ChatLine, ControlState

MAX_BATCH = 2000
REQUESTS_PER_S = 200  # of one room; singles that come faster are to be sent in batches
FRAMES_PER_S = 500  # of one connection; it is read no faster, which slows its sender down
MAX_STRIKES = 5  # frames that are no chat, before a connection is closed


class ChatMessage(BaseModel):
    """One message. ``user`` tells writers apart (a name, an id, a hash of one); it is kept for a second."""

    model_config = ConfigDict(extra="ignore")  # a connector may pass on all that its platform gives

    text: Annotated[str, Field(max_length=2000)]
    user: Annotated[str, Field(max_length=200)] = ""


Batch: TypeAlias = Annotated[list[ChatMessage], Field(max_length=MAX_BATCH)]
Given: TypeAlias = ChatMessage | Batch

_GIVEN: TypeAdapter[Given] = TypeAdapter(Given)


class ChatTaken(BaseModel):
    """How many messages were taken in."""

    taken: int


class Pace:
    """At most so many a second, and a second's worth at once; ``now`` is in seconds and never goes back."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._left = per_s
        self._at_s: float | None = None

    def wait_s(self, now: float) -> float:
        """Take one; return how long it would have to wait for its turn, 0 when it has it."""
        if self._at_s is not None:
            self._left = min(self._per_s, self._left + (now - self._at_s) * self._per_s)
        self._at_s = now
        if self._left < 1:
            return (1 - self._left) / self._per_s
        self._left -= 1
        return 0.0


def chat_router(state: ControlState) -> APIRouter:
    """Return the routes of the chat."""
    router = APIRouter(prefix="/v1", tags=["chat"])
    paces: dict[str, Pace] = {}

    @router.post("/rooms/{room}/chat", status_code=202)
    async def post_chat(room: str, given: Annotated[Given, Body()]) -> ChatTaken:
        """Take one message, or a list of them."""
        known(state, room)
        lines = _lines(given)
        if paces.setdefault(room, Pace(REQUESTS_PER_S)).wait_s(time.monotonic()):
            state.chat(room, (), dropped=len(lines))
            raise Problem(429, f"at most {REQUESTS_PER_S} requests a second; send lists", {"Retry-After": "1"})
        state.chat(room, lines)
        return ChatTaken(taken=len(lines))

    @router.websocket("/rooms/{room}/chat")
    async def chat(socket: WebSocket, room: str) -> None:
        """Take messages, each frame one or a list of them, for as long as the connector likes."""
        if room not in state.rooms():
            await socket.send_denial_response(problem(404, "there is no such room; GET /v1/rooms lists them"))
            return
        await socket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            await _read(socket, state, room)

    return router


async def _read(socket: WebSocket, state: ControlState, room: str) -> None:
    pace, strikes = Pace(FRAMES_PER_S), 0
    while True:
        try:
            state.chat(room, _lines(_GIVEN.validate_json(await _text(socket))))
        except ValidationError:
            strikes += 1
            if strikes >= MAX_STRIKES:
                await socket.close(1008, 'send {"text": "..."} or a list of them')
                return
        if pause_s := pace.wait_s(time.monotonic()):
            await asyncio.sleep(pause_s)


async def _text(socket: WebSocket) -> Any:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    return message.get("text") or message.get("bytes") or ""


def _lines(given: Given) -> Sequence[ChatLine]:
    messages = given if isinstance(given, list) else [given]
    return [ChatLine(message.text, message.user) for message in messages]
