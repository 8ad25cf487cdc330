"""The words that go with a clip: its captions, its title and its tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from string import Template

from livefoley.core.captions import SPACELESS, VTT_HEAD, Caption, as_srt, as_vtt, captions
from livefoley.core.errors import ConfigError
from livefoley.core.events import Transcript
from livefoley.core.ticks import Tick

NAMES = ("room", "kind", "keyword", "said", "date", "time", "describe")
"""What a template may name besides the operator's own values: the room, the highlight's kind and its first keyword,
what was said, the day and the time of day of the clip (UTC), and what the room sounds like."""

MAX_TITLE = 200
MAX_TAGS = 30


def check_template(text: str, own: Iterable[str]) -> None:
    """Raise ``ConfigError`` when a template names what is not known, or is none."""
    known = {*NAMES, *own}
    template = Template(text)
    if not template.is_valid():
        raise ConfigError(f'"{text}" is not a template; names are written ${{room}}, a dollar sign $$')
    unknown = [name for name in template.get_identifiers() if name not in known]
    if unknown:
        raise ConfigError(f'"{text}" names {unknown[0]}, which is not known; known are {", ".join(sorted(known))}')


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a template with its names filled in, on one line."""
    plain = {name: value.strip() for name, value in values.items()}
    return " ".join(Template(text).safe_substitute(plain).split())[:MAX_TITLE]


def filled_tags(texts: Iterable[str], values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the tags that are not empty, each once."""
    return tuple(dict.fromkeys(tag for text in texts if (tag := filled(text, values))))[:MAX_TAGS]


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said in a clip; the captions count from its beginning."""

    captions: tuple[Caption, ...]
    text: str
    language: str

    def srt(self) -> str:
        """Return an SRT file; empty when nothing is said."""
        return "".join(as_srt(caption, 0, number) for number, caption in enumerate(self.captions, 1))

    def vtt(self) -> str:
        """Return a WebVTT file."""
        return VTT_HEAD + "".join(as_vtt(caption, 0) for caption in self.captions)


def spoken(sentences: Iterable[Transcript], start: Tick, end: Tick) -> Spoken:
    """Return what is said from ``start`` to ``end``: of each utterance the last revision, words outside left out."""
    inside = told(sentences, start, end)
    pieces = [piece for each in inside for piece in captions(_clipped(each, start, end)) if piece.text]
    shown = [_moved(piece, start, end) for piece in pieces if piece.end > start and piece.start < end]
    language = inside[0].language if inside else ""
    glue = "" if language in SPACELESS else " "
    return Spoken(tuple(shown), glue.join(piece.text for piece in shown), language)


def told(sentences: Iterable[Transcript], start: Tick, end: Tick) -> list[Transcript]:
    """Return the utterances that are heard from ``start`` to ``end`` in their order, of each the last revision."""
    last: dict[int, Transcript] = {}
    for sentence in sentences:
        before = last.get(sentence.utterance)
        if before is None or sentence.revision >= before.revision:
            last[sentence.utterance] = sentence
    return sorted((each for each in last.values() if _overlaps(each, start, end)), key=lambda each: each.start)


def _overlaps(sentence: Transcript, start: Tick, end: Tick) -> bool:
    return bool(sentence.text) and sentence.end > start and sentence.start < end


def _clipped(sentence: Transcript, start: Tick, end: Tick) -> Transcript:
    """Return the sentence with the words alone whose middle lies in the clip, where its words are known."""
    inside = tuple(word for word in sentence.words if start <= (word.start + word.end) // 2 < end)
    return replace(sentence, words=inside) if inside else sentence


def _moved(piece: Caption, start: Tick, end: Tick) -> Caption:
    return Caption(max(piece.start, start) - start, min(piece.end, end) - start, piece.text)
