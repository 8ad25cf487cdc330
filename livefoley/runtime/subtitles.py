"""What was said, as an SRT or WebVTT file beside the recording; only where the room opts in.

A sentence is written when it is final, at its time in the stream, in pieces short enough to be read. Writing happens in
a thread; a disk that refuses costs the file, is said once, and never the room.
"""

from __future__ import annotations

import asyncio
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from livefoley.core.events import Transcript
from livefoley.core.ticks import TICK_RATE, Tick, ms_from_ticks
from livefoley.engine.timeline import ORIGIN

log = structlog.get_logger("livefoley.subtitles")

MAX_WIDTH = 84  # two lines of 42 half-width characters; a Chinese one counts twice
MAX_TICKS: Tick = 6 * TICK_RATE
MAX_WAITING = 256
SPACELESS = frozenset({"zh", "ja", "th"})


@dataclass(frozen=True, slots=True)
class Caption:
    """A piece of a sentence."""

    start: Tick
    end: Tick
    text: str


class SubtitleFile:
    """Takes final sentences, writes the file. ``path`` may hold strftime fields, filled in with the first sentence."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_vtt = path.suffix.lower() == ".vtt"
        self._waiting: asyncio.Queue[Transcript] = asyncio.Queue(MAX_WAITING)
        self._target: Path | None = None
        self._count = 0
        self._failed = False
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
            first = self._target is None
            target = self._target = self._target or Path(time.strftime(str(self._path)))
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("w" if first else "a", encoding="utf-8", newline="\n") as file:
                file.write("WEBVTT\n\n" + text if first and self._is_vtt else text)
            self._failed = False
        except OSError as error:
            self.dropped += 1
            if not self._failed:
                log.error("subtitles cannot be written", path=str(self._path), reason=error.strerror)
            self._failed = True

    def _format(self, caption: Caption) -> str:
        self._count += 1
        start, end = (_clock(tick, "." if self._is_vtt else ",") for tick in (caption.start, caption.end))
        number = "" if self._is_vtt else f"{self._count}\n"
        text = caption.text.replace("-->", "->")
        return f"{number}{start} --> {end}\n{text}\n\n"


def captions(sentence: Transcript) -> Iterator[Caption]:
    """Yield the sentence in pieces of at most ``MAX_WIDTH`` and ``MAX_TICKS``, as far as its words allow."""
    if not sentence.words:
        yield Caption(sentence.start, sentence.end, " ".join(sentence.text.split()))
        return
    glue = "" if sentence.language in SPACELESS else " "
    piece = [sentence.words[0]]
    for word in sentence.words[1:]:
        text = glue.join(each.text for each in [*piece, word])
        if _width(text) > MAX_WIDTH or word.end - piece[0].start > MAX_TICKS:
            yield Caption(piece[0].start, piece[-1].end, glue.join(each.text for each in piece))
            piece = []
        piece.append(word)
    yield Caption(piece[0].start, piece[-1].end, glue.join(each.text for each in piece))


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _clock(tick: Tick, point: str) -> str:
    total_ms = max(0, ms_from_ticks(tick - ORIGIN))
    seconds, milliseconds = divmod(total_ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{milliseconds:03}"
