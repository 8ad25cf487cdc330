"""Finds a pattern in a row of units where it fits best: Sellers' approximate search (1980), with a cost per unit.

Numbers fit as a whole, and words may have been written together or apart (``countdown``, ``count down``).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from livefoley.perception.ears.distance import FAR, NEAR, syllable_distance, syllables, word_distance
from livefoley.perception.ears.keywords import NUMBER, Pattern
from livefoley.perception.ears.normalise import NUMERALS, Unit, is_han, spoken_number

MISSING = EXTRA = 1.0  # a unit of the pattern not heard, a unit heard that is not in the pattern
SOUNDS_LIKE_NUMBER = 0.1  # 舞 where a number is expected
MAX_NUMBER = 4  # units of a number

_NUMBER_SYLLABLES = frozenset(syllables("".join(sorted(NUMERALS["zh"]))))
_NUMERAL_OF = {syllables(numeral)[0]: numeral for numeral in reversed("零一二三四五六七八九十百千万半两")}
_ENGLISH = {spoken_number(str(n), "zh")[0]: spoken_number(str(n), "en")[0] for n in range(11)}
_WORST = 1e9


@dataclass(frozen=True, slots=True)
class Sounds:
    """A row of units and how each sounds: pinyin for a Chinese character, the word itself otherwise."""

    units: tuple[Unit, ...]
    said: tuple[str, ...]
    syllables: frozenset[str]  # the different ones among ``said``
    words: frozenset[str]  # these, and neighbours written together

    @classmethod
    def of(cls, units: Sequence[Unit]) -> Sounds:
        """Return ``units`` with their sound."""
        said = tuple(_sounds([unit.text for unit in units]))
        together = (one + other for one, other in itertools.pairwise(said))
        return cls(tuple(units), said, frozenset(said), frozenset((*said, *together)))


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a pattern fits: ``units[first:last]``, at a distance of so much a unit (0 is exact)."""

    pattern: Pattern
    first: int
    last: int
    distance: float


