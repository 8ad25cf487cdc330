"""What the host names and what the thumbs say: it raises what is seen, fades, and makes nothing by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.cues import ActionPrompts
from livefoley.core.events import Mention, MotionKind, MotionOnset, Sight
from livefoley.core.families import Family
from livefoley.core.ticks import Tick, ticks_from_s
from livefoley.engine.choice import LIFTED, NEUTRAL, Choice, Leaning, choose
from livefoley.engine.leanings.host import LASTS, MOST_PLACES, HostContext
from livefoley.engine.leanings.thumbs import HALF_LIFE, Thumbs
from livefoley.engine.planner import Planner, PlannerSettings

NOTHING_SAID = ActionPrompts(("OBJMisc_SoftHit",))
SHOES = Mention(0, "跑鞋", Family.FOOTSTEP, "FEETHmn_Concrete")
PLASTIC = Mention(0, "塑料", Family.PLASTIC, "PLASImpt_Hit")
BOX = Mention(0, "boxes", Family.PAPER, "OBJPack_Box")


def choice(leaning: Leaning, *families: tuple[Family, float], strength: float = 0.4) -> Choice:
    onset = MotionOnset(1000, MotionKind.IMPACT, strength, sight=Sight(1000, families))
    return choose(onset, NOTHING_SAID, leaning)


def host(*mentions: Mention) -> HostContext:
    made = HostContext()
    for mention in mentions:
        made.take(mention)
    return made


def test_what_the_host_names_is_believed_where_the_eyes_see_something_like_it() -> None:
    boxes = host(BOX).leaning(0)
    assert choice(Leaning(), (Family.PAPER, 0.2)).prompt is None
    raised = choice(boxes, (Family.PAPER, 0.2))
    assert raised.prompt == "OBJPack_Box"
    assert raised.reason.endswith("; host: boxes")
    assert raised.gain_db < -3.0  # what would not have sounded is not loud


def test_what_the_host_names_makes_nothing_loud() -> None:
    prompts, onset = ActionPrompts(("OBJPack_Box",)), MotionOnset(0, MotionKind.IMPACT, 0.8, sight=Sight(0))
    unseen, named = (choose(onset, prompts, leaning) for leaning in (Leaning(), host(BOX).leaning(0)))
    assert unseen.prompt == named.prompt == "OBJPack_Box"
    assert named.confidence == max(LIFTED, unseen.confidence)
    surely = choice(host(BOX).leaning(0), (Family.PAPER, 0.9))
    assert (surely.confidence, surely.gain_db) == (1.0, 0.0)  # as it would be without


def test_what_the_host_names_makes_no_sound_by_itself() -> None:
    leaning = host(BOX, SHOES, PLASTIC).leaning(0)
    assert choice(leaning).prompt is None
    assert choice(leaning, (Family.TYPING, 0.6)).prompt == "CMPTKey_Key"


def test_a_material_that_is_named_is_what_no_picture_tells_apart() -> None:
    assert choice(Leaning(), (Family.GLASS, 0.6)).prompt == "FOODGware_Bottle"
    assert choice(host(PLASTIC).leaning(0), (Family.GLASS, 0.6)).prompt == "PLASImpt_Hit"


def test_without_eyes_the_host_chooses_among_the_rooms_words() -> None:
    prompts, onset = ActionPrompts(("FOODGware_Bottle", "OBJPack_Box")), MotionOnset(0, MotionKind.IMPACT, 0.8)
    chosen = choose(onset, prompts, host(BOX).leaning(0))
    assert chosen.prompt == "OBJPack_Box"
    assert "host: boxes" in chosen.reason


def test_it_fades_within_a_minute() -> None:
    named = host(SHOES)
    weights = [named.leaning(ticks_from_s(s)).of(Family.FOOTSTEP) for s in (0, 15, 30, 55)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 3.0
    assert named.leaning(LASTS + 1).of(Family.FOOTSTEP) == 1.0


def test_what_is_only_spoken_of_counts_when_it_is_named_again() -> None:
    spoken = Mention(0, "shoes", Family.FOOTSTEP, shown=False)
    assert not host(spoken).raised(0)
    again = Mention(ticks_from_s(8), "shoes", Family.FOOTSTEP, shown=False)
    assert [each.family for each in host(spoken, again).raised(again.at)] == [Family.FOOTSTEP]
    late = Mention(ticks_from_s(90), "shoes", Family.FOOTSTEP, shown=False)
    assert not host(spoken, late).raised(late.at)


def test_what_was_shown_keeps_its_name_when_it_is_spoken_of() -> None:
    walk = Mention(ticks_from_s(5), "走路", Family.FOOTSTEP, "FEETHmn_Water", shown=False)
    named = host(SHOES, walk)
    assert [each.word for each in named.raised(walk.at)] == ["跑鞋"]
    assert named.leaning(walk.at).effects == {Family.FOOTSTEP: "FEETHmn_Concrete"}


def test_a_place_counts_when_it_is_named_twice() -> None:
    first, second = (Mention(ticks_from_s(s), "海边", place="海边") for s in (0, 20))
    assert host(first).place(0) == ("", "")
    twice = host(first, second)
    assert twice.place(second.at) == ("海边", "海边")
    assert twice.place(second.at + LASTS + 1) == ("", "")


@given(st.lists(st.tuples(st.sampled_from([*Family, None]), st.integers(0, 10**8), st.booleans()), max_size=200))
def test_whatever_is_named_the_context_is_bounded(told: list[tuple[Family | None, Tick, bool]]) -> None:
    made = host(*(Mention(at, "x", family, place=f"place {at}", shown=shown) for family, at, shown in told))
    for at in (0, 10**7, 10**9):
        leaning = made.leaning(at)
        assert all(1.0 <= leaning.of(family) <= 4.0 for family in Family)
    assert len(made._places) <= MOST_PLACES


def test_thumbs_make_a_family_likelier_or_not_and_fade() -> None:
    thumbs = Thumbs()
    for _ in range(20):
        thumbs.give(Family.GLASS, up=False, at=0)
    low = thumbs.leaning(0)
    assert 0.25 <= low.of(Family.GLASS) < 0.5
    assert choice(Leaning(), (Family.GLASS, 0.5)).prompt == "FOODGware_Bottle"
    assert choice(low, (Family.GLASS, 0.5)).prompt is None
    assert thumbs.leaning(4 * HALF_LIFE).of(Family.GLASS) > 0.9
    thumbs.give(Family.WOOD, up=True, at=0)
    assert "thumbs up" in choice(thumbs.leaning(0), (Family.WOOD, 0.6)).reason


def test_thumbs_down_silence_what_nobody_knows() -> None:
    thumbs = Thumbs()
    assert choice(thumbs.leaning(0), strength=0.9).prompt == NEUTRAL
    for _ in range(3):
        thumbs.give(None, up=False, at=0)
    assert choice(thumbs.leaning(0), strength=0.9).prompt is None


def test_the_planner_leans_as_the_room_says_at_the_time_of_the_movement() -> None:
    planner = Planner(PlannerSettings(prompts=NOTHING_SAID), host(BOX).leaning)
    for s in (1, 100):
        at = ticks_from_s(s)
        planner.motion(MotionOnset(at, MotionKind.IMPACT, 0.45, sight=Sight(at, ((Family.PAPER, 0.2),))), 0)
    assert [choice.prompt for _, choice in planner.take_choices()] == ["OBJPack_Box", None]
