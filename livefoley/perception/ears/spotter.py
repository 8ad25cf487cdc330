"""Spots a room's keywords in what is being said, and settles each of them when the sentence is over.

A keyword is told as soon as it is heard in unfinished text, and confirmed or withdrawn by the final one; it may
come again only after its cool-down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from livefoley.core.events import Keyword, KeywordHit
from livefoley.core.highlights import EvidenceState
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.perception.ears.denial import denied
from livefoley.perception.ears.holes import Span, covered
from livefoley.perception.ears.keywords import Pattern, patterns
from livefoley.perception.ears.match import Finder, Fit, Sounds, phrase_said

LIMITS = {"zh": 0.15, "en": 0.11}
"""The distance a unit up to which a pattern counts as heard.

Half way between the farthest true and the nearest false match among the odd lines of shared/speech, in three noises at
20, 10 and 5 dB: 0.10 and 0.20 in Chinese, 0 and 0.22 in English."""

SAME: Tick = ticks_from_s(1.5)  # the same keyword nearer than this, in two passes, is one

Place = Callable[[int, int], tuple[Tick, Tick]]
"""Says when units ``[first:last]`` were heard."""


@dataclass(frozen=True, slots=True)
class Said:
    """One pass over an utterance: how it sounds, its text unit by unit, and the times of its units."""

    sounds: Sounds
    texts: Sequence[str]
    place: Place
    language: str
    utterance: int
    others: tuple[Sounds, ...] = ()  # how it might sound instead


class Spotter:
    """One room's keywords. ``partial`` as often as wanted, then ``final`` once, for each utterance."""

    def __init__(self, keywords: Iterable[Keyword], first_id: int = 1) -> None:
        self._finder = Finder(pattern for keyword in keywords for pattern in patterns(keyword))
        self._next_id = first_id
        self._open: dict[int, tuple[Keyword, KeywordHit]] = {}
        self._last_end: dict[Keyword, Tick] = {}

    def partial(self, said: Said) -> list[KeywordHit]:
        """Return the keywords heard for the first time."""
        return list(self._new(said, EvidenceState.SPOTTED))

    def final(self, *texts: Said | None, holes: Sequence[Span] = ()) -> list[KeywordHit]:
        """Return how the keywords spotted before turned out, and those that only the final texts have.

        The first text is of the whole, others are of what it left out; None says that nothing was said after all. In
        ``holes`` they say nothing, which denies nothing.
        """
        said, told = [text for text in texts if text is not None], list[KeywordHit]()
        for keyword, hit in list(self._open.values()):
            there = covered(hit.at, hit.end, holes) or any(self._confirmed(keyword, hit, each) for each in said)
            there = there or any(self._nearly(keyword, hit, each) for each in said[1:])
            state = EvidenceState.CONFIRMED if there else EvidenceState.WITHDRAWN
            told.append(replace(hit, state=state, text_heard=self._written(keyword, hit, said) or hit.text_heard))
            if not there:
                self._forget(keyword, hit)
        found = [hit for each in said for hit in self._new(each, EvidenceState.CONFIRMED, left_out=each is not said[0])]
        self._open.clear()
        return told + found

    def _forget(self, keyword: Keyword, hit: KeywordHit) -> None:
        """What was not said stands in the way of nothing that was."""
        del self._open[hit.id]
        if self._last_end.get(keyword) == hit.end:
            del self._last_end[keyword]

    def _confirmed(self, keyword: Keyword, hit: KeywordHit, said: Said) -> bool:
        """Say whether the final text has the keyword where it was spotted, or might have had it.

        Two passes that heard it outweigh one that, by a little, preferred something else.
        """
        there = [fit for fit in _strongest(self._find(said.sounds)) if _confirms(fit, keyword, hit, said)]
        if there:
            return any(not _denied(fit, said.sounds) for fit in there)
        return any(fit.pattern.keyword == keyword for sounds in said.others for fit in self._claimed(sounds))

    def _written(self, keyword: Keyword, hit: KeywordHit, said: Sequence[Said]) -> str:
        """Return how the final texts, which are quoted, write a keyword that was spotted; empty when they do not."""
        for each in said:
            for fit in self._claimed(each.sounds):
                if fit.pattern.keyword == keyword and _confirms(fit, keyword, hit, each):
                    return _text(fit, each)
        return ""

    def _nearly(self, keyword: Keyword, hit: KeywordHit, said: Said) -> bool:
        """Say whether a text has something like the keyword where a pass over the same words heard it."""
        fits = self._finder.find(said.sounds, lambda pattern: 2 * _limit(pattern) * (pattern.keyword == keyword))
        near = (fit for fit in fits if fit.pattern.keyword == keyword and not _denied(fit, said.sounds))
        return any(_confirms(fit, keyword, hit, said) for fit in near)

    def _claimed(self, sounds: Sounds) -> list[Fit]:
        """Return the strongest fits, without those that are denied, asked for, or of another time."""
        return [fit for fit in _strongest(self._find(sounds)) if not _denied(fit, sounds)]

    def _find(self, sounds: Sounds) -> list[Fit]:
        return self._finder.find(sounds, _limit)

    def _new(self, said: Said, state: EvidenceState, left_out: bool = False) -> Iterator[KeywordHit]:
        for fit in self._claimed(said.sounds):
            keyword = fit.pattern.keyword
            at, end = said.place(fit.first, fit.last)
            if self._told(keyword, at, end, left_out):
                continue
            hit = self._hit(said, fit, at, end, state)
            self._last_end[keyword] = end
            if state is EvidenceState.SPOTTED:
                self._open[hit.id] = (keyword, hit)
            yield hit

    def _told(self, keyword: Keyword, at: Tick, end: Tick, left_out: bool) -> bool:
        """Say whether this is one that was told already, or comes too soon after one.

        Words beside what was ``left_out`` seem to reach over it: there only those of the same language are the same.
        """
        beside = (hit for other, hit in self._open.values() if not left_out or other.language == keyword.language)
        if any(_overlap(hit.at, hit.end, at, end) for hit in beside):
            return True
        last = self._last_end.get(keyword)
        return last is not None and at - last < ticks_from_s(keyword.cooldown_s)

    def _hit(self, said: Said, fit: Fit, at: Tick, end: Tick, state: EvidenceState) -> KeywordHit:
        number, self._next_id = self._next_id, self._next_id + 1
        keyword = fit.pattern.keyword
        heard = _text(fit, said)
        return KeywordHit(
            number,
            state,
            at,
            end,
            fit.pattern.phrase,
            heard,
            said.language,
            keyword.kind,
            keyword.weight,
            round(1.0 - fit.distance, 3),
            said.utterance,
            phrase_said(fit, said.sounds) or heard,
        )


