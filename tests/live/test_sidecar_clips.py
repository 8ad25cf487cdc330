"""Clips of a running sidecar: asked for over HTTP and made by themselves, while the stream goes on untouched."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path

import av
import httpx
import psutil
import pytest
from websockets.asyncio.client import connect

from livefoley.clips import pipeline
from livefoley.clips.jobs.job import JobDirectory
from livefoley.clips.model import ClipFiles, ClipMetadata
from livefoley.demo.sidecar import ROOM, running
from tests.clips import flashes
from tests.clips.jobs import tools
from tests.live.clip_steps import OVER, files, in_sync, keeping_clips, over, published
from tests.support.media_files import VIDEO, file_hashes
from tests.support.programs import run_peer
from tests.support.sidecars import client, publish, wait_room, worker_pid
from tests.support.waiting import LIMIT_S, until

pytestmark = pytest.mark.live

LEAD_S, TAIL_S = 2.0, 1.0  # what a clip has before and behind its moment; moments themselves do not overlap


@pytest.fixture(scope="module")
def stream() -> Path:
    return flashes.lasting()


async def test_a_clip_is_published_while_the_room_is_live_and_the_stream_is_untouched(
    tmp_path: Path, stream: Path
) -> None:
    async with keeping_clips(tmp_path, {"title": "${host}: ${kind}", "values": {"host": "Mei"}}) as made:
        async with published(made.ports.publish_url, stream):
            await wait_room(made, lambda room: room["units_out"] > 30)
            async with client(made, "/v1") as http:
                assert (await http.post("/clips", json={"room": "nowhere", "last_s": 2})).status_code == 409
                assert (await http.post("/clips", json={"room": ROOM, "start": 3, "end": 2})).status_code == 422
                asked = await http.post("/clips", json={"room": ROOM, "start": 3.5, "end": 9.2})
                assert asked.status_code == 202
                clip = asked.json()["id"]
                assert asked.headers["location"] == f"/v1/clips/{clip}"
                again = (await http.post("/clips", json={"room": ROOM, "start": 3.5, "end": 9.2})).json()["id"]
                status, twin = await over(http, clip), await over(http, again)
                assert (twin["content_id"], twin["location"]) == (status["content_id"], status["location"])
                found, told = files(status)
                assert told.title == "Mei: manual"
                assert told.duration_s == pytest.approx(5.7, abs=0.15)
                in_sync(found)
                os.kill(worker_pid("clips.worker"), signal.SIGKILL)
                latest = (await http.post("/clips", json={"room": ROOM, "last_s": 4, "exact": False})).json()["id"]
                in_sync(files(await over(http, latest))[0])
                assert [each["id"] for each in (await http.get("/clips")).json()] == [latest, again, clip]
                await from_a_terminal(f"http://127.0.0.1:{made.ports.http}/{ROOM}", 3)
                assert (await http.delete(f"/clips/{latest}")).status_code == 204
                assert (await http.get(f"/clips/{latest}")).status_code == 404
                assert (await http.post(f"/clips/{clip}/release")).status_code == 409
        room = await wait_room(made, lambda room: not room["publisher_connected"])
        assert room["dropped_units"] == room["audio_gaps"] == room["decode_errors"] == 0
        await made.stop()
    sent = file_hashes(stream, VIDEO)[: 10 * flashes.FPS]
    assert file_hashes(tmp_path / "o.mp4", VIDEO)[: len(sent)] == sent


async def test_a_clip_over_a_publishers_restart_has_both_sides(tmp_path: Path, stream: Path) -> None:
    async with keeping_clips(tmp_path, on_drop="freeze") as made:
        assert (await publish(made.ports.publish_url, stream, "-t", "5"))[0] == 0
        await wait_room(made, lambda room: not room["publisher_connected"])
        await asyncio.sleep(2.0)
        async with published(made.ports.publish_url, stream):
            back = await wait_room(made, lambda room: room["epoch"] > 0 and room["publisher_connected"])
            now = await wait_room(made, lambda room: room["position_s"] > back["position_s"] + 5)
            async with client(made, "/v1") as http:
                asked = await http.post("/clips", json={"room": ROOM, "start": 1, "end": now["position_s"]})
                found, told = files(await over(http, asked.json()["id"]))
        await made.stop()
    in_sync(found)
    assert len(told.epochs) == 2
    assert [gap.what for gap in told.gaps] == ["publisher away"]
    assert told.gaps[0].start_s == pytest.approx(4, abs=0.3)
    assert told.gaps[0].end_s - told.gaps[0].start_s > 1.0


async def test_highlights_become_clips_by_themselves_and_say_so(tmp_path: Path, stream: Path) -> None:
    """The audience writes from the very start, and to the very end: both are cut, as far as the stream goes."""
    highlights = {"threshold": 0.3, "join_s": 1, "chat": {"lag_s": 0}}
    async with keeping_clips(
        tmp_path, {"lead_s": LEAD_S, "tail_s": TAIL_S}, highlights=highlights, on_drop="audio"
    ) as made:
        feed = f"ws://127.0.0.1:{made.ports.http}/v1/rooms/{ROOM}"
        async with client(made, "/v1") as http, connect(f"{feed}/events?type=clip.ready", proxy=None) as events:
            async with published(made.ports.publish_url, stream):
                await wait_room(made, lambda room: room["units_out"] > 10)
                await crowd(http, 22.0)
            async with asyncio.timeout(LIMIT_S):
                await events.recv()
                await until(lambda: all_over(http))
            clips = (await http.get("/clips", params={"room": ROOM, "state": "ready"})).json()
        await made.stop()
    spans = sorted((clip["start_s"], clip["end_s"]) for clip in clips)
    assert {clip["kind"] for clip in clips} == {"chat"}
    assert all(before[1] <= after[0] + LEAD_S + TAIL_S + 0.1 for before, after in itertools.pairwise(spans))
    assert (
        sum(in_sync(files(clip)[0], 0) for clip in clips) >= 4
    )  # one at the end may have no more than its last moment


async def test_a_full_disk_costs_the_clip_and_nothing_else(tmp_path: Path, stream: Path) -> None:
    """The kernel refuses the worker every file of more than 200 kB, and then does so no more."""
    async with keeping_clips(tmp_path) as made:
        async with published(made.ports.publish_url, stream):
            await wait_room(made, lambda room: room["position_s"] > 6)
            async with client(made, "/v1") as http:
                worker = psutil.Process(worker_pid("clips.worker"))
                worker.rlimit(psutil.RLIMIT_FSIZE, (200_000, psutil.RLIM_INFINITY))
                clip = (await http.post("/clips", json={"room": ROOM, "last_s": 4})).json()["id"]
                status = await over(http, clip)
                assert status["state"] == "failed"
                assert "cannot be written" in status["error"]
                assert not list((tmp_path / "clips" / "published").rglob("*.mp4"))
                await until(lambda: not any(".s16" in name for name in names_below(tmp_path / "clips" / ".jobs")))
                worker.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
                again = (await http.post("/clips", json={"room": ROOM, "last_s": 4})).json()["id"]
                in_sync(files(await over(http, again))[0])
        room = await wait_room(made, lambda room: not room["publisher_connected"])
        assert room["dropped_units"] == room["audio_gaps"] == room["decode_errors"] == 0
        await made.stop()


async def test_a_clip_that_was_being_made_when_the_process_was_killed_is_made_after_its_next_start(
    tmp_path: Path, stream: Path
) -> None:
    async with keeping_clips(tmp_path, on_drop="audio") as made, published(made.ports.publish_url, stream):
        await wait_room(made, lambda room: room["position_s"] > 10)
        async with client(made, "/v1") as http:
            worker = worker_pid("clips.worker")
            os.kill(worker, signal.SIGSTOP)
            clip = (await http.post("/clips", json={"room": ROOM, "last_s": 8})).json()["id"]
            job = tmp_path / "clips" / ".jobs" / clip / "record.json"
            await until(lambda: job.exists())
        with contextlib.suppress(ProcessLookupError):  # where it was taken for hung meanwhile
            os.kill(worker, signal.SIGKILL)
        made.kill()
    async with running(tmp_path / "room.yaml", made.ports, tmp_path / "again.log") as again:
        await again.wait_ready()
        async with client(again, "/v1") as http:
            found, told = files(await over(http, clip))
        in_sync(found)
        assert told.duration_s == pytest.approx(8, abs=0.2)
        await again.stop()


async def test_a_clip_whose_end_never_comes_goes_as_far_as_the_stream(tmp_path: Path) -> None:
    """A file as source: its end is the stream's, and the process's. The job is on disk whatever was made of it yet."""
    short = flashes.make(tmp_path / "short.mp4", 10)
    source = {"file": f"{short}"}
    async with keeping_clips(tmp_path, source=source) as made:
        await wait_room(made, lambda room: room["position_s"] > 1)
        async with client(made, "/v1") as http:
            asked = await http.post("/clips", json={"room": ROOM, "start": 5, "end": 50})
            assert asked.status_code == 202
            never = await http.post("/clips", json={"room": ROOM, "start": 900, "end": 910})
            assert never.status_code == 409
        await until(lambda: not made.alive)
    job = JobDirectory(tmp_path / "clips" / ".jobs" / asked.json()["id"])
    record = await asyncio.to_thread(pipeline.run, job, tools(tmp_path / "clips" / "published"))
    found = ClipFiles(Path(record.location))
    in_sync(found)
    with av.open(str(tmp_path / "o.mp4")) as whole:  # a source that stalls on a busy machine ends later
        assert whole.duration is not None
        stream_s = whole.duration / av.time_base
    assert stream_s >= 10 - 0.2
    assert ClipMetadata.from_json(found.metadata.read_text()).duration_s == pytest.approx(stream_s - 5, abs=0.2)


def names_below(folder: Path) -> list[str]:
    """Return the names of all files below ``folder``, from which others may be deleting."""
    return [name for _, _, names in os.walk(folder) for name in names]


async def from_a_terminal(url: str, before: int) -> None:
    """Cut and list clips as a person would."""
    command = (sys.executable, "-m", "livefoley")
    status, said = await run_peer(*command, "clip", url, "--last", "3", "--json")
    assert status == 0
    found, _ = files(json.loads(said.strip().splitlines()[-1]))
    status, said = await run_peer(*command, "clips", url, "--json")
    assert json.loads(said)[0]["location"] == str(found.directory)
    assert len(json.loads(said)) == before + 1
    status, said = await run_peer(*command, "clip", url, "--start", "3")
    assert (status, "error: give either --last SECONDS" in said) == (1, True)


async def crowd(http: httpx.AsyncClient, seconds: float) -> None:
    """Write a line a second, and a burst at three seconds before the end."""
    began_s, number = time.monotonic(), 0
    while (at := time.monotonic() - began_s) < seconds:
        for _ in range(60 if at > seconds - 6 else 1):
            number += 1
            lines = [{"text": "冲冲冲 let's go", "user": f"viewer {number}"}]
            await http.post(f"/rooms/{ROOM}/chat", json=lines)
        await asyncio.sleep(0.5)


async def all_over(http: httpx.AsyncClient) -> bool:
    return all(clip["state"] in OVER for clip in (await http.get("/clips")).json())
