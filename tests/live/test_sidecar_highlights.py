"""The running sidecar notices its audience: bursts, events, webhooks, accents, and floods that disturb nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import connect

from livefoley.demo.sidecar import ROOM
from livefoley.outbound.webhooks import signature
from tests.support.hooks import hook
from tests.support.media_files import VIDEO, decoded_sound, file_hashes
from tests.support.peers import shared
from tests.support.sidecars import publish, sidecar, sounded, wait_room
from tests.support.waiting import LIMIT_S

pytestmark = pytest.mark.live

SECRET = "shared-secret-of-the-hook"
QUIET_S = 22.0  # the room's chat needs as long to know what is usual
FLOOD_S, ENOUGH = 5.0, 20_000


async def flood(url: str, batch: int, sent: Counter[int], per_s: int = 5000) -> None:
    """Write ``per_s`` messages a second by WebSocket, ``batch`` a frame, until enough were taken off our hands."""
    began_s = time.monotonic()
    async with connect(url, proxy=None, close_timeout=0.5) as socket:
        while time.monotonic() - began_s < FLOOD_S or sent.total() < ENOUGH:
            lines = [{"text": "冲冲冲 let's go", "user": f"viewer {sent[batch] + n}"} for n in range(batch)]
            try:
                async with asyncio.timeout(0.5):
                    await socket.send(json.dumps(lines if batch > 1 else lines[0]))
                    sent[batch] += batch
            except TimeoutError:  # the sidecar reads no faster
                continue
            await asyncio.sleep(max(0.0, began_s + sent[batch] / per_s - time.monotonic()))


async def chat_quietly(client: httpx.AsyncClient, seconds: float) -> None:
    """Write a line a second."""
    for number in range(round(seconds)):
        answer = await client.post(f"/v1/rooms/{ROOM}/chat", json={"text": "hello", "user": f"regular {number % 7}"})
        assert answer.status_code == 202
        await asyncio.sleep(1.0)


async def test_a_flood_of_chat_is_a_highlight_with_its_accent_and_disturbs_nothing(tmp_path: Path) -> None:
    clip = shared("footage/room.mp4")
    async with hook(delay_s=60.0) as hung, hook() as told:
        room: dict[str, Any] = {
            "stem": True,
            "actions": {"enabled": False},
            "foley": {"bed": {"enabled": False}},
            "highlights": {"accents": {"chat": "BELLMisc_Ding"}, "threshold": 0.5},
            "webhooks": [
                {"url": f"http://127.0.0.1:{told.port}/", "secret": SECRET},
                {"url": f"http://127.0.0.1:{hung.port}/", "types": ["highlight", "chat"], "timeout_s": 1},
            ],
        }
        async with sidecar(tmp_path, sinks=[{"file": f"{tmp_path}/o.mp4"}], on_drop="audio", **room) as made:
            base = f"127.0.0.1:{made.ports.http}"
            publishing = asyncio.create_task(publish(made.ports.publish_url, clip, "-t", "32"))
            await wait_room(made, lambda room: room["units_out"] > 30)
            feeds = f"ws://{base}/v1/rooms/{ROOM}"
            async with (
                httpx.AsyncClient(base_url=f"http://{base}", trust_env=False, timeout=LIMIT_S) as client,
                connect(f"{feeds}/events", proxy=None) as events,
                connect(f"{feeds}/events?type=chat", proxy=None, max_queue=1, close_timeout=0.1),  # never read
            ):
                await chat_quietly(client, QUIET_S)
                sent: Counter[int] = Counter()
                await asyncio.gather(*(flood(f"{feeds}/chat", batch, sent) for batch in (1, 2, 100)))
                async with asyncio.timeout(LIMIT_S):
                    while (event := json.loads(await events.recv()))["type"] != "highlight":
                        pass
            assert (await publishing)[0] == 0
            last = await wait_room(made, lambda room: not room["publisher_connected"] and sounded(room) == 1)
            await wait_room(made, lambda room: room["position_s"] > last["position_s"] + 1)
            await made.stop()
    moment = event["data"]
    assert (moment["kind"], moment["accent"], moment["state"]) == ("chat", "BELLMisc_Ding", "confirmed")
    body = told.bodies[0]
    stamp = next(line.split(": ")[1] for line in told.heads[0].splitlines() if "timestamp" in line.lower())
    assert json.loads(body) == event
    assert signature(SECRET.encode(), stamp, body) in told.heads[0]
    signals = last["signals"]
    assert signals["chat_messages"] + signals["chat_dropped"] >= ENOUGH
    assert signals["chat_bursts"] >= 1
    assert last["dropped_units"] == last["audio_gaps"] == last["decode_errors"] == last["timeline_rebases"] == 0
    assert file_hashes(tmp_path / "o.mp4", VIDEO)[:900] == file_hashes(clip, VIDEO)[:900]
    stem = np.abs(decoded_sound(tmp_path / "o.stem.m4a")).max(axis=0)
    assert stem.max() > 0.01
    assert SECRET not in (tmp_path / "sidecar.log").read_text()
