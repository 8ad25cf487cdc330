"""What a line of the chat says of its writer: whether it is excited, and which other lines are the same text.

A flood of one short excited word is what an audience does; one sentence from many accounts is what robots do, and what
people do who greet. So a line is either excited, or it belongs to a text, and the same text is no new witness.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_TEXT = 200  # characters of a message that are looked at
SHORT = 12  # of an excited text, repetition apart; a Chinese character counts twice. What is longer is a text as others

HEAD, TAIL = 12, 10  # of a text, counted the same way: those that begin or end alike are one text

EXCITED = "!"
"""The key of excited lines; no text has it, since texts hold letters and figures alone."""

DEFAULT_WORDS = (
    *("666", "2333", "hhh", "哈哈", "笑死", "牛", "草", "冲", "绝了", "太强", "卧槽", "好家伙", "啊啊", "抢到", "买了"),
    *("拍了", "下单", "好球", "进球", "进了", "漂亮", "起飞", "yyds"),
    *("gg", "ggwp", "pog", "pogu", "poggers", "pogchamp", "kekw", "lul", "lulw", "omegalul", "hype", "omg", "wow"),
    *("lol", "lmao", "clutch", "let's go", "no way", "holy", "goal", "insane", "bought", "got it"),
)
"""What an excited audience writes."""

_HAN = r"[\u3400-\u9fff]"
_BEFORE, _AFTER = "太真好超最很可是也", "啊呀哇了逼批的吧哦呢啦皮"  # what may stand beside a word of one character
_APART = re.compile(r"(?<![^\W_])([^\W_]) (?=[^\W_](?![^\W_]))")  # "6 6 6"
_REPEATED = re.compile(r"(.{1,4}?)\1+")
_OUTCRY = re.compile(r"[?!\s]+")
_FIGURES = re.compile(r"\d+")


class ChatWords:
    """A room's excited words, ready to be looked for. Whole words: no ``gg`` in eggs, no 牛 in 牛奶."""

    def __init__(self, words: Iterable[str]) -> None:
        found = sorted({word for each in words if (word := folded(each).strip())})
        self._pattern = re.compile("|".join(map(_expression, found))) if found else None

    def key(self, text: str) -> tuple[str, bool]:
        """Return which lines count as the same as ``text``, and whether it holds one of the words."""
        seen = folded(text[:MAX_TEXT])
        hit = (self._pattern is not None and self._pattern.search(seen) is not None) or _is_outcry(seen)
        same = skeleton(seen)
        return (EXCITED if hit and _length(same) <= SHORT else same), hit


def folded(text: str) -> str:
    """Return ``text`` as it is compared: full-width forms, case, apostrophes and what cannot be seen do not matter."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    shown = "".join(character for character in plain if unicodedata.category(character) not in ("Cf", "Mn", "Cs"))
    return _APART.sub(r"\1", shown.replace("’", "").replace("'", ""))


def skeleton(seen: str) -> str:
    """Return what is left of a folded text without signs, figures' values and repetition: robots change these."""
    letters = "".join(character for character in seen if character.isalnum())
    return _REPEATED.sub(r"\1", _FIGURES.sub("0", letters))


def parted(key: str) -> tuple[str, str]:
    """Return how a text begins and how it ends: what robots vary, and who is greeted, is the rest."""
    if _length(key) <= TAIL:
        return key, key
    return _first(key, HEAD), _first(key[::-1], TAIL)


def _first(text: str, length: int) -> str:
    end = 0
    while end < len(text) and length > 0:
        length -= _length(text[end])
        end += 1
    return text[:end]


def _is_outcry(seen: str) -> bool:
    return _OUTCRY.fullmatch(seen) is not None and not seen.isspace()


def _length(text: str) -> int:
    return sum(2 if re.match(_HAN, character) else 1 for character in text)


def _expression(word: str) -> str:
    """Return the regular expression of a folded word; its last letters may be held (``wowww``, 哈哈哈)."""
    if re.fullmatch(_HAN, word):
        return rf"{word}{word}|(?<!{_HAN})[{_BEFORE}]*{word}[{_AFTER}]*(?!{_HAN})"
    plain = "".join(re.escape(character) + ("+" if character.isalnum() else "") for character in word)
    if re.search(_HAN, word) or not any(character.isalnum() for character in word):
        return plain
    same = r"[^\W\d_\u3400-\u9fff]" if word[0].isalpha() else r"\d"
    return rf"(?<!{same}){plain}(?!{same})"
