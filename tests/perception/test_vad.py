"""Hearing speech: on voices whose spans are known, on sounds that are none, in any blocks."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from livefoley.core.events import PerceptionEvent, Speech
from livefoley.core.ticks import TICK_RATE
from livefoley.perception.hearing.vad import SpeechDetector
from tests.support.peers import shared
from tests.support.waiting import LIMIT_S

Span = tuple[float, float]


def sound(path: Path, limit_s: float = 12.0) -> NDArray[np.float32]:
    resampler = av.AudioResampler("flt", "mono", TICK_RATE)
    blocks: list[NDArray[np.float32]] = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            blocks += [out.to_ndarray()[0] for out in resampler.resample(frame)]
    return np.concatenate(blocks)[: round(limit_s * TICK_RATE)].astype(np.float32)


def listen(samples: NDArray[np.float32], block: int = 1024, start: int = 0) -> list[PerceptionEvent]:
    detector = SpeechDetector()
    events: list[PerceptionEvent] = []
    for at in range(0, len(samples), block):
        events += detector.feed(samples[at : at + block], start + at)
    return events + detector.flush()


def spans(events: list[PerceptionEvent]) -> list[Span]:
    edges = [event for event in events if isinstance(event, Speech)]
    assert [event.active for event in edges] == [True, False] * (len(edges) // 2)
    return [(a.at / TICK_RATE, b.at / TICK_RATE) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def mask(parts: list[Span], seconds: float) -> NDArray[np.bool_]:
    times = np.arange(0, seconds, 0.01)
    return np.any([(times >= a) & (times < b) for a, b in parts] or [np.zeros(len(times), bool)], axis=0)


def voices(*names: str) -> list[tuple[Path, list[Span]]]:
    with shared("speech/manifest.csv").open(encoding="utf-8") as file:
        rows = {row["path"]: row for row in csv.DictReader(file)}
    return [(shared(f"speech/{name}"), [tuple(s) for s in json.loads(rows[name]["speech"])]) for name in names]


def test_clean_voices_are_heard_from_beginning_to_end() -> None:
    hit = said = reported = 0
    for path, truth in voices("zh01.wav", "zh05.wav", "en01.wav", "en04.wav", "en09.wav"):
        samples = sound(path)
        found = spans(listen(samples))
        heard, true = (mask(parts, len(samples) / TICK_RATE) for parts in (found, truth))
        hit, said, reported = hit + (heard & true).sum(), said + true.sum(), reported + heard.sum()
        assert abs(found[0][0] - truth[0][0]) < 0.2
        assert abs(found[-1][1] - truth[-1][1]) < 0.25
    assert hit / said > 0.95
    assert hit / reported > 0.9


def test_a_voice_is_heard_over_murmur() -> None:
    (path, truth), *_ = voices("live_game_mixed_10db.flac")
    samples = sound(path, 20.0)
    heard, true = (mask(parts, len(samples) / TICK_RATE) for parts in (spans(listen(samples)), truth))
    assert (heard & true).sum() / true.sum() > 0.9
    assert (heard & true).sum() / heard.sum() > 0.75


@pytest.mark.parametrize("name", ["RAIN", "WIND", "MUSICAL"])
def test_weather_and_instruments_are_hardly_ever_taken_for_speech(name: str) -> None:
    files = sorted(shared(f"sounds/{name}").iterdir())[::12][:8]
    samples = np.concatenate([sound(path, 4.0) for path in files])
    assert mask(spans(listen(samples)), len(samples) / TICK_RATE).mean() < 0.1


def test_silence_noise_and_tones_are_no_speech() -> None:
    random = np.random.default_rng(2)
    t = np.arange(3 * TICK_RATE) / TICK_RATE
    for samples in (0 * t, 0.05 * random.standard_normal(len(t)), 0.2 * np.sin(2 * np.pi * 440 * t)):
        assert listen(samples.astype(np.float32)) == []


def test_the_level_is_that_of_the_voice() -> None:
    (path, _), *_ = voices("en04.wav")
    samples = sound(path)
    loud, soft = ([e for e in listen(gain * samples) if isinstance(e, Speech)] for gain in (1.0, 0.25))
    assert loud[0].level_db - soft[0].level_db == pytest.approx(12.0, abs=1.0)
    assert -40 < loud[0].level_db < -3


@settings(max_examples=6, deadline=None)
@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=8))
def test_blocks_of_any_size_give_the_same_events(sizes: list[int]) -> None:
    (path, _), *_ = voices("zh04.wav")
    samples = sound(path)
    detector = SpeechDetector()
    events: list[PerceptionEvent] = []
    at = n = 0
    while at < len(samples):
        block = samples[at : at + sizes[n % len(sizes)]]
        events += detector.feed(block, 480 + at)
        at, n = at + len(block), n + 1
    assert events + detector.flush() == listen(samples, len(samples), 480)


def test_speech_is_closed_where_the_sound_breaks_off_and_begins_again_after_the_gap() -> None:
    (path, _), *_ = voices("zh01.wav")
    samples = sound(path)
    detector = SpeechDetector()
    half = len(samples) // 2
    events = detector.feed(samples[:half], 0)
    events += detector.feed(samples[half:], half + 5 * TICK_RATE) + detector.flush()
    found = spans(events)
    assert found[0][1] <= half / TICK_RATE + 0.04
    assert found[1][0] >= half / TICK_RATE + 5
    assert detector.statistics().jumps == 1


def test_a_short_hole_in_the_sound_does_not_interrupt_a_sentence() -> None:
    (path, _), *_ = voices("zh01.wav")
    samples = sound(path)
    half, hole = len(samples) // 2, TICK_RATE // 10
    detector = SpeechDetector()
    events = detector.feed(samples[:half], 0)
    events += detector.feed(samples[half + hole :], half + hole) + detector.flush()
    assert len(spans(events)) == len(spans(listen(samples)))


def test_a_jump_back_starts_afresh() -> None:
    (path, _), *_ = voices("zh01.wav")
    samples = sound(path)
    detector = SpeechDetector()
    events = detector.feed(samples, 10 * TICK_RATE) + detector.feed(samples, 0) + detector.flush()
    assert len(spans(events)) == 2 * len(spans(listen(samples)))


def test_little_is_asked_where_nobody_speaks() -> None:
    samples = (0.2 * np.sin(2 * np.pi * 440 * np.arange(10 * TICK_RATE) / TICK_RATE)).astype(np.float32)
    detector = SpeechDetector()
    detector.feed(samples, 0)
    figures = detector.statistics()
    assert figures.asked < 0.5 * figures.chunks


def test_the_detector_computes_on_one_thread_and_leaves_others_theirs() -> None:
    code = (
        "import os, psutil; import numpy as np; import livefoley.perception.hearing.vad as vad;"
        "detector = vad.SpeechDetector(); noise = np.random.default_rng(0).normal(0, 0.1, 96_000).astype(np.float32);"
        "before = psutil.Process().num_threads(); detector.feed(noise, 0);"
        "print(detector.statistics().asked > 0, psutil.Process().num_threads() - before, end=' ');"
        "print('OMP_THREAD_LIMIT' in os.environ)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_THREAD_LIMIT"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT_S, env=environment)
    assert run.stdout.split() == ["True", "0", "False"], run.stderr
