"""A running sidecar with a student: its sound takes over, and whatever becomes of the model, the stream goes on."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from livefoley.core.media import MediaKind
from livefoley.demo.sidecar import Sidecar
from tests.clips import flashes
from tests.live.clip_steps import files, over, published
from tests.student.tiny import write_model
from tests.support.media_files import file_hashes
from tests.support.sidecars import client, publish, sidecar, wait_room, worker_pid
from tests.support.waiting import until

pytestmark = pytest.mark.live


def having(place: Path, model: Path, **room: Any) -> AbstractAsyncContextManager[Sidecar]:
    """A sidecar whose student is ``model``, ready."""
    around = {"student": {"model": str(model), "threads": 1}, "clips": {"directory": f"{place}/clips"}}
    room = {"sinks": [{"file": f"{place}/o.mp4"}], "foley": {"student": "always"}, **room}
    return sidecar(place, around, **room)


def from_student(room: dict[str, Any], kind: str) -> int:
    """Return how many sounds of a kind the student made."""
    return sum(each["count"] for each in room["sounds"] if (each["kind"], each["source"]) == (kind, "student"))


def pieces(room: dict[str, Any]) -> int:
    """Return how many pieces of ambience there were, whoever made them."""
    return sum(each["count"] for each in room["sounds"] if each["kind"] == "bed")


async def bed_is_told(http: httpx.AsyncClient) -> bool:
    """Say whether the room's events tell that the bed comes from the student."""
    events = (await http.get("/v1/rooms/demo/events", params={"type": "source"})).json()
    return ("bed", "student") in [(each["data"]["kind"], each["data"]["source"]) for each in events]


async def test_the_bed_and_what_no_template_covers_come_from_the_student_live_and_in_a_clip(tmp_path: Path) -> None:
    room = {"describe": "a velociraptor breathing in rain", "clips": {"enabled": True}}
    async with having(tmp_path, write_model(tmp_path), **room) as made:
        await wait_room(made, lambda room: room["student"]["state"] == "working")
        async with published(made.ports.publish_url, flashes.lasting()):  # what is not sent is in no clip
            before = await wait_room(made, lambda room: room["bed_source"] == "student")
            async with client(made) as http:
                answer = await http.post("/v1/rooms/demo/cues", json={"prompt": "a velociraptor purring", "delay_s": 3})
                assert answer.is_success, answer.text
                await wait_room(made, lambda room: from_student(room, "accent") > 0)
                metrics = (await http.get("/metrics")).text
                await until(lambda: bed_is_told(http))
            await wait_room(made, lambda room: room["position_s"] > before["position_s"] + 4)
            async with client(made, "/v1") as http:
                asked = await http.post("/clips", json={"room": "demo", "last_s": 20})
                _, told = files(await over(http, asked.json()["id"]))
        assert [(sound.kind, sound.prompt, sound.source) for sound in told.sounds if sound.kind == "accent"] == [
            ("accent", "a velociraptor purring", "student")
        ]
        assert told.bed_source == "student"
        assert 'livefoley_room_bed_source{room="demo",source="student"} 1.0' in metrics
        assert 'livefoley_room_sounds_total{kind="accent",room="demo",source="student"}' in metrics
        await made.stop()


@pytest.mark.parametrize("misfortune", ["wrong hash", "killed"])
async def test_the_stream_goes_on_whatever_becomes_of_the_model(
    tmp_path: Path, h264_clip: Path, misfortune: str
) -> None:
    model = write_model(tmp_path)
    if misfortune == "wrong hash":
        model.with_suffix(".onnx").write_bytes(b"other weights")
    async with having(tmp_path, model, describe="heavy rain") as made:
        publishing = asyncio.create_task(publish(made.ports.publish_url, h264_clip))
        if misfortune == "killed":
            await wait_room(made, lambda room: any(worker["name"] == "student" for worker in room["workers"]))
            os.kill(worker_pid("student_worker"), signal.SIGKILL)
        assert (await publishing)[0] == 0
        room = await wait_room(made, lambda room: room["units_out"] > 200 and room["bed_source"])
        # a busy machine makes the ambience late, and says so
        assert room["bed_underruns"] <= 1 or room["bed_late_samples"] or room["bed_restarts"]
        beds = pieces(room)
        await wait_room(made, lambda room: pieces(room) >= beds + 4)
        await made.stop()
    sent = file_hashes(h264_clip, MediaKind.VIDEO)
    assert file_hashes(tmp_path / "o.mp4", MediaKind.VIDEO)[: len(sent)] == sent
    if misfortune == "wrong hash":
        told = [line for line in (tmp_path / "sidecar.log").read_text("utf-8").splitlines() if "no student" in line]
        assert len(told) == 1
        assert "SHA-256" in told[0]
