"""Chat bursts are found against the room's own baseline, whatever the size of the room."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.core.highlights import ChatBurst
from livefoley.engine.highlights.chat import MAX_READ_PER_S, ChatMessage, ChatMeter


def write(
    meter: ChatMeter, rates: list[float], text: str = "hello", seed: int = 1, start_s: int = 0
) -> list[ChatBurst]:
    """Write at ``rates`` messages a second, each by somebody else, at random moments of that second."""
    chance = random.Random(seed)
    found: list[ChatBurst] = []
    for second, rate in enumerate(rates, start_s):
        count = int(rate) + (chance.random() < rate - int(rate))
        for moment in sorted(chance.random() for _ in range(count)):
            found += meter.feed([ChatMessage(text, f"viewer {chance.random()}")], second + moment)
    return found + meter.advance(start_s + len(rates))


@pytest.mark.parametrize("usual", [0.2, 2, 30])
def test_a_burst_is_found_while_it_lasts_in_small_and_in_large_rooms(usual: float) -> None:
    bursts = write(ChatMeter(), [usual] * 120 + [usual * 4 + 4] * 8 + [usual] * 30)
    assert {burst.id for burst in bursts} == {1}
    assert 119 <= bursts[0].start_s <= 123
    assert bursts[0].end_s <= 124
    assert bursts[-1].over
    assert 126 <= bursts[-1].end_s <= 135
    assert bursts[-1].score == max(burst.score for burst in bursts) > 0.2


@pytest.mark.parametrize("seed", range(5))
def test_an_evening_that_fills_slowly_is_no_burst(seed: int) -> None:
    assert write(ChatMeter(), [0.5 + second / 60 for second in range(1200)], seed=seed) == []


def test_the_first_lines_of_a_quiet_room_are_no_burst() -> None:
    assert write(ChatMeter(), [0] * 100 + [1, 0, 1, 1, 0] + [0] * 20) == []
    assert write(ChatMeter(), [20] * 10) == []  # nothing is usual yet


def test_one_writer_who_floods_is_no_burst() -> None:
    meter = ChatMeter()
    write(meter, [1] * 60)
    found = [meter.feed([ChatMessage("buy now", "robot")] * 50, 60 + second) for second in range(10)]
    assert [burst for part in found for burst in part] == []
    assert meter.statistics().messages >= 500


def test_a_burst_does_not_begin_before_the_one_before_it_is_over() -> None:
    bursts = write(ChatMeter(), [2] * 60 + [20] * 3 + [0, 0, 4, 4, 4] + [20] * 4 + [2] * 20)
    first, second = ([burst for burst in bursts if burst.id == number] for number in (1, 2))
    assert first[-1].over
    assert second[0].start_s >= first[-1].end_s


def test_excited_words_raise_the_score_in_both_scripts() -> None:
    scores = []
    for text in ("what time is it", "抢到了！！", "ＧＧ well played"):
        bursts = write(ChatMeter(), [2] * 60 + [12] * 8, text)
        scores.append((bursts[-1].score, bursts[-1].share))
    assert scores[0][0] < scores[1][0] == scores[2][0]
    assert [share for _, share in scores] == [0.0, 1.0, 1.0]


def test_a_burst_that_does_not_end_becomes_the_usual() -> None:
    meter = ChatMeter()
    bursts = write(meter, [2] * 60 + [20] * 400)
    assert bursts[-1].over
    assert len({burst.id for burst in bursts}) <= 3
    assert meter.statistics().usual > 15


def test_five_thousand_messages_a_second_are_counted_and_few_are_read() -> None:
    meter = ChatMeter()
    write(meter, [5] * 30)
    messages = [ChatMessage("gg", f"viewer {number}") for number in range(5000)]
    bursts = [burst for second in range(30, 40) for burst in meter.feed(messages, second)]
    counts = meter.statistics()
    assert counts.messages >= 50_000
    assert counts.unread >= 10 * (5000 - MAX_READ_PER_S)
    assert bursts[-1].score > 0.9


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 400), st.integers(0, 40)), max_size=40))
def test_any_chat_gives_bursts_in_order_with_scores_in_bounds(steps: list[tuple[float, int]]) -> None:
    meter = ChatMeter()
    now, open_burst = 0.0, 0
    for pause_s, count in steps:
        now += pause_s
        for burst in meter.feed([ChatMessage("哈哈", str(number)) for number in range(count)], now):
            assert 0 <= burst.score <= 1
            assert burst.start_s <= burst.end_s <= now
            assert burst.id >= open_burst
            open_burst = burst.id
