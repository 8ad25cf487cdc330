"""Words in free text: Chinese between the borders of words, English by stems and phrases, both in one pass."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from livefoley.core.text.chinese import simplified

Tag = TypeVar("Tag")

_HAN = r"\u3400-\u9fff"
_TOKEN = re.compile(rf"[a-z0-9]+(?:'[a-z]+)?|[{_HAN}]|[^\s]")
_RUN = re.compile(rf"[{_HAN}]+")
_HYPHEN = re.compile("(?<=[a-z0-9])-(?=[a-z])")


@dataclass(frozen=True, slots=True)
class Token:
    """An English word as its stem, one Chinese character, or one mark; ``word`` is what stood there, in small letters,
    ``capital`` whether it began with a capital one."""

    stem: str
    word: str
    capital: bool = False

    @property
    def mark(self) -> bool:
        return not (self.stem.isalnum() or "'" in self.stem)

    @property
    def han(self) -> bool:
        return _RUN.fullmatch(self.word) is not None


@dataclass(frozen=True, slots=True)
class Match(Generic[Tag]):
    """A listed word at tokens ``start`` to ``end`` (exclusive)."""

    tag: Tag
    text: str
    start: int
    end: int


class Text:
    """The tokens of a text in any mixture of the two languages, traditional characters simplified, and its words.

    An English word is a token; where Chinese words begin and end a segmenter says. ``words`` are (start, end) in
    tokens, one after the other; ``inner`` are those that longer Chinese words hold.
    """

    def __init__(self, text: str) -> None:
        self.tokens = tokens(text)
        self.words, self.inner = _words(self.tokens)
        self.borders = frozenset(edge for word in self.words for edge in word)

    def between(self, start: int, end: int) -> str:
        """Return what stands at tokens ``start`` to ``end``."""
        words = [token.word for token in self.tokens[start:end]]
        return (" " if words and words[0].isascii() else "").join(words)

    def whole(self, start: int, end: int) -> bool:
        """Say whether one word or several stand there."""
        return start in self.borders and end in self.borders

    def fits(self, start: int, end: int) -> bool:
        """Say whether words stand there, or a word inside of a longer one."""
        return self.whole(start, end) or (start, end) in self.inner

    def names(self, start: int, end: int) -> bool:
        """Say whether words stand there, or a word that ends a longer one: its kind (菜市场 is a 市场)."""
        return self.fits(start, end) and end in self.borders


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text."""
    written = simplified(unicodedata.normalize("NFKC", text).replace("’", "'"))
    plain = written.lower()
    capital = [each.isupper() for each in written] if len(plain) == len(written) else [False] * len(plain)
    plain = _HYPHEN.sub(" ", plain)
    return [Token(stem(word[0]), word[0], capital[word.start()]) for word in _TOKEN.finditer(plain)]


def _words(tokens: list[Token]) -> tuple[list[tuple[int, int]], frozenset[tuple[int, int]]]:
    """Return the words of a text, and the Chinese ones that lie inside of them."""
    words: list[tuple[int, int]] = []
    inner: set[tuple[int, int]] = set()
    for start, end in _runs(tokens):
        if not tokens[start].han:
            words.append((start, end))
            continue
        from rjieba import tokenize  # its dictionary is 34 MB: only who writes Chinese needs it

        run = "".join(token.word for token in tokens[start:end]).replace("著", "着")  # which its dictionary has not
        words += [(start + first, start + last) for _, first, last in tokenize(run)]
        inner |= {(start + first, start + last) for _, first, last in tokenize(run, "search")}
    return words, frozenset(inner - set(words))


def _runs(tokens: list[Token]) -> Iterator[tuple[int, int]]:
    """Yield the runs of Chinese characters, and every other token by itself."""
    start = 0
    while start < len(tokens):
        end = start + 1
        while tokens[start].han and end < len(tokens) and tokens[end].han:
            end += 1
        yield start, end
        start = end


_KEEP = frozenset(
    {"bus", "gas", "glass", "grass", "dress", "chess", "always", "this", "his", "ding", "ring", "king", "spring"}
    | {"swing", "sting", "thing", "morning", "evening", "red", "bed", "is", "was", "news", "wing", "string"}
    | {"ceiling", "bring", "sing", "seed", "need", "feed", "speed", "weed"}
)


_IRREGULAR = {"buses": "bus", "gases": "gas", "geese": "goose", "mice": "mouse", "feet": "foot", "wolves": "wolf"} | {
    f"{root}ves": f"{root}f" for root in ("scar", "shel", "loa", "lea", "hoo")
} | {"knives": "knife", "wives": "wife"}  # fmt: skip
_ENDINGS = ("ing", "ed")
_VOWELS = "aeiouy"


def stem(word: str) -> str:
    """Return an English word without the endings of plural, -ing and -ed; what those doubled or dropped is evened."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _KEEP or len(word) < 4 or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in _ENDINGS:
        root = word[: -len(ending)]
        if word.endswith(ending) and word not in _KEEP and len(root) > 2 and any(v in root for v in _VOWELS):
            return _evened(root)
    return word


def _evened(root: str) -> str:
    """Return what was before -ing or -ed: clapp is clap, bak is bake, danc is dance."""
    if root[-1] == root[-2]:
        return root if root[-1] in "lsz" else root[:-1]
    if root.endswith(("c", "v", "z", "dg", "rg")) or re.search("[^aeiouyrlw]l$|[^aeiou]at$", root):
        return root + "e"
    return root + "e" if re.fullmatch("[^aeiouy]*[aeiouy][^aeiouwxy]", root) else root


class WordList(Generic[Tag]):
    """Words and phrases with a tag each, and the search for them."""

    def __init__(self) -> None:
        self._tags: dict[tuple[str, ...], Tag] = {}
        self._forms: dict[str, Tag] = {}
        self._longest = 1

    def add(self, phrase: str, tag: Tag) -> None:
        """List ``phrase``; the first tag of a phrase stays."""
        key = tuple(token.stem for token in tokens(phrase))
        self._tags.setdefault(key, tag)
        self._longest = max(self._longest, len(key))

    def add_form(self, word: str, tag: Tag) -> None:
        """List an English word just as it is written; it goes before its stem."""
        self._forms.setdefault(word, tag)

    def find(self, text: Text) -> list[Match[Tag]]:
        """Return the matches from left to right, the longest at each place, none overlapping."""
        out: list[Match[Tag]] = []
        at = 0
        while at < len(text.tokens):
            found = self.at(text, at)
            if found is not None:
                out.append(found)
            at = found.end if found else at + 1
        return out

    def exactly(self, text: Text, start: int, end: int) -> Match[Tag] | None:
        """Return the listed word that stands at tokens ``start`` to ``end``, whether or not words begin and end so."""
        tag = self._tags.get(tuple(token.stem for token in text.tokens[start:end]))
        return Match(tag, text.between(start, end), start, end) if tag is not None else None

    def at(self, text: Text, at: int, before: int | None = None) -> Match[Tag] | None:
        """Return the longest listed word that begins at token ``at``; one that ends just ``before`` need not end where
        a word ends (不 before 下雨, which are one word)."""
        limit = len(text.tokens) if before is None else before
        for length in range(min(self._longest, limit - at), 0, -1):
            key = tuple(token.stem for token in text.tokens[at : at + length])
            tag = self._forms.get(text.tokens[at].word) if length == 1 else None
            tag = tag if tag is not None else self._tags.get(key)
            if tag is not None and (text.fits(at, at + length) or (at + length == before and at in text.borders)):
                return Match(tag, text.between(at, at + length), at, at + length)
        return None
