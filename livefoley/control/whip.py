"""WHIP over HTTP (RFC 9725): ``/ROOM/whip`` takes an offer, ``/ROOM/whip/SESSION`` is the session until its DELETE."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from fastapi import APIRouter, Request, Response

from livefoley.control.problems import Problem
from livefoley.core.errors import ProtocolError
from livefoley.media.webrtc import WhipRefused, WhipServer
from livefoley.media.webrtc.server import RETRY_AFTER_S

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
EXPOSED = "Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After"
_CORS = {"Access-Control-Expose-Headers": EXPOSED}

Handler: TypeAlias = Callable[..., Awaitable[Response]]


class WhipRoutes:
    """The requests of WHIP over a `WhipServer`."""

    def __init__(self, server: WhipServer) -> None:
        self._server = server
        links = ", ".join(given.link for given in server.ice.servers)
        self._links = {"Link": links} if links else {}

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(tags=["whip"])
        endpoint, session = "/{room}/whip", "/{room}/whip/{session}"
        for path, method, handler in (
            (endpoint, "POST", self.publish),
            (endpoint, "GET", self.nothing),
            (endpoint, "OPTIONS", self.options),
            (session, "PATCH", self.patch),
            (session, "DELETE", self.delete),
            (session, "GET", self.nothing),
            (session, "OPTIONS", self.options),
        ):
            router.add_api_route(path, _translated(handler), methods=[method], response_class=Response)
        return router

    async def publish(self, request: Request) -> Response:
        """Take an offer, answer it."""
        room, key = request.path_params["room"], _key(request)
        self._server.authorise(room, key)
        _require_type(request, SDP)
        answer = await self._server.publish(room, key, await _text(request))
        headers = {"Location": f"/{room}/whip/{answer.session}", "ETag": answer.etag, "Accept-Patch": FRAGMENT}
        return Response(answer.sdp, 201, headers | _CORS | self._links, SDP)

    async def patch(self, request: Request) -> Response:
        """Take candidates that come after the offer. An ICE restart is not served: 422, as the RFC says."""
        session = self._server.find(request.path_params["room"], _key(request), request.path_params["session"])
        _require_type(request, FRAGMENT)
        match = request.headers.get("if-match")
        if match is None:
            raise Problem(428, "send If-Match with the session's ETag")
        if match == "*":
            raise Problem(422, "ICE restarts are not served; publish anew")
        if match != session.etag:
            raise Problem(412, "that is not the session's ETag")
        mid = "0"
        for line in (await _text(request)).splitlines():
            if line.startswith("a=mid:"):
                mid = line.removeprefix("a=mid:").strip()
            elif line.startswith("a=candidate:"):
                await session.add_candidate(line.removeprefix("a="), mid)
        return Response(status_code=204, headers={"ETag": session.etag} | _CORS)

    async def delete(self, request: Request) -> Response:
        """End a session."""
        session = self._server.find(request.path_params["room"], _key(request), request.path_params["session"])
        await session.close("the publisher said goodbye")
        return Response(status_code=200, headers=_CORS)  # OBS takes 204 for a failure

    async def nothing(self, request: Request) -> Response:
        """Answer a GET without content (RFC 9725, 4.2)."""
        self._server.authorise(request.path_params["room"], _key(request))
        return Response(status_code=204, headers=_CORS)

    async def options(self, request: Request) -> Response:
        """Answer a preflight; it carries no key, and tells nothing about rooms nor ICE servers."""
        allowed = {
            "Access-Control-Allow-Methods": "OPTIONS, GET, POST, PATCH, DELETE",
            "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
            "Access-Control-Max-Age": "600",
            "Accept-Post": SDP,
        }
        return Response(status_code=204, headers=allowed | _CORS)


def _translated(handler: Handler) -> Handler:
    """Return ``handler`` with media's refusals as problem documents."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except WhipRefused as refused:
            raise Problem(refused.status, str(refused), _more(refused.status)) from None
        except ProtocolError as error:
            raise Problem(400, str(error), _CORS) from None

    handle.__name__ = handler.__name__
    handle.__doc__ = handler.__doc__
    return handle


def _more(status: int) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": "Bearer"} | _CORS
    return {"Retry-After": str(RETRY_AFTER_S)} | _CORS if status == 503 else dict(_CORS)


def _key(request: Request) -> str:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _require_type(request: Request, wanted: str) -> None:
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given != wanted:
        raise Problem(415, f"the body must be {wanted}", {"Accept-Post": SDP, "Accept-Patch": FRAGMENT} | _CORS)


async def _text(request: Request) -> str:
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError:
        raise Problem(400, "the body is not UTF-8 text", _CORS) from None
