"""What a sentence or a line on the screen names: things, what they are made of, and places, of those the lexicon knows.

Read by the reader of descriptions, clause by clause, so that what is negated or only a part of another word's name is
left out. What was elsewhere, or is but a comparison, is left out, too; what is shown is told apart from what is only
spoken of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from livefoley.core.events import Mention
from livefoley.core.families import Family
from livefoley.core.ticks import Tick
from livefoley.foley.description.reader import Place, read
from livefoley.foley.description.words import Text, WordList

MOST_MENTIONS = 16  # of one sentence
MOST_TEXT = 600  # characters that are read

PLACE_KINDS = frozenset(
    {"surf", "stream", "cave", "crowd", "cafe", "stadium", "street", "birds", "forest", "night", "office", "kitchen"}
    | {"train", "cabin", "factory", "air", "leaves"}
)
"""Kinds of ambience that tell of a place; of weather, fire and machines one speaks anywhere."""

_IS_OF = re.compile(r"(?:它|这|就|都)*是.+的")  # 是塑料的
_SPOKEN_OF = frozenset({Family.POUR, Family.VEHICLE, Family.ANIMAL})  # water, cars, dogs: more often than shown
_CLAUSE = re.compile(r"[^,;.!?，；。！？、\n]+")

_SHOWS = (
    *("this", "these", "here", "look at", "check out", "made of", "made from", "made out of", "our", "we have"),
    *("we've got", "i have here", "brand new", "introducing", "holding", "comes in", "show you", "let me show"),
    *("这", "这款", "这双", "这个", "这件", "这种", "这些", "这只", "这瓶", "这箱", "这条", "这套", "那款", "那双"),
    *("一双", "一款", "一件", "一瓶", "一箱", "一套", "这里", "材质", "来看", "看一下", "看看", "带来", "推荐"),
    *("我们的", "咱们的", "咱们家", "上新", "新款", "手上", "手里", "做的", "纯", "实木", "面料"),
)
"""What stands beside things that are there."""

_ELSEWHERE = (
    *("yesterday", "last week", "last year", "last season", "last time", "used to", "if", "as if", "imagine"),
    *("remember", "went", "sold my", "my old", "like a", "once upon", "years ago", "tomorrow", "next week"),
    *("昨天", "以前", "上次", "去年", "上周", "如果", "要是", "好像", "就像", "仿佛", "好比", "当年", "曾经", "小时候"),
    *("想象", "记得", "明天", "下周", "的话"),
)
"""What stands beside things that are not."""

_BEING_THERE = (
    *("we are at", "we are in", "we are on", "we're at", "we're in", "we're on", "here at", "here in", "here on"),
    *("live from", "welcome to", "standing in", "standing on", "standing at", "coming to you from", "i'm at", "i'm in"),
    *("i am at", "i am in", "we are here", "we're here"),
    *("我们在", "现在在", "来到", "这里是", "今天在", "身处", "站在", "我在", "咱们在", "我们来", "走进", "正在"),
)
"""What stands beside places in which one is."""


def mentions(text: str, at: Tick, *, screen: bool = False) -> list[Mention]:
    """Return what ``text`` names; what stands on the ``screen`` is there."""
    found: dict[tuple[object, str], Mention] = {}
    for clause in _CLAUSE.findall(text[:MOST_TEXT]):
        for each in _of_clause(clause, at, screen):
            key = each.family, each.place
            found[key] = found[key] if key in found and (found[key].shown or not each.shown) else each
    return list(found.values())[:MOST_MENTIONS]


def _of_clause(clause: str, at: Tick, screen: bool) -> Iterator[Mention]:
    said = read(clause)
    if not said.actions and not said.places:
        return
    words = Text(clause)
    if _list(_ELSEWHERE).find(words):
        return
    shows = screen or _is_shown(clause, words)
    for action in said.actions:
        if action.family is not None and not action.about:
            effect, there = action.effects[0] if action.effects else "", shows and action.family not in _SPOKEN_OF
            yield Mention(at, action.text, action.family, effect, shown=there)
    here = bool(_list(_BEING_THERE).find(words))
    for place in said.places:
        if is_steady(place):
            yield Mention(at, place.text, place=place.text, shown=here)


def is_steady(place: Place) -> bool:
    """Say whether a place is one that a room may be in, and of which an ambience is known."""
    return not place.implied and any(layer.kind in PLACE_KINDS for layer in place.layers)


def _is_shown(clause: str, words: Text) -> bool:
    return bool(_list(_SHOWS).find(words)) or _IS_OF.fullmatch(clause.strip()) is not None


@cache
def _list(words: Iterable[str]) -> WordList[bool]:
    made: WordList[bool] = WordList()
    for word in words:
        made.add(word, True)
    return made
