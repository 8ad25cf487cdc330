"""Faults around a running sidecar: no memory for its workers, no store, no broker, stamps and tracks that come oddly.

What the stream's own tests try of this kind is in ``test_sidecar_stream.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from livefoley.demo.sidecar import ROOM
from tests.live.chaos import never_reading
from tests.live.rtmp_client import connect
from tests.support.made import made_once
from tests.support.media_files import AUDIO, VIDEO, decoded_sound, file_hashes, file_packets, make_clip, recordings
from tests.support.peers import require, require_packages
from tests.support.ports import free_port
from tests.support.sidecars import client, publish, sidecar, wait_room, worker_pid
from tests.support.strangers import tags
from tests.support.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(150)]


@pytest.fixture(scope="session")
def long_clip() -> Path:
    options = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "30", "-pix_fmt", "yuv420p"]
    return made_once("live/faults.mp4", lambda path: make_clip(path, *options, seconds=16.0))


def untouched(recording: Path, clip: Path) -> None:
    """Assert that every picture of ``clip`` is in a recording, and that its sound has no hole."""
    sent = file_hashes(clip, VIDEO)
    assert file_hashes(recording, VIDEO)[: len(sent)] == sent
    stamps = [packet.dts for packet in file_packets(recording, AUDIO)]
    steps = [later - earlier for earlier, later in pairwise(stamps)]
    assert max(steps) == min(steps)


def starve(name: str) -> psutil.Process:
    """Let a worker have no more memory than it has."""
    process = psutil.Process(worker_pid(f"{name}_worker"))
    process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms, resource.RLIM_INFINITY))
    return process


def accents(room: dict[str, Any], outcome: str) -> int:
    return sum(each["count"] for each in room["cues"] if (each["kind"], each["outcome"]) == ("accent", outcome))


async def test_workers_that_run_out_of_memory_cost_foley_and_not_one_packet(tmp_path: Path, long_clip: Path) -> None:
    async with sidecar(tmp_path, describe="heavy rain", sinks=[{"file": f"{tmp_path}/o.mp4"}]) as made:
        publishing = asyncio.create_task(publish(made.ports.publish_url, long_clip))
        await wait_room(made, lambda room: room["units_out"] > 60)
        starved = [starve(name) for name in ("foley", "perception")]
        async with client(made, "/v1/rooms") as http:  # sounds that nobody has made yet
            for what in ("glass breaks", "a dog barks", "an explosion", "a heavy door slams"):
                assert (await http.post(f"/{ROOM}/cues", json={"prompt": what, "delay_s": 0.5})).is_success
            assert (await http.patch(f"/{ROOM}", json={"describe": "a crowd in a hall"})).is_success
            await wait_room(made, lambda room: accents(room, "none") > 0)
            for process in starved:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.rlimit(psutil.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)

            async def sounds_again() -> bool:
                await http.post(f"/{ROOM}/cues", json={"prompt": "a church bell", "delay_s": 0.5})
                await asyncio.sleep(1)
                return accents(await made.room(), "laid") > 0

            await until(sounds_again)
        assert (await publishing)[0] == 0
        room = await wait_room(made, lambda room: not room["publisher_connected"])
        assert room["dropped_units"] == room["audio_gaps"] == 0
        await asyncio.sleep(2.0)
        await made.stop()
    untouched(tmp_path / "o.mp4", long_clip)


@pytest.mark.parametrize("wedged", [False, True], ids=["down", "wedged"])
@pytest.mark.parametrize("part", ["store", "broker"])
async def test_where_clips_go_may_be_away_and_the_stream_does_not_notice(
    tmp_path: Path, long_clip: Path, monkeypatch: pytest.MonkeyPatch, part: str, wedged: bool
) -> None:
    require_packages("obstore", extra="s3")
    require_packages("celery", extra="jobs")
    with never_reading() as silent:
        port = silent if wedged else free_port()
        clips: dict[str, Any] = {"directory": f"{tmp_path}/clips", "checks": {"black": 1, "frozen": 1}}
        around: dict[str, Any] = {"clips": clips}
        if part == "store":
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key-id")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
            monkeypatch.setenv("AWS_REGION", "eu-central-1")
            clips["publish_to"] = "s3://bucket/clips"
        else:
            around["jobs"] = {"broker": f"redis://127.0.0.1:{port}/0"}
        room = {"sinks": [{"file": f"{tmp_path}/o.mp4"}], "clips": {"enabled": True}, "describe": "rain"}
        async with sidecar(tmp_path, around, **room) as made:
            publishing = asyncio.create_task(publish(made.ports.publish_url, long_clip))
            await wait_room(made, lambda room: room["position_s"] > 5)
            async with client(made) as http:
                asked = await http.post("/v1/clips", json={"room": ROOM, "last_s": 3})
                assert asked.status_code == 202
                assert (await http.get("/livez")).status_code == 200
                assert (await publishing)[0] == 0
                status = (await http.get(f"/v1/clips/{asked.json()['id']}")).json()
            assert status["state"] not in ("failed", "quarantined"), status
            last = await wait_room(made, lambda room: not room["publisher_connected"])
            assert last["dropped_units"] == last["audio_gaps"] == 0
            await asyncio.sleep(2.0)
            await made.stop()
    untouched(tmp_path / "o.mp4", long_clip)


def as_flv(clip: Path, place: Path) -> list[tuple[int, int, bytes]]:
    """Return a clip's tags."""
    command = [require("ffmpeg"), "-v", "error", "-y", "-i", str(clip), "-c", "copy", str(place / "clip.flv")]
    subprocess.run(command, check=True, timeout=60)
    return tags((place / "clip.flv").read_bytes())


