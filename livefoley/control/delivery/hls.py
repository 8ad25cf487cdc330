"""A room's HLS output over HTTP: ``/ROOM/hls/index.m3u8`` and the segments beside it, and nothing else.

Who may have it, `ReadAccess` says. A key comes with every request (a bearer token, or the password of HTTP Basic), or
it is given once, at ``/ROOM/hls``, for an address that holds a pass: ``/ROOM/hls/PASS/index.m3u8``, for players that
send no headers. ``/ROOM/hls/access`` is what an edge asks for every request that it answers from its cache.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, NoReturn

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from livefoley.control.clients import address_of, client_of
from livefoley.control.problems import Problem
from livefoley.control.state import ControlState
from livefoley.media.access.admission import Refused
from livefoley.media.access.read_access import HLS, PASS_S, ReadAccess

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
PIECE_BYTES = 64 * 1024
MOST_OF_ADDRESS = 64  # files that are on their way at once

MEDIA_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mp4": "video/mp4",
    ".m4s": "video/iso.segment",
    ".ts": "video/mp2t",
}
_FRESH = "no-cache"
_YES = "max-age=10"
_KEPT = "max-age=3600, immutable"  # every segment has a name of its own, over restarts too


class Playlist(BaseModel):
    """Where a room plays by HLS, for who asked; ``expires_s`` from now, None where it never does."""

    playlist: str
    expires_s: int | None = None


def hls_router(state: ControlState, readers: ReadAccess) -> APIRouter:
    """Return the routes of the HLS files."""
    router = APIRouter(tags=["playback"])
    files = HlsFiles(state, readers)

    async def access(request: Request, room: str) -> Response:
        """Say whether who asks may have the room's HLS: 204, 401 or 403, for the ``auth_request`` of an edge.

        A yes that holds for all who give the same may be kept a while.
        """
        await files.admit(request, room, basic=True, for_edge=True)
        kept = _YES if readers.by_key_alone(room) else "no-store"
        return Response(status_code=204, headers={"Cache-Control": kept})

    async def access_by_pass(request: Request, room: str, given: str) -> Response:
        """Say whether a pass is good: 204 or 403, for the ``auth_request`` of an edge."""
        files.admit_by_pass(room, given, for_edge=True)
        return Response(status_code=204, headers={"Cache-Control": _YES})

    async def playlist(request: Request, room: str) -> Playlist:
        """Return the address of the room's playlist, with a pass where it needs one; give the key as bearer token."""
        await files.admit(request, room)
        if not readers.guarded(room):
            return Playlist(playlist=f"/{room}/hls/index.m3u8")
        return Playlist(playlist=f"/{room}/hls/{readers.sign(room)}/index.m3u8", expires_s=PASS_S)

    async def hls_file(request: Request, room: str, file: str) -> Response:
        """Return a playlist or a segment of a room's HLS output."""
        await files.admit(request, room, basic=True)
        return await files.answer(request, room, file)

    async def hls_file_by_pass(request: Request, room: str, given: str, file: str) -> Response:
        """Return a playlist or a segment for who has a pass."""
        files.admit_by_pass(room, given)
        return await files.answer(request, room, file)

    router.add_api_route("/{room}/hls", playlist, methods=["GET"], response_model=Playlist)
    router.add_api_route("/{room}/hls/access", access, methods=["GET"], response_class=Response)
    router.add_api_route("/{room}/hls/{given}/access", access_by_pass, methods=["GET"], response_class=Response)
    for path, handler in (("/{room}/hls/{file}", hls_file), ("/{room}/hls/{given}/{file}", hls_file_by_pass)):
        router.add_api_route(path, handler, methods=["GET"], response_class=Response)
        router.add_api_route(path, handler, methods=["HEAD"], include_in_schema=False)
    return router


