"""Signals become highlights: one event a moment, told again as it settles."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.core.events import KeywordHit, Transcript
from livefoley.core.highlights import Evidence, EvidenceState, Highlight, HighlightState, Origin
from livefoley.core.ticks import TICK_RATE
from livefoley.engine.highlights.moments import LONGEST, Highlighter, accent_start

S = TICK_RATE
LAG = 6 * S
SPOTTED = EvidenceState.SPOTTED
HIT = KeywordHit(1, SPOTTED, 100 * S, 101 * S, "全场五折", "全场舞者", "zh", "discount", 0.9, 0.9).evidence()
CHEER = Evidence("crowd", 1, Origin.SOUND, 102 * S, 104 * S, 0.5, "+12 dB")


def burst(written_at: int, written_to: int, number: int = 1, score: float = 0.5) -> Evidence:
    """What the audience wrote between two ticks of what they saw."""
    at, end = written_at - LAG, max(written_at, written_to - LAG)
    return Evidence("chat", number, Origin.AUDIENCE, at, end, score, "8.0/s, usually 1.0/s", reach=LAG, people=40)


def states(highlights: list[Highlight]) -> list[str]:
    return [highlight.state.value for highlight in highlights]


def test_a_keyword_is_spotted_confirmed_and_final_as_one_highlight() -> None:
    fusion = Highlighter()
    fusion.quote(Transcript(99 * S, 102 * S, "今天全场五折", "zh", utterance=1))
    told = fusion.take(HIT, 102 * S)
    told += fusion.take(replace(HIT, state=EvidenceState.CONFIRMED), 103 * S)
    told += fusion.advance(109 * S)
    assert states(told) == ["spotted", "confirmed", "final"]
    assert {highlight.id for highlight in told} == {1}
    assert [highlight.revision for highlight in told] == [0, 1, 2]
    assert told[-1].kind == "discount"
    assert (told[-1].start, told[-1].end, told[-1].peak) == (100 * S, 101 * S, 100 * S)
    assert told[-1].transcript == "今天全场五折"
    assert accent_start(told[0]) == 101 * S


def test_a_keyword_taken_back_withdraws_its_highlight() -> None:
    fusion = Highlighter()
    told = fusion.take(HIT, 102 * S) + fusion.take(replace(HIT, state=EvidenceState.WITHDRAWN), 103 * S)
    assert states(told) == ["spotted", "withdrawn"]
    assert fusion.advance(500 * S) == []


def test_a_keyword_nobody_confirms_is_withdrawn_at_last() -> None:
    fusion = Highlighter()
    fusion.take(HIT, 102 * S)
    assert fusion.advance(120 * S) == []  # a long sentence
    assert states(fusion.advance(140 * S)) == ["withdrawn"]


def test_weak_signals_make_a_highlight_together_and_none_alone() -> None:
    alone = Highlighter()
    assert alone.take(CHEER, 104 * S) == []
    assert alone.advance(200 * S) == []
    fusion = Highlighter()
    assert fusion.take(CHEER, 104 * S) == []
    told = fusion.take(burst(108 * S, 111 * S), 111 * S)
    assert states(told) == ["confirmed"]
    assert told[0].score == pytest.approx(0.75)
    assert {reason.signal for reason in told[0].reasons} == {"crowd", "chat"}
    assert (told[0].kind, told[0].start) == ("crowd", 102 * S)  # the chat does not say when it was
    assert accent_start(told[0]) is None


def test_the_audience_may_be_late_but_not_from_another_moment() -> None:
    near, far = Highlighter(), Highlighter()
    sure = replace(HIT, state=EvidenceState.CONFIRMED)
    near.take(sure, 102 * S)
    assert states(near.take(burst(112 * S, 113 * S), 113 * S)) == ["confirmed"]  # grown: chat, too
    far.take(sure, 102 * S)
    assert far.take(burst(140 * S, 143 * S), 143 * S)[0].state is HighlightState.FINAL  # the keyword's own


def test_keywords_about_different_things_are_different_moments_however_close() -> None:
    fusion = Highlighter()
    told = fusion.take(HIT, 102 * S)
    told += fusion.take(replace(HIT, id=2, detail="sold out", kind="sale", at=101 * S, end=102 * S), 103 * S)
    told += fusion.take(replace(HIT, id=3, at=103 * S, end=104 * S), 105 * S)
    assert [(highlight.id, highlight.kind) for highlight in told] == [(1, "discount"), (2, "sale")]
    assert fusion.advance(200 * S)[0].end == 104 * S  # said again, it is the same moment


def test_evidence_that_names_no_signal_or_ends_before_it_begins_is_refused() -> None:
    for name in ("", "Chat", "a" * 33, "two words"):
        with pytest.raises(ValueError, match="names no signal"):
            replace(CHEER, signal=name)
    with pytest.raises(ValueError, match="crowd ends before it begins"):
        replace(CHEER, end=CHEER.at - 1)


def test_a_moment_quotes_the_sentence_of_its_keyword() -> None:
    fusion = Highlighter()
    fusion.quote(Transcript(95 * S, 99 * S, "大家晚上好", "zh", utterance=1))
    assert fusion.take(HIT, 102 * S)[0].transcript == "大家晚上好"  # nothing better is known
    fusion.quote(Transcript(99 * S, 102 * S, "今天全场五折", "zh", utterance=2))
    assert fusion.take(replace(HIT, state=EvidenceState.CONFIRMED), 103 * S)[0].transcript == "今天全场五折"


def test_what_is_no_highlight_alone_hardly_moves_a_moments_beginning() -> None:
    fusion = Highlighter()
    fusion.take(Evidence("loud", 1, Origin.SOUND, 90 * S, 112 * S, 0.3, "+22 dB"), 99 * S)
    told = fusion.take(replace(HIT, state=EvidenceState.CONFIRMED), 102 * S)
    assert (told[0].start, told[0].end) == (98 * S, 106 * S)
    assert {reason.signal for reason in told[0].reasons} == {"loud", "keyword"}


def test_what_lasts_too_long_becomes_another_moment() -> None:
    fusion = Highlighter()
    told = []
    for number in range(40):
        at = (100 + 3 * number) * S
        told += fusion.take(replace(HIT, id=number, at=at, end=at + S, state=EvidenceState.CONFIRMED), at + 2 * S)
    assert 2 <= len({highlight.id for highlight in told}) <= 4
    assert all(highlight.end - highlight.start <= LONGEST + S for highlight in told)


signals = st.one_of(
    st.builds(
        Evidence,
        st.just("keyword"),
        st.integers(0, 3),
        st.just(Origin.SPEECH),
        st.integers(0, 40).map(lambda s: s * S),
        st.integers(40, 60).map(lambda s: s * S),
        st.floats(0, 1),
        st.just("gg"),
        st.sampled_from(["keyword", "goal"]),
        st.sampled_from(EvidenceState),
    ),
    st.builds(burst, st.just(50 * S), st.just(52 * S), st.integers(0, 3), st.floats(0, 1)),
    st.builds(
        Evidence,
        st.sampled_from(["crowd", "loud"]),
        st.integers(0, 3),
        st.just(Origin.SOUND),
        st.just(30 * S),
        st.integers(31, 70).map(lambda s: s * S),
        st.floats(0, 1),
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), signals), max_size=30))
def test_every_highlight_is_told_in_order_and_ends_once(steps: list[tuple[int, Evidence]]) -> None:
    fusion = Highlighter()
    told: list[Highlight] = []
    now = 0
    for pause_s, signal in steps:
        now += pause_s * S
        told += fusion.take(signal, now)
    told += fusion.advance(now + 1000 * S)
    for number in {highlight.id for highlight in told}:
        life = [highlight for highlight in told if highlight.id == number]
        assert [highlight.revision for highlight in life] == list(range(len(life)))
        over = [highlight.state in (HighlightState.FINAL, HighlightState.WITHDRAWN) for highlight in life]
        assert over == [False] * (len(life) - 1) + [True]
        assert all(highlight.start <= highlight.peak <= highlight.end for highlight in life)
        assert all(0 <= highlight.score <= 1 and highlight.reasons for highlight in life)