class Finder:
    """Looks for many patterns at once; most are ruled out by the units that are nowhere near."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._matchers = [Matcher(pattern) for pattern in patterns]

    def find(self, heard: Sounds, limit: Callable[[Pattern], float]) -> list[Fit]:
        """Return the fits of every pattern within its limit a unit."""
        said = [unit for unit in heard.syllables if unit.isalpha()]

        @cache
        def near_syllable(want: str) -> float:
            return min((syllable_distance(want, each) for each in said), default=FAR)

        @cache
        def near_word(want: str) -> float:
            return min((word_distance(want, each) for each in heard.words), default=FAR)

        found: list[Fit] = []
        for matcher in self._matchers:
            allowed = limit(matcher.pattern)
            if matcher.least(near_syllable if matcher.chinese else near_word) <= allowed:
                found += matcher.fits(heard, allowed)
        return found


class Matcher:
    """One pattern, ready to be looked for."""

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.chinese = pattern.keyword.language == "zh"
        self._distance = syllable_distance if self.chinese else word_distance
        self._said = said = tuple(_sounds(list(pattern.units)))
        self._wanted = [self._written(index) for index, want in enumerate(said) if want != NUMBER]

    def fits(self, heard: Sounds, limit: float) -> list[Fit]:
        """Return every place where the pattern fits within ``limit`` a unit and no overlapping place is better."""
        best: list[Fit] = []
        length = len(self._said)
        for last, (cost, first) in enumerate(self._costs(heard)):
            fit = Fit(self.pattern, first, last, cost / length)
            if fit.distance > limit or first == last:
                continue
            if best and best[-1].last > first:
                if fit.distance >= best[-1].distance:
                    continue
                best.pop()
            best.append(fit)
        return best

    def least(self, nearest: Callable[[str], float]) -> float:
        """Return a distance that no fit can be below, given how far the nearest heard unit is from a word."""
        return sum(min(map(nearest, each)) for each in self._wanted) / len(self._said)

    def _written(self, index: int) -> tuple[str, ...]:
        """Return a word and what it may be written as together with a neighbour."""
        want = self._said[index]
        if self.chinese:
            return (want,)
        before, after = self._said[max(0, index - 1) : index], self._said[index + 1 : index + 2]
        return (want, *(each + want for each in before), *(want + each for each in after))

    def _costs(self, heard: Sounds) -> list[tuple[float, int]]:
        """Return for every end in ``heard`` the least cost of the whole pattern up to there, and where it begins."""
        count = len(heard.said)
        rows: list[list[tuple[float, int]]] = [[(0.0, column) for column in range(count + 1)]]
        for index, want in enumerate(self._said):
            row: list[tuple[float, int]] = []
            for column in range(count + 1):
                cost, begin = rows[index][column]
                options = [(cost + MISSING, begin)]
                if column:
                    cost, begin = row[column - 1]
                    options.append((cost + EXTRA, begin))
                    options += self._steps(rows, index, column, want, heard)
                row.append(min(options))
            rows.append(row)
        return rows[-1]

    def _steps(
        self, rows: list[list[tuple[float, int]]], index: int, column: int, want: str, heard: Sounds
    ) -> list[tuple[float, int]]:
        """Return what it costs to take the unit before ``column``, or the last few, for ``want``."""
        if want == NUMBER:
            return _number_steps(rows[index], column, heard)
        cost, begin = rows[index][column - 1]
        options = [(cost + self._distance(want, heard.said[column - 1]), begin)]
        if self.chinese:
            return options
        if column > 1:
            cost, begin = rows[index][column - 2]
            options.append((cost + _together(want, heard.said[column - 2] + heard.said[column - 1]), begin))
        if index and self._said[index - 1] != NUMBER:
            cost, begin = rows[index - 1][column - 1]
            options.append((cost + _together(self._said[index - 1] + want, heard.said[column - 1]), begin))
        return options


def _together(one: str, other: str) -> float:
    """Return the distance of words written together: alike, or others; ``percent`` alone is no "percent off"."""
    distance = word_distance(one, other)
    return distance if distance <= NEAR else FAR


def _number_steps(row: list[tuple[float, int]], column: int, heard: Sounds) -> list[tuple[float, int]]:
    options, spent = [], 0.0
    for back in range(1, min(MAX_NUMBER, column) + 1):
        unit, said = heard.units[column - back], heard.said[column - back]
        if not unit.is_number:
            if said not in _NUMBER_SYLLABLES:
                break
            spent += SOUNDS_LIKE_NUMBER
        cost, begin = row[column - back]
        options.append((cost + spent, begin))
    return options


def phrase_said(fit: Fit, heard: Sounds) -> str:
    """Return the phrase of a fit with the numbers that were said in it; empty when these cannot be told."""
    units, chinese = fit.pattern.units, fit.pattern.keyword.language == "zh"
    places = [index for index, unit in enumerate(units) if unit == NUMBER]
    glue = "" if chinese else " "
    if not places:
        return glue.join(units)
    spelt = [_numeral(heard, index) for index in range(fit.first, fit.last)]
    runs = [list(run) for is_number, run in itertools.groupby(spelt, bool) if is_number]
    before, after = places[0], len(units) - 1 - places[0]
    between = spelt[before : len(spelt) - after]
    if len(places) == 1 and between and all(between):  # the words around it say where it is
        runs = [between]
    if len(runs) != len(places):
        return ""
    numbers = iter(glue.join(run if chinese else _in_english(run)) for run in runs)
    return glue.join(next(numbers) if unit == NUMBER else unit for unit in units)


def _numeral(heard: Sounds, index: int) -> str:
    """Return a unit that is a number, or sounds like one; empty for others."""
    unit = heard.units[index]
    return unit.text if unit.is_number else _NUMERAL_OF.get(heard.said[index], "")


def _in_english(numerals: list[str]) -> list[str]:
    """Return Chinese numerals in English, digit by digit; what is English stays."""
    return [_ENGLISH.get(each, each) for each in numerals]


def _sounds(texts: list[str]) -> list[str]:
    """Spell the Chinese characters by sound; neighbours tell which of its readings a character has."""
    said: list[str] = []
    run = ""
    for text in [*texts, ""]:
        if is_han(text):
            run += text
            continue
        said += syllables(run) if run else []
        run = ""
        said += [text] if text else []
    return said
