"""Rooms that one process watches: each hears of its own picture alone, and goes on after the process was killed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from livefoley.core.events import CourseState, MotionCourse, MotionKind, MotionOnset, PerceptionEvent
from livefoley.models.catalogue import PEOPLE
from livefoley.perception.eyes.eyes import Eyes
from livefoley.perception.eyes.people import People
from livefoley.perception.eyes.picture_classes import PictureClasses
from livefoley.perception.motion.analyser import MotionAnalyser
from livefoley.runtime.rooms import perception
from livefoley.runtime.rooms.perception import MODULE, Perception, PerceptionWorkers
from livefoley.runtime.workers.messages import PERCEPTION
from livefoley.runtime.workers.shared import SharedWorkers
from tests.perception import clips
from tests.support.waiting import until


class Watched:
    """A room's perception, with what it reported."""

    def __init__(self, name: str, workers: PerceptionWorkers) -> None:
        self.events: list[PerceptionEvent] = []
        self.perception = Perception(name, workers, self.events.append, lambda evidence: None)

    @property
    def onsets(self) -> list[MotionOnset]:
        return [event for event in self.events if isinstance(event, MotionOnset)]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, every picture is looked at."""
    monkeypatch.setattr(perception, "MAX_BEHIND_S", 1e9)
    monkeypatch.setattr(perception, "EYES_BEHIND_S", 1e9)


@asynccontextmanager
async def watched(*names: str) -> AsyncIterator[list[Watched]]:
    """Rooms at one process that has started."""
    workers = SharedWorkers("perception", MODULE, PERCEPTION, hang_timeout_s=60.0)
    rooms = [Watched(name, workers) for name in names]
    task = asyncio.create_task(workers.run())
    await until(lambda: workers.ready)
    try:
        yield rooms
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture(scope="module")
def films() -> list[clips.Clip]:
    size = {"size": (640, 360)}
    return [clips.encode(film, **size) for film in (clips.falling_boxes(4.5, seed=4), clips.walking_figure(3.2))]  # type: ignore[arg-type]


def alone(clip: clips.Clip) -> list[MotionOnset]:
    """Return what an analyser finds that has nobody else to watch."""
    analyser = MotionAnalyser(eyes=Eyes(PictureClasses(), People()))
    analyser.configure(clip.track)
    events = [event for unit in clip.units for event in analyser.feed(unit)]
    return [event for event in events if isinstance(event, MotionOnset)]


def begins(course: MotionCourse) -> bool:
    """Say whether a movement that lasts is told of for the first time."""
    return course.state is CourseState.BEGINS


async def play(rooms: Sequence[Watched], films: Sequence[clips.Clip], begin: int, end: int) -> None:
    """Give each room its units from ``begin`` on, in turn, as fast as they are looked at."""
    for number in range(begin, end):
        for room, film in zip(rooms, films, strict=True):
            if number < len(film.units):
                room.perception.video(film.units[number])
        await asyncio.sleep(0.02)


async def test_rooms_of_one_process_hear_what_each_would_alone(films: list[clips.Clip]) -> None:
    async with watched("boxes", "figure") as rooms:
        for room, film in zip(rooms, films, strict=True):
            room.perception.video(film.track)
        await play(rooms, films, 0, max(len(film.units) for film in films))
        expected = [alone(film) for film in films]
        await until(lambda: [len(room.onsets) for room in rooms] >= [len(each) for each in expected])
        assert [room.onsets for room in rooms] == expected
        assert [room.perception.skipped_units for room in rooms] == [0, 0]


async def test_a_killed_process_costs_every_room_a_moment_and_no_onset_comes_twice(films: list[clips.Clip]) -> None:
    async with watched("boxes", "figure") as rooms:
        for room, film in zip(rooms, films, strict=True):
            room.perception.video(film.track)
        await play(rooms, films, 0, 45)
        psutil.Process(rooms[0].perception.worker_pid).kill()
        await until(lambda: rooms[0].perception.statistics().starts == 2 and rooms[0].perception.statistics().alive)
        await play(rooms, films, 45, max(len(film.units) for film in films))
        last = [alone(film)[-1].at for film in films]
        await until(lambda: [room.onsets[-1].at for room in rooms if room.onsets] == last)
        for room in rooms:
            for steps in (False, True):  # these come at their own pace
                moments = [onset.at for onset in room.onsets if (onset.kind is MotionKind.STEP) is steps]
                assert moments == sorted(set(moments))
            begun = [event.id for event in room.events if isinstance(event, MotionCourse) and begins(event)]
            assert begun
            assert len(set(begun)) == len(begun)  # a new process counts from 1 again, and means something else
            assert room.perception.statistics().starts == 2


async def test_a_room_says_who_is_seen_or_what_is_missing_for_that(
    films: list[clips.Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Networks of people that are no networks are refused, by their hashes."""
    for name in ("LIVEFOLEY_MODELS", "XDG_CACHE_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    damaged = tmp_path / PEOPLE.name
    damaged.mkdir()
    for file in PEOPLE.files:
        (damaged / file.name).write_bytes(b"no network")
    async with watched("boxes") as (room,):
        room.perception.video(films[0].track)
        assert room.perception.seen().enabled
        await play([room], films[:1], 0, len(films[0].units))
        await until(lambda: bool(room.perception.seen().people_problem and room.onsets))
        told = room.perception.seen()
        assert f"damaged (10 bytes instead of {PEOPLE.files[0].size})" in told.people_problem
        assert "`livefoley models fetch mediapipe-people`" in told.people_problem
        assert told.hands is None
