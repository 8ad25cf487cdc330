"""WHIP over HTTP (RFC 9725): ``/ROOM/whip`` takes an offer, ``/ROOM/whip/SESSION`` is the session until its DELETE."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from livefoley.control.clients import client_of
from livefoley.control.signalling.endpoint import (
    SDP,
    Session,
    created,
    require_type,
    signalling_router,
    text,
)
from livefoley.media.webrtc import WhipServer


def whip_router(server: WhipServer) -> APIRouter:
    """Return the routes of the publishers that come to ``server``."""
    return signalling_router(_Whip(server))


class _Whip:
    """WHIP's side of the signalling."""

    name = "whip"

    def __init__(self, server: WhipServer) -> None:
        self._server = server

    async def post(self, request: Request) -> Response:
        room, client = request.path_params["room"], client_of(request)
        self._server.authorise(room, client)
        require_type(request, SDP)
        answer = await self._server.publish(room, client, await text(request))
        return created(f"/{room}/whip/{answer.session}", answer.etag, answer.sdp, self._server.ice)

    def authorise(self, request: Request) -> None:
        self._server.authorise(request.path_params["room"], client_of(request))

    def find(self, request: Request) -> Session:
        return self._server.find(request.path_params["room"], client_of(request), request.path_params["session"])