class HlsFiles:
    """Serves what lies in the rooms' HLS directories, to who may have it."""

    def __init__(self, state: ControlState, readers: ReadAccess) -> None:
        self._state = state
        self._readers = readers
        self._underway: Counter[str] = Counter()  # by address

    async def admit(self, request: Request, room: str, *, basic: bool = False, for_edge: bool = False) -> None:
        """Let a client in by the key it sends. Raises ``Problem``, of 401 and 403 alone ``for_edge``.

        With ``basic`` a 401 asks for HTTP Basic, at which a browser asks its user.
        """
        try:
            await self._readers.let_in(room, client_of(request), HLS)
        except Refused as refused:
            challenge = f'Basic realm="{room}", charset="UTF-8"' if basic else "Bearer"
            _refuse(refused, challenge, for_edge)

    def admit_by_pass(self, room: str, given: str, *, for_edge: bool = False) -> None:
        """Let a client in by its pass. Raises ``Problem``."""
        try:
            self._readers.check_pass(room, given)
        except Refused as refused:
            _refuse(refused, "Bearer", for_edge)

    async def answer(self, request: Request, room: str, file: str) -> Response:
        """Return the answer to who was let in. Raises ``Problem``."""
        address = address_of(request)
        self._begin(request, room, address)
        try:
            path = _place(self._state.hls_directory(room), file)
            opened = await asyncio.to_thread(_open, path) if path is not None else None
            if path is None or opened is None:
                raise Problem(404, "there is no such file; the playlist is /ROOM/hls/index.m3u8")
            kept = f"{'private' if self._readers.guarded(room) else 'public'}, {_KEPT}"
            headers = {"Cache-Control": _FRESH if path.suffix == ".m3u8" else kept}
            return _FileResponse(opened, headers, MEDIA_TYPES[path.suffix], partial(self._end, address))
        except BaseException:
            self._end(address)
            raise

    def _begin(self, request: Request, room: str, address: str) -> None:
        """Count a file that is on its way from now on: many may be asked for before the disk has answered."""
        try:
            with self._readers.counting(room, client_of(request), HLS):
                if self._underway[address] >= MOST_OF_ADDRESS:
                    raise Refused(503, "busy", "too many files are on their way to this address", 1)
        except Refused as refused:
            _refuse(refused, "Bearer", for_edge=False)
        self._underway[address] += 1

    def _end(self, address: str) -> None:
        self._underway[address] -= 1
        if not self._underway[address]:
            del self._underway[address]


class _FileResponse(Response):
    """Sends an open file in pieces, and closes it; calls ``on_end`` then."""

    def __init__(self, file: BinaryIO, headers: dict[str, str], media_type: str, on_end: Callable[[], None]) -> None:
        self._file = file
        self._bytes = os.fstat(file.fileno()).st_size
        self._on_end = on_end
        super().__init__(headers=headers, media_type=media_type)
        self.headers["Content-Length"] = str(self._bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            left = self._bytes if scope["method"] == "GET" else 0
            while left:
                piece = await asyncio.to_thread(self._file.read, min(left, PIECE_BYTES))
                left -= len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if not piece:
                    raise OSError("a file of HLS became shorter while it was read")
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._file.close()
            self._on_end()


def _refuse(refused: Refused, challenge: str, for_edge: bool) -> NoReturn:
    headers = {"Cache-Control": "no-store"}
    if refused.status == 401:
        headers["WWW-Authenticate"] = challenge
    if refused.retry_after_s is not None:
        headers["Retry-After"] = str(refused.retry_after_s)
    status = refused.status if refused.status == 401 or not for_edge else 403
    raise Problem(status, str(refused), headers) from None


def _place(root: Path | None, file: str) -> Path | None:
    """Return where ``file`` would lie directly below ``root``; None for what we would never write there."""
    if root is None or not FILE_NAME.fullmatch(file) or Path(file).suffix not in MEDIA_TYPES:
        return None
    return root / file


def _open(path: Path) -> BinaryIO | None:
    """Open a file; None when it is not there (a segment may go at any time) or leads out of its directory."""
    try:
        if path.resolve(strict=True).parent != path.parent.resolve(strict=True) or not path.is_file():
            return None
        return path.open("rb")
    except (OSError, ValueError, RuntimeError):
        return None
