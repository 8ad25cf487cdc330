"""The running sidecar finds its place in the picture, and takes thumbs for what it laid under movements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from livefoley.demo.sidecar import ROOM, Sidecar
from tests.live.clip_steps import files, keeping_clips, over, published
from tests.support.peers import shared
from tests.support.sidecars import client, sidecar, wait_room
from tests.support.waiting import until

pytestmark = pytest.mark.live

LONG_S = 120.0  # what is seen comes when nobody else wants the processor


async def events(made: Sidecar, kind: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{made.ports.http}", trust_env=False) as client:
        answer = await client.get(f"/v1/rooms/{ROOM}/events", params={"type": kind})
        found: list[dict[str, Any]] = answer.json()
        return found


async def test_a_room_without_a_description_sounds_like_the_street_it_shows(tmp_path: Path) -> None:
    clip = shared("footage/cars_from_above.mp4")
    async with sidecar(tmp_path, describe="", sinks=[{"file": f"{tmp_path}/o.mp4"}], on_drop="audio") as made:
        async with published(made.ports.publish_url, clip):
            seen = await wait_room(made, lambda room: room["context"]["place"] == "street", LONG_S)
            assert seen["context"]["source"] == "picture"
        (told, *_) = await events(made, "place")
        await made.stop()
    assert told["data"] == {"place": "street", "source": "picture", "seen": "street"}


async def test_a_thumb_is_given_by_the_event_of_an_action_and_shown(tmp_path: Path) -> None:
    clip = shared("footage/bottles_by_hand.mp4")
    room: dict[str, Any] = {"describe": "plastic bottles", "sinks": [{"file": f"{tmp_path}/o.mp4"}], "on_drop": "audio"}
    laid: list[dict[str, Any]] = []

    async def has_sounded() -> bool:
        laid[:] = [each for each in await events(made, "action") if each["data"]["sound"]]
        return bool(laid)

    async with sidecar(tmp_path, **room) as made:
        async with published(made.ports.publish_url, clip):
            await until(has_sounded, LONG_S)
            url = f"http://127.0.0.1:{made.ports.http}/v1/rooms/{ROOM}/thumbs"
            async with httpx.AsyncClient(trust_env=False) as client:
                given = await client.post(url, json={"event": laid[0]["id"], "thumb": "down"})
                wrong = await client.post(url, json={"event": 1, "thumb": "down"})
            last = await made.room()
        await made.stop()
    family = laid[0]["data"]["family"]
    assert (given.status_code, given.json()) == (202, {"family": family})
    assert wrong.status_code == 409
    assert last["context"]["given"] == 1
    assert [each["family"] for each in last["context"]["thumbs"]] == [family or "unknown"]


async def test_a_clip_sounds_as_its_room_did(tmp_path: Path) -> None:
    """The same effects at the same moments for the same reasons, though thumbs have changed what the room believes."""
    clip = shared("footage/bottles_by_hand.mp4")
    around: dict[str, Any] = {"describe": "plastic bottles, a table", "on_drop": "audio"}

    async def laid() -> list[dict[str, Any]]:
        return [each for each in await events(made, "action") if each["data"]["sound"]]

    async with keeping_clips(tmp_path, **around) as made, client(made, "/v1") as http:
        async with published(made.ports.publish_url, clip):
            await until(laid, LONG_S)
            for _ in range(4):
                told = await laid()
                await http.post(f"/rooms/{ROOM}/thumbs", json={"event": told[-1]["id"], "thumb": "down"})
            judged_s = (await made.room())["position_s"]
            now = await wait_room(made, lambda room: room["position_s"] > judged_s + 14, LONG_S)
            span = {"start": max(0.5, judged_s - 8), "end": now["position_s"] - 1}
            asked = await http.post("/clips", json={"room": ROOM, **span})
            _, told_of_clip = files(await over(http, asked.json()["id"]))
            chosen = await laid()
        await made.stop()
    begin, end = told_of_clip.stream_start_s, told_of_clip.stream_end_s
    heard = sorted((each["data"]["start_s"], each["data"]["sound"], each["data"]["reason"]) for each in chosen)
    live = [each for each in heard if begin <= each[0] < end]
    again = sorted(
        (begin + each.at_s, each.prompt, each.reason) for each in told_of_clip.sounds if each.kind == "action"
    )
    assert len(live) >= 2
    assert [each[1:] for each in again] == [each[1:] for each in live]
    assert [each[0] for each in again] == pytest.approx([each[0] for each in live], abs=0.002)
