"""From what the room knows to the documents it tells: ticks become seconds of the stream, states become words."""

from __future__ import annotations

from livefoley.core.events import KeywordHit, Transcript
from livefoley.core.highlights import ChatBurst, Evidence, Highlight
from livefoley.core.notices import (
    ActionNotice,
    ChatNotice,
    HighlightNotice,
    KeywordNotice,
    ReasonNotice,
    TranscriptNotice,
    WordNotice,
    utc,
)
from livefoley.core.ticks import Tick, s_from_ticks
from livefoley.engine.choice import Choice
from livefoley.engine.timeline import ORIGIN


def highlight(given: Highlight, name: str, accent: str, airs_s: float) -> HighlightNotice:
    """Return a highlight's document; ``airs_s`` is the time of day at which the outputs carry its start."""
    return HighlightNotice(
        id=name,
        revision=given.revision,
        state=given.state.value,
        kind=given.kind,
        start_s=stream_s(given.start),
        end_s=stream_s(given.end),
        peak_s=stream_s(given.peak),
        score=round(given.score, 3),
        reasons=tuple(map(_reason, given.reasons)),
        transcript=given.transcript,
        accent=accent,
        airs_at=utc(airs_s),
    )


def _reason(given: Evidence) -> ReasonNotice:
    score = round(given.score, 3)
    return ReasonNotice(given.signal, stream_s(given.at), stream_s(given.end), score, given.detail, given.people)


def keyword(given: KeywordHit, name: str) -> KeywordNotice:
    """Return a keyword's document."""
    return KeywordNotice(
        id=name,
        state=given.state.value,
        keyword=given.keyword,
        heard=given.text_heard,
        language=given.language,
        kind=given.cue,
        start_s=stream_s(given.at),
        end_s=stream_s(given.end),
        confidence=round(given.confidence, 3),
    )


def transcript(given: Transcript, name: str) -> TranscriptNotice:
    """Return a sentence's document."""
    return TranscriptNotice(
        id=name,
        revision=given.revision,
        final=given.final,
        language=given.language,
        text=given.text,
        start_s=stream_s(given.start),
        end_s=stream_s(given.end),
        words=tuple(WordNotice(word.text, stream_s(word.start), stream_s(word.end)) for word in given.words),
    )


def chat(given: ChatBurst, name: str) -> ChatNotice:
    """Return a burst's document."""
    rate, usual, share, score = (round(each, 3) for each in (given.rate, given.usual, given.share, given.score))
    return ChatNotice(name, given.over, rate, usual, share, score, given.writers)


def action(at: Tick, given: Choice) -> ActionNotice:
    """Return the document of what was chosen for a movement."""
    family = given.family.value if given.family is not None else ""
    return ActionNotice(stream_s(at), given.prompt or "", family, round(given.confidence, 3), given.reason)


def stream_s(tick: Tick) -> float:
    """Return a tick as seconds since the room's stream began."""
    return round(s_from_ticks(tick - ORIGIN), 3)
