"""Clips over HTTP, ``/v1/clips``: ask for one, see how far it is, release or delete it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from livefoley.clips.model import ClipRequest, ClipState, ClipStatus, Heat, Priority
from livefoley.control.problems import Problem

LONGEST_S = 10 * 365 * 86_400.0  # no room runs longer
Time = Annotated[float, Field(ge=0, le=LONGEST_S, allow_inf_nan=False)]
Title = Annotated[str, Field(max_length=200)]


class Clips(Protocol):
    """The clips of a process. Nothing here blocks."""

    def create(self, request: ClipRequest) -> ClipStatus:
        """Ask for a clip; raises ``InputError`` for what cannot be cut."""
        ...

    def list(self) -> Sequence[ClipStatus]:
        """Return all clips, the newest last."""
        ...

    async def recall(self) -> bool:
        """Return once what an earlier process left is known; False when that cannot be found out in time."""
        ...

    def get(self, clip_id: str) -> ClipStatus | None:
        """Return where a clip stands."""
        ...

    async def delete(self, clip_id: str) -> None:
        """Delete a clip; raises ``InputError`` while it is being made."""
        ...

    async def release(self, clip_id: str) -> ClipStatus:
        """Publish a clip in quarantine; raises ``InputError`` for another."""
        ...


class ClipBody(BaseModel):
    """A clip: the ``last_s`` seconds, or from ``start`` to ``end``, in seconds since the room's stream began, as its
    events tell them; the end may lie ahead. What is left out is as the room's configuration says. Clips of ``priority``
    ``batch`` are made when no live one waits.
    """

    model_config = ConfigDict(extra="forbid")

    room: Annotated[str, Field(max_length=63)]
    start: Time | None = None
    end: Time | None = None
    last_s: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] | None = None
    exact: bool = False
    vertical: bool = False
    describe: Annotated[str, Field(max_length=1000)] | None = None
    title: Title | None = None
    tags: Annotated[tuple[Title, ...], Field(max_length=30)] | None = None
    heat: Heat = Heat.HOT
    priority: Priority = Priority.LIVE

    @model_validator(mode="after")
    def _one_span(self) -> ClipBody:
        span = self.start is not None and self.end is not None
        if span == (self.last_s is not None) or (self.start is None) != (self.end is None):
            raise ValueError("give either last_s, or start and end")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError("end must come after start")
        return self

    def request(self) -> ClipRequest:
        """Return what is asked for."""
        fields = self.model_dump(exclude={"start", "end"})
        return ClipRequest(**fields, start_s=self.start, end_s=self.end)


def clips_router(clips: Clips) -> APIRouter:
    """Return the routes of ``/v1/clips``."""
    router = APIRouter(prefix="/v1", tags=["clips"])

    @router.post("/clips", status_code=202)
    async def post_clip(body: Annotated[ClipBody, Body()], response: Response) -> ClipStatus:
        """Ask for a clip. It is made once its end has left the room; ask here how far it is."""
        status = clips.create(body.request())
        response.headers["Location"] = f"/v1/clips/{status.id}"
        return status

    @router.get("/clips")
    async def list_clips(
        room: str | None = None,
        state: ClipState | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> list[ClipStatus]:
        """Return the last clips, the newest first; of one room, or in one state, if wanted."""
        await clips.recall()
        chosen = [s for s in clips.list() if room in (None, s.room) and state in (None, s.state)]
        return chosen[::-1][:limit]

    @router.get("/clips/{clip}")
    async def get_clip(clip: str) -> ClipStatus:
        """Return where a clip stands."""
        return await _known(clips, clip)

    @router.delete("/clips/{clip}", status_code=204)
    async def delete_clip(clip: str) -> None:
        """Do not make a clip that waits; delete one that is over, published or not."""
        await _known(clips, clip)
        await clips.delete(clip)

    @router.post("/clips/{clip}/release", status_code=202)
    async def release_clip(clip: str) -> ClipStatus:
        """Publish a clip in which a check found something."""
        await _known(clips, clip)
        return await clips.release(clip)

    return router


async def _known(clips: Clips, clip: str) -> ClipStatus:
    all_known = await clips.recall()
    status = clips.get(clip)
    if status is None and not all_known:
        raise Problem(503, "what an earlier process left is not known yet; ask again", {"Retry-After": "5"})
    if status is None:
        raise Problem(404, "there is no such clip; GET /v1/clips lists them")
    return status
