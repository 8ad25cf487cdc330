"""From highlights to clips: when one is due, what becomes one, and what needs none."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from livefoley.clips.buffer.ranges import ClipRanges, Range, RangeSettings
from livefoley.core.highlights import Evidence, Highlight, HighlightState, Origin
from livefoley.core.ticks import TICK_RATE, Tick

ORIGIN = TICK_RATE
S = TICK_RATE
CONFIRMED = HighlightState.CONFIRMED


def moment(
    number: int, start_s: float, end_s: float, state: HighlightState = CONFIRMED, score: float = 0.7
) -> Highlight:
    start, end = ORIGIN + round(start_s * S), ORIGIN + round(end_s * S)
    reason = Evidence("chat", number, Origin.AUDIENCE, start, end, score, "many")
    return Highlight(number, 0, state, "chat", start, end, (start + end) // 2, score, (reason,))


def ranges(lead_s: float = 3, tail_s: float = 2, longest_s: float = 60) -> ClipRanges:
    return ClipRanges(RangeSettings(round(lead_s * S), round(tail_s * S), round(longest_s * S)), ORIGIN)


def at(seconds: float) -> Tick:
    return ORIGIN + round(seconds * S)


def spans(found: list[Range]) -> list[tuple[float, float]]:
    return [((each.start - ORIGIN) / S, (each.end - ORIGIN) / S) for each in found]


def test_a_clip_is_due_when_its_tail_has_left_and_not_before() -> None:
    made = ranges()
    made.take([moment(1, 10, 25)])
    assert made.due(at(26.9)) == []
    assert spans(made.due(at(27))) == [(7, 27)]
    assert made.due(at(100)) == []


def test_a_highlight_that_grows_is_waited_for() -> None:
    made = ranges()
    made.take([moment(1, 10, 12)])
    assert made.due(at(13)) == []
    made.take([moment(1, 10, 14.5)])
    assert made.due(at(14)) == []
    assert spans(made.due(at(16.5))) == [(7, 16.5)]


def test_what_nobody_confirmed_and_what_was_withdrawn_makes_no_clip() -> None:
    made = ranges()
    made.take([moment(1, 10, 12, HighlightState.SPOTTED), moment(2, 30, 32)])
    made.take([moment(2, 30, 32, HighlightState.WITHDRAWN)])
    assert made.due(at(1000)) == []


def test_highlights_whose_clips_would_overlap_become_one_around_the_better_one() -> None:
    made = ranges()
    made.take([moment(1, 10, 14, score=0.6), moment(2, 18, 22, score=0.9)])
    assert made.due(at(17)) == []  # the second one is part of it
    (found,) = made.due(at(24))
    assert spans([found]) == [(7, 24)]
    assert (found.peak, found.score, len(found.reasons)) == (at(20), 0.9, 2)
    assert made.merged == 1


def test_what_would_become_too_long_stays_two_clips_that_do_not_overlap() -> None:
    made = ranges(longest_s=20)
    made.take([moment(1, 10, 20), moment(2, 22, 34)])
    assert spans(made.due(at(100))) == [(7, 21), (21, 36)]


def test_a_highlight_longer_than_a_clip_keeps_its_peak() -> None:
    made = ranges(longest_s=20)
    made.take([moment(1, 10, 50)])
    (found,) = made.due(at(100))
    assert found.end - found.start == 20 * S
    assert found.start <= found.peak < found.end


def test_the_last_word_on_a_highlight_makes_no_second_clip() -> None:
    made = ranges()
    made.take([moment(1, 10, 12)])
    assert len(made.due(at(14))) == 1
    made.take([moment(1, 10, 12.5, HighlightState.FINAL)])
    assert made.due(at(1000)) == []


def test_a_moment_that_grows_after_its_clip_gets_no_second_one() -> None:
    made = ranges(tail_s=1.5)
    clips = []
    for now_s, end_s in ((63, 59.5), (69, 64.9), (78, 73.0), (90, 83.7)):
        made.take([moment(1, 54.7, end_s)])
        clips += made.due(at(now_s))
    made.take([moment(1, 54.7, 99.0, HighlightState.FINAL)])
    assert spans([*clips, *made.due(at(1000))]) == [(51.7, 61.0)]


def test_a_neighbour_that_is_recognised_late_begins_where_the_clip_before_it_ended() -> None:
    made = ranges()
    made.take([moment(1, 20, 20.8)])
    assert spans(made.due(at(23))) == [(17, 22.8)]
    made.take([moment(2, 23.5, 24.2)])
    assert spans(made.due(at(27))) == [(22.8, 26.2)]
    made.take([moment(3, 16, 18)])  # and one that is recognised later still ends where the next begins
    assert spans(made.due(at(30))) == [(13, 17)]
    made.take([moment(4, 21, 25)])  # all of it is in others
    assert made.due(at(40)) == []
    assert made.covered == 1


def test_a_clip_begins_after_the_last_pictures_of_the_one_before() -> None:
    made = ranges()
    made.take([moment(1, 20, 20.8)])
    made.due(at(23))
    made.cut(at(17), at(22.93))  # it took two pictures more
    made.take([moment(2, 23.5, 24.2)])
    assert spans(made.due(at(27))) == [(22.93, 26.2)]
    assert made.begin(at(22.8)) == at(22.93)
    assert made.begin(at(26.2)) == at(26.2)


def test_kind_and_keyword_of_a_clip_are_of_one_moment() -> None:
    said = Evidence("keyword", 7, Origin.SPEECH, at(10), at(11), 0.7, "最后三分钟")
    made = ranges()
    made.take([replace(moment(1, 10, 11, score=0.7), kind="countdown", reasons=(said,)), moment(2, 13, 14, score=0.95)])
    (found,) = made.due(at(100))
    assert (found.kind, found.reasons[0].detail, found.score) == ("countdown", "最后三分钟", 0.95)


def test_the_reasons_of_the_moment_that_a_clip_is_named_after_come_first() -> None:
    made = ranges()
    made.take([moment(1, 10, 14, score=0.6), moment(2, 18, 22, score=0.9)])
    (found,) = made.due(at(100))
    assert [reason.id for reason in found.reasons] == [2, 1]


def test_at_the_very_start_the_lead_in_is_as_long_as_there_is() -> None:
    made = ranges()
    made.take([moment(1, 0.5, 4)])
    assert spans(made.due(at(6))) == [(0, 6)]


def test_at_the_very_end_a_clip_goes_as_far_as_the_stream() -> None:
    made = ranges()
    made.take([moment(1, 10, 12)])
    assert made.due(at(12.5)) == []
    assert spans(made.due(at(12.5), over=True)) == [(7, 12.5)]


@given(
    st.lists(st.tuples(st.floats(0, 200), st.floats(0.1, 70), st.floats(0.3, 1)), max_size=20),
    st.floats(1, 90),
)
def test_no_clip_is_too_long_or_due_early_and_every_highlight_is_in_one(
    found: list[tuple[float, float, float]], longest_s: float
) -> None:
    made = ranges(longest_s=longest_s)
    moments = [moment(n, start, start + length, score=score) for n, (start, length, score) in enumerate(found)]
    clips: list[Range] = []
    for second in range(0, 300, 3):
        made.take(each for each in moments if each.start <= at(second) < each.start + 3 * S)
        due = made.due(at(second))
        assert all(each.end <= at(second) for each in due)
        clips += due
    clips += made.due(at(300), over=True)
    assert all(0 < each.end - each.start <= round(longest_s * S) for each in clips)
    assert len(clips) + made.merged + made.covered == len(moments)
    assert all(a.end <= b.start for a, b in pairwise(sorted(clips, key=lambda each: each.start)))
