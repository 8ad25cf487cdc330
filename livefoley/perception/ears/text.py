"""What a pass wrote: text, its words, and the units keywords are looked for in, each with its time when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from livefoley.core.events import Word
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.perception.ears.holes import Span, shortened
from livefoley.perception.ears.match import Sounds
from livefoley.perception.ears.normalise import Unit, is_han, simplified, units
from livefoley.perception.ears.spotter import Said
from livefoley.perception.ears.tokens import Piece, Spelling


@dataclass(frozen=True, slots=True)
class _Run:
    """A word, or a Chinese character, and the tokens it comes from."""

    text: str
    first: int
    last: int


class Written:
    """``tokens`` of the sound in ``span``; ``times`` gives the tokens' limits in seconds, asked for once."""

    def __init__(
        self,
        tokens: Sequence[int],
        spelling: Spelling,
        language: str,
        span: tuple[Tick, Tick],
        times: Callable[[], Sequence[float]],
        others: Sequence[Sequence[int]] = (),
    ) -> None:
        """``others`` are what might have been written instead."""
        self.tokens = tuple(tokens)
        self._spelling = spelling
        self.language = language
        self._start, self._end = span
        self._ask_times = times
        self._others = others

    @cached_property
    def text(self) -> str:
        """The whole text, characters simplified."""
        return self.text_of(self.tokens)

    def text_of(self, tokens: Sequence[int]) -> str:
        """Return the text of some of the tokens."""
        return simplified(self._spelling.text(tokens)).strip()

    def words(self) -> tuple[Word, ...]:
        """Return the words with their times; punctuation stays with the word before."""
        return tuple(Word(*self._span(run.first, run.last), simplified(run.text).strip()) for run in self._runs)

    def said(self, utterance: int) -> Said:
        """Return what a spotter looks at."""
        found = units([run.text for run in self._runs], self.language)
        others = tuple(Sounds.of(units([self._spelling.text(tokens)], self.language)) for tokens in self._others)
        texts = [unit.text for unit in found]
        return Said(Sounds.of(found), texts, self._placer(found), self.language, utterance, others)

    def _placer(self, found: Sequence[Unit]) -> Callable[[int, int], tuple[Tick, Tick]]:
        sources = [unit.source for unit in found]

        def place(first: int, last: int) -> tuple[Tick, Tick]:
            return self._span(self._runs[sources[first]].first, self._runs[sources[last - 1]].last)

        return place

    @cached_property
    def _runs(self) -> list[_Run]:
        """Join pieces to words: a space begins a new one, and so does every Chinese character."""
        runs: list[_Run] = []
        for piece in self._spelling.pieces(self.tokens):
            for text in _split(piece):
                if runs and _joins(runs[-1].text, text):
                    last = piece.last if _is_spoken(text) else runs[-1].last  # a comma lasts as long as the pause
                    runs[-1] = _Run(runs[-1].text + text, runs[-1].first, last)
                else:
                    runs.append(_Run(text, piece.first, piece.last))
        return runs

    @cached_property
    def _times(self) -> Sequence[float]:
        return self._ask_times()

    def _span(self, first: int, last: int) -> tuple[Tick, Tick]:
        begin, end = (min(self._start + ticks_from_s(self._times[index]), self._end) for index in (first, last))
        return begin, max(begin, end)


def split(written: Written, parts: Iterable[tuple[Span, Written]]) -> Iterator[tuple[tuple[Word, ...], str]]:
    """Yield the words of a text and of what it left out, hole by hole in their order, and the language of each run."""
    rest = list(map(shortened, written.words()))
    for (start, end), part in parts:
        inside = tuple(word for word in map(shortened, part.words()) if start <= _middle(word) < end)
        before = tuple(word for word in rest if _middle(word) < start)
        if before and inside:
            yield before, written.language
            rest = rest[len(before) :]
        if inside:
            yield inside, part.language
    if rest:
        yield tuple(rest), written.language


def _middle(word: Word) -> Tick:
    return (word.start + word.end) // 2


def _split(piece: Piece) -> list[str]:
    """Return a piece's Chinese characters one by one, other text as it is."""
    return list(piece.text) if is_han(piece.text) else [piece.text]


def _joins(before: str, text: str) -> bool:
    if text.startswith(" ") or is_han(text):
        return False
    return not is_han(before) or not _is_spoken(text)


def _is_spoken(text: str) -> bool:
    return any(character.isalnum() for character in text)
