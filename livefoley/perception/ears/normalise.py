"""One spelling for what can be said in several: simplified characters, lower case, numbers as they are spoken.

Text becomes a row of `Unit`: a Chinese character, or a word. Figures are spelt out (``3`` as 三 or ``three``, ``50`` as
五十 or ``fifty``; longer ones digit by digit, as they are counted down), so that both spellings of a number compare
equal. Punctuation is left out; which units it sets apart is known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from livefoley.core.text import chinese

_WORD = re.compile(r"[㐀-䶿一-鿿]|\d+|[^\W\d_㐀-䶿一-鿿]+(?:'[^\W\d_㐀-䶿一-鿿]+)*|[%％]")

_MARK = re.compile(r"[,.;:!?，。；：！？、…]")

_ZH_DIGITS = "零一二三四五六七八九"
_EN_DIGITS = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_EN_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
NUMERALS = {
    "zh": frozenset(_ZH_DIGITS + "两十百千万半"),
    "en": frozenset([*_EN_DIGITS, *_EN_TENS, "hundred", "thousand", "half"]),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A character or word as it compares, and the place of the written run it comes from.

    ``apart`` says that a mark, or a space between Chinese characters, sets it apart from the unit before.
    """

    text: str
    source: int
    apart: bool = False

    @property
    def is_number(self) -> bool:
        """Say whether it is a numeral, in either language."""
        return self.text in NUMERALS["zh"] or self.text in NUMERALS["en"]


def units(texts: Iterable[str], language: str) -> list[Unit]:
    """Return the units of consecutive runs of text; each unit knows the index of its run."""
    found: list[Unit] = []
    between = ""
    for index, run in enumerate(texts):
        plain, at = simplified(run).lower().replace("’", "'"), 0
        for match in _WORD.finditer(plain):
            between += plain[at : match.start()]
            at = match.end()
            apart = bool(found) and (_MARK.search(between) is not None or (" " in between and is_han(match[0])))
            spelt = _spoken(match[0], language)
            found += [Unit(text, index, apart and not number) for number, text in enumerate(spelt)]
            between = ""
        between += plain[at:]
    return found


def simplified(text: str) -> str:
    """Return ``text`` with full-width forms narrowed and traditional characters simplified."""
    return chinese.simplified(unicodedata.normalize("NFKC", text))


def is_han(text: str) -> bool:
    """Say whether ``text`` has a Chinese character in it."""
    return chinese.HAN.search(text) is not None


def _spoken(word: str, language: str) -> Iterator[str]:
    if word.isdecimal():
        yield from spoken_number(word, language)
    elif word in "%％":
        yield from "百分之" if language == "zh" else ("percent",)
    else:
        yield word.replace("'", "")


def spoken_number(figures: str, language: str) -> list[str]:
    """Return how a number is said: up to 99 and round hundreds and thousands as a number, the rest digit by digit."""
    value, chinese = int(figures), language == "zh"
    for unit, name in ((1000, "千" if chinese else "thousand"), (100, "百" if chinese else "hundred")):
        if unit <= value < 10 * unit and value % unit == 0:
            return [*spoken_number(str(value // unit), language), name]
    if value > 99 or (len(figures) > 1 and figures[0] == "0"):
        return [(_ZH_DIGITS if chinese else _EN_DIGITS)[int(figure)] for figure in figures]
    return _below_hundred_zh(value) if chinese else _below_hundred_en(value)


def _below_hundred_zh(value: int) -> list[str]:
    tens, ones = divmod(value, 10)
    if tens == 0:
        return [_ZH_DIGITS[ones]]
    head = [] if tens == 1 else [_ZH_DIGITS[tens]]
    return [*head, "十", *([_ZH_DIGITS[ones]] if ones else [])]


def _below_hundred_en(value: int) -> list[str]:
    if value < len(_EN_DIGITS):
        return [_EN_DIGITS[value]]
    tens, ones = divmod(value, 10)
    return [_EN_TENS[tens], *([_EN_DIGITS[ones]] if ones else [])]
