"""The planner: requests with deadlines, and what becomes of the late ones."""

from __future__ import annotations

from dataclasses import replace

from livefoley.core.cues import ActionPrompts, Cue, CueKind
from livefoley.core.events import MotionKind, MotionOnset, Sight
from livefoley.core.families import Family
from livefoley.core.ticks import TICK_RATE
from livefoley.engine.choice import NEUTRAL
from livefoley.engine.microphone.own_sound import Advice
from livefoley.engine.planner import BED_AHEAD, BED_CHUNK, BED_TIMEOUT, PREROLL, Planner, PlannerSettings


def onset(at: int, strength: float = 0.9, kind: MotionKind = MotionKind.IMPACT, x: float = 0.5) -> MotionOnset:
    return MotionOnset(at, kind, strength, x=x, size=0.02, speed=0.5)


def counts(planner: Planner) -> dict[tuple[str, str], int]:
    return {(kind, outcome): n for kind, outcome, n in planner.statistics().outcomes}


def test_a_movement_becomes_a_cue_at_its_moment_panned_to_its_place() -> None:
    planner = Planner(PlannerSettings(prompts=ActionPrompts(("knock",))))
    planner.motion(onset(100_000, x=0.0), playhead=30_000)
    (cue,) = planner.take_cues()
    assert cue.start == 100_000
    assert cue.deadline == 100_000 - PREROLL
    assert cue.prompt == "knock"
    assert cue.pan < -0.5
    assert planner.take_cues() == []


def test_a_stronger_movement_is_louder() -> None:
    planner = Planner(PlannerSettings())
    soft, hard = planner.motion(onset(100_000, 0.4), 0), planner.motion(onset(200_000, 1.0), 0)
    assert soft is not None
    assert hard is not None
    assert hard.intensity > soft.intensity
    assert hard.gain_db > soft.gain_db


def test_a_movement_too_late_for_its_frame_is_missed_not_asked_for() -> None:
    planner = Planner(PlannerSettings())
    assert planner.motion(onset(100_000), playhead=99_000) is None
    assert counts(planner) == {("action", "missed"): 1}


def test_weak_movements_and_a_storm_of_them_are_left_out() -> None:
    planner = Planner(PlannerSettings(max_actions_per_s=4))
    assert planner.motion(onset(100_000, 0.1), 0) is None
    asked = [planner.motion(onset(200_000 + i * 100), 0) for i in range(20)]
    assert sum(cue is not None for cue in asked) == 4
    assert counts(planner)["action", "limited"] == 16


def test_what_the_original_says_moves_a_cue_quietens_it_and_is_told() -> None:
    plain = Planner(PlannerSettings()).motion(onset(100_000), 0)
    advice = Advice(101_000, gain_db=-6.0, reason="the original sounds here (+21 ms), -6 dB")
    planner = Planner(PlannerSettings())
    cue = planner.motion(onset(100_000), 0, advice)
    assert plain is not None
    assert cue is not None
    assert (cue.start, cue.deadline) == (101_000, 101_000 - PREROLL)
    assert cue.gain_db == plain.gain_db - 6.0
    assert cue.reason == f"{plain.reason}; {advice.reason}"
    assert planner.take_choices()[0][0] == 101_000


def test_of_what_makes_no_sound_nothing_is_said_to_be_quieter() -> None:
    planner = Planner(PlannerSettings(prompts=ActionPrompts((NEUTRAL,))))
    talking = replace(onset(100_000, 0.4), sight=Sight(100_000, person=0.9))
    assert planner.motion(talking, 0, Advice(101_000, gain_db=-6.0, reason="the original sounds here, -6 dB")) is None
    assert "the original" not in planner.take_choices()[0][1].reason


def test_a_moment_that_the_original_puts_too_early_to_be_made_stays_where_it_was_seen() -> None:
    cue = Planner(PlannerSettings()).motion(onset(100_000), 100_000 - PREROLL - 10, Advice(99_000))
    assert cue is not None
    assert cue.start == 100_000


