"""What goes on moving: which sound it gets and why, how many at once, and that it is led to its end."""

from __future__ import annotations

import math

import pytest

from livefoley.core.cues import ActionPrompts, CueKind, CurvePoint
from livefoley.core.events import CoursePoint, CourseState, MotionCourse, MotionKind, MotionOnset, Sight
from livefoley.core.families import Family
from livefoley.core.ticks import TICK_RATE
from livefoley.engine.lasting.course import MOST_SOUNDING
from livefoley.engine.lasting.lead import Lead
from livefoley.engine.planner import Planner, PlannerSettings

STEP = TICK_RATE // 10
CARS = ActionPrompts(("VEHBy_Car",), lasting=((Family.VEHICLE, "VEHCar_Drive"),), said=(("VEHCar_Drive", "cars"),))
A_CAR = Sight(0, ((Family.VEHICLE, 0.7),))
SOMEBODY = Sight(TICK_RATE, ((Family.SOFT, 0.2),), person=0.4)


def course(
    number: int = 1,
    state: CourseState = CourseState.BEGINS,
    sight: Sight | None = A_CAR,
    first: int = 0,
    sizes: tuple[float, ...] = (0.02, 0.05, 0.1, 0.05, 0.02),
    steadiness: float = 1.0,
    strokes_per_s: float = 0.0,
) -> MotionCourse:
    points = tuple(
        CoursePoint(TICK_RATE + (first + n) * STEP, 0.1 + 0.1 * (first + n), 0.5, size, 0.3)
        for n, size in enumerate(sizes)
    )
    return MotionCourse(number, state, points, steadiness, strokes_per_s, sight)


def planner(prompts: ActionPrompts = ActionPrompts(), *, actions: bool = True) -> Planner:  # noqa: B008
    return Planner(PlannerSettings(actions=actions, prompts=prompts))


def test_a_car_that_is_seen_to_pass_sounds_as_long_as_it_does_and_loudest_where_it_is_largest() -> None:
    plan = planner()
    led = plan.course(course(), 0)
    [cue] = plan.take_cues()
    assert (cue.kind, cue.effect, cue.start) == (CueKind.LASTING, "VEHCar_Drive", TICK_RATE)
    assert cue.reason.startswith("vehicle, goes on, 0.42")
    assert led is not None
    assert (led.cue_id, led.ended) == (cue.id, False)
    loudest = max(led.points, key=lambda point: point.level_db)
    assert abs(loudest.at - (TICK_RATE + 2 * STEP)) <= STEP
    assert [point.pan for point in led.points] == sorted(point.pan for point in led.points)
    assert led.points[1].pitch >= led.points[-1].pitch
    last = plan.course(course(state=CourseState.ENDS, first=5, sizes=(0.01,)), 0)
    assert last is not None
    assert last.ended
    assert not plan.take_cues()


@pytest.mark.parametrize(
    ("prompts", "sight", "steadiness"),
    [
        (ActionPrompts(), SOMEBODY, 1.0),  # a person walks by
        (CARS, SOMEBODY, 1.0),  # though the words speak of cars
        (ActionPrompts(), Sight(0), 1.0),  # nobody knows what
        (ActionPrompts(), A_CAR, 0.2),  # a toy car in a hand that gestures
        (ActionPrompts(lasting=((Family.POUR, "WATRPour_Steady"),)), SOMEBODY, 0.5),  # milk is sold, not poured
        (ActionPrompts(), Sight(0, ((Family.STIR, 0.7),)), 0.3),  # a ladle on a wall, and somebody who moves
        (ActionPrompts(), None, 1.0),  # nobody looked, and the words say nothing
    ],
)
def test_what_is_not_known_to_sound_does_not(prompts: ActionPrompts, sight: Sight | None, steadiness: float) -> None:
    plan = planner(prompts)
    assert plan.course(course(sight=sight, steadiness=steadiness), 0) is None
    assert plan.course(course(state=CourseState.ENDS, sight=sight, steadiness=steadiness), 0) is None
    assert not plan.take_cues()
    choices = [choice for _, choice in plan.take_choices()]
    assert [choice.prompt for choice in choices] == [None] * bool(prompts.lasting)
    assert all(choice.reason for choice in choices)  # of what the words name


