"""Keyword lists, patterns, and how keywords are spotted and settled."""

from __future__ import annotations

from pathlib import Path

import pytest

from livefoley.core.errors import ConfigError
from livefoley.core.events import Keyword, KeywordHit, Word
from livefoley.core.highlights import EvidenceState
from livefoley.core.ticks import TICK_RATE, Tick
from livefoley.perception.ears import LISTS
from livefoley.perception.ears.holes import holes
from livefoley.perception.ears.keywords import load, parse, patterns
from livefoley.perception.ears.match import Sounds
from livefoley.perception.ears.normalise import units
from livefoley.perception.ears.spotter import Said, Spotter


def said(
    text: str, language: str = "zh", utterance: int = 1, start_s: float = 0.0, others: tuple[str, ...] = ()
) -> Said:
    """What a pass over ``text`` would give, four units a second."""
    found = units([text], language)

    def place(first: int, last: int) -> tuple[Tick, Tick]:
        return int((start_s + first / 4) * TICK_RATE), int((start_s + last / 4) * TICK_RATE)

    alternatives = tuple(Sounds.of(units([other], language)) for other in others)
    return Said(Sounds.of(found), [unit.text for unit in found], place, language, utterance, alternatives)


def spotter(*phrases: str, cooldown_s: float = 8.0) -> Spotter:
    entries = ", ".join(f"{{say: '{phrase}', kind: k, cooldown_s: {cooldown_s}}}" for phrase in phrases)
    return Spotter(parse(f"keywords: [{entries}]", "test"))


def told(hits: list[KeywordHit]) -> list[tuple[str, str]]:
    return [(hit.keyword, hit.state.value) for hit in hits]


# ---- lists ----


@pytest.mark.parametrize("name", LISTS)
def test_the_lists_that_come_along_are_good_in_both_languages(name: str) -> None:
    found = load([name])
    assert {keyword.language for keyword in found} == {"zh", "en"}
    assert all(keyword.kind for keyword in found)


def test_a_phrase_stands_for_all_its_forms() -> None:
    (keyword,) = parse("keywords: ['(最后|还剩){n}分钟[了]']", "test")
    assert {pattern.phrase for pattern in patterns(keyword)} == {
        "最后{n}分钟",
        "最后{n}分钟了",
        "还剩{n}分钟",
        "还剩{n}分钟了",
    }


def test_a_later_list_overrides_an_entry_of_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("keywords: [{say: 倒计时, weight: 0.1}]", encoding="utf-8")
    found = {keyword.say: keyword.weight for keyword in load(["shop", str(tmp_path / "own.yaml")])}
    assert found["倒计时"] == 0.1


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[", "cannot be read as YAML"),
        ("words: []", "needs a keywords: list"),
        ("keywords: [{kind: x}]", "entry 1: must be a phrase"),
        ("keywords: [ok word, {say: sold out, wieght: 1}]", "entry 2: unknown key wieght"),
        ("keywords: [{say: sold out, weight: 3}]", "weight must be a number from 0 to 1"),
        ("keywords: [{say: sold out, language: fr}]", "language must be one of zh, en"),
        ("keywords: [折]", "must have 2 to 12 characters"),
        ("keywords: ['{n}']", "must have"),
        ("keywords: ['a (b']", "groups do not nest"),
        ("keywords: ['(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b) x']", "stands for 128 phrases"),
    ],
)
def test_a_list_that_is_wrong_says_what_and_where(text: str, wrong: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, "mine.yaml")
    assert wrong in str(error.value)
    assert "\n" not in str(error.value)


def test_a_list_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: no such keyword list"):
        load(["nowhere.yaml"])


# ---- spotting ----


@pytest.mark.parametrize(
    ("heard", "keyword"),
    [
        ("今天全場舞者不用湊單", "全场{n}折"),
        ("321 上练节", "上链接"),
        ("仓库说已经买报了", "买爆了"),
        ("家人們 最後3分鐘", "最后{n}分钟"),
        ("马上开始到即时", "倒计时"),
    ],
)
def test_chinese_is_found_by_its_sound(heard: str, keyword: str) -> None:
    assert keyword in {hit.keyword for hit in Spotter(load(LISTS)).final(said(heard))}


@pytest.mark.parametrize(
    ("heard", "keyword"),
    [
        ("Okay everyone, last 3 minutes", "last {n} minutes"),
        ("the count down is on", "countdown"),
        ("this is a flash sail", "flash sale"),
        ("Let's go!", "lets go"),
    ],
)
def test_english_is_found_by_stems_however_it_is_written(heard: str, keyword: str) -> None:
    assert keyword in {hit.keyword for hit in Spotter(load(LISTS)).final(said(heard, "en"))}


