"""A running sidecar with a student: its sound takes over, and whatever becomes of the model, the stream goes on."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from livefoley.core.media import MediaKind
from livefoley.demo.sidecar import free_ports, running, write_config
from tests.live.rtmp_peers import file_hashes
from tests.live.test_sidecar_stream import publish, wait_room, worker_pid
from tests.student.tiny import write_model


def configured(place: Path, model: Path, **room: Any) -> tuple[Path, Any]:
    """Write a configuration whose student is ``model``."""
    ports = free_ports()
    path = place / "room.yaml"
    write_config(path, ports, {"sinks": [{"file": f"{place}/o.mp4"}], **room})
    document = yaml.safe_load(path.read_text("utf-8"))
    document["student"] = {"model": str(model), "threads": 1}
    document["rooms"]["demo"]["foley"] = {**document["rooms"]["demo"].get("foley", {}), "student": "always"}
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path, ports


def from_student(room: dict[str, Any], kind: str) -> int:
    """Return how many sounds of a kind the student made."""
    return sum(each["count"] for each in room["sounds"] if (each["kind"], each["source"]) == (kind, "student"))


async def told_sources(client: httpx.AsyncClient) -> list[tuple[str, str]]:
    """Return the sources that the room's events tell of."""
    events = (await client.get("/v1/rooms/demo/events", params={"type": "source"})).json()
    return [(each["data"]["kind"], each["data"]["source"]) for each in events]


async def test_the_bed_and_what_no_template_covers_come_from_the_student(tmp_path: Path, h264_clip: Path) -> None:
    path, ports = configured(tmp_path, write_model(tmp_path), describe="a velociraptor breathing in rain")
    async with running(path, ports, tmp_path / "sidecar.log") as sidecar:
        await sidecar.wait_ready()
        await wait_room(sidecar, lambda room: room["student"]["state"] == "working", 60.0)
        assert (await publish(ports.publish_url, h264_clip))[0] == 0  # the output is kept up after it
        await wait_room(sidecar, lambda room: room["bed_source"] == "student", 60.0)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports.http}", trust_env=False) as client:
            answer = await client.post("/v1/rooms/demo/cues", json={"prompt": "a velociraptor purring", "delay_s": 3})
            assert answer.is_success, answer.text
            await wait_room(sidecar, lambda room: from_student(room, "accent") > 0, 60.0)
            metrics = (await client.get("/metrics")).text
            async with asyncio.timeout(30):
                while ("bed", "student") not in await told_sources(client):  # noqa: ASYNC110 - asked over HTTP
                    await asyncio.sleep(0.2)
        assert 'livefoley_room_bed_source{room="demo",source="student"} 1.0' in metrics
        assert 'livefoley_room_sounds_total{kind="accent",room="demo",source="student"}' in metrics
        await sidecar.stop()


@pytest.mark.parametrize("misfortune", ["wrong hash", "killed"])
async def test_the_stream_goes_on_whatever_becomes_of_the_model(
    tmp_path: Path, h264_clip: Path, misfortune: str
) -> None:
    model = write_model(tmp_path)
    if misfortune == "wrong hash":
        model.with_suffix(".onnx").write_bytes(b"other weights")
    path, ports = configured(tmp_path, model, describe="heavy rain")
    async with running(path, ports, tmp_path / "sidecar.log") as sidecar:
        await sidecar.wait_ready()
        publishing = asyncio.create_task(publish(ports.publish_url, h264_clip))
        if misfortune == "killed":
            await wait_room(sidecar, lambda room: any(worker["name"] == "student" for worker in room["workers"]))
            os.kill(worker_pid("student"), signal.SIGKILL)
        assert (await publishing)[0] == 0
        room = await wait_room(sidecar, lambda room: room["units_out"] > 200 and room["bed_source"], 60.0)
        assert room["bed_underruns"] <= 1
        await sidecar.stop()
    sent = file_hashes(h264_clip, MediaKind.VIDEO)
    assert file_hashes(tmp_path / "o.mp4", MediaKind.VIDEO)[: len(sent)] == sent
    if misfortune == "wrong hash":
        told = [line for line in (tmp_path / "sidecar.log").read_text("utf-8").splitlines() if "no student" in line]
        assert len(told) == 1
        assert "SHA-256" in told[0]
