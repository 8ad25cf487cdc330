"""The words that go with a clip: its captions, its title and its tags."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from string import Template

from livefoley.core.errors import ConfigError
from livefoley.core.events import Transcript
from livefoley.core.text.captions import VTT_HEAD, Caption, as_srt, as_vtt, captions
from livefoley.core.text.chinese import HAN
from livefoley.core.ticks import TICK_RATE, Tick

NAMES = ("room", "kind", "keyword", "said", "date", "time", "describe")
"""What a template may name besides the operator's own values: the room, the highlight's kind and the keyword it has it
from, what was said, the day and the time of day of the clip by the clock of this machine, and what the room sounds
like."""

NUMBER = "{n}"  # where a list of keywords takes any
MOST: Tick = 2 * TICK_RATE  # of a sentence without known words is enough of it
_STOPS = "，。！？；：、"

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


def day_and_time(at_s: float) -> tuple[str, str]:
    """Return the day and the time of day by the clock of this machine (``TZ``); UTC is marked as such."""
    local = time.localtime(at_s)
    return time.strftime("%Y-%m-%d", local), time.strftime("%H:%M", local) + ("" if local.tm_gmtoff else " UTC")


def as_said(phrase: str, said: str) -> str:
    """Return a keyword; one that is a pattern (``最后{n}分钟``) as it stands in what was said, empty if it does not."""
    if NUMBER not in phrase:
        return phrase
    found = re.search(r"\w{1,8}?".join(map(re.escape, phrase.split(NUMBER))), said, re.IGNORECASE)
    return found[0] if found else ""


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
    inside = [part for each in told(sentences, start, end) if (part := _clipped(each, start, end)) is not None]
    pieces = [piece for each in inside for piece in captions(each) if piece.text]
    shown = [_moved(piece, start, end) for piece in pieces if piece.end > start and piece.start < end]
    text = ""
    for piece in shown:
        text += (" " if _apart(text, piece.text) else "") + piece.text
    spoken_s = Counter[str]()
    for each in inside:
        spoken_s[each.language] += each.end - each.start
    return Spoken(tuple(shown), text, max(spoken_s, key=lambda each: spoken_s[each], default=""))


def _apart(before: str, after: str) -> bool:
    """Say whether a space belongs between two texts: not within Chinese, nor after its stops."""
    return bool(before) and before[-1] not in _STOPS and not (HAN.match(before[-1]) and HAN.match(after[0]))


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


def _clipped(sentence: Transcript, start: Tick, end: Tick) -> Transcript | None:
    """Return the sentence with the words alone whose middle lies in the clip; None when none does.

    Where the words are not known, most of it has to.
    """
    if not sentence.words:
        inside = min(sentence.end, end) - max(sentence.start, start)
        return sentence if inside >= min((sentence.end - sentence.start) // 2, MOST) else None
    words = tuple(word for word in sentence.words if start <= (word.start + word.end) // 2 < end)
    return replace(sentence, start=words[0].start, end=words[-1].end, words=words) if words else None


def _moved(piece: Caption, start: Tick, end: Tick) -> Caption:
    return Caption(max(piece.start, start) - start, min(piece.end, end) - start, piece.text)
