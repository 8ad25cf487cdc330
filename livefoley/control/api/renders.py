"""Sound on demand: ``POST /generate_audio`` answers with it, ``/v1/render`` makes it as a job.

A video comes as a URL, as a form, or as the raw body. All of it is behind the same guard as the rest of the API.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NoReturn, Protocol, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect

from livefoley.control.api.upload import Receiver, too_large
from livefoley.control.problems import Problem
from livefoley.core.errors import InputError, OutputError
from livefoley.media.token_bucket import Buckets
from livefoley.renders.model import (
    MAX_DESCRIPTION,
    MEDIA_TYPES,
    Busy,
    OutputFormat,
    RenderRequest,
    RenderState,
    RenderStatus,
)

Body_ = TypeVar("Body_", bound=BaseModel)
_BURST = 10


class Renders(Protocol):
    """The renders of a process."""

    async def begin(self, size: int | None) -> tuple[str, Path]:
        """Set room aside; return an id, and where to put the video. Raises ``Busy``."""
        ...

    async def submit(self, render: str, request: RenderRequest, url: str = "") -> RenderStatus:
        """Ask for the sound of the video that was put in its place, or of the one at ``url``."""
        ...

    async def abandon(self, render: str) -> None:
        """Give up what was begun and not submitted."""
        ...

    async def recall(self) -> bool:
        """Return once what an earlier process left is known; False when that cannot be found out in time."""
        ...

    def get(self, render: str) -> RenderStatus | None:
        """Return where a render stands."""
        ...

    async def wait(self, render: str, timeout_s: float) -> RenderStatus | None:
        """Return where a render stands when it is over, or after so long."""
        ...

    def result(self, render: str) -> Path:
        """Return where the sound of a render that is ready lies."""
        ...

    async def delete(self, render: str) -> None:
        """Stop a render, and delete what came of it."""
        ...

    def refused(self, reason: str) -> None:
        """Count a request that was turned away."""
        ...


@dataclass(frozen=True, slots=True)
class RenderAccess:
    """``max_bytes`` of a video, ``per_minute`` renders of one address (0: any number), and for how long
    ``/generate_audio`` waits before it answers where to look."""

    max_bytes: int
    per_minute: float
    wait_s: float


class RenderFields(BaseModel):
    """What a sound is to be: of what ``description`` tells (100 characters do), alone or mixed with the video's own."""

    model_config = ConfigDict(extra="forbid")

    description: Annotated[str, Field(max_length=MAX_DESCRIPTION)] = ""
    output_format: OutputFormat = OutputFormat.WAV
    mix: bool = False

    def request(self) -> RenderRequest:
        """Return what is asked for."""
        return RenderRequest(self.description, self.output_format, self.mix)


class RenderBody(RenderFields):
    """The same, of the video at a URL."""

    video_url: Annotated[str, Field(min_length=1, max_length=2048)]


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)  # what is returned has the same
    return schema


_VIDEO = {"type": "string", "format": "binary"}
_FORM = {**_schema(RenderFields), "required": ["video"]}
_FORM["properties"] = {"video": _VIDEO, **_FORM["properties"]}
_UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _schema(RenderBody)},
            "multipart/form-data": {"schema": _FORM},
            "video/*": {"schema": _VIDEO},
        },
    }
}


