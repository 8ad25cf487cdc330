"""Who is asked first: whoever is measured to be best at the class of the words, the student where it comes near."""

from __future__ import annotations

import pytest

from livefoley.core.cues import CueKind, SoundRequest, SoundSource
from livefoley.core.errors import ConfigError
from livefoley.core.families import Family
from livefoley.foley import strengths
from livefoley.foley.bed.kinds import KINDS
from livefoley.foley.chain import Fit, MakerOrder, Offer
from livefoley.foley.description.entries import content
from tests.foley.test_chain import Says, sources


@pytest.mark.parametrize(
    ("text", "kind", "wanted"),
    [
        ("heavy rain", CueKind.BED, "rain"),
        ("海浪", CueKind.BED, "surf"),
        ("a dog barking in the park", CueKind.ACCENT, "dog"),
        ("a dog barking in the park", CueKind.BED, "forest"),
        ("切菜", CueKind.BED, "chop"),  # the kitchen is only implied
        ("footsteps on gravel", CueKind.ACTION, "footstep"),
        ("zzyzx", CueKind.ACCENT, ""),
    ],
)
def test_the_class_is_what_the_words_are_read_as(text: str, kind: CueKind, wanted: str) -> None:
    assert strengths.class_of(text, kind) == wanted


def test_the_order_goes_by_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {"rain": {"procedural": 0.9, "student": 0.5}, "surf": {"procedural": 0.9, "student": 0.86}}
    monkeypatch.setattr(strengths, "table", lambda: measured)
    strengths.shares.cache_clear()
    makers = [
        Says(SoundSource.PROCEDURAL, Offer(Fit.EXACT)),
        Says(SoundSource.STUDENT, Offer(Fit.MADE)),
        Says(SoundSource.RECORDINGS, Offer(Fit.MADE)),
    ]
    try:
        asked = [sources(makers, request=SoundRequest(CueKind.BED, words)) for words in ("rain", "waves", "a volcano")]
    finally:
        strengths.shares.cache_clear()
    assert asked == [
        ["procedural", "recordings", "student"],
        ["student", "procedural", "recordings"],
        ["recordings", "procedural", "student"],
    ]


def test_who_was_never_measured_goes_first_only_where_it_has_just_that() -> None:
    known = [
        Says(SoundSource.PROCEDURAL, Offer(Fit.EXACT)),
        Says(SoundSource.STUDENT, Offer(Fit.MADE)),
    ]
    rain = SoundRequest(CueKind.BED, "rain")
    asked = [sources([Says("new", Offer(fit)), *known], request=rain) for fit in (Fit.EXACT, Fit.MADE)]
    assert asked == [["new", "procedural", "student"], ["procedural", "new", "student"]]


def test_what_is_named_goes_first_and_what_stands_in_last_whatever_was_measured() -> None:
    makers = [
        Says(SoundSource.PROCEDURAL, Offer(Fit.STAND_IN)),
        Says(SoundSource.RECORDINGS, Offer(Fit.MADE)),
        Says(SoundSource.STUDENT, Offer(Fit.MADE)),
        Says(SoundSource.BANK, Offer(Fit.NAMED)),
    ]
    dog = SoundRequest(CueKind.ACCENT, "a dog barks")
    assert sources(makers, MakerOrder(), dog) == ["bank", "student", "recordings", "procedural"]


def test_every_class_of_the_file_is_one_that_words_lead_to() -> None:
    known = {*KINDS, *(family.value for family in Family), *strengths.ASKS.values()}
    assert set(strengths.table()) <= known
    assert set(strengths.ASKS) <= {item["ask"] for item in content()["entries"] if "ask" in item}


@pytest.mark.parametrize(
    "given", [{}, {"classes": {"rain": 3}}, {"classes": {"rain": {"student": 1.5}}}, {"classes": {"rain": "x"}}]
)
def test_a_bad_file_is_one_clear_error(given: object) -> None:
    with pytest.raises(ConfigError, match="want a share from 0 to 1"):
        strengths.parsed(given)


def test_shares_may_say_of_how_many_sounds_they_are() -> None:
    given = {"classes": {"rain": {"student": {"share": 0.25, "n": 12}, "procedural": 1, "n": 12}}}
    assert strengths.parsed(given) == {"rain": {"student": 0.25, "procedural": 1.0}}
