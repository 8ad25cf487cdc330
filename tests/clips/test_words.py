"""A clip's words: templates that say what is wrong with them, and captions on the clip's own clock."""

from __future__ import annotations

import time

import pytest

from livefoley.clips.words import MAX_TITLE, as_said, check_template, day_and_time, filled, filled_tags, spoken
from livefoley.config import parse
from livefoley.core.errors import ConfigError
from livefoley.core.events import Transcript, Word
from livefoley.core.ticks import TICK_RATE

S = TICK_RATE
ROOM = "rooms:\n  demo:\n    source: {{rtmp: {{key: k}}}}\n    sinks: [{{hls: out/demo}}]\n    clips: {clips}\n"


def sentence(number: int, start_s: float, text: str, revision: int = 0, language: str = "en") -> Transcript:
    """Say ``text`` from ``start_s`` on, half a second a word."""
    start = round(start_s * S)
    parts = text.split() if language == "en" else list(text)
    words = tuple(Word(start + n * S // 2, start + (n + 1) * S // 2, part) for n, part in enumerate(parts))
    return Transcript(start, words[-1].end, text, language, words, True, number, revision)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("${host} sells ${produkt}", "names produkt, which is not known; known are date, describe, host"),
        ("costs 5 $", "is not a template"),
        ("${", "is not a template"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused_when_it_is_configured(template: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_template(template, ["host", "product"])
    assert words in str(caught.value)
    with pytest.raises(ConfigError, match=r"live\.yaml:5"):
        parse(ROOM.format(clips=f'{{title: "{template}", values: {{host: Mei, product: x}}}}'), "live.yaml")


def test_what_is_kept_must_be_as_long_as_a_clip() -> None:
    with pytest.raises(ConfigError, match="keep_s must be at least longest_s"):
        parse(ROOM.format(clips="{longest_s: 60, keep_s: 30}"))


def test_titles_are_filled_in_on_one_line_and_tags_that_stay_empty_are_left_out() -> None:
    values = {"host": "Mei\n", "product": "饺子皮", "keyword": "", "said": "x" * 500}
    assert filled("${host}: ${product} $$5", values) == "Mei: 饺子皮 $5"
    assert len(filled("${said}", values)) == MAX_TITLE
    assert filled_tags(["${host}", "${keyword}", "Mei", "${product}"], values) == ("Mei", "饺子皮")


def test_of_each_utterance_the_last_revision_counts() -> None:
    said = spoken([sentence(1, 2, "tree", 0), sentence(1, 2, "three", 2), sentence(1, 2, "free", 1)], 0, 10 * S)
    assert said.text == "three"
    assert said.language == "en"


def test_words_outside_the_clip_are_left_out_and_times_count_from_its_beginning() -> None:
    said = spoken([sentence(1, 4, "one two three four five six")], 5 * S, round(6.5 * S))
    assert said.text == "three four five"
    (caption,) = said.captions
    assert (caption.start, caption.end) == (0, round(1.5 * S))
    assert said.srt() == "1\n00:00:00,000 --> 00:00:01,500\nthree four five\n\n"
    assert said.vtt() == "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nthree four five\n\n"


def test_chinese_is_written_without_spaces_and_long_sentences_in_pieces() -> None:
    said = spoken([sentence(1, 1, "最后三分钟抓紧时间下单" * 3, language="zh")], 0, 60 * S)
    assert said.text == "最后三分钟抓紧时间下单" * 3
    assert len(said.captions) > 1
    assert all(caption.end - caption.start <= 6 * S for caption in said.captions)


def test_where_nothing_is_said_the_files_are_empty_but_whole() -> None:
    said = spoken([sentence(1, 20, "later")], 0, 10 * S)
    assert (said.captions, said.text, said.language) == ((), "", "")
    assert (said.srt(), said.vtt()) == ("", "WEBVTT\n\n")


def test_a_sentence_that_only_touches_the_border_is_not_in_the_clip() -> None:
    after, before = sentence(1, 10, "what is said after the clip"), sentence(2, 3, "what was said before the clip")
    said = spoken([before, after], round(5.9 * S), round(10.022 * S))
    assert (said.captions, said.text, said.language) == ((), "", "")
    unknown = [Transcript(0, 3 * S, "no words", "en"), Transcript(8 * S, 30 * S, "long", "en", utterance=1)]
    assert spoken(unknown, round(2.9 * S), 12 * S).text == "long"  # most of it, or two seconds


def test_chinese_and_english_are_joined_with_a_space() -> None:
    chinese = [sentence(1, 1, "走路没有声音", language="zh"), sentence(3, 7, "好", language="zh")]
    said = spoken([*chinese, sentence(2, 5, "That countdown")], 0, 60 * S)
    assert said.text == "走路没有声音 That countdown 好"
    assert said.language == "zh"


def test_a_pattern_stands_for_what_was_said() -> None:
    assert as_said("上链接", "") == "上链接"
    assert as_said("最后{n}分钟", "到手第2件了,最后3分钟抓紧时间") == "最后3分钟"
    assert as_said("only {n} left", "There are Only three left") == "Only three left"
    assert as_said("only {n} left", "nothing of it") == ""


def test_titles_tell_the_time_of_this_machine_and_utc_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as context:
        for zone, told in (("UTC", ("2026-09-21", "14:13 UTC")), ("Asia/Shanghai", ("2026-09-21", "22:13"))):
            context.setenv("TZ", zone)
            time.tzset()
            assert day_and_time(1_790_000_000.0) == told
    time.tzset()
