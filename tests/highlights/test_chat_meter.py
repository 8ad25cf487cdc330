"""Chat bursts are found against the room's own baseline, whatever the size of the room."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livefoley.core.highlights import ChatBurst
from livefoley.engine.highlights.chat import MAX_READ_PER_S, ChatMessage, ChatMeter
from livefoley.engine.highlights.chat_lines import DEFAULT_WORDS, ChatWords


def write(meter: ChatMeter, rates: list[float], text: str = "", seed: int = 1, start_s: int = 0) -> list[ChatBurst]:
    """Write at ``rates`` messages a second, each by somebody else, at random moments of that second.

    They write ``text``, else each a line of its own.
    """
    chance = random.Random(seed)
    found: list[ChatBurst] = []
    for second, rate in enumerate(rates, start_s):
        count = int(rate) + (chance.random() < rate - int(rate))
        for moment in sorted(chance.random() for _ in range(count)):
            line = text or "".join(chance.choices("abcdefghij", k=12))
            found += meter.feed([ChatMessage(line, f"viewer {chance.random()}")], second + moment)
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
    for text in ("", "抢到了！！", "ＧＧ well played"):
        bursts = write(ChatMeter(), [2] * 60 + [12] * 8, text)
        scores.append((bursts[-1].score, bursts[-1].share))
    assert scores[0][0] < scores[1][0] == scores[2][0]
    assert [share for _, share in scores] == [0.0, 1.0, 1.0]


def scored(second: Callable[[int], list[ChatMessage]], lasts: int = 10) -> list[ChatBurst]:
    """Let nobody write for 40 s, then what ``second`` says for ``lasts`` seconds, then nobody."""
    meter = ChatMeter()
    found: list[ChatBurst] = []
    for at in range(80):
        found += meter.feed(second(at) if 40 <= at < 40 + lasts else [], at + 0.5)
    return found


def tail(at: int, number: int) -> str:
    """Some letters, others for each pair of figures."""
    return "".join(random.Random(100 * at + number).choices("abcdefghijk", k=4))


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(lambda at: [ChatMessage("hello", "a"), ChatMessage("and you", "b")], id="two talk"),
        pytest.param(lambda at: [ChatMessage("666", "a"), ChatMessage("666", "b")] * 5, id="two are excited"),
        pytest.param(lambda at: [ChatMessage("关注我")] * 2, id="one without a name spams"),
        pytest.param(lambda at: [ChatMessage("666")] * 2, id="one without a name is excited"),
        pytest.param(lambda at: [ChatMessage("加群123456领福利", f"{at}-{n}") for n in range(20)], id="robots"),
        pytest.param(
            lambda at: [ChatMessage(f"抢到优惠券的加群{at}{n}领取！", f"{at}-{n}") for n in range(20)],
            id="robots' figures",
        ),
        pytest.param(
            lambda at: [ChatMessage(f"加微信领取今日福利{tail(at, n)}", f"{at}-{n}") for n in range(20)],
            id="robots' tails",
        ),
        pytest.param(
            lambda at: [ChatMessage(f"{tail(at, n)} free followers at cheapviews", f"{at}-{n}") for n in range(20)],
            id="robots' heads",
        ),
        pytest.param(
            lambda at: [ChatMessage(f"{tail(at, n)} 进入直播间", f"{at}-{n}") for n in range(20)], id="who enters"
        ),
        pytest.param(
            lambda at: [ChatMessage(f"{tail(at, n)} 送出 小心心 x{n}", f"{at}-{n}") for n in range(20)], id="gifts"
        ),
        pytest.param(lambda at: [ChatMessage("😂" * (at % 4 + 1), f"{at}-{n}") for n in range(8)], id="emoji alone"),
        pytest.param(lambda at: [ChatMessage("主播好", f"{at}-{n}") for n in range(3)], id="greetings"),
        pytest.param(lambda at: [ChatMessage(f"line {at}")] * 2, id="two without names talk"),
    ],
)
def test_two_people_or_one_text_are_no_burst(second: Callable[[int], list[ChatMessage]]) -> None:
    assert scored(second) == []


@pytest.mark.parametrize(
    "text",
    [
        "666",
        "6\u200b6\u200b6",
        "6 6 6",
        "哈哈哈哈",
        "太牛了",
        "let’s gooo",
        "GG",
        "？？？",
        "?!",
        "笑死我了",
        "KEKW",
        "23333",
    ],
)
def test_one_excited_word_from_many_people_is_a_burst(text: str) -> None:
    bursts = scored(lambda at: [ChatMessage(text, f"{at}-{n}") for n in range(4)])
    assert bursts[-1].score > 0.9
    assert bursts[-1].writers == 20


def test_people_who_write_of_one_thing_in_their_own_words_are_a_burst() -> None:
    what = ("价格", "尺码", "颜色", "面料", "快递", "售后", "赠品", "库存")
    asks = ("是多少", "怎么选", "能换吗", "在哪里看", "还能便宜吗", "和昨天一样吗")
    chance = random.Random(1)
    bursts = scored(
        lambda at: [ChatMessage(f"主播{chance.choice(what)}{chance.choice(asks)}", f"{at}-{n}") for n in range(8)]
    )
    assert bursts[-1].writers >= 20


def test_lines_without_names_are_counted_as_half_a_writer_each() -> None:
    assert scored(lambda at: [ChatMessage("666")] * 8)[-1].writers == 20


@pytest.mark.parametrize("text", ["how many eggs", "牛奶多少钱", "冲锋衣多少钱", "加我12666890", "golo"])
def test_a_word_within_another_is_none(text: str) -> None:
    assert ChatWords(DEFAULT_WORDS).key(text)[1] is False


def test_a_burst_is_told_at_last_as_it_was_at_its_height() -> None:
    last = scored(lambda at: [ChatMessage("666", f"{at}-{n}") for n in range(9)], lasts=4)[-1]
    assert last.over
    assert (last.rate, last.usual, last.writers) == (7.2, 0.0, 36)


def test_what_happens_every_other_moment_is_the_rooms_usual() -> None:
    meter = ChatMeter()
    rates = [1.0] * 60 + ([8.0] * 8 + [1.0] * 22) * 10
    first, last = {}, {}
    for burst in write(meter, rates, "666"):
        (first if burst.start_s < 90 else last)[burst.id] = burst.score
    assert max(first.values()) > 0.6
    assert max((score for number, score in last.items() if number > 3), default=0.0) < 0.6


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
