"""Fuses the signals of a room into highlights: one event a moment, told again as more is known.

Signals that lie close together belong to one moment, unless keywords say that they are about different things: "sold
out" right after "half price" is another moment. Each signal says by itself, in 0..1, how much of a highlight it is;
different signals add up as independent witnesses do (noisy-or), two of the same kind count as the stronger one. A
moment is told once it reaches the threshold, and from then on whenever something of it changes.

What is no highlight by itself adds to a moment, but hardly moves its beginning: a room that grew loud ten seconds
before a keyword is no part of it.

Some notice late: the audience sees the room seconds after it happened and then has to type. What they report is about
something up to its ``reach`` before, and never says when its moment was if any other signal does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from livefoley.core.events import Transcript
from livefoley.core.highlights import Evidence, EvidenceState, Highlight, HighlightState, Origin
from livefoley.core.ticks import TICK_RATE, Tick

LONGEST: Tick = 45 * TICK_RATE  # what comes later after the beginning is another moment
PATIENCE: Tick = 30 * TICK_RATE  # how long a keyword that was spotted may wait for its sentence to end
AROUND: Tick = 2 * TICK_RATE  # what is said this close to a moment is quoted with it; it begins no earlier for others
MAX_OPEN = 16
MAX_SENTENCES = 64
MAX_QUOTE = 500  # characters
TOLD_STEP = 0.1  # a score that moves less is not told again

Key: TypeAlias = tuple[str, int]  # a signal and the id it tells of


@dataclass(frozen=True, slots=True)
class HighlightSettings:
    """``threshold`` in 0..1 is what a moment must reach; ``join`` how far apart signals of one moment lie at most."""

    threshold: float = 0.6
    join: Tick = 5 * TICK_RATE


class _Moment:
    """An open moment."""

    def __init__(self, number: int, settings: HighlightSettings) -> None:
        self.number = number
        self._settings = settings
        self.evidence: dict[Key, Evidence] = {}
        self.touched: Tick = 0  # when something was last heard of it
        self.told: Highlight | None = None

    @property
    def unsettled(self) -> bool:
        return any(each.state is EvidenceState.SPOTTED for each in self.evidence.values())

    @property
    def named(self) -> str:
        """What some signal says it is about; empty when none does."""
        return next((each.kind for each in self.evidence.values() if each.kind), "")

    def span(self) -> tuple[Tick, Tick]:
        """Return where it lies: by what is exact about that, if anything is, and by what carries it alone, if
        anything does; what does not may stretch it a little."""
        exact = [each for each in self.evidence.values() if not each.reach] or list(self.evidence.values())
        sure = [each for each in exact if each.score >= self._settings.threshold] or exact
        start, end = min(each.at for each in sure), max(each.end for each in sure)
        earliest, latest = min(each.at for each in exact), max(each.end for each in exact)
        return max(earliest, start - AROUND), min(latest, end + self._settings.join)

    def reasons(self) -> tuple[Evidence, ...]:
        """Return the reasons, the strongest first."""
        return tuple(sorted(self.evidence.values(), key=lambda each: (-each.score, each.at)))

    def kind(self) -> str:
        """Return what a signal says it is, else the strongest signal's name."""
        return self.named or self.reasons()[0].signal


