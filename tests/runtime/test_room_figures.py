"""What a running room tells of its source, in figures and in words."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from livefoley import config as cfg
from livefoley.app import Application
from tests.support.peers import require
from tests.support.ports import free_ports
from tests.support.waiting import LIMIT_S, until


async def test_a_room_says_why_nothing_comes_and_no_secret(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ports = free_ports()
    config = cfg.parse(
        f"""
server:
  rtmp: {{listen: "127.0.0.1:{ports.rtmp}"}}
  http: {{listen: "127.0.0.1:{ports.http}"}}
rooms:
  far:
    source: {{url: "rtmp://anna:hunter2@127.0.0.1:{ports.rtmp}/live/planted"}}
    foley: {{enabled: false}}
    sinks: [{{file: "{(tmp_path / "o.mp4").as_posix()}"}}]
"""
    )
    application = Application(config)
    running = asyncio.create_task(application.run())
    try:
        far = await until(lambda: (room := application.rooms()["far"]).problem and room)
    finally:
        application.stop()
        await running
    assert far.problem == far.source.problem
    assert (far.source.kind, far.source.connected, far.source.packets) == ("pull", False, 0)
    said = far.problem + "".join(capsys.readouterr())
    assert "pull failed" in said
    assert "hunter2" not in said
    assert "planted" not in said


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A second of AAC, each packet of which holds noise."""
    path = tmp_path / "damaged.mkv"
    sound = ("-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", "-bsf:a", "noise=amount=1")
    subprocess.run([require("ffmpeg"), "-v", "error", *sound, path], check=True, timeout=LIMIT_S)
    return path


async def test_a_room_says_that_its_sound_cannot_be_decoded(
    tmp_path: Path, damaged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ports = free_ports()
    config = cfg.parse(
        f"""
server:
  rtmp: {{listen: "127.0.0.1:{ports.rtmp}"}}
  http: {{listen: "127.0.0.1:{ports.http}"}}
rooms:
  hoarse:
    source: {{file: "{damaged.as_posix()}"}}
    foley: {{enabled: false}}
    sinks: [{{file: "{(tmp_path / "o.mp4").as_posix()}"}}]
"""
    )
    async with asyncio.timeout(LIMIT_S):
        await Application(config).run()
    assert "the sound cannot be decoded: what comes is damaged, or no aac" in "".join(capsys.readouterr())
