"""What lasts is laid more quietly where the original carries it (a car that is heard), and as ever where not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from livefoley.core.cues import Sound
from livefoley.core.events import CoursePoint, CourseState, MotionCourse, Sight, Speech
from livefoley.core.families import Family
from livefoley.core.ticks import TICK_RATE, ticks_from_s
from livefoley.engine.foley_track import FoleyTrack
from livefoley.engine.microphone.own_sound import OwnSound
from livefoley.engine.mixer import MixSettings
from livefoley.engine.planner import PlannerSettings

SECONDS, BLOCK = 20, 1024
BEGIN_S, END_S = 10.0, 14.0


def original(loud_db: float, quiet_db: float = -60.0, begin_s: float = BEGIN_S) -> NDArray[np.float32]:
    """Return noise that is loud while something moves."""
    level = np.full(SECONDS * TICK_RATE, 10 ** (quiet_db / 20))
    level[ticks_from_s(begin_s) : ticks_from_s(END_S)] = 10 ** (loud_db / 20)
    return (level * np.random.default_rng(1).normal(0, 1, len(level))).astype(np.float32)


def course_told(at_s: float, number: int = 1) -> MotionCourse:
    """Return what is told of a course at ``at_s``: the quarter of a second before."""
    state = CourseState.BEGINS if at_s <= BEGIN_S + 0.25 else CourseState.GOES_ON
    points = tuple(CoursePoint(ticks_from_s(at_s - back), 0.5, 0.5, 0.1, 0.3) for back in (0.2, 0.1, 0.0))
    return MotionCourse(number, state, points, sight=Sight(ticks_from_s(at_s), ((Family.VEHICLE, 0.8),)))


TOLD_S = [BEGIN_S + 0.25 * n for n in range(1, 15)]


def quieter(sound: NDArray[np.float32], speech: tuple[float, float] | None = None) -> list[float]:
    """Return the gain in dB that is advised each time the course is told of."""
    own = OwnSound()
    if speech is not None:
        own.speech(Speech(ticks_from_s(speech[0]), active=True))
        own.speech(Speech(ticks_from_s(speech[1]), active=False))
    told, coming = [], list(TOLD_S)
    for start in range(0, len(sound), BLOCK):
        own.hear(sound[start : start + BLOCK], start)
        while coming and ticks_from_s(coming[0] + 0.25) <= start:
            told.append(own.advise_course(course_told(coming.pop(0))).gain_db)
    assert own.statistics().lowered == any(gain <= -1.0 for gain in told)
    return told


def test_what_the_original_carries_is_quieter_and_comes_back_when_it_does_not() -> None:
    gains = quieter(original(-25.0))
    assert min(gains) == pytest.approx(-12.0, abs=0.5)
    assert all(abs(a - b) < 6.0 for a, b in pairwise(gains))  # no leap
    short = original(-25.0)
    short[ticks_from_s(11.5) : ticks_from_s(END_S)] *= np.float32(1e-2)
    gains = quieter(short)
    assert min(gains) < -6.0
    assert gains[-1] > -1.0


@pytest.mark.parametrize(
    "sound",
    [original(-60.0), original(-25.0, quiet_db=-25.0), original(-56.0, quiet_db=-90.0), original(-25.0, begin_s=3.0)],
    ids=["silent", "a loud street", "too faint to be heard", "loud long before"],
)
def test_what_the_original_does_not_carry_is_as_loud_as_ever(sound: NDArray[np.float32]) -> None:
    assert min(quieter(sound)) > -1.0


def test_a_voice_that_speaks_meanwhile_is_not_taken_for_what_moves() -> None:
    assert min(quieter(original(-25.0), speech=(BEGIN_S - 0.2, END_S + 1.0))) == 0.0


def test_nothing_was_heard_before() -> None:
    own = OwnSound()
    own.hear(original(-25.0)[ticks_from_s(BEGIN_S) :], ticks_from_s(BEGIN_S))
    assert own.advise_course(course_told(11.0)).gain_db == 0.0


class _Nothing:
    def read(self, start: int, n: int) -> NDArray[np.float32]:
        return np.zeros((2, n), np.float32)


def laid(sound: NDArray[np.float32]) -> tuple[float, str]:
    """Return how loud a track's foley is in the end, in dBFS, and why it was chosen."""
    track = FoleyTrack(MixSettings(apart=True), PlannerSettings(bed=False), _Nothing(), 0)
    noise = np.random.default_rng(2).normal(0, 0.1, (2, 6 * TICK_RATE)).astype(np.float32)
    coming, reasons, blocks = list(TOLD_S), [], []
    behind = ticks_from_s(1.0)
    for start in range(0, len(sound), BLOCK):
        track.hear(sound[start : start + BLOCK], start)
        at = max(0, start - behind)
        while coming and ticks_from_s(coming[0] + 0.25) <= start:
            track.perceive(course_told(coming.pop(0)), at)
        for cue in track.take_cues():
            reasons.append(cue.reason)
            track.lay(cue.id, Sound(noise), at)
        if start >= behind // BLOCK * BLOCK:
            foley = track.read(start - behind // BLOCK * BLOCK, BLOCK).foley
            blocks.append(foley if foley is not None else np.zeros((2, BLOCK), np.float32))
    whole = np.concatenate(blocks, axis=1)[:, ticks_from_s(12.5) : ticks_from_s(13.2)]
    return 10 * float(np.log10(np.square(whole).mean())), reasons[0]


def test_a_track_lays_the_sound_more_quietly_and_says_so() -> None:
    (alone, why), (beside, why_beside) = laid(original(-60.0)), laid(original(-25.0))
    assert beside < alone - 9.0
    assert "the original sounds here" in why_beside
    assert "the original" not in why
