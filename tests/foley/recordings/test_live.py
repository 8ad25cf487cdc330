"""Live, recordings are looked for beside the bank's worker, and answered from it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from livefoley.core.cues import Cue, CueKind, Sound, SoundSource
from livefoley.foley.bank.library import Library
from livefoley.foley.chain import MakerOrder, Refusal
from livefoley.foley.recordings import background
from livefoley.foley.recordings.background import MOST_WAITING, READING, BackgroundFinder
from livefoley.foley.recordings.finder import Finder
from livefoley.runtime.sounds.live import LiveSounds
from tests.support.waiting import LIMIT_S, until


async def test_a_room_has_its_recordings_where_no_effect_is_just_that(
    library: Library, finder: Finder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not isinstance(finder.find("steady rain"), Refusal)  # its captions are embedded
    monkeypatch.setenv("LIVEFOLEY_CACHE_DIR", str(tmp_path))
    sounds = LiveSounds([library.directory])
    room = sounds.room("demo", MakerOrder(without=frozenset((SoundSource.BANK,))), 0, lambda notice: None)
    answers: list[Sound | None] = []

    async def asked(prompt: str) -> Sound | None:
        answers.clear()
        cue = Cue(1, CueKind.ACTION, 0, 0, prompt=prompt)
        room.ask(cue, time.monotonic() + 30, lambda: True, answers.append)
        await until(lambda: answers, 30.0)
        return answers[0]

    running = [asyncio.ensure_future(maker.run()) for _, maker in sounds.workers()]
    try:
        await until(lambda: sounds.foley.recordings == 7, 30.0)
        room.describe("somebody knocks at the door")
        while (sound := await asked("somebody knocks at the door")) is None:
            assert all(READING.reason in each.reason for each in room.refusals()), room.refusals()
            await asyncio.sleep(0.2)
        assert sound.source == "recordings"
        assert str(sound.credits[0]) == "knocking on a wooden door by A. Recordist (CC0-1.0)"
        while await asked("a violin solo") is None:
            reasons = {each.reason for each in room.refusals()}
            if any("has no recording of it" in reason for reason in reasons):
                break
            await asyncio.sleep(0.2)
        else:
            pytest.fail("a violin was found")
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def found(finder: BackgroundFinder, text: str, is_over: Callable[[object], bool]) -> object:
    until_s = time.monotonic() + 60
    while not is_over(answer := finder.find(text)) and time.monotonic() < until_s:
        time.sleep(0.01)
    return answer


def test_words_are_read_in_the_background_once(library: Library, finder: Finder) -> None:
    beside = BackgroundFinder(finder)
    beside.expect(["steady rain", ""])
    answer = found(beside, "steady rain", lambda answer: answer is not READING)
    assert not isinstance(answer, Refusal)
    assert beside.find("steady rain") is answer


def test_words_that_cannot_be_looked_for_cost_themselves_alone(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    beside, find = BackgroundFinder(finder), finder.find

    def fails_once(text: str) -> object:
        if text == "bad":
            raise ZeroDivisionError
        return find(text)

    monkeypatch.setattr(finder, "find", fails_once)
    answer = found(beside, "bad", lambda answer: answer is not READING)
    assert isinstance(answer, Refusal)
    assert answer.fault
    assert not isinstance(found(beside, "steady rain", lambda answer: answer is not READING), Refusal)


def test_where_too_many_words_wait_nobody_waits_for_more(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slow(text: str) -> Refusal:
        go_on.wait(LIMIT_S)
        return Refusal("has no recording of it")

    monkeypatch.setattr(finder, "find", slow)
    monkeypatch.setattr(background, "WAIT_S", LIMIT_S)
    beside = BackgroundFinder(finder)
    beside.expect(map(str, range(MOST_WAITING + 2)))  # one more than wait may be read by now
    began_s = time.monotonic()
    assert beside.find("one too many") is READING
    assert time.monotonic() - began_s < LIMIT_S / 2
    go_on.set()
    assert beside.find("0") is not READING