def _denied(fit: Fit, sounds: Sounds) -> bool:
    return denied(sounds.units, fit.first, fit.last)


def _text(fit: Fit, said: Said) -> str:
    glue = " " if fit.pattern.keyword.language == "en" else ""
    return glue.join(said.texts[fit.first : fit.last])


def _limit(pattern: Pattern) -> float:
    return LIMITS[pattern.keyword.language]


def _strongest(fits: list[Fit]) -> list[Fit]:
    """Return the fits that no better one overlaps, in order of place: the nearest first, then the longest."""
    kept: list[Fit] = []
    for fit in sorted(fits, key=lambda each: (round(each.distance, 2), each.first - each.last)):
        if all(fit.last <= other.first or fit.first >= other.last for other in kept):
            kept.append(fit)
    return sorted(kept, key=lambda each: each.first)


def _confirms(fit: Fit, keyword: Keyword, hit: KeywordHit, said: Said) -> bool:
    """Say whether the final text has the keyword, or one of its kind, where it was spotted."""
    same = fit.pattern.keyword == keyword or (keyword.kind and fit.pattern.keyword.kind == keyword.kind)
    at, end = said.place(fit.first, fit.last)
    return bool(same) and _overlap(at - SAME, end + SAME, hit.at, hit.end)


def _overlap(start: Tick, end: Tick, start_2: Tick, end_2: Tick) -> bool:
    return start < end_2 and start_2 < end
