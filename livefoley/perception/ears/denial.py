"""Tells whether what was said denies a keyword, asks for it, or speaks of another time: 还没卖完, "is it sold out?".

Only words that stand right beside the keyword in its clause count, and a few that may stand between: "don't miss it,
sold out" denies nothing. So a denial in other words is missed; that costs a false alarm, and never a moment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from livefoley.perception.ears.normalise import Unit

CLAUSE = 12  # units before and after a keyword that are looked at
_CUT = "…"  # stands where a clause is longer: it does not begin or end there

_ZH_BEFORE = re.compile(
    # no: 没有 全场半价, 还没 开始 抽奖, 别 上链接; "is it" and "is there" hold the same words: 是不是, 有没有
    r"(?:(?<!没有)(?<![没不别])(?:没|不|别|未)(?:有|是|要|会|能|到|在|再|去|给|做|搞|开始|全部|都|真的|马上|立刻|现在|今天|什么|任何|这个|那个)*"
    r"|(?:什么时候|啥时候|几点|为什么)(?:才|能|会|再|要|开始)*"
    r"|(?:如果|要是|万一|假如|等到?)(?:我们|咱们|它|都|全部|这个|真的|大家|已经)*"
    r"|(?:昨天|昨晚|前天|上次|上回|上周|上个?月|上一?场|去年|以前|之前)"
    r"(?:我们|咱们|这个|全部|直播|做了|搞了|已经|就|都|的|是|也|有|还|那)*)$"
)
_ZH_AFTER = re.compile(r"[了呢啊]*(?:吗|么|没|没有|没呢)$")

_EN_NOT = (
    "not|no|never|nothing is|without|hardly|cannot|isnt|arent|wasnt|werent|hasnt|havent|hadnt|dont|doesnt|didnt|wont"
    "|wouldnt|cant|couldnt|shouldnt|aint"
)
_EN_BETWEEN = (
    "a|an|the|any|our|yet|quite|really|exactly|even|all|completely|totally|fully"
    "|be|been|being|get|gonna|going|to|have|do"
)
_EN_ASK = "is|are|was|has|have|did|do|does|will|isnt|arent|hasnt|didnt"
_EN_WHO = (
    "it|its|they|theyre|this|that|these|those|we|were|you|youre|everything|there|the|a|all|already|be|been|is|are|gets?"
)
_EN_WHEN = "yesterday|earlier|last (?:week|month|night|year|time|stream)"
_EN_BEFORE = re.compile(
    rf"(?:(?<!why )(?<!oh )(?<!no )\b(?:{_EN_NOT})(?: (?:{_EN_BETWEEN}))*"
    rf"|^(?:(?:so|and|but|hey|guys|wait) )*(?:{_EN_ASK})(?: (?:{_EN_WHO}))*"
    r"|^(?:(?:so|and|but) )?(?:is|are|isnt|arent|was|has) (?:the|that|those|these|your|our|any)(?: \S+){1,3}"
    rf"|\b(?:if|when (?:does|is|will)|when|until|till|before|(?<!at )once|unless)(?: (?:{_EN_WHO}))*"
    rf"|\b(?:{_EN_WHEN})(?: (?:{_EN_WHO}|was|had|got|i))*"
    r"|(?<!that )\b(?:was|had been|used to be)(?: (?:all|already|completely))*)$"
)
_EN_AFTER = re.compile(rf"^(?:{_EN_WHEN})\b|^(?:\S+ ){{1,3}}ago\b|^(?:yet|or not)$")


def denied(units: Sequence[Unit], first: int, last: int) -> bool:
    """Say whether what stands around ``units[first:last]`` in the same clause denies it, asks for it or dates it."""
    begin = first
    while begin > 0 and first - begin < CLAUSE and not units[begin].apart:
        begin -= 1
    end = last
    while end < len(units) and end - last < CLAUSE and not units[end].apart:
        end += 1
    before = [unit.text for unit in units[begin:first]]
    after = [unit.text for unit in units[last:end]]
    if before and begin > 0 and not units[begin].apart:
        before.insert(0, _CUT)
    if after and end < len(units) and not units[end].apart:
        after.append(_CUT)
    return bool(
        _ZH_BEFORE.search("".join(before))
        or _EN_BEFORE.search(" ".join(before))
        or _ZH_AFTER.match("".join(after))
        or _EN_AFTER.match(" ".join(after))
    )