def test_a_kind_that_is_never_heard_makes_no_sound_and_says_why() -> None:
    planner = Planner(PlannerSettings())
    assert planner.motion(onset(100_000, 0.9), 0, Advice(100_000, likelihood=0.25, reason="never heard")) is None
    assert planner.motion(onset(200_000, 0.9), 0, Advice(200_000, likelihood=0.8, reason="seldom heard")) is not None
    assert counts(planner) == {("action", "unlikely"): 1, ("action", "requested"): 1}
    at, choice = planner.take_choices()[0]
    assert (at, choice.prompt, choice.reason) == (100_000, None, "never heard")


def test_an_action_expires_at_its_moment_and_an_accent_some_time_later() -> None:
    planner = Planner(PlannerSettings())
    planner.motion(onset(100_000), 0)
    planner.accent(Cue(0, CueKind.ACCENT, 100_000, 100_000, effect="ding"), 0)
    assert [cue.kind for cue in planner.expire(100_001)] == [CueKind.ACTION]
    assert [cue.kind for cue in planner.expire(100_000 + 4 * TICK_RATE)] == [CueKind.ACCENT]
    assert planner.statistics().pending == 0
    assert planner.settle(1, "laid") is None


def test_requests_are_bounded() -> None:
    planner = Planner(PlannerSettings())
    for i in range(500):
        planner.accent(Cue(0, CueKind.ACCENT, i, i), 0)
    assert planner.statistics().pending == 64
    assert len(planner.take_cues()) == 64
    assert counts(planner)["accent", "limited"] == 436


def test_the_bed_is_asked_for_piece_by_piece_and_stays_ahead() -> None:
    planner = Planner(PlannerSettings())
    horizon = playhead = 48_000
    for _ in range(100):
        request = planner.take_bed(horizon, playhead)
        if request is None:
            playhead += 4_800
            continue
        assert planner.take_bed(horizon, playhead) is None  # one at a time
        assert request.start >= horizon
        assert request.length == BED_CHUNK
        horizon = request.start + request.length
        planner.bed_done()
    assert horizon - playhead >= BED_AHEAD - BED_CHUNK


def test_a_piece_of_bed_that_never_comes_is_asked_for_again() -> None:
    planner = Planner(PlannerSettings())
    assert planner.take_bed(0, 48_000) is not None
    assert planner.take_bed(0, 48_000 + BED_TIMEOUT - 1) is None
    again = planner.take_bed(0, 48_000 + BED_TIMEOUT)
    assert again is not None
    assert again.start > 48_000 + BED_TIMEOUT
    assert planner.statistics().bed_restarts == 1


def test_nobody_steps_twice_within_a_quarter_of_a_second_but_who_is_seen_to() -> None:
    planner = Planner(PlannerSettings(prompts=ActionPrompts(("FEETHmn_Wood",))))
    assert planner.motion(onset(100_000, kind=MotionKind.STEP), 0) is not None
    assert planner.motion(onset(100_000 + TICK_RATE // 5), 0) is None
    [_, (_, choice)] = planner.take_choices()
    assert choice.reason.startswith("a foot has just stepped")
    assert planner.motion(onset(100_000 + TICK_RATE // 5, kind=MotionKind.STEP), 0) is not None
    assert planner.motion(onset(100_000 + TICK_RATE // 2), 0) is not None


def test_a_shot_comes_before_what_it_throws_back_has_stopped() -> None:
    planner = Planner(PlannerSettings())
    armed = Sight(100_000, ((Family.GUN, 0.8),))
    shot = planner.motion(replace(onset(100_000), sight=armed), 0)
    assert shot is not None
    assert shot.start == 100_000 - TICK_RATE // 20
    heard = planner.motion(replace(onset(200_000), sight=armed), 0, Advice(201_000, reason="the original sounds here"))
    assert heard is not None
    assert heard.start == 201_000  # the original knows


def test_an_animal_does_not_call_at_every_movement() -> None:
    planner = Planner(PlannerSettings(prompts=ActionPrompts(calls=("BIRDSong_Phrase",))))
    bird = Sight(100_000, ((Family.ANIMAL, 0.8),))
    calls = [planner.motion(replace(onset(100_000 + n * TICK_RATE), sight=bird), 0) for n in range(5)]
    assert [call is not None for call in calls] == [True, False, True, False, True]
