"""The room's own sound: applause and jumps stand out, talk and what goes on for ever do not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from livefoley.core.highlights import Evidence
from livefoley.core.ticks import TICK_RATE
from livefoley.foley.audio_file import read
from livefoley.perception.hearing.crowd import CROWD, CrowdDetector
from tests.support.peers import shared

Mono = NDArray[np.float32]


def at_level(samples: Mono, level_db: float) -> Mono:
    return (samples / np.sqrt(np.mean(samples**2)) * 10 ** (level_db / 20)).astype(np.float32)


def talk(seconds: float, level_db: float = -24.0) -> Mono:
    """A host who talks over a murmur."""
    lines = [
        read(shared(f"speech/{name}{number:02}.wav")).mean(axis=0) for number in range(1, 5) for name in ("en", "zh")
    ]
    count = round(seconds * TICK_RATE)
    murmur = np.random.default_rng(1).normal(0, 10 ** (-50 / 20), count)
    return (np.resize(at_level(np.concatenate(lines), level_db), count) + murmur).astype(np.float32)


def hear(samples: Mono, block: int = 4096) -> list[Evidence]:
    detector = CrowdDetector()
    return [event for at in range(0, len(samples), block) for event in detector.feed(samples[at : at + block], at)]


@pytest.fixture(scope="module")
def applause() -> Mono:
    return read(shared("sounds/CROWDS/gm-crowd-large-2.opus")).mean(axis=0)


def test_applause_after_talk_is_a_crowd_told_from_its_beginning_to_its_end(applause: Mono) -> None:
    scene = talk(30.0)
    begin = 20 * TICK_RATE
    scene[begin : begin + len(applause)] *= 0.1
    scene[begin : begin + len(applause)] += at_level(applause, -24.0)
    events = hear(scene)
    assert {event.id for event in events} == {1}
    assert all(event.signal == CROWD for event in events)
    assert abs(events[0].at - begin) < TICK_RATE
    assert abs(events[-1].end - begin - len(applause)) < 1.5 * TICK_RATE
    assert [event.end for event in events] == sorted(event.end for event in events)
    assert 0.3 < events[-1].score <= 0.7


def test_talk_alone_and_a_steady_hall_are_nothing(applause: Mono) -> None:
    assert hear(talk(40.0)) == []
    hall = np.resize(at_level(applause, -24.0), 120 * TICK_RATE)
    assert hear(hall) == []


def test_a_host_who_shouts_is_loud_and_no_crowd() -> None:
    scene = talk(30.0, -30.0)
    scene[20 * TICK_RATE : 25 * TICK_RATE] *= 10 ** (16 / 20)
    events = hear(scene)
    assert events
    assert not any(event.signal == CROWD for event in events)
    assert all(event.score <= 0.4 for event in events)


def sentence(seconds: float) -> Mono:
    """A voice of 140 Hz in four syllables a second."""
    at = np.arange(round(seconds * TICK_RATE)) / TICK_RATE
    voice = sum(np.sin(2 * np.pi * 140 * n * at + n * n) / n for n in range(1, 25))
    return at_level((voice * (0.15 + np.abs(np.sin(4 * np.pi * at)))).astype(np.float32), -24.0)


@pytest.mark.parametrize(("floor_db", "pause_s"), [(-70.0, 1.5), (-45.0, 1.0), (-90.0, 12.0)])
def test_behind_a_noise_gate_no_sentence_after_the_first_is_a_jump(floor_db: float, pause_s: float) -> None:
    pause = np.zeros(round(pause_s * TICK_RATE), np.float32)
    scene = np.concatenate(
        [np.resize(pause, 5 * TICK_RATE), *(part for _ in range(30) for part in (sentence(3.5), pause))]
    )
    scene += np.random.default_rng(1).normal(0, 10 ** (floor_db / 20), len(scene)).astype(np.float32)
    begun = {event.id: event.at for event in hear(scene)}
    assert len(begun) <= 2
    assert max(begun.values(), default=0) < 30 * TICK_RATE
    loud = np.concatenate([scene, sentence(3.5) * 4])
    assert [event.signal for event in hear(loud) if event.at > len(scene) - TICK_RATE]  # a shout still is one


def test_chunked_equals_whole_and_a_gap_is_survived(applause: Mono) -> None:
    scene = talk(26.0)
    scene[20 * TICK_RATE : 25 * TICK_RATE] += at_level(applause, -20.0)[: 5 * TICK_RATE]
    assert hear(scene, 1000) == hear(scene, len(scene)) != []
    detector = CrowdDetector()
    detector.feed(scene[:TICK_RATE], 0)
    assert detector.feed(scene[:TICK_RATE], 500 * TICK_RATE) == []


@pytest.mark.parametrize("level", [0.0, 1e-9, 1.0])
def test_silence_and_full_scale_do_not_break_it(level: float) -> None:
    assert hear(np.full(12 * TICK_RATE, level, np.float32)) == []
