"""Cars that pass before a live room: they are heard as long as they pass, and a dead watcher leaves no sound behind."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from livefoley.core.media import MediaKind
from tests.support.media_files import decoded_sound, file_hashes
from tests.support.peers import shared
from tests.support.sidecars import publish, sidecar, sounded, wait_room, worker_pid

pytestmark = pytest.mark.live

ROOM = {
    "describe": "cars drive past on a road",
    "foley": {"bed": {"gain_db": -60}, "actions": {"gain_db": 0}},
    "lookahead_s": 4.0,  # a busy machine has its time, and closes its eyes: here the words decide
    "eyes": {"enabled": False},
}


def levels(path: Path) -> np.ndarray:
    """Return the RMS of each half second of a file's sound."""
    sound = decoded_sound(path)
    count = sound.shape[1] // 24_000
    return np.sqrt(np.mean(sound[:, : count * 24_000].reshape(2, count, 24_000) ** 2, axis=(0, 2)))


async def test_cars_that_pass_are_heard_as_they_pass(tmp_path: Path) -> None:
    clip = shared("footage/cars_from_above.mp4")
    async with sidecar(tmp_path, sinks=[{"file": f"{tmp_path}/o.mp4"}], **ROOM) as made:
        publishing = asyncio.create_task(publish(made.ports.publish_url, clip))
        room = await wait_room(made, lambda room: sounded(room, "lasting") >= 2)
        assert (await publishing)[0] == 0
        room = await wait_room(made, lambda room: not room["publisher_connected"] and room["position_s"] > 12)
        await made.stop()
    assert room["foley_failures"] == 0
    sent = file_hashes(clip, MediaKind.VIDEO)
    assert file_hashes(tmp_path / "o.mp4", MediaKind.VIDEO)[: len(sent)] == sent
    level = levels(tmp_path / "o.mp4")
    assert level[7:11].min() > 10 * max(level[:3].max(), level[18:20].max())  # 3.5 to 5.5 s, before them and after
    assert level[8] > level[4] > level[1]


async def test_a_watcher_that_dies_takes_its_sound_along(tmp_path: Path) -> None:
    clip = shared("footage/cars_from_above.mp4")

    def laid(room: dict[str, Any]) -> bool:
        return sounded(room, "lasting") >= 1

    async with sidecar(tmp_path, sinks=[{"file": f"{tmp_path}/o.mp4"}], **ROOM) as made:
        publishing = asyncio.create_task(publish(made.ports.publish_url, clip))
        await wait_room(made, laid)
        os.kill(worker_pid("perception_worker"), signal.SIGSTOP)  # it says nothing more, and is not dead yet
        assert (await publishing)[0] == 0
        await wait_room(made, lambda room: not room["publisher_connected"] and room["position_s"] > 12)
        await made.stop()
    sent = file_hashes(clip, MediaKind.VIDEO)
    assert file_hashes(tmp_path / "o.mp4", MediaKind.VIDEO)[: len(sent)] == sent
    level = levels(tmp_path / "o.mp4")
    assert level.max() > 1e-3
    assert level[18:20].max() < 1e-3
