"""What was said, as captions: sentences in pieces short enough to be read, written as SRT or WebVTT."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from livefoley.core.events import Transcript, Word
from livefoley.core.text.chinese import HAN
from livefoley.core.ticks import TICK_RATE, Tick, ms_from_ticks

MAX_WIDTH = 84  # two lines of 42 half-width characters; a Chinese one counts twice
MAX_TICKS: Tick = 6 * TICK_RATE
SPACELESS = frozenset({"zh", "ja", "th"})
VTT_HEAD = "WEBVTT\n\n"


@dataclass(frozen=True, slots=True)
class Caption:
    """A piece of a sentence."""

    start: Tick
    end: Tick
    text: str


def captions(sentence: Transcript) -> Iterator[Caption]:
    """Yield the sentence in pieces of at most ``MAX_WIDTH`` and ``MAX_TICKS``, as far as its words allow."""
    if not sentence.words:
        yield Caption(sentence.start, sentence.end, _plain(sentence.text))
        return
    piece = [sentence.words[0]]
    for word in sentence.words[1:]:
        text = joined((each.text for each in [*piece, word]), sentence.language)
        if _width(text) > MAX_WIDTH or word.end - piece[0].start > MAX_TICKS:
            yield _caption(piece, sentence.language)
            piece = []
        piece.append(word)
    yield _caption(piece, sentence.language)


def joined(words: Iterable[str], language: str) -> str:
    """Return words as a text: with spaces, but for languages without and around a Chinese character."""
    text = ""
    for word in words:
        spaceless = language in SPACELESS and (language != "zh" or not text or HAN.match(text[-1]) or HAN.match(word))
        text += word if spaceless or not text else f" {word}"
    return text.strip()


def _caption(piece: Sequence[Word], language: str) -> Caption:
    return Caption(piece[0].start, piece[-1].end, _plain(joined((word.text for word in piece), language)))


def _plain(text: str) -> str:
    """Return text of one line: what a model writes down may hold line ends, which end a cue, and control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def as_srt(caption: Caption, origin: Tick, number: int) -> str:
    """Return the ``number``-th caption (from 1) of an SRT file whose zero is ``origin``."""
    return f"{number}\n{_lines(caption, origin, ',')}"


def as_vtt(caption: Caption, origin: Tick) -> str:
    """Return a caption of a WebVTT file, which begins with ``VTT_HEAD``; its zero is ``origin``."""
    return _lines(caption, origin, ".")


def _lines(caption: Caption, origin: Tick, point: str) -> str:
    start, end = (_clock(tick - origin, point) for tick in (caption.start, caption.end))
    return f"{start} --> {end}\n{caption.text.replace('-->', '->')}\n\n"


def _clock(ticks: Tick, point: str) -> str:
    seconds, milliseconds = divmod(max(0, ms_from_ticks(ticks)), 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{milliseconds:03}"
