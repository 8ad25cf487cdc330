"""The API, ``/v1``: look at the rooms, change one without disconnecting anyone, lay an accent."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, model_validator

from livefoley.control.mix_patch import Description, Gain, MixPatch
from livefoley.control.problems import Problem
from livefoley.control.state import ControlState, CueRequest, RoomChanges
from livefoley.core.snapshots import RoomSnapshot


class RoomPatch(MixPatch):
    """What to change; what is left out stays. Gains in dB."""

    describe: Description | None = None


class CueBody(BaseModel):
    """An accent: ``effect`` names one of ``livefoley bank list``, ``prompt`` describes one in any language."""

    model_config = ConfigDict(extra="forbid")

    effect: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    prompt: Annotated[str, Field(max_length=200)] = ""
    gain_db: Gain = 0.0
    delay_s: Annotated[float, Field(ge=0, le=60, allow_inf_nan=False)] = 0.0

    @model_validator(mode="after")
    def _one_of_them(self) -> CueBody:
        if (self.effect is None) == (not self.prompt.strip()):
            raise ValueError("give either effect or prompt")
        return self


class CueTaken(BaseModel):
    """The accent is asked for; whether it was laid is counted in the room's ``cues``."""

    id: int


class ThumbBody(BaseModel):
    """What is thought of a sound; ``event`` is the ``id`` of an event of type ``action``."""

    model_config = ConfigDict(extra="forbid")

    event: Annotated[int, Field(ge=0, le=2**53)]
    thumb: Literal["up", "down"]


class ThumbTaken(BaseModel):
    """Sounds of this family are laid more readily from now on, or less; empty stands for what nobody knew."""

    family: str


def rooms_router(state: ControlState) -> APIRouter:
    """Return the routes of ``/v1``."""
    router = APIRouter(prefix="/v1", tags=["rooms"])

    @router.get("/rooms")
    async def list_rooms() -> list[RoomSnapshot]:
        """Return every room as it is now."""
        return list(state.rooms().values())

    @router.get("/rooms/{room}")
    async def get_room(room: str) -> RoomSnapshot:
        """Return a room as it is now."""
        return known(state, room)

    @router.patch("/rooms/{room}")
    async def patch_room(room: str, patch: Annotated[RoomPatch, Body()]) -> RoomSnapshot:
        """Change a room's description, gains or mute while it runs; return it as it is afterwards."""
        known(state, room)
        changes = RoomChanges(patch.describe, patch.mix())
        if changes != RoomChanges():
            await state.patch_room(room, changes)
        return known(state, room)

    @router.post("/rooms/{room}/cues", status_code=202)
    async def post_cue(room: str, cue: Annotated[CueBody, Body()]) -> CueTaken:
        """Lay an accent on the outgoing stream, ``delay_s`` from now."""
        known(state, room)
        return CueTaken(id=await state.cue(room, CueRequest(**cue.model_dump())))

    @router.post("/rooms/{room}/thumbs", status_code=202)
    async def post_thumb(room: str, thumb: Annotated[ThumbBody, Body()]) -> ThumbTaken:
        """Judge the sound of an action; it counts for about half an hour, and is kept in memory alone."""
        known(state, room)
        return ThumbTaken(family=state.thumb(room, thumb.event, thumb.thumb == "up"))

    return router


def known(state: ControlState, name: str) -> RoomSnapshot:
    """Return a room's snapshot; raises ``Problem`` for one that does not exist."""
    room = state.rooms().get(name)
    if room is None:
        raise Problem(404, "there is no such room; GET /v1/rooms lists them")
    return room
