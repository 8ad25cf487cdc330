"""WHEP over HTTP: ``/ROOM/whep`` answers a viewer's offer, ``/ROOM/whep/SESSION`` is the session until its DELETE.

A room that has its foley apart (``stem: true``) lets a viewer hear it with and without, by a PUT of ``{"mute": true}``
to ``/ROOM/whep/SESSION/foley``; the answer to the offer says so in a ``Link`` header.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from livefoley.control.clients import client_of
from livefoley.control.problems import Problem
from livefoley.control.signalling.endpoint import (
    CORS,
    SDP,
    Session,
    created,
    require_type,
    signalling_router,
    text,
    translated,
)
from livefoley.media.webrtc import WhepServer

FOLEY_REL = "urn:livefoley:foley"


class FoleyBody(BaseModel):
    """What one viewer wants to hear."""

    model_config = ConfigDict(extra="forbid")

    mute: bool


def whep_router(server: WhepServer) -> APIRouter:
    """Return the routes of the viewers that come to ``server``."""
    router = signalling_router(_Whep(server))

    async def foley(request: Request) -> Response:
        """Mute the foley for one viewer, or let it be heard again."""
        session = server.find(request.path_params["room"], client_of(request), request.path_params["session"])
        try:
            body = FoleyBody.model_validate_json(await request.body())
        except ValidationError:
            raise Problem(422, 'the body must be {"mute": true} or {"mute": false}') from None
        session.original = body.mute
        return Response(status_code=204, headers=CORS)

    router.add_api_route(
        "/{room}/whep/{session}/foley", translated(foley), methods=["PUT"], response_class=Response, tags=["whep"]
    )
    return router


class _Whep:
    """WHEP's side of the signalling."""

    name = "whep"

    def __init__(self, server: WhepServer) -> None:
        self._server = server

    async def post(self, request: Request) -> Response:
        room, client = request.path_params["room"], client_of(request)
        self._server.authorise(room, client)
        require_type(request, SDP)
        answer = await self._server.watch(room, client, await text(request))
        location = f"/{room}/whep/{answer.session}"
        response = created(location, answer.etag, answer.sdp, self._server.ice)
        if self._server.has_foley_apart(room):
            response.headers.append("Link", f'<{location}/foley>; rel="{FOLEY_REL}"')
        return response

    def authorise(self, request: Request) -> None:
        self._server.authorise(request.path_params["room"], client_of(request))

    def find(self, request: Request) -> Session:
        return self._server.find(request.path_params["room"], client_of(request), request.path_params["session"])
