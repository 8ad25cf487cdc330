"""One spelling for what can be said in several; tokens as text; what is not believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import ByteLevel

from livefoley.perception.ears import model
from livefoley.perception.ears.distance import FAR, NEAR, syllable_distance, syllables, word_distance
from livefoley.perception.ears.hallucination import is_made_up, without_loop
from livefoley.perception.ears.normalise import simplified, spoken_number, units
from livefoley.perception.ears.text import Written
from livefoley.perception.ears.tokens import Spelling


def spelt(text: str, language: str) -> list[str]:
    return [unit.text for unit in units([text], language)]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """Whisper's, with the id of every byte."""
    return Tokenizer.from_file(str(Path(model.find()[0]) / "tokenizer.json"))


@pytest.fixture(scope="module")
def spelling(tokenizer: Tokenizer) -> Spelling:
    return Spelling(tokenizer)


def tokens_of(text: str, tokenizer: Tokenizer) -> list[int]:
    """Spell every byte as a token of its own: the worst a tokenizer can do."""
    spelt = ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str(text)
    return [tokenizer.token_to_id(byte) for run, _ in spelt for byte in run]


@pytest.mark.parametrize(
    ("one", "other"), [("最後3分鐘", "最后三分钟"), ("３２１，上链接", "三二一上链接"), ("五折。", "5折")]
)
def test_chinese_is_spelt_alike_whatever_the_script_and_the_figures(one: str, other: str) -> None:
    assert spelt(one, "zh") == spelt(other, "zh")


@pytest.mark.parametrize(
    ("one", "other"),
    [("Last 3 minutes!", "last three minutes"), ("Let’s GO", "let's go"), ("50% off", "fifty percent off")],
)
def test_english_is_spelt_alike_whatever_the_case_and_the_figures(one: str, other: str) -> None:
    assert spelt(one, "en") == spelt(other, "en")


@pytest.mark.parametrize(
    ("figures", "chinese", "english"),
    [
        *(("0", "零", "zero"), ("12", "十二", "twelve"), ("20", "二十", "twenty"), ("95", "九十五", "ninety five")),
        *(("200", "二百", "two hundred"), ("3000", "三千", "three thousand")),
        *(("321", "三二一", "three two one"), ("07", "零七", "zero seven")),
    ],
)
def test_a_number_is_said_as_people_say_it(figures: str, chinese: str, english: str) -> None:
    assert "".join(spoken_number(figures, "zh")) == chinese
    assert " ".join(spoken_number(figures, "en")) == english


@given(st.text(max_size=60), st.sampled_from(["zh", "en"]))
def test_any_text_can_be_spelt(text: str, language: str) -> None:
    assert all(unit.text for unit in units([text], language))


def test_homophones_are_no_distance_apart_and_neighbours_a_little() -> None:
    assert syllables("五折") == syllables("舞者")
    assert syllables("上链接") == syllables("上练节")
    assert syllable_distance("zhan", "zha") == NEAR
    assert syllable_distance("lian", "shi") == FAR


def test_words_of_one_stem_are_equal_and_short_words_are_their_own() -> None:
    assert word_distance("minutes", "minute") == 0.0
    assert word_distance("sale", "sail") == NEAR
    assert word_distance("sold", "told") == FAR
    assert word_distance("lets", "let") > 0.0


@given(text=st.text(alphabet="abc五折鐘é ", max_size=12))
def test_text_survives_tokens_that_split_every_byte(text: str, tokenizer: Tokenizer, spelling: Spelling) -> None:
    tokens = tokens_of(text, tokenizer)
    assert spelling.text(tokens) == text
    pieces = spelling.pieces(tokens)
    assert [piece.text for piece in pieces] == list(text)
    assert [place for piece in pieces for place in range(piece.first, piece.last)] == list(range(len(tokens)))


def test_a_character_cut_off_at_the_end_is_left_out(tokenizer: Tokenizer, spelling: Spelling) -> None:
    assert spelling.text([*tokens_of("五", tokenizer), *tokens_of("折", tokenizer)[:2]]) == "五"
    marked = [*spelling.prompt("zh"), *tokens_of("好", tokenizer), tokenizer.token_to_id("<|endoftext|>")]
    assert spelling.text(spelling.spoken(marked)) == "好"


def test_words_carry_their_times_and_a_comma_does_not_stretch_them(tokenizer: Tokenizer, spelling: Spelling) -> None:
    tokens = tokenizer.encode(" sold out, now", add_special_tokens=False).ids
    written = Written(tokens, spelling, "en", (48_000, 10 * 48_000), lambda: [0.0, 0.5, 1.0, 2.0, 2.5])
    assert [(word.text, word.start / 48_000, word.end / 48_000) for word in written.words()] == [
        ("sold", 1.0, 1.5),
        ("out,", 1.5, 2.0),
        ("now", 3.0, 3.5),
    ]


def test_the_last_word_ends_with_the_voice(tokenizer: Tokenizer, spelling: Spelling) -> None:
    tokens = tokenizer.encode(" over", add_special_tokens=False).ids
    written = Written(tokens, spelling, "en", (0, 48_000), lambda: [0.5, 9.0])
    assert written.words()[0].end == 48_000


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a b c d e f a b c d e f", "a b c d e f"),  # a sentence told twice
        ("x no no no no no no", "x no"),  # a word that will not stop
        ("go go go", "go go go"),  # an excited host
        ("one two three", "one two three"),
    ],
)
def test_a_loop_is_cut_where_it_begins(said: str, kept: str) -> None:
    assert without_loop(said.split()) == kept.split()


@pytest.mark.parametrize(
    ("text", "language", "score", "no_speech"),
    [
        ("Thank you.", "en", -1.7, 0.1),  # murmur
        ("you", "en", -0.8, 0.9),  # silence
        ("谢谢观看", "en", -0.2, 0.0),  # the wrong script
        ("ご視聴ありがとう", "zh", -0.2, 0.0),
        ("this is all in Latin letters", "zh", -0.2, 0.0),
        ("...", "zh", -0.1, 0.0),
    ],
)
def test_what_nobody_said_is_not_believed(text: str, language: str, score: float, no_speech: float) -> None:
    assert is_made_up(text, language, score, no_speech)


@pytest.mark.parametrize(("text", "language"), [("最后3分钟", "zh"), ("OK", "zh"), ("game over", "en")])
def test_what_somebody_said_is_believed(text: str, language: str) -> None:
    assert not is_made_up(text, language, -0.3, 0.05)


def test_traditional_characters_are_simplified() -> None:
    assert simplified("最後三分鐘，抓緊") == "最后三分钟,抓紧"
