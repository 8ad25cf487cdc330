"""What a running room tells of its source, in figures and in words."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from livefoley import config as cfg
from livefoley.app import Application
from livefoley.demo.sidecar import free_ports
from tests.support.waiting import until


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
