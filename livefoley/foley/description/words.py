"""Finding listed words in free text: Chinese by longest match, English by stems and phrases, both in one pass."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Generic, TypeVar

from livefoley.core.text.chinese import simplified

Tag = TypeVar("Tag")

_HAN = r"\u3400-\u9fff"
_TOKEN = re.compile(rf"[a-z0-9]+(?:'[a-z]+)?|[{_HAN}]|[^\s]")


@dataclass(frozen=True, slots=True)
class Token:
    """An English word as its stem, one Chinese character, or one mark; ``word`` is what stood there."""

    stem: str
    word: str

    @property
    def mark(self) -> bool:
        return not (self.stem.isalnum() or "'" in self.stem)


@dataclass(frozen=True, slots=True)
class Match(Generic[Tag]):
    """A listed word at tokens ``start`` to ``end`` (exclusive)."""

    tag: Tag
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text in any mixture of the two languages, traditional characters simplified."""
    plain = simplified(unicodedata.normalize("NFKC", text).lower().replace("’", "'"))
    return [Token(stem(word), word) for word in _TOKEN.findall(plain)]


_KEEP = frozenset(
    {"bus", "gas", "glass", "grass", "dress", "chess", "always", "this", "his", "ding", "ring", "king", "spring"}
    | {"swing", "sting", "thing", "morning", "evening", "red", "bed", "is", "was", "news", "wing", "string"}
)


def stem(word: str) -> str:
    """Return an English word without the endings of plural, -ing and -ed; what those doubled or dropped is evened."""
    if word in _KEEP or len(word) < 4 or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        root = word[: -len(ending)]
        if word.endswith(ending) and word not in _KEEP and len(root) > 2 and re.search("[aeiouy]", root):
            word = root[:-1] if root[-1] == root[-2] and root[-1] not in "lsz" else root
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


class WordList(Generic[Tag]):
    """Words and phrases with a tag each, and the search for them."""

    def __init__(self) -> None:
        self._tags: dict[tuple[str, ...], Tag] = {}
        self._longest = 1

    def add(self, phrase: str, tag: Tag) -> None:
        """List ``phrase``; the first tag of a phrase stays."""
        key = tuple(token.stem for token in tokens(phrase))
        self._tags.setdefault(key, tag)
        self._longest = max(self._longest, len(key))

    def find(self, text: list[Token]) -> list[Match[Tag]]:
        """Return the matches from left to right, the longest at each place, none overlapping."""
        out: list[Match[Tag]] = []
        at = 0
        while at < len(text):
            found = self._at(text, at)
            if found is not None:
                out.append(found)
            at = found.end if found else at + 1
        return out

    def _at(self, text: list[Token], at: int) -> Match[Tag] | None:
        for length in range(min(self._longest, len(text) - at), 0, -1):
            key = tuple(token.stem for token in text[at : at + length])
            if key in self._tags:
                words = [token.word for token in text[at : at + length]]
                return Match(self._tags[key], (" " if words[0].isascii() else "").join(words), at, at + length)
        return None
