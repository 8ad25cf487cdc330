"""Takes a video out of a request and onto the disk as it comes: the raw body, or one part of a form.

Never more of it is in memory than came in one piece. The guard lets these bodies through unread, so size and patience
are bounded here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks  # named for type checkers only

from livefoley.control.problems import Problem
from livefoley.renders.fetch import HEAD_BYTES, sniffed

IDLE_S = 15.0
WHOLE_S = 600.0
MAX_FIELD_BYTES = 16 * 1024
MAX_PARTS = 8
MAX_FORM_BYTES = 64 * 1024  # of all that is not the video


class Receiver:
    """Writes a video to ``path``, up to ``max_bytes`` of it; what does not begin like one is refused at once."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._size = 0
        self._head = b""
        self._is_known = False

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._size

    async def raw(self, request: Request) -> None:
        """Take the body as it is. Raises ``Problem``, and ``InputError`` for what is no video."""
        with await asyncio.to_thread(self._path.open, "wb") as file:
            async for piece in _pieces(request):
                await self._take(file, piece)
        self._finish()

    async def form(self, request: Request) -> dict[str, str]:
        """Take the part that has a file name; return the other fields. Raises as ``raw`` does."""
        form = _Form(request.headers["content-type"])
        with await asyncio.to_thread(self._path.open, "wb") as file:
            async for piece in _pieces(request):
                for part in form.feed(piece):
                    await self._take(file, part)
                if form.seen - self._size > MAX_FORM_BYTES:
                    raise Problem(413, f"the fields beside the video have at most {MAX_FORM_BYTES} bytes")
        self._finish()
        return form.fields()

    async def _take(self, file: BinaryIO, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._max_bytes:
            raise too_large(self._max_bytes)
        if not self._is_known:
            self._head += piece[:HEAD_BYTES]
            if len(self._head) >= HEAD_BYTES:
                self._finish()
        await asyncio.to_thread(file.write, piece)

    def _finish(self) -> None:
        """Look at how the video begins."""
        if not self._is_known:
            sniffed(self._head, "the upload")
        self._is_known, self._head = True, b""


def too_large(max_bytes: int) -> Problem:
    """Return what who sends too much is told."""
    return Problem(413, f"a video has at most {max_bytes // 1_000_000} MB (render.max_mb)")


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    pieces = request.stream().__aiter__()
    deadline_s = asyncio.get_running_loop().time() + WHOLE_S
    while True:
        try:
            async with asyncio.timeout_at(min(deadline_s, asyncio.get_running_loop().time() + IDLE_S)):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Problem(408, f"nothing came for {IDLE_S:g} s, or it took more than {WHOLE_S:g} s") from None
        if piece:
            yield piece


class _Form:
    """Divides ``multipart/form-data`` into the video, handed on as it comes, and fields, kept."""

    def __init__(self, content_type: str) -> None:
        _, options = parse_options_header(content_type)
        if not options.get(b"boundary"):
            raise Problem(400, "a form has a boundary in its Content-Type")
        self.seen = 0
        self._video: list[bytes] = []
        self._fields: dict[str, bytes] = {}
        self._parts = 0
        self._header = self._value = b""
        self._name: str | None = None  # of the field that is read; None: the part is the video
        self._ended = False
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._part,
            "on_header_field": self._on_header,
            "on_header_value": self._on_value,
            "on_header_end": self._on_header_end,
            "on_part_data": self._on_data,
            "on_end": self._on_end,
        }
        try:
            self._parser = MultipartParser(options[b"boundary"], callbacks)
        except FormParserError:
            raise Problem(400, "the form's boundary is too long; it has at most 70 characters") from None

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next bytes; return what of the video is in them."""
        self.seen += len(piece)
        try:
            self._parser.write(piece)
        except FormParserError:
            raise Problem(400, "the form is malformed") from None
        video, self._video = self._video, []
        return video

    def fields(self) -> dict[str, str]:
        """Return the fields of a form that is whole."""
        if not self._ended:
            raise Problem(400, "the form was cut off")
        return {name: value.decode("utf-8", "replace") for name, value in self._fields.items()}

    def _part(self) -> None:
        self._parts += 1
        self._name = ""
        if self._parts > MAX_PARTS:
            raise Problem(400, f"a form has at most {MAX_PARTS} parts")

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            name = options.get(b"name", b"").decode("utf-8", "replace")
            self._name = None if b"filename" in options else name
            if self._name is not None:
                self._fields[self._name] = b""  # a field may be empty
        self._header = self._value = b""

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._name is None:
            self._video.append(data[start:end])
            return
        self._fields[self._name] = self._fields.get(self._name, b"") + data[start:end]  # "": a part without a name
        if len(self._fields[self._name]) > MAX_FIELD_BYTES:
            raise Problem(413, f"a field of the form has at most {MAX_FIELD_BYTES} bytes")

    def _on_end(self) -> None:
        self._ended = True
