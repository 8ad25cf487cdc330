"""What child processes print on standard error, told in our log: so many lines, so long, and no faster than that.

Somebody always reads it, so that a child never waits for whoever reads our log; and a child that prints without end, or
what a terminal would obey, costs neither the log nor the event loop more than is set here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from livefoley.media.token_bucket import Bucket

LINES, INTERVAL_S = 40, 0.2
MOST_BYTES = 500  # of a line; the rest of it is not told
PIECE = 16 * 1024
PAUSE_S = 0.05
"""Between two pieces of what is too much to be told: 320 KB a second are read, and thrown away."""

left_out = 0
"""Lines of children of this process that were not told."""


class Lines:
    """Cuts what a child prints into lines that may be told; ``now`` tells seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._bucket = Bucket(LINES, INTERVAL_S, now)
        self._begun = b""
        self.left_out = 0

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that are whole now and may be told; the others are counted."""
        found: list[str] = []
        *whole, rest = data.split(b"\n")
        for piece in whole:
            self._begin(piece)
            found += self.flush()
        self._begin(rest)
        return found

    def flush(self) -> list[str]:
        """Return the line that was begun, if it may be told."""
        text, self._begun = _plain(self._begun), b""
        if not text.strip():
            return []
        if self._bucket.take():
            return [text]
        self.left_out += 1
        return []

    def _begin(self, piece: bytes) -> None:
        self._begun += piece[: MOST_BYTES - len(self._begun)]


def _plain(line: bytes) -> str:
    text = line.decode("utf-8", "replace").rstrip()
    return "".join(each if each.isprintable() else " " if each == "\t" else "\ufffd" for each in text)


async def forward(stream: asyncio.StreamReader | None, log: Any, **who: object) -> None:
    """Tell ``log`` what comes by ``stream`` until it ends; ``who`` says whose it is."""
    global left_out
    lines, told = Lines(), 0
    while stream is not None and (data := await stream.read(PIECE)):
        before = lines.left_out
        for line in lines.feed(data):
            more = {"left_out": lines.left_out - told} if lines.left_out > told else {}
            told = lines.left_out
            log.warning("a child printed", line=line, **who, **more)
        left_out += lines.left_out - before
        if lines.left_out > before or len(data) == PIECE:
            await asyncio.sleep(PAUSE_S)
    for line in lines.flush():
        log.warning("a child printed", line=line, **who)
