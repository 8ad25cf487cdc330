"""What looks at the pictures dies and hangs in a room with everything on: an ffmpeg that receives it misses nothing."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from livefoley.core.media import MediaKind
from tests.support.made import made_once
from tests.support.media_files import file_hashes, file_packets
from tests.support.peers import require, shared
from tests.support.ports import free_port
from tests.support.programs import process
from tests.support.sidecars import publish, sidecar, wait_room, worker_pid
from tests.support.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(175)]

SECONDS = 26
ROOM: dict[str, Any] = {
    "describe": "a busy cafe, bottles set down on a wooden table",
    "eyes": {"enabled": True},
    "microphone": {"learn": True},
    "foley": {"bed": {"gain_db": -30}},
    "stem": True,
}
HARM = {signal.SIGKILL: "restarts", signal.SIGSTOP: "hangs"}
"""Signals, and which of the worker's figures tells of them."""


def make_1080p30(path: Path) -> None:
    """Encode people and hands as an encoder at home sends them."""
    picture = ["-vf", "scale=1920:1080,fps=30", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "60"]
    source = ["-i", str(shared("footage/room.mp4")), "-t", str(SECONDS)]
    rest = ["-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", "-ar", "48000", str(path)]
    subprocess.run([require("ffmpeg"), "-v", "error", "-y", *source, *picture, *rest], check=True, timeout=150)


def figure(room: dict[str, Any], name: str) -> int:
    return next(int(worker[name]) for worker in room["workers"] if worker["name"] == "perception")


def looks(room: dict[str, Any]) -> bool:
    """Whether its eyes have said what they see, or were spared, as a busy machine does."""
    return bool(room["eyes"]["families"] or room["eyes"]["spared"])


async def test_eyes_that_die_or_hang_cost_not_one_packet(tmp_path: Path) -> None:
    clip = made_once("live/room-1080p30.mp4", make_1080p30)
    received, port = tmp_path / "received.mkv", free_port()
    listening = [require("ffmpeg"), "-v", "error", "-listen", "1", "-i", f"rtmp://127.0.0.1:{port}/live/out"]
    with process(*listening, "-c", "copy", received) as receiver:
        sinks = [{"rtmp": f"rtmp://127.0.0.1:{port}/live/out"}, {"file": f"{tmp_path}/o.mp4"}]
        async with sidecar(tmp_path, sinks=sinks, **ROOM) as made:
            publishing = asyncio.create_task(publish(made.ports.publish_url, clip))
            room = await wait_room(made, looks)
            for number, tells in HARM.items():
                before = figure(room, tells)
                os.kill(worker_pid("perception_worker"), number)
                room = await wait_room(made, lambda room, name=tells, count=before: figure(room, name) > count)
                room = await wait_room(made, lambda room: all(worker["alive"] for worker in room["workers"]))
            assert room["state"] == "live", "it came back while the stream went on"
            assert (await publishing)[0] == 0
            room = await wait_room(made, lambda room: not room["publisher_connected"])
            await made.stop()
        await until(lambda: receiver.poll() is not None)
    assert room["dropped_units"] == room["audio_gaps"] == room["timeline_rebases"] == 0
    sent = file_hashes(clip, MediaKind.VIDEO)
    assert file_hashes(received, MediaKind.VIDEO)[: len(sent)] == sent
    stamps = [packet.dts for packet in file_packets(received, MediaKind.AUDIO)]
    assert max(later - earlier for earlier, later in itertools.pairwise(stamps)) < 60, "the sound went on"
    said = (tmp_path / "sidecar.log").read_text(errors="replace")
    assert said.count("worker stopped, starting it again") >= len(HARM)
