"""What was said, as an SRT or WebVTT file beside the recording; only where the room opts in.

A sentence is written when it is final, at its time in the stream, in pieces short enough to be read. Writing happens in
a thread; a disk that refuses costs sentences, is said once and in ``problem`` until one is written, and never the room.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import structlog

from livefoley.core.errors import reason
from livefoley.core.events import Transcript
from livefoley.core.text.captions import VTT_HEAD, Caption, as_srt, as_vtt, captions
from livefoley.engine.timeline import ORIGIN

log = structlog.get_logger("livefoley.subtitles")

MAX_WAITING = 256


class SubtitleFile:
    """Takes final sentences, writes the file. ``path`` may hold strftime fields, filled in with the first sentence."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_vtt = path.suffix.lower() == ".vtt"
        self._waiting: asyncio.Queue[Transcript] = asyncio.Queue(MAX_WAITING)
        self._target: Path | None = None
        self._count = 0
        self._begun = False  # the file holds something of ours
        self.problem = ""
        self.dropped = 0

    def take(self, sentence: Transcript) -> None:
        """Take a sentence; never blocks."""
        try:
            self._waiting.put_nowait(sentence)
        except asyncio.QueueFull:
            self.dropped += 1

    async def run(self) -> None:
        """Write until cancelled; what waits then is still written."""
        writing: asyncio.Future[None] | None = None
        try:
            while True:
                sentence = await self._waiting.get()
                writing = asyncio.ensure_future(asyncio.to_thread(self._write, sentence))
                await asyncio.shield(writing)
        finally:
            if writing is not None:
                await writing
            while not self._waiting.empty():
                self._write(self._waiting.get_nowait())

    def _write(self, sentence: Transcript) -> None:
        text = "".join(self._format(caption) for caption in captions(sentence))
        try:
            target = self._target = self._target or Path(time.strftime(str(self._path)))
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("a" if self._begun else "w", encoding="utf-8", newline="\n") as file:
                file.write(text if self._begun or not self._is_vtt else VTT_HEAD + text)
            self._begun, self.problem = True, ""
        except OSError as error:
            self.dropped += 1
            before, self.problem = self.problem, f"subtitles cannot be written ({reason(error)})"
            if not before:
                log.error("subtitles cannot be written", path=str(self._path), reason=reason(error))

    def _format(self, caption: Caption) -> str:
        self._count += 1
        return as_vtt(caption, ORIGIN) if self._is_vtt else as_srt(caption, ORIGIN, self._count)
