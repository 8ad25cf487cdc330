"""The lexicon reads Chinese and English descriptions."""

from __future__ import annotations

from importlib import resources

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from livefoley.core.families import LASTING, Family
from livefoley.foley.bank.catalogue import EFFECTS
from livefoley.foley.bed.kinds import KINDS
from livefoley.foley.description import lexicon
from livefoley.foley.description.entries import tables
from livefoley.foley.description.words import tokens


def kinds(text: str) -> set[str]:
    return {layer.kind for layer in lexicon.bed_recipe(text).layers}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("雨夜的街道, rain on a window", {"rain_window", "street"}),
        ("下著大雨的街道，打雷", {"rain", "street", "thunder"}),
        ("海邊", {"surf", "gulls"}),
        ("busy cafe with quiet music", {"cafe"}),
        ("waves on a beach", {"surf", "gulls"}),
        ("雷雨交加的森林", {"rain", "thunder", "wind", "forest"}),
        ("campfire on a summer night", {"fire", "night"}),
    ],
)
def test_a_place_is_read_in_either_language(text: str, expected: set[str]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("切菜", "FOODKware_Chop"),
        ("she is chopping vegetables", "FOODKware_Chop"),
        ("footsteps on wood", "FEETHmn_Wood"),
        ("走在木地板上", "FEETHmn_Wood"),
        ("一个人在雨夜奔跑,脚下踩着水坑", "FEETHmn_Water"),
        ("雪地里的脚步声", "FEETHmn_Snow"),
        ("a man walks on gravel in the park", "FEETHmn_Gravel"),
        ("typing on keyboards", "CMPTKey_Key"),
        ("敲門", "DOORKnck_Knock"),
    ],
)
def test_what_is_done_is_read_in_either_language(text: str, expected: str) -> None:
    assert lexicon.action_effects(text)[0] == expected


@pytest.mark.parametrize(
    "text", ["no rain, just wind", "wind without rain", "没有雨，只有风", "沒有雨的風", "风，不下雨"]
)
def test_a_negated_word_is_left_out(text: str) -> None:
    assert kinds(text) == {"wind"}


def test_a_negation_ends_at_the_next_mark() -> None:
    assert kinds("no music, rain") == {"rain"}


@pytest.mark.parametrize(
    ("soft", "strong"),
    [("light rain", "heavy rain"), ("小雨", "大雨"), ("gentle wind", "strong wind"), ("微风", "狂风")],
)
def test_words_of_strength_set_the_level(soft: str, strong: str) -> None:
    assert lexicon.bed_recipe(soft).layers[0].level < 0.5 < lexicon.bed_recipe(strong).layers[0].level


@pytest.mark.parametrize("text", ["", "qwertz", "钢琴曲", "大家好", "...", "a very nice day"])
def test_an_unknown_text_gives_neutral_sound_and_says_so(text: str) -> None:
    recipe = lexicon.bed_recipe(text)
    assert recipe.neutral
    assert [layer.kind for layer in recipe.layers] == [lexicon.NEUTRAL_KIND]
    assert lexicon.action_effects(text) == (lexicon.NEUTRAL_IMPACT, lexicon.NEUTRAL_SWEEP)
    assert lexicon.effects(text) == ()


def test_the_longest_word_wins() -> None:
    assert kinds("火锅") == {"boiling"}
    assert kinds("火") == {"fire"}


def test_every_word_of_the_table_leads_to_something_that_exists() -> None:
    known = tables()
    for words, entry in (*known.entries._tags.items(), *known.heads.items()):
        assert {kind for kind, _ in entry.bed} <= KINDS.keys(), words
        assert {*entry.action, *entry.accent} <= EFFECTS.keys(), words
    assert set(known.surfaces._tags.values()) <= EFFECTS.keys()


@given(st.text(max_size=60))
def test_any_text_gives_a_usable_recipe(text: str) -> None:
    recipe = lexicon.bed_recipe(text)
    assert 1 <= len(recipe.layers) <= lexicon.MOST_LAYERS
    assert all(layer.kind in KINDS and 0 <= layer.level <= 1 for layer in recipe.layers)
    assert all(name in EFFECTS for name in lexicon.action_effects(text))


def test_every_chinese_word_is_understood_in_traditional_characters_too() -> None:
    content = yaml.safe_load(resources.files(lexicon.__package__).joinpath("lexicon.yaml").read_text("utf-8"))
    items = [*content["entries"], *content["surfaces"], *content["modifiers"].values()]
    words = [word for item in items for word in item.get("zh", ())]
    assert len(words) > 500
    for script in ("s2t", "s2tw", "s2hk"):
        written = OpenCC(script)
        other = {word for word in words if stems(written.convert(word)) != stems(word)}
        assert other == set()


def stems(text: str) -> list[str]:
    return [token.stem for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "lasting"),
    [
        ("cars drive past on a road", [(Family.VEHICLE, "VEHCar_Drive")]),
        ("汽车在路上驶过", [(Family.VEHICLE, "VEHCar_Drive")]),
        ("a helicopter over the city", [(Family.VEHICLE, "a helicopter flying")]),
        ("coffee is poured into a cup", [(Family.POUR, "WATRPour_Steady")]),
        ("敲键盘", [(Family.TYPING, "CMPTKey_Busy")]),
        ("a man is sawing a board", [(Family.SAW, "TOOLHand_Saw")]),
        ("搅拌咖啡", [(Family.STIR, "FOODKware_Stir")]),
        ("a ball rolls over the floor", [(Family.ROLL, "OBJMisc_Roll")]),
        ("bottles are set down on a table", []),
        ("no cars", []),
    ],
)
def test_words_name_what_sounds_as_long_as_it_moves(text: str, lasting: list[tuple[Family, str]]) -> None:
    assert list(lexicon.action_prompts(text).lasting) == lasting
    assert set(LASTING.values()) <= set(EFFECTS)


def test_what_is_asked_for_is_known_by_the_words_of_the_description() -> None:
    said = dict(lexicon.action_prompts("glass bottles set down on a table, cars, a dog").said)
    assert {name: said[name] for name in ("FOODGware_Bottle", "WOODImpt_Hit", "VEHCar_Drive", "a dog barks")} == {
        "FOODGware_Bottle": "glass bottles",
        "WOODImpt_Hit": "table",
        "VEHCar_Drive": "cars",
        "a dog barks": "dog",
    }
