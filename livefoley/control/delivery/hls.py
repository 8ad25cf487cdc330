"""A room's HLS output over HTTP: ``/ROOM/hls/index.m3u8`` and the segments beside it, and nothing else."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from fastapi import APIRouter, Response

from livefoley.control.problems import Problem
from livefoley.control.state import ControlState

FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
MAX_FILE_BYTES = 64 * 1024 * 1024

MEDIA_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mp4": "video/mp4",
    ".m4s": "video/iso.segment",
    ".ts": "video/mp2t",
}
_FRESH = "no-cache"
_KEPT = "public, max-age=3600, immutable"  # every segment has a name of its own, over restarts too


def hls_router(state: ControlState) -> APIRouter:
    """Return the route of the HLS files."""
    router = APIRouter(tags=["playback"])

    async def hls_file(room: str, file: str) -> Response:
        """Return a playlist or a segment of a room's HLS output."""
        path = _place(state.hls_directory(room) if room in state.rooms() else None, file)
        content = await asyncio.to_thread(_read, path) if path is not None else None
        if path is None or content is None:
            raise Problem(404, "there is no such file; the playlist is /ROOM/hls/index.m3u8")
        cache = _FRESH if path.suffix == ".m3u8" else _KEPT
        return Response(content, media_type=MEDIA_TYPES[path.suffix], headers={"Cache-Control": cache})

    router.add_api_route("/{room}/hls/{file}", hls_file, methods=["GET"], response_class=Response)
    router.add_api_route("/{room}/hls/{file}", hls_file, methods=["HEAD"], include_in_schema=False)
    return router


def _place(root: Path | None, file: str) -> Path | None:
    """Return where ``file`` would lie directly below ``root``; None for what we would never write there."""
    if root is None or not FILE_NAME.fullmatch(file) or Path(file).suffix not in MEDIA_TYPES:
        return None
    return root / file


def _read(path: Path) -> bytes | None:
    """Return a whole file, None when it is not there (a segment may go at any time) or leads out of its directory."""
    try:
        if path.resolve(strict=True).parent != path.parent.resolve(strict=True) or not path.is_file():
            return None
        return path.read_bytes() if path.stat().st_size <= MAX_FILE_BYTES else None
    except (OSError, ValueError, RuntimeError):
        return None
