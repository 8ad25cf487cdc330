"""Looks at a clip before it is published: its pictures, its words, and whether there is anything in it at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from livefoley.clips.checks.frames import FrameModel
from livefoley.clips.checks.signals import Seen, find_black, find_frozen, find_silent, pictures
from livefoley.clips.checks.text import WordList
from livefoley.clips.model import ClipFiles, ClipMetadata, Finding
from livefoley.core.errors import InputError, LivefoleyError

_CUE_START = re.compile(r"(?:(\d+):)?(\d\d):(\d\d)[.,](\d{3}) -->")


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """How strict to be. A share is of the clip's length: more of it black, frozen or silent, and the clip is kept back;
    1 allows all of it."""

    every_s: float = 1.0  # how far apart the pictures are that ``frames`` looks at
    frame_threshold: float = 0.8
    black_share: float = 0.5
    frozen_share: float = 0.8
    silent_share: float = 0.9


class ClipChecks:
    """Implements ``Checks``. ``frames`` looks at pictures, ``words`` at every text of the clip; None: nobody does."""

    def __init__(
        self, settings: CheckSettings, frames: FrameModel | None = None, words: WordList | None = None
    ) -> None:
        self._settings = settings
        self._frames = frames
        self._words = words

    def run(self, files: ClipFiles, metadata: ClipMetadata) -> Sequence[Finding]:
        """Return what was found; what cannot be looked at is a finding, too. Never raises for the clip itself."""
        wanted, seen = self._settings, list[Seen]()
        found: list[Finding] = []

        def look() -> None:
            seen.extend(pictures(files.clip, wanted.every_s if self._frames is not None else None))
            if not seen:
                raise InputError("it has no picture")

        if self._frames is not None or wanted.black_share < 1 or wanted.frozen_share < 1:
            found += _guarded("frames", look)
        found += _guarded("frames", lambda: self._moderate(seen))
        found += _guarded("text", lambda: self._read(files, metadata))
        found += _guarded("black", lambda: find_black(seen, wanted.black_share))
        found += _guarded("frozen", lambda: find_frozen(seen, wanted.frozen_share) or self._held(metadata))
        if wanted.silent_share < 1:
            found += _guarded("silent", lambda: find_silent(files.clip, wanted.silent_share))
        return tuple(found)

    def _moderate(self, seen: Sequence[Seen]) -> Finding | None:
        if self._frames is None or not seen:
            return None
        scored = [(self._frames.score(each.picture), each.at_s) for each in seen]
        score, at_s = max(scored)
        if score < self._settings.frame_threshold:
            return None
        return Finding("frames", f"a picture scores {score:.2f}", at_s=round(at_s, 3), score=round(score, 3))

    def _held(self, metadata: ClipMetadata) -> Finding | None:
        """Return a finding when for too long no pictures came: what is held meanwhile is one picture."""
        held_s = sum(gap.end_s - gap.start_s for gap in metadata.gaps)
        if held_s <= self._settings.frozen_share * metadata.duration_s:
            return None
        part = held_s / max(held_s, metadata.duration_s)
        return Finding("frozen", f"no pictures came for {held_s:.1f} s", at_s=metadata.gaps[0].start_s, score=part)

    def _read(self, files: ClipFiles, metadata: ClipMetadata) -> Finding | None:
        if self._words is None:
            return None
        for what, text, at_s in _texts(files, metadata):
            if (entry := self._words.find(text)) is not None:
                return Finding("text", f"the {what} holds: {entry}", at_s=at_s)
        return None


def _guarded(check: str, look: Callable[[], Finding | None]) -> list[Finding]:
    try:
        found = look()
    except LivefoleyError as error:
        return [Finding(check, f"could not be checked: {error}")]
    except Exception as error:  # whatever a model or decoder can raise: what nobody looked at is not published
        return [Finding(check, f"could not be checked ({type(error).__name__})")]
    return [found] if found is not None else []


def _texts(files: ClipFiles, metadata: ClipMetadata) -> Iterator[tuple[str, str, float | None]]:
    """Yield every text that is published with the clip: what it is, the text, and when in the clip it is said."""
    yield "title", metadata.title, None
    yield "description", metadata.describe, None
    yield from (("tag", tag, None) for tag in metadata.tags)
    yield from (("prompt", sound.prompt, round(sound.at_s, 3)) for sound in metadata.sounds)
    for path in (files.srt, files.vtt):
        if path.is_file():
            yield from _captions(path.read_text(encoding="utf-8"))
    yield "transcript", metadata.transcript, None


def _captions(text: str) -> Iterator[tuple[str, str, float | None]]:
    """Yield the text of each cue, and of two that follow each other: a word may be cut in two."""
    at_s, before = None, ""
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        if (start := _CUE_START.search(block)) is None:
            continue
        hours, minutes, seconds, millis = (int(part or 0) for part in start.groups())
        at_s = hours * 3600 + minutes * 60 + seconds + millis / 1000
        said = " ".join(block[start.end() :].splitlines()[1:])
        yield "captions", f"{before} {said}", at_s
        before = said
