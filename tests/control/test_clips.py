"""The API of clips, asked over a real socket: what is taken, what is refused and in which words, who may ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest

from livefoley.clips.model import ClipRequest, ClipState, ClipStatus, Finding
from livefoley.control.api.clips import clips_router
from livefoley.control.app import make_app
from livefoley.control.guard import Access
from livefoley.control.metrics.clips import ClipCollector
from livefoley.control.server import HttpServer
from livefoley.core.errors import Full, InputError
from livefoley.core.snapshots import ClipMakingSnapshot, Latency, StateCount, WorkerSnapshot
from tests.control.studio import Studio
from tests.support.waiting import LIMIT_S

FOUND = Finding("frames", "a picture scores 0.93", at_s=3.0, score=0.93)
KEPT = ClipStatus("stage-1", "stage", ClipState.QUARANTINED, kind="goal", start_s=1.0, end_s=9.0, findings=(FOUND,))
READY = ClipStatus("lobby-2", "lobby", ClipState.READY, 1.0, location="out/clips/x")


class CuttingRoom:
    """Implements ``Clips``; what is asked of it can be read afterwards."""

    def __init__(self) -> None:
        self.clips = {KEPT.id: KEPT, READY.id: READY}
        self.requests: list[ClipRequest] = []
        self.all_known = True

    def create(self, request: ClipRequest) -> ClipStatus:
        if request.room == "full":
            raise Full("64 clips of room full lie ahead already; try again later", 17)
        if request.room != "stage":
            raise InputError(f"room {request.room} keeps nothing for clips; set clips.enabled: true in it")
        self.requests.append(request)
        return ClipStatus("stage-3", "stage", ClipState.QUEUED)

    def list(self) -> list[ClipStatus]:
        return list(self.clips.values())

    async def recall(self) -> bool:
        return self.all_known

    def get(self, clip_id: str) -> ClipStatus | None:
        return self.clips.get(clip_id)

    async def delete(self, clip_id: str) -> None:
        del self.clips[clip_id]

    async def release(self, clip_id: str) -> ClipStatus:
        if self.clips[clip_id].state is not ClipState.QUARANTINED:
            raise InputError("the clip is ready; only one in quarantine can be released")
        self.clips[clip_id] = replace(self.clips[clip_id], state=ClipState.QUEUED)
        return self.clips[clip_id]


@asynccontextmanager
async def served(clips: CuttingRoom, access: Access | None = None) -> AsyncIterator[httpx.AsyncClient]:
    making = ClipMakingSnapshot(
        WorkerSnapshot("clips", alive=True, restarts=1), 2, (StateCount("ready", 7),), Latency(2.0, 4.0, 5.0)
    )
    app = make_app(Studio(), access, [clips_router(clips)], [ClipCollector(lambda: making)])
    server = HttpServer(app, "127.0.0.1", 0)
    task = asyncio.create_task(server.run())
    try:
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=LIMIT_S
        ) as client:
            yield client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_clip_of_an_earlier_process_is_not_said_to_be_none_before_that_is_known() -> None:
    clips = CuttingRoom()
    clips.all_known = False
    async with served(clips) as client:
        assert (await client.get(f"/v1/clips/{READY.id}")).status_code == 200
        answer = await client.get("/v1/clips/of-before")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        clips.all_known = True
        assert (await client.get("/v1/clips/of-before")).status_code == 404


async def test_a_clip_is_asked_for_and_found_again() -> None:
    clips = CuttingRoom()
    async with served(clips) as client:
        body = {"room": "stage", "start": 1.5, "end": 9.0, "exact": True, "describe": "rain", "heat": "draft"}
        body["priority"] = "batch"
        answer = await client.post("/v1/clips", json=body)
        assert (answer.status_code, answer.headers["location"]) == (202, "/v1/clips/stage-3")
        assert (answer.json()["state"], answer.json()["start_s"]) == ("queued", None)
        (request,) = clips.requests
        assert (request.start_s, request.end_s, request.last_s, request.exact) == (1.5, 9.0, None, True)
        assert (request.describe, request.heat, request.priority) == ("rain", "draft", "batch")
        assert (await client.get("/v1/clips/stage-1")).json()["findings"][0]["reason"] == "a picture scores 0.93"
        assert (await client.get("/v1/clips/stage-9")).status_code == 404


async def test_who_asks_for_more_than_may_wait_is_told_when_to_ask_again() -> None:
    async with served(CuttingRoom()) as client:
        answer = await client.post("/v1/clips", json={"room": "full", "start": 400, "end": 410})
        assert (answer.status_code, answer.headers["retry-after"]) == (409, "17")
        assert "64 clips" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"room": "stage"}, "give either last_s, or start and end"),
        ({"room": "stage", "last_s": 3, "start": 1, "end": 2}, "give either last_s, or start and end"),
        ({"room": "stage", "start": 1}, "give either last_s, or start and end"),
        ({"room": "stage", "start": 2, "end": 2}, "end must come after start"),
        ({"room": "stage", "last_s": -1}, "last_s"),
        ({"room": "stage", "start": 1e300, "end": 1e308}, "start"),
        ({"room": "stage", "last_s": 3, "speed": 2}, "unknown key"),
        ({"room": "stage", "last_s": 3, "priority": "high"}, "priority"),
        ({"last_s": 3}, "room"),
    ],
)
async def test_what_cannot_be_meant_is_refused_in_words(body: dict[str, object], words: str) -> None:
    async with served(CuttingRoom()) as client:
        answer = await client.post("/v1/clips", json=body)
        assert answer.status_code == 422
        assert words in answer.json()["detail"]


async def test_a_room_that_keeps_nothing_says_what_to_set() -> None:
    async with served(CuttingRoom()) as client:
        answer = await client.post("/v1/clips", json={"room": "lobby", "last_s": 3})
        assert answer.status_code == 409
        assert "clips.enabled: true" in answer.json()["detail"]


async def test_clips_are_listed_newest_first_by_room_and_state() -> None:
    async with served(CuttingRoom()) as client:
        assert [each["id"] for each in (await client.get("/v1/clips")).json()] == ["lobby-2", "stage-1"]
        assert [c["id"] for c in (await client.get("/v1/clips", params={"room": "stage"})).json()] == ["stage-1"]
        assert [c["id"] for c in (await client.get("/v1/clips", params={"state": "ready"})).json()] == ["lobby-2"]
        assert (await client.get("/v1/clips", params={"state": "lost"})).status_code == 422


async def test_a_quarantined_clip_is_released_and_others_are_not() -> None:
    async with served(CuttingRoom()) as client:
        assert (await client.post("/v1/clips/stage-1/release")).json()["state"] == "queued"
        assert (await client.post("/v1/clips/lobby-2/release")).status_code == 409
        assert (await client.delete("/v1/clips/lobby-2")).status_code == 204
        assert (await client.delete("/v1/clips/lobby-2")).status_code == 404


async def test_without_the_token_nobody_cuts_or_sees_anything() -> None:
    clips = CuttingRoom()
    async with served(clips, Access(token="secret")) as client:
        asked = [client.get("/v1/clips"), client.post("/v1/clips", json={"room": "stage", "last_s": 3})]
        asked += [client.delete("/v1/clips/stage-1"), client.post("/v1/clips/stage-1/release")]
        assert {answer.status_code for answer in await asyncio.gather(*asked)} == {401}
        assert clips.requests == []
        client.headers["Authorization"] = "Bearer secret"
        assert (await client.post("/v1/clips", json={"room": "stage", "last_s": 3})).status_code == 202


async def test_the_making_of_clips_is_measured() -> None:
    async with served(CuttingRoom()) as client:
        text = (await client.get("/metrics")).text
        assert 'livefoley_clips_over_total{outcome="ready"} 7.0' in text
        assert "livefoley_clips_waiting 2.0" in text
        assert 'livefoley_clips_latency_seconds{quantile="0.95"} 4.0' in text
        assert 'livefoley_room_clips_kept_seconds{room="stage"} 0.0' in text
