"""Whether a place or weather that is named is there, or is a part of what something is called.

Rain jackets, 海洋味, 《高山流水》, Wuthering Waves and pearls from the sea bring no weather and no sea with them.
"""

from __future__ import annotations

from collections.abc import Sequence

from livefoley.core.families import Family
from livefoley.foley.description.entries import Entry, Tables
from livefoley.foley.description.words import Match, Text

BESIDE = frozenset("口边旁里外内上下前后头畔岸站厅声")
"""What ends a Chinese word that says where: 海边, 地铁口, 店里."""

_LIKE = frozenset(
    {"brand", "shape", "scent", "flavour", "flavor", "theme", "inspir", "print", "pattern", "colour", "color"}
)
_LIKE_ZH = frozenset("味款色形纹系牌香状")
_TITLES = (("《", "》"), ("「", "」"), ("『", "』"), ("“", "”"))
_WHERE = frozenset(
    {"in", "at", "on", "by", "near", "through", "along", "around", "across", "over", "beside", "outside"}
)
_GENERIC = frozenset({"lake", "river", "bay", "mountain"})  # they go before the name
_WEATHER = frozenset({"rain", "rain_window", "thunder", "wind", "air", "fire", "surf"})
_NAMED_OVER = 1  # words between a place and the goods it is the name of: forest green lipstick
_GOODS = frozenset({Family.PLASTIC, Family.METAL, Family.GLASS, Family.PAPER, Family.CERAMIC, Family.SOFT, Family.WOOD})
"""Of which things are made that are called after weather and wild places: hurricane lamps, river tables."""


def names_goods(words: Text, found: Sequence[Match[Entry]], place: int, known: Tables) -> bool:
    """Say whether a place is what something else is called by: goods that are named right after it, or, for weather and
    wild places, whatever that is what comes next and no list holds (sea bass)."""
    match = found[place]
    if _is_title(words, match):
        return True
    if match.text[-1] in BESIDE and match.end - match.start > 1:
        return False  # 溪边 is where it is, whatever comes next
    if _is_likened(words, match):
        return True
    if match.tag.nature and (_before_unknown(words, match, known) or _is_origin(words, match, found[:place], known)):
        return True
    if match.tag.nature and place + 1 < len(found) and found[place + 1].start == match.end:
        goods = found[place + 1].tag
        if not goods.first and (goods.family in _GOODS or (goods.family is Family.VEHICLE and _is_animal(match.tag))):
            return True
    at, over = match.end, 0
    for after in found[place + 1 :]:
        if at < after.start and words.tokens[at].han and not match.tag.nature:
            return False  # 菜市场杀鱼: something is done there
        while at < after.start:
            if words.tokens[at].mark or known.joints.at(words, at) is not None:
                return False
            over += 0 if words.tokens[at].han and (at not in words.borders) else 1
            at += 1
        if over > _NAMED_OVER:
            return False
        if after.tag.thing:
            return True
        at = after.end
    return False


def _before_unknown(words: Text, match: Match[Entry], known: Tables) -> bool:
    """Say whether a word follows that no list holds; in Chinese, where compounds are words, after one character."""
    at = match.end
    if at >= len(words.tokens) or words.tokens[at].mark:
        return False
    if words.tokens[at].han and match.end - match.start > 1:
        return False
    listed = (known.entries, known.quiet, known.joints, known.weather, known.surfaces, known.modifiers)
    return all(each.at(words, at) is None for each in listed)


def _is_title(words: Text, match: Match[Entry]) -> bool:
    """Say whether a place is a part of a name that is written as one: 《高山流水》, Wuthering Waves, Ocean Spray juice.

    Of a name in capital letters the last word may say what it is (Bondi Beach), weather does not; and what somebody is
    in, at or near is a place (in Hyde Park).
    """
    if match.start > 0 and words.tokens[match.start - 1].word in ("called", "named", "titled", "叫"):
        return True
    before = "".join(token.word for token in words.tokens[: match.start])
    if any(before.count(opened) > before.count(closed) for opened, closed in _TITLES):
        return True
    first, last = match.start, match.end
    if not all(token.capital for token in words.tokens[first:last]) or not _mixes_cases(words):
        return False
    while first > 0 and words.tokens[first - 1].capital:
        first -= 1
    while last < len(words.tokens) and words.tokens[last].capital:
        last += 1
    begins = first == 0 or words.tokens[first - 1].mark
    if (begins and last - first == 1) or (first, last) == (match.start, match.end) != (first, first + 1):
        return False
    led = [token.word for token in words.tokens[max(0, first - 2) : first] if token.word not in ("the", "a")]
    if led and led[-1] in _WHERE:
        return False
    return _is_weather(match.tag) or (match.end < last and match.start > first - 1 and match.text not in _GENERIC)


def _mixes_cases(words: Text) -> bool:
    """Say whether capital letters mean anything: some longer words are without."""
    return any(
        len(token.word) > 3 and token.word.isalpha() and token.word.isascii() and not token.capital
        for token in words.tokens
    )


def _is_weather(entry: Entry) -> bool:
    return entry.nature and max(entry.bed, key=lambda layer: layer[1])[0] in _WEATHER


def _is_animal(entry: Entry) -> bool:
    return bool({"birds", "frogs", "gulls"} & {kind for kind, _ in entry.bed})


def _is_likened(words: Text, match: Match[Entry]) -> bool:
    """Say whether goods are likened to it: frog-shaped, campfire scented, 海洋味."""
    if match.end >= len(words.tokens):
        return False
    after = words.tokens[match.end]
    return after.stem in _LIKE or (after.word in _LIKE_ZH and (match.end, match.end + 1) in words.words)


def _is_origin(words: Text, match: Match[Entry], before: Sequence[Match[Entry]], known: Tables) -> bool:
    """Say whether goods come from a wild place: pearls from the sea. ("Live from the beach" is at the beach.)"""
    at = match.start - 1
    while at > 0 and words.tokens[at].word in ("the", "a"):
        at -= 1
    if at < 1 or words.tokens[at].word != "from":
        return False
    goods = before[-1].tag.acts and before[-1].end == at if before else False
    listed = (known.entries, known.quiet, known.joints, known.weather, known.surfaces, known.modifiers)
    return goods or all(each.at(words, at - 1) is None for each in listed)