class _Service:
    """What the routes do."""

    def __init__(self, renders: Renders, access: RenderAccess) -> None:
        self._renders = renders
        self._access = access
        rate = access.per_minute
        self._buckets = Buckets(_BURST, 60 / rate, time.monotonic) if rate else None

    async def of_url(self, request: Request, body: RenderBody) -> RenderStatus:
        """Ask for the sound of the video at a URL."""
        self._admit(request)
        render, _ = await self._begin(None)
        return await self._renders.submit(render, body.request(), body.video_url)

    async def of_upload(self, request: Request) -> RenderStatus:
        """Ask for the sound of the video in the body."""
        self._admit(request)
        length = request.headers.get("content-length", "")
        size = int(length) if length.isdecimal() else None
        if size is not None and size > self._access.max_bytes + 64 * 1024:
            self._renders.refused("size")
            raise too_large(self._access.max_bytes)
        render, place = await self._begin(size)
        try:
            fields = await self._receive(request, Receiver(place, self._access.max_bytes))
            return await self._renders.submit(render, fields.request())
        except BaseException as error:
            await self._renders.abandon(render)
            self._explain(error)

    def _explain(self, error: BaseException) -> NoReturn:
        """Raise what the client is told of a failed upload."""
        if isinstance(error, ClientDisconnect):
            raise Problem(400, "the upload was cut off") from None
        if isinstance(error, InputError):
            self._renders.refused("kind")
            raise Problem(422, str(error)) from None
        if isinstance(error, OSError | OutputError):
            raise Problem(507, "the video cannot be kept: the disk is full or cannot be written") from None
        raise error

    @staticmethod
    async def _receive(request: Request, receiver: Receiver) -> RenderFields:
        if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            return _checked(RenderFields, await receiver.form(request))
        fields = _checked(RenderFields, dict(request.query_params))
        await receiver.raw(request)
        return fields

    def _admit(self, request: Request) -> None:
        if self._buckets is not None and not self._buckets.take(request.client.host if request.client else ""):
            self._renders.refused("rate")
            wait_s = round(60 / self._access.per_minute) or 1
            raise Problem(429, "too many renders from this address", {"Retry-After": str(wait_s)})

    async def _begin(self, size: int | None) -> tuple[str, Path]:
        try:
            return await self._renders.begin(size)
        except Busy as error:
            raise Problem(503, str(error), {"Retry-After": str(error.retry_after_s)}) from None
        except OSError:
            raise Problem(507, "the directory of renders cannot be written (render.directory)") from None

    async def known(self, render: str) -> RenderStatus:
        """Return where a render stands; raises ``Problem``."""
        all_known = await self._renders.recall()
        status = self._renders.get(render)
        if status is None and not all_known:
            raise Problem(503, "what an earlier process left is not known yet; ask again", {"Retry-After": "5"})
        if status is None:
            raise Problem(404, "there is no such render; they are deleted after a while (render.keep_s)")
        return status

    def file(self, status: RenderStatus) -> FileResponse:
        """Return the answer that is the sound; raises ``Problem`` while there is none."""
        if status.state is RenderState.FAILED:
            raise Problem(422, status.error)
        if status.state is not RenderState.READY:
            raise Problem(409, f"not ready yet: {status.state}", {"Retry-After": "2"})
        headers = {"X-Render-Id": status.id, "X-Content-Id": status.content_id, "X-AI-Generated": "1"}
        headers["Cache-Control"] = "private, no-store"
        name = f"{status.id}.{status.output_format}"
        media_type = MEDIA_TYPES[status.output_format]
        return FileResponse(self._renders.result(status.id), 200, headers, media_type, filename=name)


def renders_router(renders: Renders, access: RenderAccess) -> APIRouter:
    """Return the routes of ``/generate_audio`` and ``/v1/render``."""
    router = APIRouter(tags=["render"])
    service = _Service(renders, access)
    sound: dict[int | str, dict[str, Any]] = {200: {"content": {kind: {} for kind in MEDIA_TYPES.values()}}}

    @router.post("/generate_audio", response_class=FileResponse, responses=sound)
    async def generate_audio(request: Request, body: RenderBody) -> Response:
        """Return the sound of the video at a URL: the file itself, or, with ``Accept: application/json``, where it is.

        What takes too long is answered with 202 and where to look, and goes on.
        """
        asked = await service.of_url(request, body)
        status = await renders.wait(asked.id, access.wait_s) or await service.known(asked.id)
        place = {"Location": f"/v1/render/{status.id}"}
        if status.state is RenderState.FAILED:
            raise Problem(422, status.error)
        wants_json = request.headers.get("accept", "").startswith("application/json")
        if status.state is RenderState.READY and not wants_json:
            return service.file(status)
        return JSONResponse(_json(status), 200 if status.state.is_over else 202, place)

    @router.post("/v1/render", status_code=202, openapi_extra=_UPLOAD)
    async def post_render(request: Request, response: Response) -> RenderStatus:
        """Ask for the sound of a video: a URL as JSON, a form with the part ``video``, or the video as the body."""
        if request.headers.get("content-type", "").lower().startswith("application/json"):
            status = await service.of_url(request, _checked_json(RenderBody, await request.body()))
        else:
            status = await service.of_upload(request)
        response.headers["Location"] = f"/v1/render/{status.id}"
        return status

    @router.get("/v1/render/{render}")
    async def get_render(render: str) -> RenderStatus:
        """Return where a render stands."""
        return await service.known(render)

    @router.get("/v1/render/{render}/result", response_class=FileResponse, responses=sound)
    async def get_result(render: str) -> Response:
        """Return the sound."""
        return service.file(await service.known(render))

    @router.delete("/v1/render/{render}", status_code=204)
    async def delete_render(render: str) -> None:
        """Stop a render, or delete what came of it."""
        await service.known(render)
        await renders.delete(render)

    return router


def _json(status: RenderStatus) -> Any:
    return TypeAdapter(RenderStatus).dump_python(status, mode="json")


def _checked(model: type[Body_], given: dict[str, str]) -> Body_:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _wrong(error) from None


def _checked_json(model: type[Body_], text: bytes) -> Body_:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise _wrong(error) from None


def _wrong(error: ValidationError) -> RequestValidationError:
    return RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()])
