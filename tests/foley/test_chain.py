"""Who makes a sound: the best first, the next where that cannot, and why not is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livefoley.core.cues import CueKind, Sound, SoundRequest, SoundSource, Stereo
from livefoley.core.ticks import TICK_RATE
from livefoley.foley.chain import Course, Fit, MakerOrder, Offer, Refusal, StudentUse
from livefoley.foley.makers import Makers
from livefoley.foley.sound_chain import SoundChain
from livefoley.foley.take_cache import KEPT, CachedTakes
from tests.foley.theremin import Theremin

ALL = MakerOrder()
ACCENT = SoundRequest(CueKind.ACCENT, "a theremin")


class Says:
    """A maker as the policy sees it."""

    def __init__(self, source: str, offer: Offer | Refusal) -> None:
        self.source = source
        self._offer = offer

    def offer(self, request: SoundRequest, now: float) -> Offer | Refusal:
        return self._offer


def sources(makers: list[Says], order: MakerOrder = ALL, request: SoundRequest = ACCENT) -> list[str]:
    course = Course(request, makers, order)
    return [maker.source for maker in iter(lambda: course.next(0.0), None)]


def test_the_best_is_asked_first_of_equals_the_cheaper_and_then_as_they_are_listed() -> None:
    makers = [
        Says("neutral", Offer(Fit.STAND_IN)),
        Says("dear", Offer(Fit.MADE, cost_s=2)),
        Says("away", Refusal("is away")),
        Says("cheap", Offer(Fit.MADE, cost_s=1)),
        Says("also cheap", Offer(Fit.MADE, cost_s=1)),
        Says("just that", Offer(Fit.EXACT, cost_s=9)),
    ]
    assert sources(makers) == ["just that", "cheap", "also cheap", "dear", "neutral"]
    first = MakerOrder(first={CueKind.ACCENT: ("neutral", "dear")}, without=frozenset(("cheap",)))
    assert sources(makers, first) == ["neutral", "dear", "just that", "also cheap"]
    assert sources(makers, first, SoundRequest(CueKind.BED)) == ["just that", "also cheap", "dear", "neutral"]
    assert sources(makers, MakerOrder(among=frozenset(("dear", "away")))) == ["dear"]


@given(st.lists(st.tuples(st.sampled_from(list(Fit)), st.floats(0, 2), st.floats(0, 2)), max_size=6), st.floats(-1, 5))
def test_everybody_who_can_is_asked_once_and_the_last_one_in_any_case(
    given_: list[tuple[Fit, float, float]], left_s: float
) -> None:
    makers = [Says(str(n), Offer(fit, soon_s, cost_s)) for n, (fit, soon_s, cost_s) in enumerate(given_)]
    course = Course(ACCENT, makers, MakerOrder(), 100.0, deadline_s=100.0 + left_s)
    asked = []
    while (maker := course.next(100.0)) is not None:
        asked.append(maker.source)
        assert course.until_s <= 100.0 + left_s
        course.refused(Refusal("no"))
    assert len(set(asked)) == len(asked)
    assert sorted([*asked, *(each.source for each in course.refusals if each.reason != "no")]) == [
        str(n) for n in range(len(makers))
    ]
    assert bool(asked) == bool(makers)


def test_whoever_is_asked_leaves_time_for_the_next_and_who_could_not_make_that_is_passed_over() -> None:
    makers = [Says("slow", Offer(Fit.MADE, soon_s=0.5)), Says("quick", Offer(Fit.STAND_IN, soon_s=0.25))]
    course = Course(ACCENT, makers, MakerOrder(), 10.0, deadline_s=11.0)
    assert course.next(10.0) is makers[0]
    assert course.until_s == 10.75
    course.refused(Refusal("no"))
    assert course.next(10.75) is makers[1]
    assert course.until_s == 11.0
    assert course.reasons() == "slow: no"
    late = Course(ACCENT, makers, MakerOrder(), 10.4, deadline_s=11.0)
    assert late.next(10.4) is makers[1]
    assert late.reasons() == "slow: needs 0.5 s, and 0.35 s are left"
    assert late.next(12.0) is None


def test_a_maker_is_one_class_and_one_in_a_list(tmp_path: Path) -> None:
    known = Makers(cache_directory=tmp_path).makers()
    chain = SoundChain([*known, Theremin()])
    sound = chain.make(ACCENT)
    assert sound is not None
    assert (sound.source, sound.samples.shape) == ("theremin", (2, 24_000))
    bed = chain.bed(SoundRequest(CueKind.BED, "somebody plays the theremin"))
    assert bed.source == "theremin"
    assert np.abs(bed.read(4800)).max() == pytest.approx(0.25, abs=0.001)
    steps = chain.make(SoundRequest(CueKind.ACTION, "footsteps on gravel"))
    assert steps is not None
    assert steps.source == SoundSource.BANK
    assert chain.bed(SoundRequest(CueKind.BED, "rain")).source == SoundSource.PROCEDURAL


def test_what_fails_is_stood_in_for_and_soon_not_asked_any_more(tmp_path: Path) -> None:
    broken = Theremin(fails=True)
    chain = SoundChain([broken, *Makers(cache_directory=tmp_path).makers()])
    for seed in range(6):
        made = chain.make(SoundRequest(CueKind.ACTION, "theremin", seed=seed))
        assert made is not None
        assert made.source == SoundSource.BANK
    assert broken.asked == 3
    assert {each.reason for each in chain.refusals if each.source == "theremin"} == {
        "the theremin is broken",
        "is left alone after it failed (the theremin is broken)",
    }
    bed = SoundChain([Theremin(fails=True), *Makers(cache_directory=tmp_path).makers()]).bed(
        SoundRequest(CueKind.BED, "theremin")
    )
    assert np.abs(bed.read(48_000)).max() > 0.0005
    assert bed.source == SoundSource.PROCEDURAL


def test_an_ambience_of_segments_goes_on_whatever_becomes_of_its_maker() -> None:
    def read(pieces: list[int], fails: bool = False) -> Stereo:
        theremin = Theremin()
        bed = SoundChain([theremin]).bed(SoundRequest(CueKind.BED, "theremin", seed=3))
        made = [bed.read(pieces[0])]
        theremin.fails = fails
        made += [bed.read(n) for n in pieces[1:]]
        assert theremin.asked == (4 if not fails else 1 + 3)
        assert bed.source == "theremin"
        return np.concatenate(made, axis=1)

    whole = read([48_000, 40 * TICK_RATE])
    np.testing.assert_array_equal(whole, read([48_000, 1, 40 * TICK_RATE - 100_001, 100_000]))
    broken = read([48_000, 40 * TICK_RATE], fails=True)
    assert np.abs(broken[:, -TICK_RATE:]).max() > 0.1
    first, other = (SoundChain([Theremin()]).bed(SoundRequest(CueKind.BED, "theremin", seed=n)) for n in (1, 2))
    assert not np.array_equal(first.read(48_000), other.read(48_000))


def test_where_nobody_has_a_sound_the_reasons_are_told(tmp_path: Path) -> None:
    chain = Makers(cache_directory=tmp_path).chain()
    unknown = SoundRequest(CueKind.ACCENT, "zzyzx")
    assert chain.make(unknown) is None
    told = chain.ask(unknown)
    assert isinstance(told, Refusal)
    assert told.reason == "bank: has no such sound; procedural: makes ambience alone"
    assert SoundChain([]).ask(unknown) == Refusal("nobody is asked for it")
    silent = SoundChain([]).bed(SoundRequest(CueKind.BED, "rain"))
    assert (silent.source, float(np.abs(silent.read(100)).max())) == ("", 0.0)


def test_a_maker_around_a_maker_speaks_in_its_place() -> None:
    theremin = Theremin()
    chain = SoundChain([CachedTakes(theremin)])
    action = [SoundRequest(CueKind.ACTION, "theremin", seed=seed) for seed in range(2 * KEPT)]
    made = [chain.make(each) for each in action]
    assert all(isinstance(each, Sound) and each.source == "theremin" for each in made)
    assert KEPT <= theremin.asked <= KEPT + 1
    assert chain.make(ACCENT) is not None
    assert theremin.asked <= KEPT + 2


def test_a_rooms_use_for_the_student_is_an_order() -> None:
    never, always = MakerOrder.of(StudentUse.NEVER), MakerOrder.of(StudentUse.ALWAYS)
    makers = [Says("student", Offer(Fit.MADE)), Says("procedural", Offer(Fit.EXACT))]
    bed = SoundRequest(CueKind.BED, "rain")
    assert sources(makers, MakerOrder.of(StudentUse.AUTO), bed) == ["procedural", "student"]
    assert sources(makers, always, bed) == ["student", "procedural"]
    assert sources(makers, always, ACCENT) == ["procedural", "student"]
    assert sources(makers, never, bed) == ["procedural"]
    assert not never.asks("student")
