"""Puts the control surface together: probes, metrics, the API and what else it is given, behind one guard."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI

from livefoley import __version__
from livefoley.control import problems
from livefoley.control.api.chat import chat_router
from livefoley.control.api.events import events_router
from livefoley.control.api.explain import explain_router
from livefoley.control.api.rooms import rooms_router
from livefoley.control.guard import PROTECTED, Access, Guard
from livefoley.control.metrics.snapshots import SnapshotCollector
from livefoley.control.probes import probe_router
from livefoley.control.state import ControlState


def make_app(
    state: ControlState,
    access: Access | None = None,
    more: Iterable[APIRouter] = (),
    collectors: Iterable[SnapshotCollector] = (),
) -> FastAPI:
    """Return the application over ``state`` and ``more`` routes; its OpenAPI document is at ``/v1/openapi.json``.

    ``collectors`` are shown at ``/metrics`` beside what ``state`` tells.
    """
    app = FastAPI(
        title="livefoley",
        version=__version__,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # their pages load scripts from a CDN
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app)
    for router in (
        probe_router(state, collectors),
        rooms_router(state),
        explain_router(state),
        events_router(state),
        chat_router(state),
        *more,
    ):
        app.include_router(router)
    app.add_middleware(Guard, access=access or Access())
    _tell_of_the_token(app)
    return app


def _tell_of_the_token(app: FastAPI) -> None:
    """Let the API's own document say where the token goes: generated clients then have a place for it."""
    describe = app.openapi
    token = {"type": "http", "scheme": "bearer", "description": "server.http.token"}

    def openapi() -> dict[str, Any]:
        document = describe()
        document["components"]["securitySchemes"] = {"token": token}
        for path, methods in document["paths"].items():
            if path.split("/")[1] in PROTECTED:
                for operation in methods.values():
                    operation["security"] = [{"token": []}, {}]  # a port of this machine alone may have none
        return document

    app.openapi = openapi  # type: ignore[method-assign]
