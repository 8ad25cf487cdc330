"""The two pages of a room: ``/ROOM`` to watch it, ``/ROOM/publish`` to publish; plain HTML, CSS and ES modules.

Nothing in them is secret, and nothing comes from elsewhere: the policy lets a page load from this server alone.
"""

from __future__ import annotations

import html
import math
import time
from collections.abc import Callable
from importlib.resources import files
from string import Template

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from livefoley.control.problems import Problem
from livefoley.control.state import ControlState
from livefoley.core.snapshots import RoomSnapshot

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src data:",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)
_STATE_KEPT_S = 1.0
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}
_PAGE = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer", "Cache-Control": "no-cache"}


def pages_router(state: ControlState, takes_whip: Callable[[str], bool], guarded: Callable[[str], bool]) -> APIRouter:
    """Return the routes of the pages; ``takes_whip`` says whether browsers may publish into a room, ``guarded``
    whether a key may help to watch it."""
    router = APIRouter(tags=["pages"])
    here = {part.name: part.read_text(encoding="utf-8") for part in files(__name__).iterdir() if _suffix(part.name)}

    async def asset(file: str) -> Response:
        """Return a module or the style sheet."""
        text = here.get(file) if _suffix(file) != ".html" else None
        if text is None:
            raise Problem(404, "there is no such file")
        return Response(text, headers={"Cache-Control": "no-cache"}, media_type=_TYPES[_suffix(file)])

    async def watch(room: str) -> Response:
        """Return the page that plays a room."""
        found = state.rooms().get(room)
        if found is None:
            raise Problem(404, "there is no such room")
        hls = str(state.hls_directory(room) is not None).lower()
        keyed = str(guarded(room)).lower()
        lookahead_s, problem = f"{found.lookahead_s:g}", _problem(found)
        return _page(here["watch.html"], room=room, lookahead_s=lookahead_s, hls=hls, keyed=keyed, problem=problem)

    async def publish(room: str) -> Response:
        """Return the page that publishes into a room."""
        if not takes_whip(room):
            raise Problem(404, "browsers cannot publish here: no room of that name has source: {whip: {key: ...}}")
        found = state.rooms().get(room)
        return _page(here["publish.html"], room=room, problem=_problem(found) if found is not None else "")

    states = _States(state)

    async def room_state(room: str) -> Response:
        """Return whether a room's publisher is here, for the page that plays it: ``{"state": "live"}``."""
        found = states.of(room)
        if found is None:
            raise Problem(404, "there is no such room")
        return JSONResponse({"state": found}, headers={"Cache-Control": "no-store"})

    router.add_api_route("/{room}/state", room_state, methods=["GET"], include_in_schema=False)
    for path, handler in (("/assets/{file}", asset), ("/{room}", watch), ("/{room}/publish", publish)):
        router.add_api_route(path, handler, methods=["GET"], response_class=Response, include_in_schema=False)
    return router


class _States:
    """The rooms' states, looked at once a second at most: every viewer's page asks."""

    def __init__(self, state: ControlState) -> None:
        self._state = state
        self._known: dict[str, str] = {}
        self._looked_s = -math.inf

    def of(self, room: str) -> str | None:
        """Return a room's state, None when there is no such room."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= _STATE_KEPT_S:
            self._known = {name: each.state.value for name, each in self._state.rooms().items()}
            self._looked_s = now_s
        return self._known.get(room)


def _suffix(name: str) -> str:
    """Return the ending of a file we serve; empty for any other."""
    return next((suffix for suffix in _TYPES if name.endswith(suffix)), "")


def _problem(room: RoomSnapshot) -> str:
    """Return why something of what a publisher sends is not used, for a page; outputs are no viewer's business."""
    return html.escape(room.source.problem)


def _page(text: str, **values: str) -> Response:
    """Fill a page in; the values are HTML, or room names and numbers, which need no escaping."""
    return Response(Template(text).substitute(values), headers=_PAGE, media_type="text/html")
