"""Word lists: whether a text holds what must not be published, however it is spelt.

Spaces and punctuation between Chinese characters, full-width forms, traditional characters, upper case, accents,
invisible characters and figures in place of letters (``p0rn``) make no difference. An entry with a Chinese character is
looked for anywhere, others as whole words: ``ass`` is not found in ``class``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from livefoley.core.errors import ConfigError
from livefoley.core.text.chinese import HAN, simplified

LISTS = ("en", "zh")
MAX_ENTRIES = 100_000

_WORD = re.compile(r"[^\W_㐀-䶿一-鿿]+(?:['’][^\W\d_㐀-䶿一-鿿]+)*")
_FIGURES = str.maketrans("0134578@$!", "oieastbasi")
_SYMBOLS = re.compile(r"(?<=\w)[@$!](?=\w)")
_LONG = re.compile(r"(.)\1{2,}")


class WordList:
    """Entries to look for. Immutable; ``find`` costs about a microsecond a word."""

    def __init__(self, entries: Iterable[str]) -> None:
        self._words: dict[str, list[tuple[str, ...]]] = {}
        chinese = []
        for entry in entries:
            if HAN.search(entry):
                chinese.append(_run(entry))
            elif row := tuple(_words(entry)):
                self._words.setdefault(row[0], []).append(row)
        longest_first = sorted(filter(None, chinese), key=len, reverse=True)
        self._chinese = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def find(self, text: str) -> str | None:
        """Return the first entry that ``text`` holds, as it compares; None when there is none."""
        if self._chinese is not None and (found := self._chinese.search(_run(text))):
            return found[0]
        words = _words(text)
        for at, word in enumerate(words):
            for row in self._words.get(word, ()):
                if words[at : at + len(row)] == list(row):
                    return " ".join(row)
        return None


def read_lists(names: Sequence[str]) -> WordList:
    """Return the entries of lists that come along (``en``, ``zh``) and of an operator's own files, together.

    A file holds an entry a line, UTF-8; what follows ``#`` is a comment. Raises ``ConfigError``.
    """
    entries = [entry for name in names for entry in _entries(name)]
    if len(entries) > MAX_ENTRIES:
        raise ConfigError(f"clips.checks.words: {len(entries)} entries, at most {MAX_ENTRIES} can be looked for")
    return WordList(entries)


def _entries(name: str) -> list[str]:
    try:
        text = (files(__package__) / "lists" / f"{name}.txt" if name in LISTS else Path(name)).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"clips.checks.words: {name} cannot be read ({type(error).__name__})") from None
    return [entry for line in text.splitlines() if (entry := line.partition("#")[0].strip())]


def _plain(text: str) -> str:
    """Return ``text`` narrowed, in lower case, without accents and invisible characters."""
    apart = unicodedata.normalize("NFKD", text)
    kept = "".join(char for char in apart if unicodedata.category(char) not in ("Mn", "Cf"))
    return unicodedata.normalize("NFKC", kept).casefold()


def _run(text: str) -> str:
    """Return a text with Chinese as it compares: letters and figures alone, in one run."""
    return "".join(char for char in simplified(_plain(text)) if char.isalnum())


def _words(text: str) -> list[str]:
    """Return the words of a text in an alphabet as they compare."""
    plain = _SYMBOLS.sub(lambda found: found[0].translate(_FIGURES), _plain(text))
    return [_spelt(word) for word in _WORD.findall(plain)]


def _spelt(word: str) -> str:
    letters = word.translate(_FIGURES) if not word.isdecimal() else word
    return _LONG.sub(r"\1", letters.replace("'", "").replace("’", ""))
