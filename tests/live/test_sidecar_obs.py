"""The running sidecar follows a real OBS: its scenes change what the room sounds like, its hotkey cuts a clip, and its
restart changes nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from livefoley.core.ticks import TICK_RATE
from livefoley.demo.sidecar import Sidecar
from tests.live.clip_steps import files, keeping_clips, over
from tests.support.media_files import VIDEO, decoded_sound, decodes, file_hashes, make_clip
from tests.support.obs import PASSWORD, obs, operator
from tests.support.ports import free_port
from tests.support.sidecars import client, publish, sidecar, wait_room
from tests.support.waiting import LIMIT_S

pytestmark = pytest.mark.live

FPS = 30
SETTLE_S = 5.0  # the bed has been asked for ahead, and cross-fades for 2 s
LISTEN_S = 3.0
LONGEST_S = 150.0


@asynccontextmanager
async def publishing(url: str, clip: Path) -> AsyncIterator[None]:
    """Publish ``clip`` until the block ends."""
    task = asyncio.create_task(publish(url, clip))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def played_s(made: Sidecar, least_s: float = 0.0) -> float:
    """Return how much of the stream has left, once it is ``least_s``; a unit leaves a picture or 1024 samples."""
    per_s = FPS + TICK_RATE / 1024
    left = await wait_room(made, lambda room: room["units_out"] >= least_s * per_s)
    return float(left["units_out"] / per_s)


async def stretch(made: Sidecar) -> tuple[float, float]:
    """Let the sound settle, then give it some time; return from where to where it was heard, in seconds."""
    begin_s = await played_s(made, await played_s(made) + SETTLE_S)
    return begin_s, await played_s(made, begin_s + LISTEN_S)


def follows(describe: str, connected: bool = True) -> Any:
    """Return whether a room sounds like ``describe``, and OBS is (not) there."""
    return lambda room: (
        room["controls"]["describe"] == describe
        and any(each["kind"] == "obs" and each["connected"] is connected for each in room["deliveries"])
    )


def brightness_hz(sound: NDArray[np.float32], where: tuple[float, float]) -> float:
    """Return the frequency that half of the sound's power lies below."""
    begin, end = (int(at_s * TICK_RATE) for at_s in where)
    power = np.abs(np.fft.rfft(sound[:, begin:end].mean(axis=0))) ** 2
    return float(np.searchsorted(np.cumsum(power), power.sum() / 2) * TICK_RATE / (end - begin))


async def test_a_scene_of_obs_changes_what_is_heard_and_its_restart_leaves_the_stream_alone(tmp_path: Path) -> None:
    port, clip = free_port(), tmp_path / "clip.mp4"
    make_clip(clip, "-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-pix_fmt", "yuv420p", seconds=LONGEST_S)
    room: dict[str, Any] = {
        "describe": "an empty street",
        "stem": True,
        "actions": {"enabled": False},
        "obs": {
            "url": f"ws://127.0.0.1:{port}",
            "password": PASSWORD,
            "scenes": {"Scene": {"describe": "heavy rain"}, "Starting Soon 马上开始": {"describe": "howling wind"}},
        },
        "sinks": [{"file": f"{tmp_path}/o.mp4"}],
        "on_drop": "audio",
    }
    async with sidecar(tmp_path, **room) as made:
        async with publishing(made.ports.publish_url, clip):
            async with obs(port, tmp_path / "first.log"), operator(port) as at:
                await at.do("CreateScene", sceneName="Starting Soon 马上开始")
                await wait_room(made, follows("heavy rain"))
                rain = await stretch(made)
                await at.do("SetCurrentProgramScene", sceneName="Starting Soon 马上开始")
                await wait_room(made, follows("howling wind"))
                wind = await stretch(made)
            await wait_room(made, follows("howling wind", connected=False))
            alone = await stretch(made)
            async with obs(port, tmp_path / "second.log"):  # which begins with the scene "Scene"
                await wait_room(made, follows("heavy rain"))
                again = await stretch(made)
            last = await made.room()
        await wait_room(made, lambda room: not room["publisher_connected"])
        await made.stop()
    assert last["dropped_units"] == last["audio_gaps"] == last["timeline_rebases"] == last["hold_frames"] == 0
    stem = decoded_sound(tmp_path / "o.stem.m4a")
    heard_hz = [brightness_hz(stem, where) for where in (rain, wind, alone, again)]
    assert min(heard_hz[0], heard_hz[3]) > 3 * max(heard_hz[1], heard_hz[2]), heard_hz
    pictures = file_hashes(tmp_path / "o.mp4", VIDEO)
    assert len(pictures) > again[1] * FPS - 2 * FPS
    assert pictures == file_hashes(clip, VIDEO)[: len(pictures)]
    assert PASSWORD not in (tmp_path / "sidecar.log").read_text()


async def test_obs_own_hotkey_for_replays_cuts_a_clip_of_what_it_streams(tmp_path: Path) -> None:
    port = free_port()
    link = {"url": f"ws://127.0.0.1:{port}", "password": PASSWORD, "clip_on_replay_s": 4}
    async with keeping_clips(tmp_path, obs=link, actions={"enabled": False}, on_drop="audio") as made:
        streaming = obs(port, tmp_path / "obs.log", made.ports.publish_url, replays=True)
        async with streaming, operator(port) as at, client(made, "/v1") as http:
            await wait_room(made, follows(""))
            await wait_room(made, lambda room: room["position_s"] > 6)
            await at.do("TriggerHotkeyByName", hotkeyName="ReplayBuffer.Save")  # nothing is kept yet: OBS does nothing
            await at.do("StartReplayBuffer")
            async with asyncio.timeout(LIMIT_S):
                while not (cut := (await http.get("/clips")).json()):
                    await at.do("TriggerHotkeyByName", hotkeyName="ReplayBuffer.Save")
                    await asyncio.sleep(4.0)
            found, told = files(await over(http, cut[-1]["id"]))
        await made.stop()
    assert (told.kind, told.exact) == ("replay", False)
    assert told.duration_s == pytest.approx(4, abs=0.3)
    decodes(found.clip)
