"""What a movement sounds like: the picture times the words, or nothing."""

from __future__ import annotations

import pytest

from livefoley.core.cues import ActionPrompts
from livefoley.core.events import MotionKind, MotionOnset, Sight
from livefoley.core.families import EFFECTS, Family, family_of
from livefoley.engine.choice import NEUTRAL, QUIET_DB, Leaning, choose
from livefoley.foley.bank.catalogue import EFFECTS as BANK

SHOP = ActionPrompts(("FOODGware_Bottle", "FEETHmn_Wood"))
NOTHING_SAID = ActionPrompts(("OBJMisc_SoftHit",))


def seen(*families: tuple[Family, float], person: float = 0.0, y: float = 0.5, strength: float = 0.4) -> MotionOnset:
    return MotionOnset(1000, MotionKind.IMPACT, strength, y=y, sight=Sight(1000, families, person=person))


def test_every_effect_of_a_family_is_one_of_the_bank() -> None:
    for effects in EFFECTS.values():
        for name in effects.values():
            assert name in BANK
            assert family_of(name) is not None


def test_the_picture_decides_among_the_words() -> None:
    bottle = choose(seen((Family.GLASS, 0.8)), SHOP, 1)
    assert (bottle.prompt, bottle.family, bottle.gain_db) == ("FOODGware_Bottle", Family.GLASS, 0.0)
    step = choose(seen(person=0.4, y=0.9), SHOP, 0)
    assert step.prompt == "FEETHmn_Wood"
    assert "person" in step.reason


def test_what_is_seen_sounds_though_nobody_named_it() -> None:
    keys = choose(seen((Family.TYPING, 0.9)), SHOP, 0)
    assert keys.prompt == "CMPTKey_Key"
    assert "not in the words" in keys.reason
    assert choose(seen((Family.TYPING, 0.9)), NOTHING_SAID, 0).prompt == "CMPTKey_Key"


@pytest.mark.parametrize(
    "onset", [seen(), seen((Family.WOOD, 0.06)), seen((Family.ANIMAL, 0.9)), seen(person=0.3, y=0.2)]
)
def test_what_is_not_known_makes_no_sound(onset: MotionOnset) -> None:
    found = choose(onset, NOTHING_SAID, 0)
    assert found.prompt is None
    assert found.reason


def test_a_bottle_of_plastic_is_a_bottle() -> None:
    found = choose(seen((Family.GLASS, 0.8)), ActionPrompts(("PLASImpt_Hit", "FEETHmn_Wood")), 0)
    assert (found.prompt, found.gain_db) == ("FOODGware_Bottle", 0.0)


def test_one_word_is_believed_quietly_where_the_eyes_know_nothing() -> None:
    found = choose(seen(), ActionPrompts(("FOODKware_Chop",)), 0)
    assert found.prompt == "FOODKware_Chop"
    assert QUIET_DB < found.gain_db < 0.0


def test_what_clearly_lands_and_nobody_knows_is_neutral_and_quiet() -> None:
    found = choose(seen(strength=0.9), NOTHING_SAID, 0)
    assert (found.prompt, found.family) == (NEUTRAL, None)
    assert found.gain_db < 0.0
    assert choose(seen(strength=0.9), SHOP, 0).prompt == NEUTRAL
    assert choose(seen(person=0.12, y=0.2, strength=0.9), NOTHING_SAID, 0).prompt is None


def test_what_only_stands_about_is_believed_where_it_is_seen() -> None:
    counter = ActionPrompts(("WOODImpt_Hit",), about=("WOODImpt_Hit",))
    assert choose(seen(), counter, 0).prompt is None
    assert choose(seen((Family.WOOD, 0.5)), counter, 0).prompt == "WOODImpt_Hit"


def test_what_is_asked_for_in_words_is_believed_as_well() -> None:
    assert choose(seen(), ActionPrompts(("a dog barks",)), 0).prompt == "a dog barks"
    assert (
        choose(seen((Family.GLASS, 0.8)), ActionPrompts(("a dog barks", "FOODGware_Bottle")), 0).family is Family.GLASS
    )


def test_between_two_words_nothing_is_guessed() -> None:
    assert choose(seen(), SHOP, 0).prompt is None


def test_where_nobody_looks_the_words_take_turns() -> None:
    unseen = MotionOnset(1000, MotionKind.IMPACT, 0.9)
    assert [choose(unseen, SHOP, turn).prompt for turn in range(2)] == list(SHOP.impacts)


def test_a_room_s_own_sound_stays_its_own() -> None:
    assert choose(seen((Family.GLASS, 0.9)), ActionPrompts(("knock",), fixed=True), 3).prompt == "knock"


def test_a_hand_that_comes_in_makes_no_whoosh_unless_the_words_speak_of_one() -> None:
    sweep = MotionOnset(1000, MotionKind.SWEEP, 0.9, sight=Sight(1000, person=0.3))
    assert choose(sweep, SHOP, 0).prompt is None
    assert choose(sweep, ActionPrompts(("knock",), ("WHSH_Whoosh",), sweeps_named=True), 0).prompt == "WHSH_Whoosh"


def test_what_else_speaks_for_a_family_is_bounded() -> None:
    loud = Leaning({Family.WOOD: 1000.0})
    assert choose(seen((Family.GLASS, 0.8), (Family.WOOD, 0.04)), SHOP, 0, loud).family is Family.GLASS
    assert loud.of(Family.WOOD) == 4.0
    assert Leaning({Family.WOOD: 0.0}).of(Family.WOOD) == 0.25


def done_by(hands: float = 0.0, talking: float = 0.0, walking: float = 0.0, strength: float = 0.4) -> MotionOnset:
    """A glass is seen where somebody moves who is looked for."""
    sight = Sight(1000, ((Family.GLASS, 0.8),), hands=hands, talking=talking, walking=walking)
    return MotionOnset(1000, MotionKind.IMPACT, strength, sight=sight)


def test_a_talking_head_makes_no_thump() -> None:
    found = choose(done_by(talking=0.9, strength=0.9), ActionPrompts(("GLASImpt_Hit",)), 0)
    assert found.prompt is None
    assert "talks" in found.reason
    assert choose(done_by(talking=0.9, hands=0.9), SHOP, 0).family is Family.GLASS


def test_what_no_hand_holds_stands_still() -> None:
    assert choose(done_by(), NOTHING_SAID, 0).prompt is None
    assert choose(done_by(strength=0.9), SHOP, 0).prompt is None
    held = choose(done_by(hands=0.9), SHOP, 0)
    assert held.prompt == "FOODGware_Bottle"
    assert "a hand 0.90" in held.reason


def test_who_walks_is_heard_by_steps_alone() -> None:
    assert choose(done_by(walking=1.0), SHOP, 0).prompt is None
    sight = Sight(1000, ((Family.FOOTSTEP, 0.8),), person=1.0, hands=0.0, talking=0.0, walking=1.0)
    step = MotionOnset(1000, MotionKind.STEP, 0.5, y=0.9, sight=sight)
    assert choose(step, SHOP, 0).prompt == "FEETHmn_Wood"
    assert choose(step, NOTHING_SAID, 0).prompt == "FEETHmn_Concrete"


def test_nobody_there_takes_no_steps_though_the_words_speak_of_them() -> None:
    assert choose(done_by(), ActionPrompts(("FEETHmn_Wood",)), 0).prompt is None
