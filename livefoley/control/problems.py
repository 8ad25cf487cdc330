"""Errors of the control surface: ``application/problem+json`` (RFC 9457), never a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from livefoley.core.errors import (
    BankError,
    ConfigError,
    DescriptionError,
    InputError,
    LivefoleyError,
    ModelError,
    OutputError,
    ProtocolError,
)
from livefoley.renders.model import Busy

GENERATE_AUDIO = "/generate_audio"
MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[type[LivefoleyError], int] = {
    BankError: 422,  # an effect that does not exist
    ConfigError: 422,
    DescriptionError: 422,
    InputError: 409,  # no stream to lay a sound in, or as many clips wait as may
    Busy: 503,
    ModelError: 503,
    OutputError: 503,  # a disk that is full
    ProtocolError: 502,
    LivefoleyError: 500,  # nothing else comes of a request
}
"""What an error of ours is answered with; a kind that is not named, with its parent's."""


class Problem(HTTPException):
    """An error to answer with: ``detail`` is one line that says what would be right."""

    def response(self, path: str = "") -> JSONResponse:
        """Return the answer to a request for ``path``."""
        return problem(self.status_code, self.detail, self.headers, path=path)


def problem(
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: list[dict[str, str]] | None = None,
    path: str = "",
) -> JSONResponse:
    """Return a problem document; ``errors`` lists what is wrong with single keys of a body.

    Clients of ``/generate_audio`` read its text as ``error``.
    """
    body: dict[str, Any] = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    body["detail"] = detail
    if path == GENERATE_AUDIO:
        body["error"] = detail
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status, dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem document."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(LivefoleyError, _livefoley)


async def _http(request: Request, error: Any) -> JSONResponse:
    return problem(error.status_code, error.detail, error.headers, path=request.url.path)


async def _livefoley(request: Request, error: Exception) -> JSONResponse:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    wait_s = getattr(error, "retry_after_s", None)
    headers = {"Retry-After": str(wait_s)} if wait_s is not None else None
    return problem(status, str(error), headers, path=request.url.path)


async def _validation(request: Request, error: Any) -> JSONResponse:
    errors = [{"key": _key(details["loc"]), "detail": _detail(details)} for details in error.errors()]
    detail = "; ".join(f"{item['key']}: {item['detail']}" for item in errors[:5])
    return problem(422, detail, errors=errors[:20], path=request.url.path)


def _key(location: tuple[str | int, ...]) -> str:
    return ".".join(map(str, location[1:])) or str(location[0])


def _detail(details: Any) -> str:
    if details["type"] == "extra_forbidden":
        return "unknown key"
    if details["type"] == "model_attributes_type" and isinstance(details["input"], str | bytes):
        return "send a JSON object, with Content-Type: application/json"
    return str(details["msg"]).removeprefix("Value error, ")
