"""What the processes of a render may take and say: enough memory, too little, and answers that are none."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from livefoley.core.errors import InputError
from livefoley.renders.child import NO_ANSWER, NO_MEMORY, said_by, wants_memory
from livefoley.renders.job import RenderDirectory
from livefoley.renders.model import OutputFormat, RenderLimits, RenderRequest, RenderState, least_memory_mb
from livefoley.renders.order import Order
from livefoley.renders.settings import RenderSettings
from livefoley.runtime import renders
from livefoley.runtime.renders import RenderService
from tests.clips import videos
from tests.support.waiting import until

BUSY_S = 600.0  # a render has its own limits; a busy machine takes long
LINUX = pytest.mark.skipif(os.name != "posix" or not Path("/proc").exists(), reason="only where memory can be bounded")


def order(place: Path, memory_mb: int) -> Order:
    source, _ = videos.play()
    request = RenderRequest(videos.DESCRIPTION, OutputFormat.MP3, mix=True)
    return Order(
        source, place / "sound.mp3", "00c0ffee1234abcd", "Mei TV", (), request, RenderLimits(memory_mb=memory_mb)
    )


@LINUX
def test_the_least_memory_is_enough(tmp_path: Path) -> None:
    *_, last = said_by("livefoley.renders.make", order(tmp_path, least_memory_mb(10.0)).to_json(), BUSY_S)
    assert last["rendered"]["sounds"] > 0, last


@LINUX
@pytest.mark.parametrize("memory_mb", [660, 400])
def test_too_little_memory_is_said_in_words(tmp_path: Path, memory_mb: int, capfd: pytest.CaptureFixture[str]) -> None:
    """In the first a library in C gives up, in the second one cannot be loaded."""
    try:
        *_, last = said_by("livefoley.renders.make", order(tmp_path, memory_mb).to_json(), BUSY_S)
        words = last["refused"]
    except InputError as error:
        words = str(error)
    assert "memory" in words
    assert "gdb" not in capfd.readouterr().err


def test_what_fails_for_want_of_memory_is_known() -> None:
    assert wants_memory(MemoryError())
    assert wants_memory(OSError(12, "Cannot allocate memory"))
    assert wants_memory(ImportError("x.so: failed to map segment from shared object"))
    assert not wants_memory(ImportError("No module named x"))
    assert not wants_memory(ValueError("wrong"))
    assert "memory" in NO_MEMORY


@asynccontextmanager
async def serving(place: Path) -> AsyncIterator[RenderService]:
    service = RenderService(RenderSettings(place))
    running = asyncio.create_task(service.run())
    try:
        yield service
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("junk", NO_ANSWER),
        ("endless", NO_ANSWER),
        ("figures", NO_ANSWER),
        ("something", "told to do 'something'"),
        ("abort", "takes more time or memory than may be spent on it: its process gave up"),
    ],
)
async def test_what_a_renders_process_says_wrongly_ends_it_with_a_plain_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, error: str
) -> None:
    monkeypatch.setattr(renders, "MODULE", "tests.support.babbler")
    async with serving(tmp_path) as service:
        render, place = await service.begin(10)
        place.write_bytes(b"a video")
        await service.submit(render, RenderRequest(what))
        status = await service.wait(render, BUSY_S)
        assert status is not None
        assert (status.state, status.progress) == (RenderState.FAILED, 0.5)
        assert status.error.startswith(error)


async def test_a_render_that_cannot_be_written_down_is_over_all_the_same_and_written_down_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renders, "MODULE", "tests.support.babbler")
    monkeypatch.setattr(renders, "TIDY_S", 0.05)
    async with serving(tmp_path) as service:
        render, place = await service.begin(10)
        place.write_bytes(b"a video")
        await service.submit(render, RenderRequest("something"))
        place.parent.rename(tmp_path / "away")
        status = await service.wait(render, BUSY_S)
        assert status is not None
        assert status.state is RenderState.FAILED
        assert "cannot be written" in service.problem
        second, _ = await service.begin(10)  # its service lives
        await service.abandon(second)
        (tmp_path / "away").rename(place.parent)
        await until(lambda: not service.problem)
        assert RenderDirectory(place.parent).load().state is RenderState.FAILED


async def test_what_is_asked_of_a_render_stands_in_no_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renders, "MODULE", "tests.support.babbler")
    async with serving(tmp_path) as service:
        render, place = await service.begin(10)
        place.write_bytes(b"a video")
        await service.submit(render, RenderRequest("sleep"))
        shown = await until(lambda: [line for line in arguments() if "babbler" in line])
        assert not [line for line in shown if "sleep" in line]
        await service.delete(render)


def arguments() -> list[str]:
    """Return what the system shows of our children."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            found.append(" ".join(child.cmdline()))
    return found