def test_the_words_help_where_the_picture_is_not_sure_and_decide_where_nobody_looked() -> None:
    for sight in (Sight(0, ((Family.VEHICLE, 0.1),)), None):
        plan = planner(CARS)
        assert plan.course(course(sight=sight), 0) is not None
        [cue] = plan.take_cues()
        assert cue.reason.endswith("; words: cars")


def test_words_that_no_effect_has_are_made_by_who_makes_sounds_of_words() -> None:
    plan = planner(ActionPrompts(lasting=((Family.VEHICLE, "a helicopter flying"),)))
    plan.course(course(), 0)
    [cue] = plan.take_cues()
    assert (cue.effect, cue.prompt) == (None, "a helicopter flying")
    assert (cue.request.envelope, cue.request.length) == (((0.0, 0.0), (6.0, 0.0)), 6 * TICK_RATE)


def test_of_several_that_are_named_and_not_seen_the_one_that_fits_sounds_as_surely_as_alone() -> None:
    saw, stir = (Family.SAW, "TOOLHand_Saw"), (Family.STIR, "FOODKware_Stir")
    sizes = {"TOOLHand_Saw": (0.05,) * 5, "FOODKware_Stir": (0.03, 0.004, 0.004, 0.004, 0.004)}
    for wanted, size in sizes.items():
        gains = []
        for named in ((saw, stir), (stir, saw), (saw,) if wanted == "TOOLHand_Saw" else (stir,)):
            plan = planner(ActionPrompts(lasting=named))
            plan.course(course(sight=SOMEBODY, steadiness=0.2, strokes_per_s=1.5, sizes=size), 0)
            [cue] = plan.take_cues()
            assert cue.effect == wanted
            gains.append(cue.gain_db)
        assert len(set(gains)) == 1


def test_what_is_seen_late_begins_late_and_is_led_from_its_beginning() -> None:
    plan = planner()
    assert plan.course(course(sight=None), 2 * TICK_RATE) is None
    led = plan.course(course(state=CourseState.GOES_ON, first=5, sizes=(0.02, 0.02)), 2 * TICK_RATE)
    assert led is not None
    assert len(led.points) == 8  # one of them before it is seen
    [cue] = plan.take_cues()
    assert cue.start == 2 * TICK_RATE


def test_few_sound_at_once_and_what_nobody_tells_of_any_more_makes_room() -> None:
    plan = planner()
    for number in range(10):
        plan.course(course(number), 0)
    assert len(plan.take_cues()) == MOST_SOUNDING
    assert (CueKind.LASTING, "limited", 10 - MOST_SOUNDING) in plan.statistics().outcomes
    plan.expire(4 * TICK_RATE)
    assert plan.statistics().pending == 0
    plan.course(course(20, first=40), 4 * TICK_RATE)
    assert len(plan.take_cues()) == 1


def test_a_room_without_actions_follows_nothing() -> None:
    plan = planner(CARS, actions=False)
    assert plan.course(course(), 0) is None
    assert not plan.take_cues()


def test_a_hit_where_something_sounds_already_is_not_doubled() -> None:
    plan = planner(CARS)
    plan.course(course(), 0)
    plan.take_cues()
    onset = MotionOnset(2 * TICK_RATE, MotionKind.IMPACT, 0.9, x=0.5, y=0.5)
    assert plan.motion(onset, 0) is None
    assert (CueKind.ACTION, "covered", 1) in plan.statistics().outcomes
    assert plan.motion(MotionOnset(2 * TICK_RATE, MotionKind.IMPACT, 0.9, x=0.95, y=0.1), 0) is not None


