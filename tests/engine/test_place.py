"""Where the room is: seen with hysteresis, said by the host, overridden by the description, and never flickering."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.events import Sight
from livefoley.core.ticks import ticks_from_s
from livefoley.engine.leanings.place import GROUNDS, NIGHT_WORDS, STAYS, STAYS_AT_CUT, PlaceSense, Surroundings
from livefoley.foley.description.lexicon import bed_recipe
from livefoley.perception.eyes.tags import tags


def look(at_s: float, *places: tuple[str, float], light: float = 0.6, green: float = 0.0) -> Sight:
    return Sight(ticks_from_s(at_s), places=places, light=light, green=green)


def sense(*looks: Sight) -> PlaceSense:
    made = PlaceSense()
    for each in looks:
        made.see(each)
    return made


def test_every_place_is_one_of_the_eyes_and_has_an_ambience() -> None:
    assert set(GROUNDS) <= set(tags().places)
    for ground in GROUNDS.values():
        assert not bed_recipe(ground.words).neutral
    assert not bed_recipe(NIGHT_WORDS).neutral


def test_a_place_is_believed_when_two_looks_name_it_and_one_of_them_surely() -> None:
    assert sense(look(0, ("street", 0.9))).words() == ""
    assert sense(look(0, ("street", 0.1)), look(2, ("street", 0.2))).words() == ""
    assert sense(look(0, ("street", 0.1)), look(2, ("street", 0.6))).words() == "street"


def test_a_crowd_must_be_surer_than_what_is_quiet() -> None:
    for place, value, expected in (("stage", 0.3, ""), ("kitchen", 0.3, "kitchen"), ("stage", 0.7, "concert")):
        assert sense(*(look(at, (place, value)) for at in (0, 2, 4))).words() == expected


def test_a_bunch_of_flowers_is_no_meadow_and_a_dark_wood_is_the_night() -> None:
    flowers = [look(at, ("meadow", 0.8)) for at in (0, 2)]
    assert sense(*flowers).words() == ""
    assert sense(*(look(at, ("meadow", 0.2), green=0.09) for at in (0, 2))).words() == "meadow"
    assert sense(*(look(at, ("forest", 0.5), light=0.05) for at in (0, 2))).words() == NIGHT_WORDS


def test_what_is_not_named_for_a_while_stays_and_what_is_gone_for_long_is_left() -> None:
    made = sense(look(0, ("street", 0.6)), look(2, ("street", 0.6)))
    for at in range(4, 44, 2):
        made.see(look(at))
        assert made.words() == "street"
    for at in range(44, 60, 2):
        made.see(look(at))
    assert made.words() == ""


def test_at_a_cut_another_place_comes_soon() -> None:
    made = sense(look(0, ("street", 0.6)), look(2, ("street", 0.6)))
    for at in (9, 11, 13):
        made.see(look(at, ("kitchen", 0.5)))
        assert made.words() == "street"
    made.cut()
    for at in (14, 16):
        made.see(look(at, ("kitchen", 0.5)))
    assert made.words() == "kitchen"


def test_at_a_cut_a_place_that_is_shown_no_more_is_left_and_one_that_is_shown_again_stays() -> None:
    for shown, expected in (((), ""), ((("street", 0.1),), "street")):
        made = sense(look(0, ("street", 0.6)), look(2, ("street", 0.6)))
        made.cut()
        words = []
        for at in (12, 14, 16, 18, 20, 22):
            if at == 16:
                made.cut()
            made.see(look(at, *shown))
            words.append(made.words())
        assert words == ["street"] * 4 + [expected] * 2


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*GROUNDS, "room"]), st.floats(0.0, 1.0), st.booleans(), st.integers(1, 5), st.booleans()
        ),
        max_size=300,
    )
)
def test_whatever_is_seen_no_ambience_flickers(told: list[tuple[str, float, bool, int, bool]]) -> None:
    around, at_s, changes = Surroundings(), 0, [-(10**9)]
    for place, value, cut, step, host in told:
        at_s += step
        if cut:
            around.picture.cut()
        around.picture.see(look(at_s, (place, value), green=0.1))
        if around.settle(ticks_from_s(at_s), described=False, host="beach" if host else ""):
            changes.append(ticks_from_s(at_s))
    assert all(later - sooner >= STAYS_AT_CUT for sooner, later in pairwise(changes))


def test_scenes_that_take_turns_change_the_ambience_ever_more_rarely() -> None:
    made, changes, before = PlaceSense(), [], ""
    for at in range(0, 600, 2):
        if at % 10 == 0:
            made.cut()
        made.see(look(at, ("street" if at % 20 < 10 else "kitchen", 0.8)))
        if made.place != before:
            before = made.place
            changes.append(at)
    assert len(changes) <= 10
    assert changes[-1] - changes[-2] >= 2 * STAYS // ticks_from_s(1)


@pytest.mark.parametrize(
    ("bias", "value", "expected"), [(1.0, 0.99, ""), (0.5, 0.6, ""), (0.5, 0.8, "street"), (0.0, 0.5, "street")]
)
def test_a_described_place_overrides_the_picture_or_biases_it(bias: float, value: float, expected: str) -> None:
    around = Surroundings(bias)
    for at in (0, 2, 4):
        around.picture.see(look(at, ("street", value)))
    around.settle(ticks_from_s(4), described=True, host="beach")
    assert around.words == expected
    assert around.source == ("picture" if expected else "")


def test_the_host_goes_before_the_picture_and_a_description_before_both() -> None:
    around = Surroundings()
    for at in (0, 2):
        around.picture.see(look(at, ("street", 0.7)))
    assert around.settle(ticks_from_s(2), described=False, host="")
    assert (around.words, around.source) == ("street", "picture")
    assert not around.settle(ticks_from_s(5), described=False, host="海边")
    assert around.settle(ticks_from_s(12), described=False, host="海边")
    assert (around.words, around.source) == ("海边", "host")
    assert around.settle(ticks_from_s(13), described=True, host="海边")
    assert (around.words, around.source) == ("", "")
