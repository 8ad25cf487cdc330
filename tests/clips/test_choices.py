"""A clip takes over what its room chose, as far as its words still hold, and what spoke for it where they do not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from livefoley.clips.buffer.choices import STEADY, Choices, RecentChoices
from livefoley.clips.compose import MadeFoley, foley_of
from livefoley.clips.jobs.choices_json import choices_from_json, choices_to_json
from livefoley.clips.jobs.files import ClipInput
from livefoley.core.cues import ActionPrompts
from livefoley.core.events import CoursePoint, CourseState, MotionCourse, MotionKind, MotionOnset, Sight
from livefoley.core.families import Family
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.engine.choice import EVEN, Choice, Leaning
from livefoley.engine.leanings.decisions import Decision, Decisions, Leaned, leaning_of
from livefoley.engine.planner import Planner, PlannerSettings
from livefoley.engine.timeline import ORIGIN
from livefoley.foley.makers import Makers
from tests.clips.jobs import JOB

PAPER = Choice("OBJPack_Box", Family.PAPER, 0.8, -2.0, "paper 0.40; host: boxes")
NOTHING = Choice(None, None, 0.0, 0.0, "not known what moves")
BOXES = Leaning(
    {Family.PAPER: 3.0, None: 0.6}, {Family.PAPER: "OBJPack_Box"}, {Family.PAPER: "host: boxes", None: "thumbs down"}
)
SECONDS = 6
END = ORIGIN + SECONDS * TICK_RATE


def lands(at_s: float) -> MotionOnset:
    at = ORIGIN + round(at_s * TICK_RATE)
    return MotionOnset(at, MotionKind.IMPACT, 0.9, sight=Sight(at, families=((Family.PAPER, 0.35),)))


def passes(number: int, at_s: float, state: CourseState) -> MotionCourse:
    at = ORIGIN + round(at_s * TICK_RATE)
    return MotionCourse(number, state, (CoursePoint(at, 0.5, 0.5, 0.05, 0.2),))


def test_what_is_chosen_is_found_again_by_what_it_was_about() -> None:
    late = Decision.on(passes(3, 2.0, CourseState.GOES_ON), ORIGIN, replace(PAPER, family=Family.VEHICLE))
    made = Decisions([Decision.on(lands(1), ORIGIN, PAPER), late])
    assert made.of(lands(1)) == Decision(lands(1).at, ORIGIN, PAPER, MotionKind.IMPACT)
    assert made.of(lands(1.5)) is made.of(replace(lands(1), kind=MotionKind.SWEEP)) is None
    early, then = passes(3, 1.0, CourseState.BEGINS), passes(3, 3.0, CourseState.GOES_ON)
    assert (made.of(early), made.waits(early)) == (None, True)
    assert (made.of(then), made.waits(then)) == (late, False)
    assert not made.waits(passes(4, 1.0, CourseState.BEGINS))


def test_what_speaks_for_families_is_kept_as_it_changes_and_once_a_second_while_it_fades() -> None:
    kept, fading = RecentChoices(), replace(BOXES, weights={Family.PAPER: 2.5})
    for at, leaning in ((1, EVEN), (2, BOXES), (3, fading), (4, EVEN), (5, EVEN), (6, BOXES), (6 + STEADY, fading)):
        kept.leaned(at, leaning)
    told = kept.select(0, 2 * STEADY, ()).leaned
    assert [each.at for each in told] == [2, 4, 6, 6 + STEADY]
    leans = leaning_of(told)
    assert [leans(at) for at in (0, 2, 3, 4, 5, STEADY, 2 * STEADY)] == [EVEN, BOXES, BOXES, EVEN, EVEN, BOXES, fading]


def test_a_selection_has_what_holds_at_its_beginning_and_what_goes_on_in_it() -> None:
    kept = RecentChoices()
    for at, text in ((0, "rain"), (5, "street"), (20, "kitchen"), (40, "office")):
        kept.describe(text, at)
    old, other, inside = (Decision(at, at, PAPER, course=number) for at, number in ((2, 7), (3, 8), (12, 9)))
    for each in (old, other, inside):
        kept.decided(each)
    kept.leaned(4, BOXES)
    goes_on = [MotionCourse(7, CourseState.GOES_ON, (CoursePoint(11, 0.5, 0.5, 0.1, 0.1),))]
    assert kept.select(10, 30, goes_on) == Choices(((5, "street"), (20, "kitchen")), (old, inside), (Leaned(4, BOXES),))
    kept.forget(21)
    assert kept.select(0, 50, goes_on) == Choices(((20, "kitchen"), (40, "office")), (), (Leaned(4, BOXES),))


def test_choices_can_be_written_down() -> None:
    decisions = (Decision(1, 2, PAPER, kind=MotionKind.IMPACT), Decision(3, 4, NOTHING, course=5))
    choices = Choices(((0, "rain"), (9, "街道")), decisions, (Leaned(7, BOXES), Leaned(8, EVEN)))
    assert choices_from_json(json.loads(json.dumps(choices_to_json(choices)))) == choices


def made(tmp_path: Path, choices: Choices, describe: str | None = None) -> MadeFoley:
    """Return the foley of a clip of three movements that show something like paper, and nothing is said of it."""
    for name in ("original.s16", "stem.s16"):
        np.zeros((2, END - ORIGIN), "<i2").tofile(tmp_path / name)
    events = (lands(1), lands(3), lands(5))
    given = ClipInput(tmp_path, ORIGIN, END, None, (), events, "", (), choices)
    job = replace(
        JOB,
        request=replace(JOB.request, describe=describe),
        plan=PlannerSettings(prompts=ActionPrompts(("WOODImpt_Hit",)), bed=False),
    )
    return foley_of(job, given, Makers(cache_directory=tmp_path))


def sounds(foley: MadeFoley) -> list[tuple[float, str, str]]:
    return [(each.at_s, each.prompt, each.reason) for each in foley.sounds]


CHOSEN = Choices(
    decisions=(
        Decision.on(lands(1), lands(1).at, PAPER),
        Decision.on(lands(3), lands(3).at, NOTHING),
        Decision.on(lands(5), lands(5).at + 480, PAPER),
    ),
    leaned=(Leaned(lands(3).at, BOXES),),
)


def test_a_clip_sounds_as_its_room_chose_and_when(tmp_path: Path) -> None:
    assert sounds(made(tmp_path, CHOSEN)) == [(at_s, PAPER.prompt, PAPER.reason) for at_s in (1.0, 5.01)]


def test_a_clip_that_is_described_anew_chooses_by_what_spoke_for_families_then(tmp_path: Path) -> None:
    (_, before, why_before), *told = sounds(made(tmp_path, CHOSEN, "a workshop"))
    assert before != "OBJPack_Box"  # the host named boxes after the first had landed
    assert "host" not in why_before
    assert [(at_s, sound) for at_s, sound, _ in told] == [(3.0, "OBJPack_Box"), (5.0, "OBJPack_Box")]
    assert all("host: boxes" in why for _, _, why in told)


def test_a_course_sounds_from_where_it_was_chosen_live() -> None:
    states = [CourseState.BEGINS, CourseState.GOES_ON, CourseState.GOES_ON, CourseState.ENDS]
    told = [passes(1, 1 + place / 2, state) for place, state in enumerate(states)]
    vehicle = Choice("VEHCar_Drive", Family.VEHICLE, 0.9, -1.0, "vehicle 0.90")
    prompts = ActionPrompts(lasting=((Family.VEHICLE, "VEHCar_Drive"),))

    def led(decided: Decisions) -> list[Tick | None]:
        planner = Planner(PlannerSettings(prompts=prompts), decided=decided)
        answers = [planner.course(each, ORIGIN) for each in told]
        return [answer.cue_id if answer is not None else None for answer in answers]

    assert led(Decisions()) == [1, 1, 1, 1]  # nobody looks: the words alone
    assert led(Decisions([Decision.on(told[2], ORIGIN, vehicle)])) == [None, None, 1, 1]
    assert led(Decisions([Decision.on(told[3], ORIGIN, replace(vehicle, prompt=None))])) == [None] * 4


@pytest.mark.parametrize("texts", [(), ((ORIGIN, "rain"), (ORIGIN + 2 * TICK_RATE, "a forest"))])
def test_a_clip_has_the_ambiences_of_its_room_one_after_another(
    tmp_path: Path, texts: tuple[tuple[Tick, str], ...]
) -> None:
    for name in ("original.s16", "stem.s16"):
        np.zeros((2, END - ORIGIN), "<i2").tofile(tmp_path / name)
    given = ClipInput(tmp_path, ORIGIN, END, None, (), (), "a forest", (), Choices(texts))
    told = foley_of(replace(JOB, describe="a forest"), given, Makers(cache_directory=tmp_path))
    assert told.bed_source == "procedural"
    only = foley_of(replace(JOB, describe="rain"), replace(given, choices=Choices()), Makers(cache_directory=tmp_path))
    same = np.abs(told.stem - only.stem).max(axis=0)[TICK_RATE // 2 :] < 1e-6
    begins = int(same.argmin()) + TICK_RATE // 2 if not same.all() else None
    if not texts:
        assert begins == TICK_RATE // 2
    else:
        assert begins == pytest.approx(2 * TICK_RATE, abs=0.3 * TICK_RATE)