def led(family: Family, speeds: list[float], size: float = 0.05) -> list[CurvePoint]:
    """Return how a movement of these speeds, 15 a second, leads the sound of a family."""
    step = TICK_RATE // 15
    return list(Lead(family).points([CoursePoint(n * step, 0.5, 0.5, size, v) for n, v in enumerate(speeds)]))


def test_a_saw_sounds_at_the_strokes_of_the_hand() -> None:
    strokes = [abs(math.sin(2 * math.pi * 1.0 * n / 15)) * 0.6 for n in range(45)]  # to and fro once a second
    levels = [point.level_db for point in led(Family.SAW, strokes)]
    loud = [n for n in range(1, 44) if levels[n - 1] < levels[n] >= levels[n + 1] and levels[n] > -10]
    assert 5 <= len(loud) <= 6
    assert max(levels) - min(levels[3:]) > 10


def test_what_is_filled_sounds_higher_and_higher_and_a_car_that_stands_keeps_its_pitch() -> None:
    pitches = [point.pitch for point in led(Family.POUR, [0.1] * 60)]
    assert pitches == sorted(pitches)
    assert pitches[-1] > 1.1
    assert {point.pitch for point in led(Family.VEHICLE, [0.1] * 30)} == {1.0}


def test_a_car_is_heard_a_little_before_it_is_seen_and_after() -> None:
    lead = Lead(Family.VEHICLE)
    points = [CoursePoint(TICK_RATE, 0.1, 0.5, 0.03, 0.2), CoursePoint(2 * TICK_RATE, 0.9, 0.5, 0.03, 0.2)]
    curve = lead.points(points, ended=True)
    assert curve[0].at < TICK_RATE - TICK_RATE // 2
    assert curve[-1].at > 2 * TICK_RATE + TICK_RATE // 2
    assert max(curve[0].level_db, curve[-1].level_db) < curve[1].level_db - 10


def test_where_somebody_looks_words_wait_for_what_is_seen() -> None:
    plan = planner(CARS)
    plan.course(course(7, sight=SOMEBODY), 0)
    assert plan.course(course(8, sight=None), 0) is None  # its turn will come
    assert plan.course(course(8, CourseState.GOES_ON, first=5), 0) is not None
    later = course(9, sight=None, first=40)  # nobody has looked for long
    assert plan.course(later, 0) is not None


def test_a_saw_that_is_named_sounds_at_regular_strokes_alone() -> None:
    saws = ActionPrompts(("WOODImpt_Hit",), lasting=((Family.SAW, "TOOLHand_Saw"),))
    for strokes, sounds in ((1.5, True), (0.0, False)):
        led = planner(saws).course(course(sight=SOMEBODY, steadiness=0.2, strokes_per_s=strokes), 0)
        assert (led is not None) is sounds


@pytest.mark.parametrize(
    ("sight", "sounds"),
    [
        (Sight(0, hands=0.8, talking=0.0, walking=0.0), True),
        (Sight(0, hands=0.0, talking=0.9, walking=0.0), False),  # a head that nods as it talks
        (Sight(0, hands=None), True),  # nobody looked for hands
    ],
)
def test_a_hand_saws_and_a_head_does_not(sight: Sight, sounds: bool) -> None:
    saws = ActionPrompts(lasting=((Family.SAW, "TOOLHand_Saw"),))
    led = planner(saws).course(course(sight=sight, steadiness=0.2, strokes_per_s=1.5), 0)
    assert (led is not None) is sounds


def test_a_toy_car_in_a_hand_and_a_car_behind_one_who_walks_are_not_driving() -> None:
    for who in (Sight(0, A_CAR.families, hands=0.9), Sight(0, A_CAR.families, hands=0.0, walking=0.9)):
        assert planner().course(course(sight=who), 0) is None
    assert planner().course(course(sight=Sight(0, A_CAR.families, hands=0.1, walking=0.0)), 0) is not None
