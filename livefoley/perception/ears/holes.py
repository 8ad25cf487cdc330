"""Where a text says nothing though somebody speaks: Whisper leaves out what is in another language than it writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from livefoley.core.events import Word
from livefoley.core.ticks import Tick, ticks_from_s

Span = tuple[Tick, Tick]

LONGEST_WORD: Tick = ticks_from_s(0.5)  # one that lasts longer reaches back over what was left out before it
SHORTEST: Tick = ticks_from_s(0.6)  # between words that belong together there is no more
ISLAND: Tick = ticks_from_s(0.4)  # a word alone in a hole is not well placed


def holes(words: Iterable[Word], start: Tick, end: Tick, least: Tick = SHORTEST) -> list[Span]:
    """Return the spans of ``least`` and more, from ``start`` to ``end``, in which none of ``words`` lies."""
    found: list[Span] = []
    at = start
    for word in sorted(words, key=lambda each: each.end):
        if (begins := shortened(word).start) > at:
            found.append((at, begins))
        at = max(at, word.end)
    joined: list[Span] = []
    for span in [*found, (at, end)]:
        if joined and 0 <= span[0] - joined[-1][1] <= ISLAND and min(_length(span), _length(joined[-1])) > ISLAND:
            joined[-1] = (joined[-1][0], span[1])
        else:
            joined.append(span)
    return [span for span in joined if _length(span) >= least]


def shortened(word: Word) -> Word:
    """Return a word without what was left out before it."""
    return replace(word, start=max(word.start, word.end - LONGEST_WORD))


def covered(at: Tick, end: Tick, spans: Iterable[Span]) -> bool:
    """Say whether most of what lies from ``at`` to ``end`` is in ``spans``."""
    return 2 * sum(max(0, min(end, last) - max(at, first)) for first, last in spans) > end - at


def _length(span: Span) -> Tick:
    return span[1] - span[0]
