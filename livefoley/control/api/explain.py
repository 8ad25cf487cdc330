"""The API, ``/v1/explain``: what is understood of a description, before a room is told it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict

from livefoley.control.mix_patch import Description
from livefoley.control.state import ControlState
from livefoley.core.snapshots import StudentSnapshot
from livefoley.core.understood import Understood
from livefoley.foley.chain import StudentUse
from livefoley.foley.description.explain import explain


class ExplainBody(BaseModel):
    """A description."""

    model_config = ConfigDict(extra="forbid")

    text: Description


def explain_router(state: ControlState) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["rooms"])

    def understood(text: str) -> Understood:
        students = any(room.student != StudentSnapshot() for room in state.rooms().values())
        return explain(text, StudentUse.AUTO if students else StudentUse.NEVER)

    @router.get("/explain")
    async def get_explanation(text: Annotated[Description, Query()]) -> Understood:
        """Return the places, actions and accents of a description, what they sound like, and what is not understood."""
        return understood(text)

    @router.post("/explain")
    async def post_explanation(body: Annotated[ExplainBody, Body()]) -> Understood:
        """Return the same of a text that is too long for an address."""
        return understood(body.text)

    return router
