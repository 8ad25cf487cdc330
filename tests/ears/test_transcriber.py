"""What is written down of a finished piece of sound, by the real model, and what the live text adds to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from livefoley.core.events import Transcript, Word
from livefoley.core.ticks import TICK_RATE
from livefoley.perception.ears.transcriber import Transcriber, _left_out

from .conftest import Sound

S = TICK_RATE
START = 7 * S
SPAN = {"en03.wav": (0.3, 3.0), "zh01.wav": (0.4, 3.7)}


@pytest.fixture(scope="module")
def transcriber() -> Transcriber:
    return Transcriber("base", "cpu")


def heard(text: str, language: str, begin_s: float, end_s: float) -> Transcript:
    """Return what was heard live, word by word in even steps."""
    texts = list(text) if language == "zh" else text.split()
    step = (end_s - begin_s) / len(texts)
    words = tuple(
        Word(round((begin_s + i * step) * S), round((begin_s + (i + 1) * step) * S), each)
        for i, each in enumerate(texts)
    )
    return Transcript(words[0].start, words[-1].end, text, language, words, final=True, utterance=1, revision=1)


def moved(said: Transcript, by: int) -> Transcript:
    words = tuple(Word(word.start + by, word.end + by, word.text) for word in said.words)
    return replace(said, start=said.start + by, end=said.end + by, words=words)


def write(transcriber: Transcriber, sound: Sound, *live: Transcript) -> list[Transcript]:
    return transcriber.transcribe(sound, START, [moved(each, START) for each in live], time.monotonic() + 60)


def test_a_sentence_has_its_words_in_their_places(transcriber: Transcriber, line: Callable[[str], Sound]) -> None:
    (said,) = write(transcriber, line("en03.wav"), heard("the blue one is sold out", "en", *SPAN["en03.wav"]))
    assert "sold out" in said.text
    sold, out = [word for word in said.words if word.text.strip(".,!") in ("sold", "out")]
    assert abs(sold.start / S - 7 - 2.259) < 0.35  # where the fixtures say it is
    assert abs(out.end / S - 7 - 2.793) < 0.35
    assert (said.final, said.language, said.utterance) == (True, "en", 1)


def test_a_room_that_mixes_languages_is_written_down_in_each(
    transcriber: Transcriber, line: Callable[[str], Sound]
) -> None:
    chinese, english = line("zh01.wav"), line("en03.wav")
    live = heard("最后三分中抓紧了", "zh", *SPAN["zh01.wav"]), heard("is sold out", "en", *SPAN["en03.wav"])
    said = write(transcriber, np.concatenate((chinese, english)), live[0], moved(live[1], len(chinese)))
    assert [each.language for each in said] == ["zh", "en"]
    assert "最后三分钟" in said[0].text  # simplified
    assert "sold out" in said[1].text
    assert [each.utterance for each in said] == [1, 2]


def test_nothing_is_made_up_where_nobody_speaks(transcriber: Transcriber) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 8 * S).astype(np.float32)
    live = heard("somebody was heard here all the same", "en", 1.0, 5.0)
    assert [each.text for each in write(transcriber, noise, live)] == [live.text]
    assert [each.text for each in write(transcriber, np.zeros(8 * S, np.float32), live)] == [live.text]


def test_it_ends_when_its_time_is_up(transcriber: Transcriber, line: Callable[[str], Sound]) -> None:
    with pytest.raises(TimeoutError):
        transcriber.transcribe(line("en03.wav"), 0, [heard("sold out", "en", 0.3, 3.0)], time.monotonic() - 1)


def test_the_part_of_an_utterance_that_was_left_out_is_as_it_was_heard() -> None:
    live = heard("one two three four five six seven eight", "en", 0.0, 8.0)
    told = [Word(0, 3 * S, "One two three"), Word(6 * S, 8 * S, "seven eight")]
    (part,) = _left_out(live, told)
    assert (part.text, part.start, part.end) == ("five", 4 * S, 5 * S)  # its neighbours may be what was written down
    assert list(_left_out(live, [Word(0, 8 * S, "all of it")])) == []
    assert [each.text for each in _left_out(live, [])] == [live.text]


def test_what_has_no_words_yet_counts_as_a_whole() -> None:
    live = Transcript(0, 4 * S, "最后三分钟", "zh")
    assert [each.text for each in _left_out(live, [])] == ["最后三分钟"]
    assert list(_left_out(live, [Word(S, 2 * S, "最后")])) == []