ODD: dict[str, Callable[[int, int], int]] = {
    "back-and-forth": lambda number, stamp: stamp - 300 * (number % 7 == 3),
    "repeated": lambda number, stamp: stamp // 400 * 400,
    "jumps": lambda number, stamp: stamp + 3_600_000 * (stamp > 3000) - 3_500_000 * (stamp > 6000),
    "restarts": lambda number, stamp: stamp if stamp < 4000 else stamp - 4000,
}
"""What becomes of a tag's stamp (ms), given how many came before it."""


@pytest.mark.parametrize("name", ODD)
async def test_stamps_that_make_no_sense_cost_no_picture_and_no_session(
    tmp_path: Path, long_clip: Path, name: str
) -> None:
    sent = as_flv(long_clip, tmp_path)
    sent = [each for each in sent if each[1] < 9000]
    async with sidecar(tmp_path, describe="", sinks=[{"file": f"{tmp_path}/o.mp4"}], on_drop="audio") as made:
        async with connect(made.ports.publish_url) as publisher:
            await publisher.publish()
            began_s = time.monotonic()
            for number, (kind, stamp, body) in enumerate(sent):
                await asyncio.sleep(max(0.0, began_s + stamp / 1000 - time.monotonic()))
                publisher.session.send_tag(kind, ODD[name](number, stamp), body)
                await publisher.flush()
            room = await wait_room(made, lambda room: room["units_out"] >= room["units_in"] > 100)
            assert room["publisher_connected"]
            assert room["source"]["connects"] == 1
            publisher.session.finish()
            await publisher.flush()
        await wait_room(made, lambda room: not room["publisher_connected"])
        await asyncio.sleep(2.0)
        await made.stop()
    parts = recordings(tmp_path, "o*.mp4")
    came = [each for part in parts for each in file_hashes(part, VIDEO)]
    pictures = [body for kind, _, body in sent if kind == 9 and body[1] == 1]
    assert came == file_hashes(long_clip, VIDEO)[: len(pictures)]
    for part in parts:
        for kind in (VIDEO, AUDIO):
            stamps = [packet.dts for packet in file_packets(part, kind)]
            assert all(later > earlier for earlier, later in pairwise(stamps))
    heard_s = sum(decoded_sound(part).shape[1] for part in parts) / 48_000
    assert heard_s > 8.0


async def test_sound_that_begins_late_is_heard_where_it_belongs(tmp_path: Path, long_clip: Path) -> None:
    late_s = 3.0
    room: dict[str, Any] = {"describe": "", "actions": {"enabled": False}, "foley": {"bed": {"enabled": False}}}
    async with sidecar(tmp_path, sinks=[{"file": f"{tmp_path}/o.mp4"}], on_drop="audio", **room) as made:
        command = [require("ffmpeg"), "-v", "error", "-re", "-i", long_clip, "-itsoffset", str(late_s), "-i", long_clip]
        command += ["-map", "0:v", "-map", "1:a", "-c", "copy", "-t", "9", "-f", "flv", made.ports.publish_url]
        publishing = await asyncio.create_subprocess_exec(*map(str, command))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(publishing.wait(), 60)
        last = await wait_room(made, lambda room: not room["publisher_connected"])
        assert last["source"]["connects"] == 1
        await asyncio.sleep(2.0)
        await made.stop()
    sound = np.abs(decoded_sound(tmp_path / "o.mp4")).max(axis=0)
    assert sound[: int((late_s - 0.1) * 48_000)].max() < 1e-3, "silence until it begins"
    first = min(packet.pts * packet.time_base for packet in file_packets(tmp_path / "o.mp4", VIDEO))
    assert abs(np.argmax(sound > 0.02) / 48_000 - float(first) - late_s) < 0.03
    assert np.abs(sound[int((late_s + 0.2) * 48_000) : (8 * 48_000)]).max() > 0.05
    pictures = file_hashes(tmp_path / "o.mp4", VIDEO)
    assert pictures == file_hashes(long_clip, VIDEO)[: len(pictures)]
    assert len(pictures) > 250


async def test_a_closed_terminal_ends_no_stream_and_a_quit_finishes_the_outputs(
    tmp_path: Path, long_clip: Path
) -> None:
    async with sidecar(tmp_path, sinks=[{"file": f"{tmp_path}/o.mp4"}], on_drop="audio") as made:
        publishing = asyncio.create_task(publish(made.ports.publish_url, long_clip, "-t", "6"))
        await wait_room(made, lambda room: room["units_out"] > 60)
        (process,) = (each for each in psutil.Process().children() if "room.yaml" in " ".join(each.cmdline()))
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            process.send_signal(number)
        assert (await publishing)[0] == 0
        room = await wait_room(made, lambda room: not room["publisher_connected"])
        assert room["dropped_units"] == 0
        await asyncio.sleep(2.0)
        process.send_signal(signal.SIGQUIT)
        await until(lambda: not made.alive)
        await made.stop()  # which raises when it ended badly
    pictures = file_hashes(tmp_path / "o.mp4", VIDEO)
    assert pictures == file_hashes(long_clip, VIDEO)[: len(pictures)]
    assert len(pictures) > 150
    assert not recordings(tmp_path, "*.partial")
