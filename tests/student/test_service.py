"""The student's worker as the rooms see it: a real process around a real graph, and what becomes of its misfortunes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from livefoley.core.cues import Cue, CueKind, Sound
from livefoley.foley.chain import MakerOrder, Refusal, StudentUse
from livefoley.foley.student.settings import StudentSettings
from livefoley.runtime.sounds.bed_supply import BedSupply
from livefoley.runtime.sounds.cached_takes import LiveCachedTakes
from livefoley.runtime.sounds.student import StudentService
from tests.support.waiting import until

from .tiny import write_model


class Studio:
    """A service at work, and what it was heard to say."""

    def __init__(self, model: Path, hang_timeout_s: float = 60.0) -> None:
        self.service = StudentService(StudentSettings(str(model), "cpu", threads=1), hang_timeout_s)
        self.maker = LiveCachedTakes(self.service)
        self.beds = BedSupply([self.maker], self._add_segment, time.monotonic)
        self.segments: list[tuple[str, str, Sound]] = []
        self.sounds: list[Sound] = []
        self.refusals: list[Refusal] = []

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.service.run())
            while True:
                await asyncio.sleep(0.02)
                self.beds.step(time.monotonic())

    def _add_segment(self, room: str, text: str, segment: Sound) -> None:
        self.segments.append((room, text, segment))

    def describe(self, room: str, text: str, seed: int = 0) -> None:
        self.beds.describe(room, text, seed, MakerOrder.of(StudentUse.ALWAYS))

    def ask(self, prompt: str, within_s: float = 30.0, kind: CueKind = CueKind.ACCENT, **more: float) -> bool:
        """Ask as a chain does; False when there is no use in it."""
        request = Cue(1, kind, 0, 0, prompt=prompt, **more).request  # type: ignore[arg-type]
        now = time.monotonic()
        offer = self.maker.offer(request, now)
        if isinstance(offer, Refusal) or offer.soon_s > within_s:
            return False
        self.maker.ask(request, now + within_s, lambda: True, self._answer)
        return True

    def _answer(self, made: Sound | Refusal) -> None:
        if isinstance(made, Sound):
            self.sounds.append(made)
        else:
            self.refusals.append(made)

    @property
    def state(self) -> str:
        return self.service.snapshot().state


@contextlib.asynccontextmanager
async def at_work(model: Path, hang_timeout_s: float = 60.0) -> AsyncIterator[Studio]:
    studio = Studio(model, hang_timeout_s)
    task = asyncio.create_task(studio.run())
    try:
        yield studio
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def _one_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the workers share what words mean: most of them then need not load the text model, which takes a second."""
    monkeypatch.setenv("LIVEFOLEY_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "words"))


async def test_a_cue_is_answered_and_a_room_is_given_segments(tmp_path: Path) -> None:
    async with at_work(write_model(tmp_path)) as studio:
        assert not studio.ask("too early: there is no model yet")
        studio.describe("shop", "rain on a tin roof")
        studio.describe("silent", "  ")
        await until(lambda: studio.segments)
        room, text, segment = studio.segments[0]
        assert (room, text) == ("shop", "rain on a tin roof")
        assert segment.samples.shape[1] > 5 * 48_000
        assert studio.ask("a velociraptor purring")
        await until(lambda: studio.sounds)
        assert studio.sounds[0].source == "student"
        figures = studio.service.snapshot()
        assert (figures.state, figures.model, figures.device) == ("working", "student-tiny", "onnx cpu")
        assert figures.made >= 2
        assert figures.latency_s.p50 > 0
        assert not studio.ask("a velociraptor purring", within_s=0.1)


async def test_an_action_that_recurs_is_answered_at_once(tmp_path: Path) -> None:
    async with at_work(write_model(tmp_path)) as studio:
        await until(lambda: studio.state == "working")
        for seed in range(6):
            assert studio.ask("a robot's jaw", kind=CueKind.ACTION, intensity=0.7, seed=seed)
            await until(lambda seed=seed: len(studio.sounds) > seed)
        assert studio.ask("a robot's jaw", within_s=0.01, kind=CueKind.ACTION, intensity=0.72, seed=9)
        assert len(studio.sounds) == 7


async def test_words_it_cannot_use_are_refused_and_leave_it_working(tmp_path: Path) -> None:
    async with at_work(write_model(tmp_path)) as studio:
        await until(lambda: studio.state == "working")
        for _ in range(4):
            assert studio.ask("ሰላም ለዓለም ዝናብ")
        await until(lambda: len(studio.refusals) == 4)
        assert not any(refusal.fault for refusal in studio.refusals)
        assert studio.state == "working"


async def test_many_rooms_are_served_in_batches(tmp_path: Path) -> None:
    async with at_work(write_model(tmp_path)) as studio:
        for number in range(6):
            studio.describe(f"room{number}", ("rain", "sea")[number % 2], number)
        await until(lambda: len({room for room, _, _ in studio.segments}) == 6)
        assert studio.service.snapshot().batches < len(studio.segments)
        studio.describe("room0", "rain", 0)  # nothing new
        studio.beds.forget("room1")
        assert studio.ask("a velociraptor purring")
        await until(lambda: studio.sounds)


async def test_a_model_that_makes_no_numbers_is_not_used(tmp_path: Path) -> None:
    async with at_work(write_model(tmp_path, fault="nan")) as studio:
        await until(lambda: studio.state == "unavailable")
        assert "no numbers" in studio.service.snapshot().reason
        assert not studio.ask("rain")


async def test_weights_with_a_wrong_hash_are_not_used(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    model.with_suffix(".onnx").write_bytes(b"other weights")
    async with at_work(model) as studio:
        studio.describe("shop", "rain", 0)
        await until(lambda: studio.state == "unavailable")
        assert "SHA-256" in studio.service.snapshot().reason
        assert not studio.ask("anything")


async def test_a_worker_that_is_killed_comes_back_and_goes_on(tmp_path: Path) -> None:
    async with at_work(write_model(tmp_path)) as studio:
        studio.describe("shop", "sea", 0)
        await until(lambda: studio.segments)
        pid = studio.service.worker.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        count = len(studio.segments)
        await until(lambda: len(studio.segments) > count)
        assert studio.service.worker.pid != pid
        assert studio.state == "working"
        studio.beds.restart()  # whoever had them has lost them
        count = len(studio.segments)
        await until(lambda: len(studio.segments) > count)


async def test_a_model_that_hangs_is_killed_and_tried_less_and_less(tmp_path: Path) -> None:
    async with at_work(write_model(tmp_path, fault="hang"), hang_timeout_s=1.0) as studio:
        studio.describe("shop", "sea", 0)
        await until(lambda: studio.state == "resting")
        assert not studio.ask("anything")
        assert studio.service.worker.statistics().hangs >= 3
        assert studio.service.snapshot().openings == 1
        assert not studio.segments
        pid = studio.service.worker.pid
    await until(lambda: pid is None or not psutil.pid_exists(pid) or is_zombie(pid))


def is_zombie(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


async def test_what_is_late_is_handed_on_in_time_for_the_bank(tmp_path: Path) -> None:
    async with at_work(write_model(tmp_path), hang_timeout_s=1000.0) as studio:
        await until(lambda: studio.state == "working")
        pid = studio.service.worker.pid
        assert pid is not None
        psutil.Process(pid).suspend()
        try:
            assert studio.ask("a velociraptor purring", within_s=1.0)
            assert studio.ask("another", within_s=1.2)
            await until(lambda: len(studio.refusals) == 2)
        finally:
            psutil.Process(pid).resume()
        assert not studio.sounds
