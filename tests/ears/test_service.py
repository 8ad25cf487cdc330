"""The rooms' ears as a supervised process: heard, killed, hung, without a model."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from livefoley.core.events import HearingEvent, KeywordHit, Mention, Transcript
from livefoley.core.families import Family
from livefoley.core.highlights import EvidenceState
from livefoley.core.ticks import TICK_RATE
from livefoley.perception.ears import LISTS, model
from livefoley.perception.ears.keywords import load
from livefoley.runtime.rooms import ears as module
from livefoley.runtime.rooms.ears import EarsService, RoomEars
from tests.support.peers import impossible
from tests.support.waiting import LIMIT_S, until

pytestmark = pytest.mark.live

Sound = NDArray[np.float32]


@asynccontextmanager
async def running(service: EarsService) -> AsyncIterator[None]:
    task = asyncio.create_task(service.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def room(service: EarsService, name: str, events: list[HearingEvent]) -> RoomEars:
    return service.open(name, ["zh", "en"], load(LISTS), events.append)


async def speak(ears: RoomEars, sound: Sound, start: int = 0) -> None:
    """Give the sound as fast as it would come."""
    for at in range(0, len(sound), 1024):
        ears.audio(sound[at : at + 1024], start + at)
        await asyncio.sleep(1024 / TICK_RATE)


async def speak_until(ears: RoomEars, sound: Sound, heard: Callable[[], object], start: int = 0) -> None:
    """Say it again and again, on a machine that is too busy to hear it the first time."""
    async with asyncio.timeout(2 * LIMIT_S):
        while not heard():
            await speak(ears, sound, start)
            start += 60 * TICK_RATE
            await asyncio.sleep(2.0)


def confirmed(events: list[HearingEvent]) -> set[str]:
    return {e.keyword for e in events if isinstance(e, KeywordHit) and e.state is EvidenceState.CONFIRMED}


async def test_two_rooms_are_heard_by_one_worker(line: Callable[[str], Sound], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BEHIND_S", 1000.0)  # however busy the machine is
    service = EarsService("base")
    shop: list[HearingEvent] = []
    game: list[HearingEvent] = []
    rooms = room(service, "shop", shop), room(service, "game", game)
    assert rooms[0].snapshot().state == "starting"
    async with running(service):
        await until(lambda: service.state == "listening")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(speak_until(rooms[0], line("zh01.wav"), lambda: confirmed(shop)))
            tasks.create_task(speak_until(rooms[1], line("en03.wav"), lambda: confirmed(game)))
        assert confirmed(shop) == {"最后{n}分钟"}
        assert confirmed(game) == {"sold out"}
        await until(lambda: rooms[0].snapshot().passes)
        figures = rooms[0].snapshot()
        assert (figures.state, figures.device, figures.dropped) == ("listening", service.device, 0)
        assert figures.cost_s > 0


async def test_what_the_host_names_is_told_to_a_room_that_is_steered(
    line: Callable[[str], Sound], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BEHIND_S", 1000.0)
    service = EarsService("base")
    named: list[Mention] = []
    quiet: list[HearingEvent] = []
    ears = service.open("shop", ["zh", "en"], load(LISTS), lambda event: None, named.append)
    room(service, "game", quiet)
    async with running(service):
        await until(lambda: service.state == "listening")
        await speak_until(ears, line("zh10.wav"), lambda: named)
    assert {(each.text, each.family, each.shown) for each in named} == {("衣服", Family.SOFT, True)}


@pytest.mark.parametrize("how", ["kill", "hang"])
async def test_a_worker_lost_in_mid_sentence_leaves_nothing_open_and_comes_back(
    line: Callable[[str], Sound], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "hang" and not hasattr(signal, "SIGSTOP"):
        impossible("a process that is stopped")
    monkeypatch.setattr(module, "HANG_TIMEOUT_S", 6.0)  # loading a model takes a busy machine seconds
    monkeypatch.setattr(module, "SILENT_S", 1000.0)  # the sentence goes on
    service = EarsService("base")
    events: list[HearingEvent] = []
    lost: list[int] = []

    def take(event: HearingEvent) -> None:
        events.append(event)
        if isinstance(event, KeywordHit) and not lost and service.worker.pid is not None:
            lost.append(service.worker.pid)
            os.kill(lost[0], signal.SIGKILL if how == "kill" else signal.SIGSTOP)

    ears = service.open("shop", ["zh", "en"], load(LISTS), take)
    sound = line("zh01.wav")
    async with running(service):
        await until(lambda: service.state == "listening")
        await speak_until(ears, sound[: int(3.2 * TICK_RATE)], lambda: lost)
        await until(lambda: lost and service.worker.pid not in (None, *lost) and service.state == "listening")
        assert [e.state for e in events if isinstance(e, KeywordHit)] == [
            EvidenceState.SPOTTED,
            EvidenceState.WITHDRAWN,
        ]
        assert all(event.final for event in events[-1:] if isinstance(event, Transcript))
        first_ids = {event.id for event in events if isinstance(event, KeywordHit)}
        events.clear()
        await speak_until(ears, sound, lambda: confirmed(events), start=600 * TICK_RATE)
        assert not first_ids & {event.id for event in events if isinstance(event, KeywordHit)}


async def test_what_was_begun_is_finished_when_no_more_sound_comes(line: Callable[[str], Sound]) -> None:
    service = EarsService("base")
    events: list[HearingEvent] = []
    ears = room(service, "shop", events)
    async with running(service):
        await until(lambda: service.state == "listening")
        await speak_until(ears, line("en03.wav")[: int(2.85 * TICK_RATE)], lambda: "sold out" in confirmed(events))


async def test_a_room_without_a_model_runs_without_ears_and_says_why(line: Callable[[str], Sound]) -> None:
    service = EarsService("/nowhere/model")
    events: list[HearingEvent] = []
    ears = room(service, "shop", events)
    async with running(service):
        await until(lambda: service.state == "unavailable")
        await speak(ears, line("zh04.wav"))
        assert "/nowhere/model: no speech model there" in ears.snapshot().reason
        assert ears.snapshot().dropped > 0
        assert events == []
        assert service.worker.ready  # and is not started over and over


async def test_a_model_that_is_fetched_later_is_heard_with_and_no_restart_is_needed(
    line: Callable[[str], Sound], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LOOK_AGAIN_S", (0.2, 0.2))
    service = EarsService(str(tmp_path / "later"))
    events: list[HearingEvent] = []
    ears = room(service, "shop", events)
    async with running(service):
        await until(lambda: service.state == "unavailable")
        await asyncio.sleep(1.0)  # it is looked for a few times more
        assert "no speech model there" in ears.snapshot().reason
        shutil.copytree(model.find("base")[0], tmp_path / "partial")
        (tmp_path / "partial").rename(tmp_path / "later")
        await until(lambda: service.state == "listening")
        assert ears.snapshot().reason == ""
        await speak_until(ears, line("zh01.wav"), lambda: confirmed(events))
    assert capsys.readouterr().out.count("rooms run without ears") == 1


async def test_a_corrupt_model_is_one_clear_line(tmp_path: Path) -> None:
    for name in ("model.bin", "config.json", "vocabulary.txt", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"{}")
    service = EarsService(str(tmp_path))
    ears = room(service, "shop", [])
    async with running(service):
        await until(lambda: service.state == "unavailable")
        assert "not a Whisper model" in ears.snapshot().reason
        assert "\n" not in ears.snapshot().reason


async def test_without_the_extra_nothing_is_started() -> None:
    service = EarsService("base", unavailable="ctranslate2 is not installed; pip install 'livefoley[ears]'")
    ears = room(service, "shop", [])
    await service.run()
    ears.audio(np.zeros(8192, np.float32), 0)
    assert service.worker.pid is None
    assert (ears.snapshot().state, ears.snapshot().dropped) == ("unavailable", 1)