@pytest.mark.parametrize(
    ("heard", "language"),
    [
        ("这个视频只有三分钟大家可以慢慢看完", "zh"),
        ("这件衣服原价两百现在打八折", "zh"),
        ("没有下单的抓紧了", "zh"),
        ("we spoke for three minutes about the last season", "en"),
        ("I sold my old bike and went out", "en"),
        ("let me go over the size chart", "en"),
        ("the second game was over before lunch", "en"),
        ("you can count on this jacket", "en"),
    ],
)
def test_what_only_resembles_a_keyword_is_none(heard: str, language: str) -> None:
    assert Spotter(load(LISTS)).final(said(heard, language)) == []


@pytest.mark.parametrize(
    "heard",
    [
        *("这款还没卖完了", "没有全场半价", "这不是全场五折", "先别上链接", "我们不搞买一送一", "没有卖完"),
        *(
            "卖完了吗",
            "黑色的卖完了没有",
            "是不是卖完了",
            "什么时候上链接",
            "昨天的全场半价",
            "上次卖爆了",
            "如果抢光了",
        ),
        *(
            "it's not sold out yet",
            "we haven't sold out",
            "there is no flash sale",
            "isn't it sold out",
            "never sold out",
        ),
        *(
            "is the black one sold out",
            "is it sold out",
            "have they sold out",
            "until it's sold out",
            "yesterday we sold out",
            "it was sold out",
        ),
        *("sold out last week", "sold out three days ago", "没有 flash sale"),
    ],
)
def test_what_is_denied_asked_for_or_past_is_no_keyword(heard: str) -> None:
    language = "en" if heard.isascii() else "zh"
    assert Spotter(load(["shop"])).final(said(heard, language)) == []


@pytest.mark.parametrize(
    ("heard", "kind"),
    [
        ("不要走开最后三分钟", "countdown"),
        ("没有，卖完了", "sale"),
        ("没有 卖完了", "sale"),
        ("卖完了没货了", "sale"),
        ("昨天没抢到的今天全场五折", "discount"),
        ("不会吧，抢光了", "sale"),
        ("还剩不到两分钟", "countdown"),
        ("今天全部打五折", "discount"),
        ("don't miss it last two minutes", "countdown"),
        ("no, it's sold out", "sale"),
        ("we're sold out", "sale"),
        ("why not buy one get one free", "discount"),
        ("oh no no sold out", "sale"),
        ("没有没有卖完了", "sale"),
        ("here we are, three two one", "countdown"),
        ("half off everything", "discount"),
        ("thirty seconds to go", "countdown"),
        ("only a few left", "last-items"),
    ],
)
def test_a_denial_of_something_else_denies_no_keyword(heard: str, kind: str) -> None:
    hits = Spotter(load(["shop"])).final(said(heard, "en" if heard.isascii() else "zh"))
    assert kind in {hit.cue for hit in hits}


def test_a_keyword_whose_sentence_turns_into_a_question_is_withdrawn() -> None:
    room = spotter("(卖|抢)完了")
    assert told(room.partial(said("黑色的卖完了"))) == [("卖完了", "spotted")]
    assert told(room.final(said("黑色的卖完了吗"), holes=())) == [("卖完了", "withdrawn")]


def test_words_written_together_are_alike_or_others() -> None:
    assert spotter("{n} percent off").final(said("fifty percent of people, fifty percent cotton", "en")) == []
    assert spotter("{n} percent off").final(said("fifty percentoff", "en"))


def test_a_keyword_is_spotted_early_and_confirmed_by_the_final_text() -> None:
    room = spotter("上链接")
    (early,) = room.partial(said("三二一上练节"))
    assert room.partial(said("三二一上练节马")) == []
    (late,) = room.final(said("三二一上链接马上"))
    assert (early.state, late.state) == (EvidenceState.SPOTTED, EvidenceState.CONFIRMED)
    assert late.id == early.id
    assert late.at == early.at


def test_a_keyword_the_final_text_lacks_is_withdrawn() -> None:
    room = spotter("上链接")
    room.partial(said("上链接"))
    assert told(room.final(said("尚未了解"))) == [("上链接", "withdrawn")]
    room = spotter("上链接")
    room.partial(said("上链接"))
    assert told(room.final(None)) == [("上链接", "withdrawn")]


def test_what_is_withdrawn_does_not_hide_what_was_said_in_its_place() -> None:
    room = Spotter(parse("keywords: [{say: '最后一刻', kind: end}, {say: '最后一波', kind: sale}]", "test"))
    assert told(room.partial(said("我们最后一刻"))) == [("最后一刻", "spotted")]
    assert told(room.final(said("我们最后一波冲上去"))) == [("最后一刻", "withdrawn"), ("最后一波", "confirmed")]
    assert told(room.final(said("最后一刻", utterance=2))) == [("最后一刻", "confirmed")]


