"""What the host and the screen name: things and materials that are there, places, and nothing of elsewhere."""

from __future__ import annotations

import csv

import pytest

from livefoley.core.families import Family
from livefoley.core.ticks import ticks_from_s
from livefoley.engine.leanings.host import HostContext
from livefoley.foley.description.mentions import MOST_MENTIONS, mentions
from tests.support.peers import shared

STEERED = {
    *("zh03.wav", "zh10.wav", "zh13.wav", "en13.wav", "en15.wav"),
    *("live_shop_zh_20db.flac", "live_shop_en_5db.flac", "live_game_mixed_10db.flac"),
}
"""Recordings in which somebody shows a flask, clothes, a cup, shoes, a bag; the game's host speaks of shoes, too."""


def named(text: str) -> list[tuple[Family | None, str, bool]]:
    return [(each.family, each.place, each.shown) for each in mentions(text, 0)]


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("今天给大家带来一双跑鞋", Family.FOOTSTEP),
        ("这双跑鞋防水", Family.FOOTSTEP),
        ("look at these boxes", Family.PAPER),
        ("它是塑料的", Family.PLASTIC),
        ("这款是实木的", Family.WOOD),
        ("this cup is made of steel", Family.METAL),
        ("我们的玻璃瓶装果汁", Family.GLASS),
    ],
)
def test_things_and_materials_that_are_shown_are_named(text: str, family: Family) -> None:
    assert (family, "", True) in named(text)


@pytest.mark.parametrize(
    "text",
    [
        "防水",
        "这不是玻璃的",
        "没有纸箱",
        "this is not glass",
        "no boxes today",
        "昨天我去了海边",
        "if you go to the beach with these shoes",
        "小时候我们家有个木箱",
        "大家好, 欢迎来到直播间",
        "this is for the Nintendo Switch",
        "三分钟后开播",
    ],
)
def test_what_is_negated_or_elsewhere_or_an_idiom_is_not(text: str) -> None:
    assert not [each for each in named(text) if each[2]]


def test_a_place_is_told_from_a_thing_and_where_one_is_from_what_one_speaks_of() -> None:
    assert named("我们现在在海边") == [(None, "海边", True)]
    assert named("we are in the kitchen") == [(None, "kitchen", True)]
    assert named("仓库都来不及打包") == [(Family.PAPER, "", False), (None, "仓库", False)]
    assert not named("the rain is heavy")  # weather is no place


def test_a_line_on_the_screen_is_there() -> None:
    assert [(each.family, each.shown) for each in mentions("透气跑鞋 限时特价", 0, screen=True)] == [
        (Family.FOOTSTEP, True)
    ]
    assert len(mentions("\n".join(["box, bottle, wood, shoe, drum, ball"] * 500), 0, screen=True)) <= MOST_MENTIONS


def test_ordinary_speech_of_other_topics_does_not_steer() -> None:
    with shared("speech/manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    steered = set()
    for row in rows:
        host, at = HostContext(), 0
        for line in row["text"].split(" / "):
            at += ticks_from_s(5)
            for mention in mentions(line, at):
                host.take(mention)
            if host.raised(at) or host.place(at)[0]:
                steered.add(row["path"])
    assert len(rows) > 30
    assert steered <= STEERED
    assert "live_shop_zh_20db.flac" in steered
