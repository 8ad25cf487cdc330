"""What WHIP and WHEP have in common over HTTP: headers, types, bodies, refusals, the life of a session by its URL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias

from fastapi import APIRouter, Request, Response

from livefoley.control.problems import Problem
from livefoley.media.webrtc import Fragment, IceSettings, Refused, read_fragment

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
CORS: Mapping[str, str] = {
    "Access-Control-Expose-Headers": "Location, ETag, Link, Accept-Post, Accept-Patch, Retry-After"
}
_PREFLIGHT: Mapping[str, str] = {
    "Access-Control-Allow-Methods": "OPTIONS, GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match",
    "Access-Control-Max-Age": "600",
    "Accept-Post": SDP,
}

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


class Session(Protocol):
    """What a session's URL leads to."""

    etag: str

    async def add_candidates(self, fragment: Fragment) -> None:
        """Take candidates that came after the offer."""
        ...

    async def leave(self) -> None:
        """End the session as its peer asks."""
        ...


class Endpoint(Protocol):
    """One of the two protocols: WHIP's publishers or WHEP's viewers. All raise ``Refused``."""

    name: str  # the last part of the URL

    async def post(self, request: Request) -> Response:
        """Answer an offer."""
        ...

    def authorise(self, request: Request) -> None:
        """Let the client of a room in."""
        ...

    def find(self, request: Request) -> Session:
        """Return the session a URL names."""
        ...


def signalling_router(endpoint: Endpoint) -> APIRouter:
    """Return the routes ``/{room}/NAME`` and ``/{room}/NAME/{session}``."""
    router = APIRouter(tags=[endpoint.name])
    whole, session = f"/{{room}}/{endpoint.name}", f"/{{room}}/{endpoint.name}/{{session}}"

    async def post(request: Request) -> Response:
        """Begin a session: an SDP offer in, its answer out."""
        return await endpoint.post(request)

    async def nothing(request: Request) -> Response:
        """Answer without content (RFC 9725, 4.2)."""
        endpoint.authorise(request)
        return Response(status_code=204, headers=CORS)

    async def options(request: Request) -> Response:
        """Answer a preflight; it carries no key, and tells nothing about rooms nor ICE servers."""
        return Response(status_code=204, headers={**_PREFLIGHT, **CORS})

    async def patch(request: Request) -> Response:
        """Take candidates that come after the offer. An ICE restart is not served: 422, as RFC 9725, 4.3.1 has it."""
        found = endpoint.find(request)
        require_type(request, FRAGMENT)
        _check_match(request.headers.get("if-match"), found.etag)
        await found.add_candidates(read_fragment(await text(request)))
        return Response(status_code=204, headers={"ETag": found.etag, **CORS})

    async def delete(request: Request) -> Response:
        """End a session."""
        await endpoint.find(request).leave()
        return Response(status_code=200, headers=CORS)  # OBS takes 204 for a failure

    for path, method, handler in (
        (whole, "POST", post),
        (whole, "GET", nothing),
        (whole, "OPTIONS", options),
        (session, "PATCH", patch),
        (session, "DELETE", delete),
        (session, "GET", nothing),
        (session, "OPTIONS", options),
    ):
        router.add_api_route(path, translated(handler), methods=[method], response_class=Response)
    return router


def created(location: str, etag: str, sdp: str, ice: IceSettings) -> Response:
    """Return the answer to an offer: 201, the session's URL (relative, no query: OBS), entity tag, ICE servers."""
    headers = {"Location": location, "ETag": etag, "Accept-Patch": FRAGMENT, **CORS}
    if ice.servers:
        headers["Link"] = ", ".join(server.link for server in ice.servers)
    return Response(sdp, 201, headers, SDP)


def require_type(request: Request, wanted: str) -> None:
    """Raise a ``Problem`` (415) for a body of another type."""
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given != wanted:
        raise Problem(415, f"the body must be {wanted}", {"Accept-Post": SDP, "Accept-Patch": FRAGMENT, **CORS})


async def text(request: Request) -> str:
    """Return the body. Raises a ``Problem`` (400) when it is no text."""
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError:
        raise Problem(400, "the body is not UTF-8 text", dict(CORS)) from None


def _check_match(match: str | None, etag: str) -> None:
    if match is None:
        raise Problem(428, "send If-Match with the session's ETag", dict(CORS))
    if match == "*":
        raise Refused(422, "fragment", "ICE restarts are not served; begin a new session")
    if match != etag:
        raise Problem(412, "that is not the session's ETag", dict(CORS))


def translated(handler: Handler) -> Handler:
    """Return ``handler`` with media's refusals as problem documents."""

    async def handle(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as refused:
            raise Problem(refused.status, str(refused), _headers(refused)) from None

    handle.__name__ = handler.__name__
    handle.__doc__ = handler.__doc__
    return handle


def _headers(refused: Refused) -> dict[str, str]:
    headers = dict(CORS)
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if refused.retry_after_s is not None:
        headers["Retry-After"] = str(refused.retry_after_s)
    return headers
