"""Published clips over HTTP: ``/clips/PREFIX/clip.mp4`` and the files beside it, for players and for edges.

With a secret, links are signed and end (``clips.links``). Answers carry a strong ETag and a Cache-Control by the clip's
heat; single byte ranges are served. Only clips that are whole are: their metadata, written last, says so.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import NoReturn
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from livefoley.clips.model import ClipMetadata, Heat
from livefoley.clips.publish.links import CACHE_CONTROL, LinkCheck, Links
from livefoley.clips.publish.publisher import COMMIT, MEDIA_TYPES
from livefoley.clips.publish.store import KEY, Stat, Store
from livefoley.control.clients import address_of, client_of
from livefoley.control.problems import Problem
from livefoley.core.errors import OutputError
from livefoley.media.access.admission import Refused
from livefoley.media.access.read_access import CLIPS, ReadAccess
from livefoley.media.token_bucket import Buckets

CHUNK_BYTES = 256 * 1024
MAX_METADATA_BYTES = 1024 * 1024
_KNOWN = 4096  # clips whose heat and room are remembered
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


@dataclass(frozen=True, slots=True)
class FileAccess:
    """Who may fetch clips: with ``links`` who has one that is signed, else whom ``readers`` lets into the clip's room
    (without either, whoever reaches the port). ``referers`` are the hosts whose pages may
    show them (empty: all; a request that names no page always may); ``rate`` is how many requests one address may make
    a second on average, with bursts of eight times that (0: any number)."""

    links: Links | None = None
    readers: ReadAccess | None = None
    referers: tuple[str, ...] = ()
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class FileStatistics:
    """Counts since the start."""

    served: Mapping[int, int]  # by status: 200, 206, 304
    refused: Mapping[str, int]  # by reason
    bytes: int


class ClipFiles:
    """Serves what lies in a store."""

    def __init__(self, store: Store, access: FileAccess, now: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._access = access
        self._buckets = Buckets(max(1, round(8 * access.rate)), 1 / access.rate, now) if access.rate else None
        self._known: OrderedDict[str, tuple[Heat, str]] = OrderedDict()
        self._served: Counter[int] = Counter()
        self._refused: Counter[str] = Counter()
        self._bytes = 0

    async def answer(self, request: Request, key: str) -> Response:
        """Return the answer to a request for the object ``key``; raises ``Problem``."""
        self._admit(request, key)
        found, heat, room = await self._find(key)
        await self._let_in(request, room)
        headers = {
            "ETag": found.etag,
            "Last-Modified": formatdate(found.modified_s, usegmt=True),
            "Cache-Control": CACHE_CONTROL[heat],
            "Accept-Ranges": "bytes",
        }
        if _is_known(request, found):
            self._served[304] += 1
            return Response(status_code=304, headers=headers)
        part = self._part(request, found)
        start, end = part or (0, found.size)
        status = 200 if part is None else 206
        if part is not None:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
        headers["Content-Length"] = str(end - start)
        self._served[status] += 1
        media_type = MEDIA_TYPES.get("." + key.rpartition(".")[2], "application/octet-stream")
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type=media_type)
        body = self._body(key, start, end)
        return StreamingResponse(body, status, headers, media_type)

    def forget(self, prefix: str) -> None:
        """Forget what is known of a clip that was withdrawn."""
        self._known.pop(prefix, None)

    def statistics(self) -> FileStatistics:
        """Return a snapshot."""
        return FileStatistics(dict(self._served), dict(self._refused), self._bytes)

    def _admit(self, request: Request, key: str) -> None:
        if self._buckets is not None and not self._buckets.take(address_of(request)):
            self._refuse("rate", 429, "too many requests for clips from this address", {"Retry-After": "1"})
        referer = request.headers.get("referer", "")
        if referer and self._access.referers and _host(referer) not in self._access.referers:
            self._refuse("referer", 403, "pages of that site may not show clips of this server")
        if self._access.links is not None:
            query = request.query_params
            checked = self._access.links.check(request.scope["path"], query.get("md5", ""), query.get("expires", ""))
            if checked is LinkCheck.EXPIRED:
                self._refuse("expired", 410, "this link has ended; ask for a new one")
            if checked is not LinkCheck.GOOD:
                self._refuse(checked.value, 403, "this link is not signed for this file; ask for one that is")
        if not KEY.fullmatch(key):
            self._refuse("missing", 404, "there is no such clip")

    async def _let_in(self, request: Request, room: str) -> None:
        if self._access.links is not None or self._access.readers is None:
            return
        try:
            await self._access.readers.let_in(room, client_of(request), CLIPS)
        except Refused as refused:
            headers = {"WWW-Authenticate": f'Basic realm="{room}", charset="UTF-8"'} if refused.status == 401 else {}
            self._refuse(refused.reason, refused.status, str(refused), headers)

    async def _find(self, key: str) -> tuple[Stat, Heat, str]:
        try:
            found = await asyncio.to_thread(self._look, key)
        except OutputError:
            self._refuse("store", 503, "the clips' store does not answer", {"Retry-After": "5"})
        if found is None:
            self._refuse("missing", 404, "there is no such clip")
        return found

    def _look(self, key: str) -> tuple[Stat, Heat, str] | None:
        prefix, _, name = key.rpartition("/")
        found = self._store.stat(key) if prefix and name else None
        told = self._told(prefix) if found is not None else None
        return (found, *told) if found is not None and told is not None else None

    def heat(self, prefix: str) -> Heat | None:
        """Return the heat of a clip; None for what is no whole clip. Blocks; raises ``OutputError``."""
        told = self._told(prefix)
        return told[0] if told is not None else None

    def _told(self, prefix: str) -> tuple[Heat, str] | None:
        """Return the heat and the room that a clip's metadata tell; None for what is no whole clip."""
        if (known := self._known.get(prefix)) is not None:
            return known
        commit = self._store.stat(f"{prefix}/{COMMIT}")
        if commit is None or commit.size > MAX_METADATA_BYTES:
            return None
        try:
            told = ClipMetadata.from_json(self._store.read(f"{prefix}/{COMMIT}", 0, commit.size).decode())
        except ValueError:
            return None
        self._known[prefix] = told.heat, told.room
        while len(self._known) > _KNOWN:
            self._known.popitem(last=False)
        return told.heat, told.room

    def _part(self, request: Request, found: Stat) -> tuple[int, int] | None:
        """Return the first byte that is wanted and the one after the last; None for all; raises ``Problem`` for none.

        Several ranges, and other units than bytes, are answered with all of it, as RFC 9110 allows.
        """
        wanted = _RANGE.fullmatch(request.headers.get("range", "").replace(" ", ""))
        if wanted is None or not any(wanted.groups()) or not _range_holds(request, found):
            return None
        first, last = wanted.groups()
        start = int(first) if first else max(0, found.size - int(last))
        end = min(found.size, int(last) + 1) if first and last else found.size
        if start >= end:
            self._refuse("range", 416, "that range is not in the file", {"Content-Range": f"bytes */{found.size}"})
        return start, end

    async def _body(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        while start < end:
            piece = await asyncio.to_thread(self._store.read, key, start, min(end, start + CHUNK_BYTES))
            if not piece:
                return
            self._bytes += len(piece)
            yield piece
            start += len(piece)

    def _refuse(self, reason: str, status: int, detail: str, headers: Mapping[str, str] | None = None) -> NoReturn:
        self._refused[reason] += 1
        raise Problem(status, detail, dict(headers or {}) | {"Cache-Control": "no-store"})


def clip_files_router(files: ClipFiles) -> APIRouter:
    """Return the route of the clips."""
    router = APIRouter(tags=["clips"])

    async def clip_file(request: Request, key: str) -> Response:
        """Return a file of a published clip."""
        return await files.answer(request, key)

    router.add_api_route("/clips/{key:path}", clip_file, methods=["GET"], response_class=Response)
    router.add_api_route("/clips/{key:path}", clip_file, methods=["HEAD"], include_in_schema=False)
    return router


def _is_known(request: Request, found: Stat) -> bool:
    """Say whether who asks has the very object already (``If-None-Match``)."""
    given = request.headers.get("if-none-match", "")
    tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    return bool(given) and ("*" in tags or found.etag in tags)


def _range_holds(request: Request, found: Stat) -> bool:
    """Say whether a range is of the object that is there now (``If-Range``)."""
    given = request.headers.get("if-range")
    return given is None or given in (found.etag, formatdate(found.modified_s, usegmt=True))


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""
