"""Writes down what was said in a finished piece of sound, without haste: faster-whisper's own transcription.

It has the whole of it as context, a wide beam and its voice detector, where the live pass has a sentence. What the live
pass heard says which languages are spoken where, so a room that mixes them is written down language by language, and
fills the gaps: Whisper now and then leaves out a sentence.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from livefoley.core.events import Transcript, Word
from livefoley.core.text.captions import SPACELESS
from livefoley.core.ticks import TICK_RATE, Tick, ticks_from_s
from livefoley.perception.ears import model
from livefoley.perception.ears.hallucination import DOUBTFUL_SCORE, is_made_up, without_loop
from livefoley.perception.ears.normalise import simplified
from livefoley.perception.ears.recogniser import RATE, load

BEAM = 5
NEAR: Tick = ticks_from_s(0.4)  # a word that was heard live is told when one is written down so near to it
LEFT_OUT: Tick = ticks_from_s(0.8)  # so much of a sentence, at least, is one that was left out


class Transcriber:
    """One loaded model; one thread at a time."""

    def __init__(self, name: str, device: str = "auto", threads: int = 1) -> None:
        """Load the model ``name``, as ``ears.model`` names one. Raises ``ModelError``."""
        self.device, self._model = load(*model.find(name), device=device, threads=threads)

    def transcribe(
        self,
        sound: NDArray[np.float32],
        start: Tick,
        live: Sequence[Transcript],
        until_s: float,
    ) -> list[Transcript]:
        """Return what is said in ``[n]`` samples at 48 kHz that begin at ``start``, in order, with the words' times.

        ``live`` is what was heard of it before, in the languages that are looked for. Raises ``TimeoutError`` when it
        is not done ``until_s`` (monotonic).
        """
        low = np.asarray(soxr.resample(sound, TICK_RATE, RATE), np.float32)
        written: list[Transcript] = []
        for language in dict.fromkeys(each.language for each in live):
            alone = _silenced(low, start, [each for each in live if each.language != language])
            written += self._written(alone, start, live, language, until_s)
        told = [word for each in written for word in each.words]
        return _numbered([*written, *(part for each in live for part in _left_out(each, told))])

    def _written(
        self, low: NDArray[np.float32], start: Tick, live: Sequence[Transcript], language: str, until_s: float
    ) -> Iterator[Transcript]:
        if time.monotonic() > until_s:
            raise TimeoutError
        segments, _ = self._model.transcribe(
            low,
            language=language,
            beam_size=BEAM,
            temperature=0.0,  # another try at a higher one costs as much again
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=True,
        )
        for segment in segments:
            if time.monotonic() > until_s:
                raise TimeoutError
            made = _transcript(segment, start, language)
            heard_live = any(each.start < made.end and made.start < each.end for each in live)
            if _is_believed(segment, made, heard_live):
                yield made


def _transcript(segment: Any, start: Tick, language: str) -> Transcript:
    words = tuple(
        Word(start + ticks_from_s(word.start), start + ticks_from_s(word.end), simplified(word.word).strip())
        for word in segment.words or ()
        if word.word.strip()
    )
    ends = (words[0].start, words[-1].end) if words else (start + ticks_from_s(segment.start),) * 2
    return Transcript(*ends, simplified(segment.text).strip(), language, words, final=True)


def _is_believed(segment: Any, made: Transcript, heard_live: bool) -> bool:
    """Say whether a segment is what somebody said. Where nobody was heard live it has to be rather sure."""
    if not made.words or len(without_loop(segment.tokens)) < len(segment.tokens):
        return False
    if not heard_live and segment.avg_logprob < DOUBTFUL_SCORE:
        return False
    return not is_made_up(made.text, made.language, segment.avg_logprob, segment.no_speech_prob)


def _silenced(low: NDArray[np.float32], start: Tick, others: Sequence[Transcript]) -> NDArray[np.float32]:
    """Return the sound without what is said in other languages."""
    if not others:
        return low
    alone, step = low.copy(), TICK_RATE // RATE
    for each in others:
        first, last = (max(0, (tick - start) // step) for tick in (each.start, each.end))
        alone[first:last] = 0.0
    return alone


def _left_out(live: Transcript, told: Sequence[Word]) -> Iterator[Transcript]:
    """Yield the parts of an utterance, as it was heard live, in whose place nothing was written down."""
    words = live.words or (Word(live.start, live.end, live.text),)
    for is_told, run in groupby(words, lambda word: any(_is_near(word, each) for each in told)):
        part = tuple(run)
        if not is_told and part[-1].end - part[0].start >= LEFT_OUT:
            glue = "" if live.language in SPACELESS else " "
            text = glue.join(word.text for word in part)
            yield Transcript(part[0].start, part[-1].end, text, live.language, part if live.words else (), final=True)


def _is_near(one: Word, other: Word) -> bool:
    return one.start - NEAR < other.end and other.start < one.end + NEAR


def _numbered(said: Iterable[Transcript]) -> list[Transcript]:
    """Return utterances in their order, counted from 1."""
    ordered = sorted(said, key=lambda each: each.start)
    return [replace(each, utterance=number) for number, each in enumerate(ordered, 1)]
