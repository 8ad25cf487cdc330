"""The demo from beginning to end against a real sidecar, and what it says when something fails."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest
from rich.console import Console

from livefoley.config import load
from livefoley.core.errors import LivefoleyError, OutputError
from livefoley.demo.clip import make_clip
from livefoley.demo.measure import OnsetMatch, PictureMatch
from livefoley.demo.publish import publish
from livefoley.demo.report import DemoError, Result, require_sound
from livefoley.demo.run import demo, room_of
from livefoley.demo.sidecar import Ports, SidecarError, running, write_config
from tests.support.ports import free_ports
from tests.support.waiting import LIMIT_S

SECONDS = 8
TRIES = 4


@pytest.mark.live
async def test_the_demo_runs_measures_and_leaves_everything_it_names(tmp_path: Path) -> None:
    said = await _shown(tmp_path)
    assert f"{SECONDS * 30} of {SECONDS * 30}" in said
    ducked = re.search(r"under the voice\s+(\S+) dB", said)
    assert ducked
    assert float(ducked[1]) < -5.0
    named = [line.split()[0] for line in said.splitlines() if line.startswith(f"  {tmp_path}")]
    assert len(named) == 6
    assert all(os.path.getsize(path) > 0 for path in named)  # noqa: ASYNC240
    assert psutil.Process().children() == []


async def _shown(directory: Path) -> str:
    """Return what the demo says. Where it finds the machine too busy, and says so, it is run again, as it advises."""
    for _ in range(TRIES):
        console = Console(record=True, width=200, force_terminal=False)
        try:
            assert await demo(directory, seconds=SECONDS, console=console) == 0
        except DemoError as error:
            if "too busy" not in str(error):
                raise
        else:
            return console.export_text()
    pytest.fail(f"the machine was too busy {TRIES} times")


@pytest.mark.live
async def test_serving_goes_on_until_it_is_cancelled_and_finishes_the_outputs(tmp_path: Path, clip: Path) -> None:
    await asyncio.to_thread(shutil.copy, clip, tmp_path / "demo-source.mp4")
    console = Console(record=True, width=200)
    task = asyncio.create_task(demo(tmp_path, serve=True, seconds=SECONDS, console=console))
    async with asyncio.timeout(LIMIT_S):
        while "watch it:" not in console.export_text(clear=False) and not task.done():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        url = console.export_text(clear=False).split("watch it:")[1].split()[0]
        async with httpx.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
            while not task.done() and (await client.get(url)).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (tmp_path / "demo.mp4").stat().st_size > 0
    assert psutil.Process().children() == []


async def test_a_sidecar_that_cannot_start_is_reported_with_what_it_said(tmp_path: Path) -> None:
    config = tmp_path / "demo.yaml"
    write_config(config, Ports(0, 0), {"sinks": [{"files": "x.mp4"}]})
    async with running(config, Ports(0, 0), tmp_path / "log") as sidecar:
        with pytest.raises(SidecarError, match="ended with status 2") as error:
            await sidecar.wait_ready()
    assert "did you mean file" in str(error.value)


@pytest.mark.live
async def test_a_sidecar_that_dies_while_publishing_ends_the_demo_with_one_error(tmp_path: Path, clip: Path) -> None:
    await asyncio.to_thread(shutil.copy, clip, tmp_path / "demo-source.mp4")
    task = asyncio.create_task(demo(tmp_path, seconds=SECONDS, console=Console(record=True, width=200)))
    async with asyncio.timeout(LIMIT_S):
        while not (tmp_path / "hls" / "index.m3u8").exists():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        for child in psutil.Process().children():
            child.kill()
        with pytest.raises(SidecarError, match="ended with status"):
            await task


async def test_publishing_to_nobody_is_an_error_in_one_line(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "second.mp4", 1).path
    async with asyncio.timeout(LIMIT_S):
        with pytest.raises(LivefoleyError, match="could not be published"):
            await publish(clip, free_ports().publish_url)


def test_the_configuration_of_the_demo_is_good_and_can_be_run_by_hand(tmp_path: Path) -> None:
    write_config(tmp_path / "demo.yaml", free_ports(), room_of(tmp_path))
    room = load(tmp_path / "demo.yaml", env={}).rooms["demo"]
    assert (room.stem, len(room.sinks), len(room.stem_sinks)) == (True, 2, 2)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_config(tmp_path / "file" / "demo.yaml", Ports(1, 2), {})


def test_a_demo_without_any_sound_at_a_movement_fails_and_names_the_log(tmp_path: Path) -> None:
    silent = OnsetMatch((), (1.0,), ())
    result = Result(PictureMatch(9, 9, 0.0, 0.0), 0.0, 0.0, silent, 0.0, 1.5, {}, 0, 0.1)
    with pytest.raises(DemoError, match="no generated sound") as error:
        require_sound(result, tmp_path / "sidecar.log")
    assert str(tmp_path / "sidecar.log") in str(error.value)
    assert "too busy" not in str(error.value)
    with pytest.raises(DemoError, match="3 came too late, for the machine was too busy"):
        require_sound(replace(result, cues={("action", "missed"): 2, ("action", "dropped"): 1}), tmp_path)