def test_an_alternative_of_the_final_text_confirms_what_was_spotted_and_brings_nothing_new() -> None:
    room = spotter("flash sale")
    assert room.final(said("this is a blashtail", "en", others=("this is a flash sale",))) == []
    room.partial(said("this is a flash sale", "en", utterance=2))
    (hit,) = room.final(said("this is a blashtail", "en", utterance=2, others=("this is a flash sale",)))
    assert hit.state is EvidenceState.CONFIRMED


def test_the_longest_of_the_phrases_that_fit_is_told() -> None:
    assert told(spotter("秒杀", "限量秒杀").final(said("这一单限量秒杀"))) == [("限量秒杀", "confirmed")]


def test_a_keyword_said_again_counts_after_its_cool_down_only() -> None:
    room = spotter("sold out", cooldown_s=10.0)
    assert len(room.final(said("sold out", "en"))) == 1
    assert room.final(said("sold out", "en", utterance=2, start_s=5.0)) == []
    assert len(room.final(said("sold out", "en", utterance=3, start_s=15.0))) == 1


@pytest.mark.parametrize(
    ("phrase", "heard", "wanted"),
    [
        ("最后{n}分钟", "最后3分钟", "最后三分钟"),
        ("最后{n}分钟", "最后三十分钟", "最后三十分钟"),
        ("全场{n}折", "全场舞者", "全场五折"),  # what sounds like a number
        ("only {n} left", "only 20 left", "only twenty left"),
        ("三二一", "三二一", "三二一"),
    ],
)
def test_a_keyword_tells_the_numbers_that_were_said(phrase: str, heard: str, wanted: str) -> None:
    (hit,) = spotter(phrase).final(said(heard, "en" if phrase.isascii() else "zh"))
    assert hit.said == hit.evidence().detail == wanted
    assert hit.keyword == phrase


def test_a_confirmed_keyword_is_told_as_the_final_text_writes_it() -> None:
    ears = spotter("买爆[了]")
    ears.partial(said("买爆了"))
    (hit,) = ears.final(said("买报了"))
    assert (hit.state.value, hit.text_heard, hit.said) == ("confirmed", "买报了", "买爆了")


def test_an_omission_is_no_denial() -> None:
    for silent, state in (([(0, TICK_RATE)], "confirmed"), ([], "withdrawn")):
        ears = spotter("三二一")
        ears.partial(said("三二一上链接"))
        (hit,) = ears.final(said("right now", "en", start_s=2.0), holes=silent)
        assert hit.state.value == state


def test_what_was_left_out_confirms_what_it_nearly_has_and_brings_its_own() -> None:
    ears = spotter("三二一", "上链接", "sold out")
    ears.partial(said("三二一"))
    hits = ears.final(said("right now", "en", start_s=2.0), said("大二一上链接"), said("sold out", "en", start_s=4.0))
    assert told(hits) == [("三二一", "confirmed"), ("上链接", "confirmed"), ("sold out", "confirmed")]
    ears.partial(said("三二一", start_s=20.0))
    (hit,) = ears.final(said("right now", "en", start_s=22.0), said("今天真热闹", start_s=20.0))
    assert hit.state.value == "withdrawn"  # something else is said there


def test_holes_are_where_nobody_wrote_though_somebody_speaks() -> None:
    def word(start_s: float, end_s: float) -> Word:
        return Word(round(start_s * TICK_RATE), round(end_s * TICK_RATE), "word")

    def found(*words: Word) -> list[tuple[float, float]]:
        return [(a / TICK_RATE, b / TICK_RATE) for a, b in holes(words, 0, 10 * TICK_RATE)]

    even = [word(n / 2, n / 2 + 0.5) for n in range(20)]
    assert found(*even) == []
    assert found(*even[:6], *even[12:]) == [(3.0, 6.0)]
    assert found(*even[:6], word(3.0, 6.0), *even[12:]) == [(3.0, 5.5)]  # a word that reaches over what was left out
    assert found(*even[:6]) == [(3.0, 10.0)]
    assert found(*even[:6], word(4.4, 4.6), *even[12:]) == [(3.0, 6.0)]  # a word alone is not well placed


def test_ids_count_up_from_where_they_are_told_to() -> None:
    room = Spotter([Keyword("sold out", language="en")], first_id=41)
    assert [hit.id for hit in room.final(said("sold out", "en"))] == [41]


def test_an_alternative_confirms_by_its_own_best_reading_alone() -> None:
    room = Spotter(parse("keywords: [{say: '最后{n}份', kind: few}, {say: '最后{n}分钟', kind: time}]", "test"))
    assert told(room.partial(said("还剩最后两分"))) == [("最后{n}份", "spotted")]
    hits = room.final(said("还剩最后两分钟", others=("还剩最后两分钟呢",)))
    assert told(hits) == [("最后{n}份", "withdrawn"), ("最后{n}分钟", "confirmed")]
