"""What a movement sounds like: the picture times the words, or nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from livefoley.core.cues import ActionPrompts
from livefoley.core.events import MotionKind, MotionOnset, Sight
from livefoley.core.families import EFFECTS, Family, family_of
from livefoley.engine.choice import NEUTRAL, QUIET_DB, Leaning, choose
from livefoley.foley.bank.catalogue import EFFECTS as BANK

SHOP = ActionPrompts(
    ("FOODGware_Bottle", "FEETHmn_Wood"), said=(("FOODGware_Bottle", "glass bottles"), ("FEETHmn_Wood", "wooden floor"))
)
NOTHING_SAID = ActionPrompts(("OBJMisc_SoftHit",))


def seen(*families: tuple[Family, float], person: float = 0.0, y: float = 0.5, strength: float = 0.4) -> MotionOnset:
    return MotionOnset(1000, MotionKind.IMPACT, strength, y=y, sight=Sight(1000, families, person=person))


def test_every_effect_of_a_family_is_one_of_the_bank() -> None:
    for effects in EFFECTS.values():
        for name in effects.values():
            assert name in BANK
            assert family_of(name) is not None


def test_the_picture_decides_among_the_words() -> None:
    bottle = choose(seen((Family.GLASS, 0.8)), SHOP)
    assert (bottle.prompt, bottle.family, bottle.gain_db) == ("FOODGware_Bottle", Family.GLASS, 0.0)
    step = choose(seen(person=0.4, y=0.9), SHOP)
    assert step.prompt == "FEETHmn_Wood"
    assert "person" in step.reason


def test_what_is_seen_sounds_though_nobody_named_it() -> None:
    keys = choose(seen((Family.TYPING, 0.9)), SHOP)
    assert keys.prompt == "CMPTKey_Key"
    assert keys.reason == "typing, 0.54; not in the words"
    assert choose(seen((Family.TYPING, 0.9)), NOTHING_SAID).prompt == "CMPTKey_Key"


@pytest.mark.parametrize(
    "onset", [seen(), seen((Family.WOOD, 0.06)), seen((Family.ANIMAL, 0.9)), seen(person=0.3, y=0.2)]
)
def test_what_is_not_known_makes_no_sound(onset: MotionOnset) -> None:
    found = choose(onset, NOTHING_SAID)
    assert found.prompt is None
    assert found.reason


def test_a_bottle_of_plastic_is_a_bottle() -> None:
    found = choose(seen((Family.GLASS, 0.8)), ActionPrompts(("PLASImpt_Hit", "FEETHmn_Wood")))
    assert (found.prompt, found.gain_db) == ("FOODGware_Bottle", 0.0)


def test_one_word_is_believed_quietly_where_the_eyes_know_nothing() -> None:
    found = choose(seen(), ActionPrompts(("FOODKware_Chop",)))
    assert found.prompt == "FOODKware_Chop"
    assert QUIET_DB < found.gain_db < 0.0


def test_what_clearly_lands_and_nobody_knows_is_neutral_and_quiet() -> None:
    found = choose(seen(strength=0.9), NOTHING_SAID)
    assert (found.prompt, found.family) == (NEUTRAL, None)
    assert found.gain_db < 0.0
    assert choose(seen(person=0.12, y=0.2, strength=0.9), NOTHING_SAID).prompt is None


def test_what_only_stands_about_is_believed_where_it_is_seen() -> None:
    counter = ActionPrompts(("WOODImpt_Hit",), about=("WOODImpt_Hit",))
    assert choose(seen(), counter).prompt is None
    assert choose(seen((Family.WOOD, 0.5)), counter).prompt == "WOODImpt_Hit"


def test_what_is_asked_for_in_words_is_believed_as_well() -> None:
    assert choose(seen(), ActionPrompts(("a dog barks",))).prompt == "a dog barks"
    assert choose(seen((Family.GLASS, 0.8)), ActionPrompts(("a dog barks", "FOODGware_Bottle"))).family is Family.GLASS


MANY = (
    "FOODGware_Bottle",
    "FEETHmn_Wood",
    "OBJPack_Box",
    "FOLYHand_Clap",
    "CMPTKey_Key",
    "FGHTImpt_Punch",
    "a dog barks",
)


def moves(
    kind: MotionKind = MotionKind.IMPACT, strength: float = 0.5, y: float = 0.5, size: float = 0.0, speed: float = 0.0
) -> MotionOnset:
    return MotionOnset(1000, kind, strength, y=y, size=size, speed=speed, sight=Sight(1000))


def test_what_the_picture_does_not_tell_apart_the_movement_does() -> None:
    words = ActionPrompts(MANY)
    assert choose(moves(y=0.92, size=0.01, speed=0.6), words).prompt == "FEETHmn_Wood"
    assert choose(moves(size=0.08, speed=0.4), words).prompt == "OBJPack_Box"
    assert choose(moves(y=0.7, size=0.002, speed=0.2), words).prompt == "CMPTKey_Key"
    assert choose(moves(y=0.3, size=0.02, speed=1.8), words).prompt == "FGHTImpt_Punch"
    assert choose(moves(size=0.005, speed=0.4), words).prompt == "FOODGware_Bottle"


def test_what_breaks_has_fallen() -> None:
    words = ActionPrompts(("GLASImpt_Hit", "GLASBrk_Shatter"))
    assert choose(moves(y=0.4, size=0.004, speed=0.3), words).prompt == "GLASImpt_Hit"
    assert choose(moves(y=0.9, size=0.012, speed=1.6), words).prompt == "GLASBrk_Shatter"


def sights() -> list[Sight | None]:
    """Return what may be seen of a movement."""
    families = ((), ((Family.GLASS, 0.75),), ((Family.WOOD, 0.3), (Family.GLASS, 0.2)), ((Family.ANIMAL, 0.5),))
    hands = (None, 0.0, 0.4, 0.9)
    return [None] + [
        Sight(1000, seen, person=who, hands=hand) for seen in families for hand in hands for who in (0.0, 0.2)
    ]


@pytest.mark.parametrize("sight", sights())
@pytest.mark.parametrize("strength", [0.3, 0.5, 0.9])
def test_to_say_more_never_makes_a_room_quieter(sight: Sight | None, strength: float) -> None:
    onset = MotionOnset(1000, MotionKind.IMPACT, strength, y=0.7, size=0.01, speed=0.6, sight=sight)
    for count in range(1, len(MANY)):
        for words in (MANY, MANY[::-1]):
            fewer, more = (choose(onset, ActionPrompts(words[:n])) for n in (count, count + 1))
            assert fewer.prompt is None or more.prompt is not None
            assert fewer.prompt is None or more.gain_db >= fewer.gain_db - 1e-9
            unsaid = choose(onset, NOTHING_SAID)
            assert unsaid.prompt is None or fewer.gain_db >= unsaid.gain_db - 1e-9


def test_what_is_seen_leaves_little_to_what_is_only_named() -> None:
    found = choose(seen((Family.GLASS, 0.5)), ActionPrompts(("a dog barks", "FOLYHand_Clap")))
    assert found.family is Family.GLASS


def test_a_bottle_seen_to_stand_is_not_what_falls_though_it_is_called_plastic() -> None:
    stands = Sight(1000, ((Family.GLASS, 0.75),), hands=0.0)
    onset = MotionOnset(1000, MotionKind.IMPACT, 0.9, sight=stands)
    assert choose(onset, ActionPrompts(("PLASImpt_Hit",))).prompt is None


def test_what_nobody_holds_must_clearly_fall() -> None:
    weak, strong = (
        MotionOnset(1000, MotionKind.IMPACT, strength, sight=Sight(1000, hands=0.0)) for strength in (0.3, 0.6)
    )
    assert choose(weak, ActionPrompts(("FOODGware_Bottle",))).prompt is None
    assert choose(strong, ActionPrompts(("FOODGware_Bottle",))).prompt == "FOODGware_Bottle"


def test_where_nobody_looks_the_movement_chooses_among_the_words() -> None:
    step, bottle = (MotionOnset(1000, MotionKind.IMPACT, 0.9, y=y, size=0.006, speed=0.5) for y in (0.95, 0.4))
    assert choose(step, SHOP).prompt == "FEETHmn_Wood"
    assert choose(bottle, SHOP).prompt == "FOODGware_Bottle"


def test_a_room_s_own_sound_stays_its_own() -> None:
    assert choose(seen((Family.GLASS, 0.9)), ActionPrompts(("knock",), fixed=True)).prompt == "knock"


def test_a_hand_that_comes_in_makes_no_whoosh_unless_the_words_speak_of_one() -> None:
    sweep = MotionOnset(1000, MotionKind.SWEEP, 0.9, sight=Sight(1000, person=0.3))
    assert choose(sweep, SHOP).prompt is None
    assert choose(sweep, ActionPrompts(("knock",), ("WHSH_Whoosh",), sweeps_named=True)).prompt == "WHSH_Whoosh"


def test_what_else_speaks_for_a_family_is_bounded() -> None:
    loud = Leaning({Family.WOOD: 1000.0})
    assert choose(seen((Family.GLASS, 0.8), (Family.WOOD, 0.04)), SHOP, loud).family is Family.GLASS
    assert loud.of(Family.WOOD) == 4.0
    assert Leaning({Family.WOOD: 0.0}).of(Family.WOOD) == 0.25


def done_by(hands: float = 0.0, talking: float = 0.0, walking: float = 0.0, strength: float = 0.4) -> MotionOnset:
    """A glass is seen where somebody moves who is looked for."""
    sight = Sight(1000, ((Family.GLASS, 0.8),), hands=hands, talking=talking, walking=walking)
    return MotionOnset(1000, MotionKind.IMPACT, strength, sight=sight)


def test_a_talking_head_makes_no_thump() -> None:
    found = choose(done_by(talking=0.9, strength=0.9), ActionPrompts(("GLASImpt_Hit",)))
    assert found.prompt is None
    assert "talks" in found.reason
    assert choose(done_by(talking=0.9, hands=0.9), SHOP).family is Family.GLASS


def test_what_no_hand_holds_stands_still() -> None:
    assert choose(done_by(), NOTHING_SAID).prompt is None
    assert choose(done_by(strength=0.9), SHOP).prompt is None
    held = choose(done_by(hands=0.9), SHOP)
    assert held.prompt == "FOODGware_Bottle"
    assert held.reason == "hand + bottle, 0.81; words: glass bottles"


def test_who_walks_is_heard_by_steps_alone() -> None:
    assert choose(done_by(walking=1.0), SHOP).prompt is None
    sight = Sight(1000, ((Family.FOOTSTEP, 0.8),), person=1.0, hands=0.0, talking=0.0, walking=1.0)
    step = MotionOnset(1000, MotionKind.STEP, 0.5, y=0.9, sight=sight)
    heard = choose(step, SHOP)
    assert heard.prompt == "FEETHmn_Wood"
    assert heard.reason == "somebody who walks + footstep on wood, 0.81; words: wooden floor"
    assert choose(step, NOTHING_SAID).prompt == "FEETHmn_Concrete"


def test_nobody_there_takes_no_steps_though_the_words_speak_of_them() -> None:
    assert choose(done_by(), ActionPrompts(("FEETHmn_Wood",))).prompt is None


def test_where_no_hand_is_nobody_claps() -> None:
    clap = ActionPrompts(("FOLYHand_Clap",))
    for hands, sound in ((0.0, None), (0.9, "FOLYHand_Clap")):
        onset = MotionOnset(1000, MotionKind.IMPACT, 0.9, sight=Sight(1000, person=0.2, hands=hands))
        assert choose(onset, clap).prompt == sound


BIRD = ActionPrompts(("OBJMisc_SoftHit",), calls=("BIRDSong_Phrase",), said=(("BIRDSong_Phrase", "bird"),))


@pytest.mark.parametrize("kind", [MotionKind.IMPACT, MotionKind.SWEEP])
def test_an_animal_that_is_named_calls_where_one_is_seen_to_move(kind: MotionKind) -> None:
    """Its face is none of somebody who talks."""
    sight = Sight(1000, ((Family.ANIMAL, 0.66),), hands=0.0, talking=0.7, walking=0.0)
    found = choose(MotionOnset(1000, kind, 0.6, sight=sight), BIRD)
    assert (found.prompt, found.reason) == ("BIRDSong_Phrase", "animal, 0.66; words: bird")


@pytest.mark.parametrize(
    ("sight", "prompts"),
    [
        (Sight(1000, ((Family.ANIMAL, 0.66),)), NOTHING_SAID),  # nobody says which
        (Sight(1000, ((Family.GLASS, 0.3), (Family.ANIMAL, 0.2))), BIRD),  # it sits beside what moves
        (Sight(1000, ((Family.ANIMAL, 0.4),), person=0.3), BIRD),  # somebody with a hat
        (Sight(1000), BIRD),
    ],
)
def test_what_is_no_animal_does_not_call(sight: Sight, prompts: ActionPrompts) -> None:
    assert choose(MotionOnset(1000, MotionKind.IMPACT, 0.4, sight=sight), prompts).family is not Family.ANIMAL


def test_a_shot_is_not_guessed_at_every_movement() -> None:
    shots = ActionPrompts(("GUNPis_Shot", "EXPLReal_Blast"))
    assert choose(moves(strength=0.4, size=0.005, speed=0.4), shots).prompt is None
    unseen = MotionOnset(1000, MotionKind.IMPACT, 0.5, size=0.005, speed=0.4)
    assert choose(unseen, shots).prompt is None
    assert choose(replace(unseen, strength=0.95, speed=1.7), shots).prompt == "GUNPis_Shot"
    assert choose(moves(strength=0.95, size=0.015, speed=1.7, y=0.45), shots).prompt == "GUNPis_Shot"
    assert choose(moves(strength=0.95, size=0.3, speed=1.6), shots).prompt == "EXPLReal_Blast"
    assert choose(seen((Family.GUN, 0.6)), NOTHING_SAID).prompt == "GUNPis_Shot"


def test_what_a_hand_sets_down_is_no_step_and_no_blow() -> None:
    down = MotionOnset(0, MotionKind.SET_DOWN, 0.5, y=0.9, size=0.04, speed=0.1)
    sight = Sight(0, ((Family.FOOTSTEP, 0.3), (Family.GLASS, 0.2)), person=0.9, hands=0.97, talking=0.0, walking=0.0)
    assert choose(replace(down, sight=sight), SHOP).family is Family.GLASS
    assert choose(replace(down, kind=MotionKind.IMPACT, sight=sight), SHOP).family is Family.FOOTSTEP