class Highlighter:
    """Signals in, highlights out. ``now`` is the newest tick of the room, and never goes back."""

    def __init__(self, settings: HighlightSettings | None = None) -> None:
        self.settings = settings or HighlightSettings()
        self._open: list[_Moment] = []
        self._sentences: dict[int, Transcript] = {}
        self._count = 0
        self._longest_reach: Tick = 0  # late signals that have been heard in this room

    # ---- in ----

    def take(self, evidence: Evidence, now: Tick) -> list[Highlight]:
        """Take what a signal noticed, or what became of it."""
        self._longest_reach = max(self._longest_reach, evidence.reach)
        if evidence.state is EvidenceState.WITHDRAWN:
            return self._withdraw(_key(evidence), now)
        found = self.advance(now)
        moment = self._moment_of(evidence)
        if moment is None:
            found += self._make_room()
            self._count += 1
            moment = _Moment(self._count, self.settings)
            self._open.append(moment)
        moment.evidence[_key(evidence)] = evidence
        moment.touched = max(now, evidence.end)
        return found + self._tell(moment)

    def quote(self, sentence: Transcript) -> None:
        """Remember what was said, to quote it with its moment."""
        self._sentences.pop(sentence.utterance, None)
        self._sentences[sentence.utterance] = sentence
        while len(self._sentences) > MAX_SENTENCES:
            self._sentences.pop(next(iter(self._sentences)))

    def advance(self, now: Tick) -> list[Highlight]:
        """Let time pass; return the moments that are over."""
        over = [moment for moment in self._open if now - moment.touched > self._patience(moment)]
        for moment in over:
            self._open.remove(moment)
        return [self._end(moment) for moment in over if moment.told is not None]

    def current(self) -> list[Highlight]:
        """Return the moments that have been told and go on, as they are by now; `advance` tells only what changed."""
        return [self._compose(moment, self._state(moment)) for moment in self._open if moment.told is not None]

    # ---- moments ----

    def _patience(self, moment: _Moment) -> Tick:
        if moment.unsettled:
            return PATIENCE
        return max(self.settings.join, 2 * self._longest_reach)

    def _moment_of(self, evidence: Evidence) -> _Moment | None:
        """Return the moment that has this evidence already, else the newest it lies close to."""
        for moment in self._open:
            if _key(evidence) in moment.evidence:
                return moment
        return next((moment for moment in reversed(self._open) if self._close(moment, evidence)), None)

    def _close(self, moment: _Moment, evidence: Evidence) -> bool:
        start, end = moment.span()
        join, reach = self.settings.join, evidence.reach
        apart = evidence.at - reach > end + join or evidence.end + reach < start - join
        other = bool(evidence.kind) and moment.named not in ("", evidence.kind)
        return not apart and not other and evidence.at - start < LONGEST

    def _make_room(self) -> list[Highlight]:
        """End the oldest moment when too many are open."""
        if len(self._open) < MAX_OPEN:
            return []
        oldest = self._open.pop(0)
        return [self._end(oldest)] if oldest.told is not None else []

    def _withdraw(self, key: Key, now: Tick) -> list[Highlight]:
        found = self.advance(now)
        moment = next((each for each in self._open if key in each.evidence), None)
        if moment is None:
            return found
        before = moment.evidence.pop(key)
        if moment.told is not None and self._score(moment.evidence.values()) < self.settings.threshold:
            moment.evidence.setdefault(key, before)  # the withdrawal tells what it was
            self._open.remove(moment)
            return [*found, self._compose(moment, HighlightState.WITHDRAWN)]
        if not moment.evidence:
            self._open.remove(moment)
            return found
        return found + self._tell(moment)

    # ---- out ----

    def _tell(self, moment: _Moment) -> list[Highlight]:
        """Return the moment as it is now, if it is a highlight and not just what was told of it before."""
        if self._score(moment.evidence.values()) < self.settings.threshold:
            if moment.told is None:
                return []
            self._open.remove(moment)
            return [self._compose(moment, HighlightState.WITHDRAWN)]
        made = self._compose(moment, self._state(moment))
        if moment.told is not None and not _differs(made, moment.told):
            return []
        moment.told = made
        return [made]

    def _state(self, moment: _Moment) -> HighlightState:
        sure = self._score(each for each in moment.evidence.values() if each.state is EvidenceState.CONFIRMED)
        return HighlightState.CONFIRMED if sure >= self.settings.threshold else HighlightState.SPOTTED

    def _end(self, moment: _Moment) -> Highlight:
        """Close a moment: what nobody confirmed is withdrawn."""
        confirmed = self._state(moment) is HighlightState.CONFIRMED
        return self._compose(moment, HighlightState.FINAL if confirmed else HighlightState.WITHDRAWN)

    def _compose(self, moment: _Moment, state: HighlightState) -> Highlight:
        start, end = moment.span()
        reasons = moment.reasons()
        return Highlight(
            id=moment.number,
            revision=moment.told.revision + 1 if moment.told is not None else 0,
            state=state,
            kind=moment.kind(),
            start=start,
            end=end,
            peak=min(max(reasons[0].at, start), end),
            score=self._score(moment.evidence.values()),
            reasons=reasons,
            transcript=self._quote(start, end, reasons),
        )

    def _quote(self, start: Tick, end: Tick, reasons: Iterable[Evidence]) -> str:
        """Return the sentences of what somebody said that makes it a moment, else those close to it."""
        said = [reason for reason in reasons if reason.origin is Origin.SPEECH]
        heard = [s for s in self._sentences.values() if s.text]
        close = [s for s in heard if any(s.end > each.at and s.start < each.end for each in said)]
        close = close or [s for s in heard if s.end > start - AROUND and s.start < end + AROUND]
        return " ".join(s.text for s in sorted(close, key=lambda s: s.start) if s.text)[:MAX_QUOTE]

    @staticmethod
    def _score(evidence: Iterable[Evidence]) -> float:
        """Return how much of a highlight it is: different signals add up, of the same signal the best counts."""
        best: dict[str, float] = {}
        for each in evidence:
            best[each.signal] = max(best.get(each.signal, 0.0), min(1.0, max(0.0, each.score)))
        return 1.0 - math.prod(1.0 - score for score in best.values())


def _key(evidence: Evidence) -> Key:
    return evidence.signal, evidence.id


def _spoken(highlight: Highlight) -> list[Evidence]:
    return [reason for reason in highlight.reasons if reason.origin is Origin.SPEECH]


def _differs(new: Highlight, old: Highlight) -> bool:
    """Say whether there is anything to tell: growing longer alone is told at the end."""
    before, after = ({reason.detail for reason in _spoken(highlight)} for highlight in (old, new))
    signals = {reason.signal for reason in new.reasons} != {reason.signal for reason in old.reasons}
    moved = abs(new.score - old.score) >= TOLD_STEP
    return new.state is not old.state or new.kind != old.kind or signals or before != after or moved


def accent_start(highlight: Highlight) -> Tick | None:
    """Return where the accent of a highlight belongs: on the end of what was said, so that it does not cover the words.

    None when nobody said anything: then it comes as soon as it can.
    """
    return min((reason.end for reason in _spoken(highlight)), default=None)
