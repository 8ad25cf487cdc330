"""Descriptions are read part by part, and what is not understood is told."""

from __future__ import annotations

from importlib import resources

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.families import Family
from livefoley.foley.chain import StudentUse
from livefoley.foley.description.entries import tables
from livefoley.foley.description.explain import explain
from livefoley.foley.description.reader import read
from livefoley.foley.description.words import Text

GOODS = """
    rain jacket, beach towel, fire TV stick, drop shipping, Nintendo Switch, wind chime, spring sale,
    ocean blue lipstick, frog-shaped teapots, campfire scented candles, pearls from the sea, river tables,
    hurricane lamps, Wuthering Waves pulls, Ocean Spray juice haul, a song called Waterfall,
    雨伞, 雨衣, 海鲜, 火腿肠, 吹风机, 风扇口红, 三分钟后开播, 鸟巢, 雷军, 火龙果, 河粉, 手机壳, 打火机,
    海洋味洗衣液, 古筝弹一曲《高山流水》
"""


def kinds(text: str) -> set[str]:
    return {layer.kind for place in read(text).places for layer in place.layers}


def families(text: str) -> list[Family | None]:
    return [action.family for action in read(text).actions]


@pytest.mark.parametrize("text", [each.strip() for each in GOODS.split(",")])
def test_goods_make_no_weather(text: str) -> None:
    assert not kinds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plastic bottles set down on a table", [Family.PLASTIC, Family.WOOD]),
        ("塑料瓶放在木桌上", [Family.PLASTIC, Family.WOOD]),
        ("on the table: a glass jar", [Family.GLASS, Family.WOOD]),
        ("一个人把啤酒瓶放下", [Family.GLASS]),
        ("drummer plays kick and snare", [Family.DRUM]),
        ("she walks across a wooden floor", [Family.FOOTSTEP]),
        ("wooden boxes", [Family.WOOD]),
        ("the rain in Spain", []),
        ("he says cheers", [Family.GLASS]),
    ],
)
def test_what_is_heard_goes_before_what_stands_about(text: str, expected: list[Family]) -> None:
    assert families(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("live from the beach", "surf"),
        ("a picnic in Hyde Park", "forest"),
        ("sunrise at Bondi Beach, waves", "surf"),
        ("地铁口卖花", "train"),
        ("溪边捉螃蟹", "stream"),
        ("菜市场杀鱼", "crowd"),
        ("海浪声助眠", "surf"),
        ("a mountain stream", "stream"),
    ],
)
def test_where_somebody_is_is_a_place_whatever_comes_next(text: str, expected: str) -> None:
    assert expected in kinds(text)


def test_a_livestream_is_no_water_and_a_negation_ends() -> None:
    assert "stream" not in kinds("coding stream")
    assert families("no music, just typing") == families("no music just typing") == [Family.TYPING]
    assert kinds("not only rain") == {"rain"}
    assert not kinds("no heavy rain")


def test_a_word_means_what_stands_beside_it() -> None:
    assert read("man fires a rifle").actions[0].family is Family.GUN
    assert kinds("a campfire") == {"fire"}
    assert read("people cheer").accents[0].effects == ("CRWDCheer_Cheer",)
    assert read("people clapping").effects == read("观众鼓掌").effects == ("CRWDApls_Applause",)
    assert read("a man claps his hands").effects[0] == "FOLYHand_Clap"
    assert kinds("camera pans over a lake") >= {"stream"}
    assert "frying" not in kinds("camera pans over a lake")
    assert kinds("海鲜市场") == {"crowd", "street"}


def test_what_no_list_knows_is_told_and_makes_nothing() -> None:
    said = read("a zzyzx with qwertz, rain on the 呜呜祖拉")
    assert said.unknown[:2] == ("zzyzx", "qwertz")
    assert not said.actions
    assert kinds("a zzyzx with qwertz") == set()
    assert explain("a zzyzx").unknown == ("zzyzx",)


def test_a_place_without_an_ambience_is_the_students_or_a_quiet_room() -> None:
    assert [(part.sound, part.by) for part in explain("a volcano").place] == [("volcano", "student")]
    assert [(part.sound, part.by) for part in explain("a volcano", StudentUse.NEVER).place] == [("room", "procedural")]
    assert [part.by for part in explain("rain", StudentUse.ALWAYS).place] == ["student"]
    assert [(part.sound, part.by) for part in explain("rain").place] == [("rain", "procedural")]
    assert [(part.sound, part.by) for part in explain("a busy street").place] == [("street", "student")]
    assert [(part.sound, part.by) for part in explain("a busy street", StudentUse.NEVER).place] == [
        ("street", "procedural")
    ]
    assert [(part.sound, part.by) for part in explain("a dog").actions] == [("a dog barks", "student")]


def test_no_word_is_lost_behind_another_meaning() -> None:
    """A word listed twice means what the first line says: each has to be meant."""
    content = yaml.safe_load(resources.files("livefoley.foley.description").joinpath("lexicon.yaml").read_text("utf-8"))
    known = tables().entries
    meant = {word: read(word) for item in content["entries"] for word in item.get("forms", ())}
    assert len(meant) > 20
    for word in (
        "rain",
        "street",
        "wood",
        "bottle",
        "train",
        "stream",
        "window",
        "match",
        "book",
        "iron",
        "car",
        "fire",
    ):
        (found,) = known.find(Text(word))
        assert found.text == word
    for word, means in (("car", Family.VEHICLE), ("wood", Family.WOOD), ("book", Family.PAPER), ("iron", Family.METAL)):
        assert families(word) == [means]


@pytest.mark.parametrize(
    ("text", "sound", "lasting"),
    [
        ("cars drive past", "VEHCar_Drive", "VEHCar_Drive"),
        ("somebody types", "CMPTKey_Key", "CMPTKey_Busy"),
        ("sawing", "WOODImpt_Hit", "TOOLHand_Saw"),
        ("a helicopter", "a helicopter flying", "a helicopter flying"),
        ("glass bottles", "FOODGware_Bottle", ""),
    ],
)
def test_what_is_explained_is_what_sounds(text: str, sound: str, lasting: str) -> None:
    told = explain(text).actions[0]
    assert (told.sound, told.lasting) == (sound, lasting)


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    said = explain(text)
    assert all(part.sound and part.by for part in (*said.place, *said.actions, *said.accents))


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("a bird sings on a branch", "BIRDSong_Phrase"),
        ("青蛙在荷塘", "ANMLAmph_Frog"),
        ("a dog", "a dog barks"),
        ("morning", ""),
        ("no birds", ""),
    ],
)
def test_animals_that_are_named_call(text: str, call: str) -> None:
    assert [each.wanted for each in read(text).calls] == [call] * bool(call)


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("gunfire", "GUNPis_Shot"),
        ("a sniper", "GUNRif_Shot"),
        ("机枪", "GUNRif_Shot"),
        ("开枪", "GUNPis_Shot"),
        ("an explosion", "EXPLReal_Blast"),
        ("爆炸", "EXPLReal_Blast"),
    ],
)
def test_shots_and_explosions_are_sounds_of_ours(text: str, sound: str) -> None:
    assert [(each.sound, each.by) for each in explain(text).actions] == [(sound, "bank")]
