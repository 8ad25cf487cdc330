"""One room's ears on real speech, with the real model."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from livefoley.core.events import HearingEvent, KeywordHit, Transcript
from livefoley.core.highlights import EvidenceState
from livefoley.core.ticks import TICK_RATE
from livefoley.perception.ears import LISTS
from livefoley.perception.ears.keywords import load
from livefoley.perception.ears.listener import BLOCK, Listener
from livefoley.perception.ears.recogniser import Recogniser

Sound = NDArray[np.float32]
Line = Callable[[str], Sound]
START = 7 * TICK_RATE


def listener(recogniser: Recogniser, languages: Sequence[str] = ("zh", "en")) -> Listener:
    return Listener(recogniser, languages, load(LISTS))


def hear(
    ears: Listener, sound: Sound, block: int = BLOCK, start: int = START, lag_s: float = 0.0
) -> list[HearingEvent]:
    events: list[HearingEvent] = []
    for at in range(0, len(sound), block):
        events += ears.feed(sound[at : at + block], start + at, lag_s)
    return events


def finals(events: Sequence[HearingEvent]) -> list[Transcript]:
    return [event for event in events if isinstance(event, Transcript) and event.final]


def hits(events: Sequence[HearingEvent]) -> list[KeywordHit]:
    return [event for event in events if isinstance(event, KeywordHit)]


def settled(events: Sequence[HearingEvent]) -> list[KeywordHit]:
    """Return what is left of the hits: what a pass in mid-word took for another word is withdrawn, and when passes fall
    depends on how fast this machine is."""
    return [hit for hit in {hit.id: hit for hit in hits(events)}.values() if hit.state is not EvidenceState.WITHDRAWN]


@pytest.mark.parametrize(
    ("name", "language", "keyword", "start_s", "end_s"),
    [("zh01.wav", "zh", "最后{n}分钟", 1.198, 2.072), ("en03.wav", "en", "sold out", 2.259, 2.793)],
)
def test_a_keyword_is_heard_in_its_language_and_in_its_place(
    recogniser: Recogniser, line: Line, name: str, language: str, keyword: str, start_s: float, end_s: float
) -> None:
    events = hear(listener(recogniser), line(name))
    (last,) = settled(events)
    assert (last.keyword, last.language, last.state) == (keyword, language, EvidenceState.CONFIRMED)
    assert last.at == pytest.approx(START + start_s * TICK_RATE, abs=0.3 * TICK_RATE)
    assert last.end == pytest.approx(START + end_s * TICK_RATE, abs=0.3 * TICK_RATE)


def test_the_final_text_comes_once_with_the_times_of_its_words(recogniser: Recogniser, line: Line) -> None:
    events = hear(listener(recogniser), line("en01.wav"))
    (final,) = finals(events)
    assert "three minutes" in final.text or "3 minutes" in final.text
    assert [word.start for word in final.words] == sorted(word.start for word in final.words)
    assert final.start <= final.words[0].start
    assert final.words[-1].end <= final.end
    revisions = [event.revision for event in events if isinstance(event, Transcript)]
    assert revisions == list(range(1, len(revisions) + 1))


def test_a_keyword_is_told_before_the_sentence_is_over(recogniser: Recogniser, line: Line) -> None:
    events = hear(listener(recogniser), line("zh01.wav"))
    states = [hit.state for hit in hits(events)]
    assert states == [EvidenceState.SPOTTED, EvidenceState.CONFIRMED]
    assert events.index(hits(events)[0]) < events.index(finals(events)[0])


@pytest.mark.parametrize("name", ["zh01.wav", "en03.wav"])
def test_a_sentence_is_told_before_its_keywords(recogniser: Recogniser, line: Line, name: str) -> None:
    events = hear(listener(recogniser), line(name))
    confirmed = [n for n, each in enumerate(events) if each in hits(events) and _is_confirmed(each)]
    assert confirmed
    assert all(any(t.start <= events[n].at < t.end for t in finals(events[:n])) for n in confirmed)  # type: ignore[union-attr]


def _is_confirmed(event: HearingEvent) -> bool:
    return isinstance(event, KeywordHit) and event.state is EvidenceState.CONFIRMED


def in_one_breath(line: Line, *names: str) -> Sound:
    """Return lines with 0.1 s between them, and a second of silence."""
    pause = np.zeros(TICK_RATE // 10, np.float32)
    lines = [np.concatenate((line(name)[:-TICK_RATE], pause)) for name in names]
    return np.concatenate((*lines, np.zeros(TICK_RATE, np.float32)))


@pytest.mark.parametrize(
    ("names", "keywords"),
    [
        (("zh02.wav", "en04.wav", "zh03.wav", "en03.wav"), {"全场{n}折", "what a shot", "买爆了", "sold out"}),
        (("en02.wav", "zh04.wav", "en08.wav"), {"everything half price", "上链接", "that was insane"}),
    ],
)
def test_chinese_and_english_in_one_breath_are_both_heard(
    recogniser: Recogniser, line: Line, names: tuple[str, ...], keywords: set[str]
) -> None:
    events = hear(listener(recogniser), in_one_breath(line, *names))
    assert keywords <= {hit.keyword for hit in settled(events)}
    told = finals(events)
    assert {each.language for each in told} >= {"en", "zh"} or any(c.isascii() and c.isalpha() for c in told[0].text)
    assert all(each.start >= START and each.start <= each.end for each in told)
    assert len({each.utterance for each in told}) == len(told)


def test_a_foreign_beginning_leaves_nobody_deaf(recogniser: Recogniser, line: Line) -> None:
    ears = listener(recogniser, languages=("en",))
    events = hear(ears, in_one_breath(line, "zh01.wav", "zh05.wav", "en03.wav", "en01.wav"))
    assert {"sold out"} <= {hit.keyword for hit in settled(events)}


def test_no_utterance_begins_before_the_stream(recogniser: Recogniser, line: Line) -> None:
    speech = line("en03.wav")
    begin = int(np.flatnonzero(np.abs(speech) > 0.02)[0])
    events = hear(listener(recogniser), speech[begin:], start=0)
    assert all(each.start >= 0 for each in events if isinstance(each, Transcript))
    assert finals(events)


def test_chunked_equals_whole(recogniser: Recogniser, line: Line) -> None:
    sound = line("zh04.wav")
    whole, pieces = listener(recogniser), listener(recogniser)
    expected = hear(whole, sound, block=len(sound)) + whole.flush()
    assert hear(pieces, sound, block=1111) + pieces.flush() == expected


def test_a_language_the_room_does_not_list_is_left_alone(recogniser: Recogniser, line: Line) -> None:
    ears = listener(recogniser, ["zh"])
    assert hear(ears, line("en03.wav")) == []
    assert ears.statistics().foreign == 1


def test_what_was_begun_is_finished_when_the_stream_jumps(recogniser: Recogniser, line: Line) -> None:
    ears = listener(recogniser)
    sound = line("en03.wav")
    half = int(2.9 * TICK_RATE)
    begun = hear(ears, sound[:half])
    assert not finals(begun)
    after = ears.feed(sound[:BLOCK], START + 60 * TICK_RATE)
    assert "sold out" in finals(after)[0].text
    again = finals(hear(ears, sound, start=START + 120 * TICK_RATE))
    assert again[0].start > START + 119 * TICK_RATE


def test_speech_without_a_pause_is_cut_and_lost_nowhere(recogniser: Recogniser, line: Line) -> None:
    ears = listener(recogniser)
    names = ("en11.wav", "en14.wav", "en09.wav", "en15.wav", "en12.wav")
    without_pauses = np.concatenate([line(name)[16_000:-70_000] for name in names])
    found = finals(hear(ears, without_pauses) + ears.flush())
    assert len(found) >= 2
    assert all(after.start >= before.start + TICK_RATE for before, after in itertools.pairwise(found))
    text = " ".join(final.text.lower() for final in found)
    assert [word for word in ("bike", "game", "minutes", "steel", "chart") if word not in text] == []


def test_a_listener_that_is_late_leaves_the_unfinished_alone_and_then_the_rest(
    recogniser: Recogniser, line: Line
) -> None:
    late, too_late = listener(recogniser), listener(recogniser)
    assert [hit.state for hit in hits(hear(late, line("en03.wav"), lag_s=1.0))] == [EvidenceState.CONFIRMED]
    assert hear(too_late, line("en03.wav"), lag_s=10.0) == []
    assert (too_late.statistics().shed, too_late.statistics().passes) == (1, 0)


def music(seconds: float) -> Sound:
    """Chords, a kick and a hat: loud, rhythmical, and nobody sings."""
    at = np.arange(int(seconds * TICK_RATE)) / TICK_RATE
    chords = np.zeros_like(at)
    for bar, root in enumerate((220.0, 174.6, 261.6, 196.0)):
        playing = (at // 2).astype(int) % 4 == bar
        chords += playing * sum(np.sin(2 * np.pi * root * ratio * at) for ratio in (1.0, 1.25, 1.5)) / 6
    beat = at % 0.5
    kick = np.sin(2 * np.pi * 60 * beat) * np.exp(-beat * 18)
    hat = np.random.default_rng(1).standard_normal(len(at)) * np.exp(-((at + 0.25) % 0.5) * 60) * 0.2
    return (0.4 * (chords + kick + hat)).astype(np.float32)


@pytest.mark.timeout(600)
def test_twenty_minutes_of_music_are_no_speech_and_cost_next_to_nothing(recogniser: Recogniser) -> None:
    ears = listener(recogniser)
    minute = music(60.0)
    events = [event for turn in range(20) for event in hear(ears, minute, start=turn * len(minute))]
    assert hits(events) == []
    assert ears.statistics().passes <= 60  # a pass every 20 s at most: the detector keeps it out


def test_silence_costs_nothing(recogniser: Recogniser) -> None:
    ears = listener(recogniser)
    assert hear(ears, np.zeros(10 * TICK_RATE, np.float32)) == []
    assert ears.statistics().passes == 0
