"""Listens to one room: sound in, transcripts and keywords out.

Speech is cut into utterances at its pauses. While somebody speaks, the recogniser passes over the whole utterance about
once a second, hastily; at a pause it passes once more, with care, and that text is final unless the speaker goes on. So
a keyword is heard within a pass of its end, and silence, music and crowds cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import soxr
from numpy.typing import NDArray

from livefoley.core.events import HearingEvent, Keyword, Speech, Transcript, Word
from livefoley.core.text.captions import joined
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.perception.ears.hallucination import is_made_up, without_loop
from livefoley.perception.ears.holes import Span, holes
from livefoley.perception.ears.recogniser import RATE, Heard, Hypothesis, Recogniser
from livefoley.perception.ears.spotter import Spotter
from livefoley.perception.ears.text import Written, split
from livefoley.perception.ears.utterance import STEP, Sound, Utterance
from livefoley.perception.hearing.vad import SpeechDetector

BLOCK = 4096  # samples at 48 kHz taken at a time, whatever the blocks that come
LEAD: Tick = ticks_from_s(0.25)  # a soft consonant goes before what the detector hears
FIRST: Tick = ticks_from_s(1.0)  # of an utterance, before it is worth a pass
HOP: Tick = ticks_from_s(1.15)
MAX_HOP: Tick = ticks_from_s(4.0)
SHARE = 0.4  # of a core that passes over unfinished speech may take
PAUSE: Tick = ticks_from_s(0.6)  # after which an utterance is over
LONGEST: Tick = ticks_from_s(9.0)
CUT_WITHIN: Tick = ticks_from_s(3.0)  # of the end of one that is too long
SHORTEST: Tick = ticks_from_s(0.25)  # of voice
GAP: Tick = ticks_from_s(0.3)  # of sound that is filled with silence
MEMORY: Tick = ticks_from_s(1.0)  # kept while nobody speaks
HOLE: Tick = ticks_from_s(1.2)  # of speech without text is passed over once more
MAX_HOLES = 2  # of an utterance
AROUND_HOLE: Tick = ticks_from_s(0.15)
ASK_AGAIN: Tick = ticks_from_s(2.3)  # what language somebody speaks who began in a foreign one
ASKED: Tick = ticks_from_s(3.0)  # of it, to decide by
RETURNED = 0.6  # the room's languages together are at least so likely, or it is foreign still
LANGUAGE_SURE = 0.01  # the room's languages together are at least so likely, or it is another
BEAM = 3  # of the pass that may be final
LATE_S = 0.5  # further behind than this the unfinished is left alone
TOO_LATE_S = 6.0  # and further than this the finished too


@dataclass(frozen=True, slots=True)
class ListenerStatistics:
    """Utterances begun, in a foreign language, made up, left out for want of time; passes over them."""

    utterances: int
    foreign: int
    made_up: int
    shed: int
    passes: int
    cost_s: float  # processor time of the passes


class Listener:
    """See the module; one for each room, all of them with one ``recogniser``."""

    def __init__(
        self,
        recogniser: Recogniser,
        languages: Sequence[str],
        keywords: Sequence[Keyword],
        *,
        first_id: int = 1,
    ) -> None:
        """Listen for ``keywords`` in ``languages`` (ISO 639-1); hits and utterances count up from ``first_id``."""
        self._recogniser = recogniser
        self._languages = tuple(languages)
        self._spotter = Spotter(keywords, first_id)
        self._speech = SpeechDetector()
        self._sound = Sound()
        self._number = first_id - 1
        self._utterance: Utterance | None = None
        self._written: Written | None = None  # of the pass at the last pause
        self._expected: Tick | None = None
        self._waiting: NDArray[np.float32] = np.zeros(0, np.float32)
        self._pass_s = 0.0  # processor time of a pass, smoothed
        self._cost_s = 0.0
        self._utterances = self._foreign = self._made_up = self._shed = self._passes = 0
        self._restart(0)

    def feed(self, samples: NDArray[np.float32], start: Tick, lag_s: float = 0.0) -> list[HearingEvent]:
        """Take ``[n]`` samples at 48 kHz that begin at ``start`` and are ``lag_s`` old; return what was heard."""
        events: list[HearingEvent] = []
        if self._expected is None:
            self._restart(start)
        elif start != self._expected:
            events += self._jump(start, lag_s)
        self._expected = start + len(samples)
        self._waiting = np.concatenate((self._waiting, samples))
        while len(self._waiting) >= BLOCK:
            block, self._waiting = self._waiting[:BLOCK], self._waiting[BLOCK:]
            events += self._hear(block, lag_s)
        return events

    def flush(self, lag_s: float = 0.0) -> list[HearingEvent]:
        """Say that the sound is over; what follows starts afresh."""
        events = self._hear(self._waiting, lag_s) if len(self._waiting) else []
        if self._utterance is not None:
            events += self._finish(self._utterance, self._sound.end, lag_s)
        self._speech.flush()
        self._utterance, self._expected = None, None
        return events

    def statistics(self) -> ListenerStatistics:
        """Return a snapshot."""
        return ListenerStatistics(
            self._utterances, self._foreign, self._made_up, self._shed, self._passes, self._cost_s
        )

    # ---- sound ----

    def _jump(self, start: Tick, lag_s: float) -> list[HearingEvent]:
        assert self._expected is not None  # noqa: S101 - for the type checker
        gap = start - self._expected
        if 0 < gap <= GAP:
            self._waiting = np.concatenate((self._waiting, np.zeros(gap, np.float32)))
            return []
        events = self.flush(lag_s)
        self._restart(start)
        return events

    def _restart(self, start: Tick) -> None:
        self._resampler = soxr.ResampleStream(TICK_RATE, RATE, 1, dtype="float32", quality="MQ")
        self._sound.restart(start)
        self._at = start
        self._waiting = np.zeros(0, np.float32)

    def _hear(self, block: NDArray[np.float32], lag_s: float) -> list[HearingEvent]:
        self._sound.append(self._resampler.resample_chunk(np.ascontiguousarray(block, np.float32)))
        for event in self._speech.feed(block, self._at):
            if isinstance(event, Speech):
                self._voice(event)
        self._at += len(block)
        if self._utterance is None:
            self._sound.keep_from(self._sound.end - MEMORY)
            return []
        return self._listen(self._utterance, lag_s)

    def _voice(self, event: Speech) -> None:
        if event.active and self._utterance is None:
            self._number += 1
            self._utterances += 1
            self._utterance = Utterance(self._number, max(self._sound.start, event.at - LEAD))
        elif self._utterance is not None:
            self._utterance.voice_end = None if event.active else event.at
            self._utterance.settled, self._written = False, None

    # ---- when to pass ----

    def _listen(self, utterance: Utterance, lag_s: float) -> list[HearingEvent]:
        now, paused = self._sound.end, utterance.voice_end
        if paused is None:
            if now - utterance.start >= LONGEST:
                return self._cut(utterance, lag_s)
            due = max(utterance.start + FIRST, utterance.passed + self._hop())
            return self._partial(utterance, now) if now >= due and lag_s < LATE_S else []
        if now - paused >= PAUSE:
            self._utterance = None
            return self._finish(utterance, now, lag_s)
        if not utterance.settled and lag_s < LATE_S:
            return self._pause(utterance, now)
        return []

    def _hop(self) -> Tick:
        return min(MAX_HOP, max(HOP, ticks_from_s(self._pass_s / SHARE)))

    def _cut(self, utterance: Utterance, lag_s: float) -> list[HearingEvent]:
        """End an utterance that is too long where it is quietest; the rest is the next one."""
        now = self._sound.end
        cut = self._sound.quietest(now - CUT_WITHIN, now)
        utterance.settled, self._written = False, None
        events = self._finish(utterance, cut, lag_s)
        self._sound.keep_from(cut)
        self._number += 1
        self._utterances += 1
        self._utterance = Utterance(self._number, cut)  # its language is asked for anew
        return events

    def _partial(self, utterance: Utterance, now: Tick) -> list[HearingEvent]:
        """Pass over what is not finished; tell what is sure by now."""
        written = self._pass(utterance, now, free=False)
        if written is None:
            return []
        events: list[HearingEvent] = []
        text = written.text_of(utterance.agree(written.tokens))
        if text and text != utterance.told:
            utterance.told = text
            events.append(self._transcript(utterance, written, text, now))
        return [*events, *self._spotter.partial(written.said(utterance.number))]  # whoever quotes has the sentence

    def _pause(self, utterance: Utterance, now: Tick) -> list[HearingEvent]:
        """Pass over what may be finished, and keep the result for when it is."""
        self._written = self._pass(utterance, now, free=True)
        if self._written is None:
            return []
        return list(self._spotter.partial(self._written.said(utterance.number)))

    def _finish(self, utterance: Utterance, end: Tick, lag_s: float) -> list[HearingEvent]:
        """Tell the final text, and how its keywords turned out."""
        written, self._written = self._written, None
        if not utterance.settled:
            if lag_s >= TOO_LATE_S:
                self._shed += 1
                whole = (utterance.start, end)  # nobody listened: what was spotted is as likely as it was
                return [*self._told(utterance, None, end), *self._spotter.final(holes=[whole])]
            written = self._pass(utterance, end, free=True)
        if written is None:
            return [*self._told(utterance, None, end), *self._spotter.final()]
        start, last = utterance.start, utterance.voice_end or end
        wanted = self._holes(written, start, last) if lag_s < LATE_S else []
        parts = [(hole, part) for hole in wanted if (part := self._fill(hole)) is not None]
        said = [each.said(utterance.number) for each in (written, *(part for _, part in parts))]
        silent = holes([word for each in (written, *(part for _, part in parts)) for word in each.words()], start, last)
        return [*self._told(utterance, written, last, parts), *self._spotter.final(*said, holes=silent)]

    def _told(
        self, utterance: Utterance, written: Written | None, end: Tick, parts: Sequence[tuple[Span, Written]] = ()
    ) -> list[HearingEvent]:
        """Return the final text: one transcript, or several where what was left out lies between its words."""
        if written is None:
            end = utterance.voice_end or end
            return [self._transcript(utterance, None, "", end, final=True)] if utterance.told else []
        if not parts:
            return [self._transcript(utterance, written, written.text, end, final=True)]
        told: list[HearingEvent] = []
        for words, language in split(written, parts):
            text = joined((word.text for word in words), language)
            if not told:
                number, revision = utterance.number, utterance.revision + 1
            else:
                self._number, revision = self._number + 1, 1
                number = self._number
            told.append(Transcript(words[0].start, words[-1].end, text, language, words, True, number, revision))
        return told

    # ---- what a pass leaves out ----

    def _holes(self, written: Written, start: Tick, end: Tick) -> list[Span]:
        """Return the longest spans in which somebody speaks and the text says nothing."""
        if len(self._languages) < 2:
            return []
        found = holes(written.words(), start, end, HOLE)
        return sorted(sorted(found, key=lambda span: span[0] - span[1])[:MAX_HOLES])

    def _fill(self, hole: Span) -> Written | None:
        """Pass over what another pass left out, in the language that it is in; None for nothing worth believing."""
        samples, at = self._sound.between(hole[0] - AROUND_HOLE, hole[1] + AROUND_HOLE)
        part = Utterance(0, at, voice_end=at + len(samples) * STEP, passed=at + len(samples) * STEP)
        spent_s = self._recogniser.cost_s
        heard = self._recogniser.listen(samples)
        self._passes += 1
        written = self._write(part, heard, at, free=True) if self._decide(part, heard) else None
        self._cost_s += self._recogniser.cost_s - spent_s
        return written if written is not None and written.text else None

    # ---- a pass ----

    def _pass(self, utterance: Utterance, end: Tick, *, free: bool) -> Written | None:
        """Return what is said up to ``end``; None for nothing worth believing, or in no language of the room."""
        samples, at = self._sound.between(utterance.start, end)
        utterance.passed, utterance.settled = end, free
        if (utterance.voice_end or end) - at < SHORTEST + LEAD:
            return None
        if utterance.foreign and not self._returned(utterance, end):
            return None
        samples, at = self._sound.between(utterance.start, end)
        spent_s = self._recogniser.cost_s
        heard = self._recogniser.listen(samples, hasty=not free and utterance.language is not None)
        self._passes += 1
        written = self._write(utterance, heard, at, free) if self._decide(utterance, heard) else None
        spent_s = self._recogniser.cost_s - spent_s
        self._cost_s += spent_s
        self._pass_s = 0.7 * self._pass_s + 0.3 * spent_s if self._pass_s else spent_s
        return written

    def _returned(self, utterance: Utterance, end: Tick) -> bool:
        """Say whether somebody who began in a foreign language has come back to one of the room's by now; if so, the
        utterance begins there."""
        if end - utterance.asked < ASK_AGAIN:
            return False
        utterance.asked = end
        samples, at = self._sound.between(max(utterance.start, end - ASKED), end)
        spent_s = self._recogniser.cost_s
        likely = self._recogniser.languages(self._recogniser.listen(samples, hasty=True))
        self._passes += 1
        self._cost_s += self._recogniser.cost_s - spent_s
        if sum(likely.get(each, 0.0) for each in self._languages) < RETURNED:
            return False
        utterance.start, utterance.foreign, utterance.language = at, False, None
        return True

    def _decide(self, utterance: Utterance, heard: Heard) -> bool:
        """Decide on the utterance's language, once; return whether it is one of the room's."""
        if utterance.language is None:
            likely = self._recogniser.languages(heard)
            utterance.language = max(self._languages, key=lambda each: likely.get(each, 0.0))
            utterance.foreign = sum(likely.get(each, 0.0) for each in self._languages) < LANGUAGE_SURE
            self._foreign += utterance.foreign
        return not utterance.foreign

    def _write(self, utterance: Utterance, heard: Heard, at: Tick, free: bool) -> Written | None:
        language = utterance.language or self._languages[0]
        hypothesis = self._recogniser.write(heard, language, BEAM if free else 1)
        spelling = self._recogniser.spelling
        tokens, *others = (without_loop(spelling.spoken(each)) for each in (hypothesis.tokens, *hypothesis.others))
        span = (at, utterance.voice_end or utterance.passed)
        times = partial(self._recogniser.times, heard, language, tokens)
        written = Written(tokens, spelling, language, span, times, others)
        if self._believed(written, hypothesis):
            return written
        self._made_up += 1
        return None

    @staticmethod
    def _believed(written: Written, hypothesis: Hypothesis) -> bool:
        return not is_made_up(written.text, written.language, hypothesis.score, hypothesis.no_speech)

    def _transcript(
        self, utterance: Utterance, written: Written | None, text: str, end: Tick, final: bool = False
    ) -> Transcript:
        utterance.revision += 1
        words: tuple[Word, ...] = written.words() if final and written is not None else ()
        language = utterance.language or self._languages[0]
        return Transcript(utterance.start, end, text, language, words, final, utterance.number, utterance.revision)
