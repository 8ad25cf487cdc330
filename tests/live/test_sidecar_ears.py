"""The running sidecar hears its host: keywords become events and accents, and a recogniser that dies costs neither."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from websockets.asyncio.client import connect

from livefoley.core.ticks import TICK_RATE
from livefoley.demo.sidecar import ROOM, Sidecar
from tests.support.media_files import VIDEO, decoded_sound, file_hashes
from tests.support.peers import shared
from tests.support.sidecars import publish, sidecar, wait_room, worker_pid

pytestmark = pytest.mark.live

KINDS = ("countdown", "sale", "launch", "discount")
SAID_S = {
    "最后{n}分钟": 10.288,
    "买爆": 18.185,
    "last {n} minutes": 20.893,
    "上链接": 25.084,
    "sold out": 30.582,
    "everything half price": 34.295,
}
RING_S = 2.0  # how long one accent may cover the beginning of the next
KILL_S = 14.0  # in the middle of a sentence without a keyword, where the recogniser is not behind
SENTENCE_S = 6.0  # what was begun so long before is lost with the recogniser
BEGINNING_S = 2.0  # of a sentence before its keyword: one that began while nobody listened is lost as a whole
SETTLED_S, GIVEN_UP_S = 5.0, 30.0
"""Without an event: all is told when every keyword has been, and when not, nothing more will come."""


def onsets_s(stem: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return when sound begins after at least a third of a second of silence."""
    loud = np.flatnonzero(np.abs(stem).max(axis=0) > 0.01)
    return loud[np.diff(loud, prepend=-TICK_RATE) > TICK_RATE / 3] / TICK_RATE


async def settled(made: Sidecar, events: list[dict[str, Any]]) -> None:
    """Wait until nothing has been told or read for a while, for a longer one while a keyword is missing: a busy
    recogniser is behind."""
    before, quiet_s = (-1, -1), 0.0
    while quiet_s < (SETTLED_S if SAID_S.keys() <= keywords(events).keys() else GIVEN_UP_S):
        await asyncio.sleep(0.5)
        now = len(events), (await made.room())["ears"]["passes"]
        quiet_s, before = quiet_s + 0.5 if now == before else 0.0, now


def keywords(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what was told of each keyword last."""
    return {e["data"]["keyword"].removesuffix("了"): e["data"] for e in events if e["type"] == "keyword"}


def left_out(killed: dict[str, Any], back: dict[str, Any], last: dict[str, Any]) -> int:
    """Return how much the recogniser says it left out for want of time, beside what was said while it was away."""
    dropped = killed["ears"]["dropped"] + last["ears"]["dropped"] - back["ears"]["dropped"]
    return int(killed["ears"]["shed"] + last["ears"]["shed"] + dropped)


def late(room: dict[str, Any]) -> int:
    """Return how many accents were not laid on their moment."""
    others = ("shifted", "dropped", "missed")
    return sum(each["count"] for each in room["cues"] if each["kind"] == "accent" and each["outcome"] in others)


async def test_keywords_become_events_and_accents_though_the_recogniser_is_killed_in_mid_sentence(
    tmp_path: Path,
) -> None:
    clip = shared("footage/room.mp4")
    room: dict[str, Any] = {
        "lookahead_s": 4,
        "stem": True,
        "listen": {"enabled": True, "keywords": ["shop"]},
        "actions": {"enabled": False},
        "foley": {"bed": {"enabled": False}},
        "highlights": {"accents": dict.fromkeys(KINDS, "BELLMisc_Ding"), "join_s": 1},
    }
    events: list[dict[str, Any]] = []

    async def listen(url: str) -> None:
        async with connect(url, proxy=None) as socket:
            async for message in socket:
                events.append(json.loads(message))  # noqa: PERF401 - read while it grows

    async with sidecar(tmp_path, sinks=[{"file": f"{tmp_path}/o.mp4"}], on_drop="audio", **room) as made:
        await wait_room(made, lambda room: room["ears"]["state"] == "listening")
        reader = asyncio.create_task(listen(f"ws://127.0.0.1:{made.ports.http}/v1/rooms/{ROOM}/events"))
        publishing = asyncio.create_task(publish(made.ports.publish_url, clip))
        killed = await wait_room(made, lambda room: room["position_s"] >= KILL_S - room["lookahead_s"])
        os.kill(worker_pid("ears_worker"), signal.SIGKILL)
        await wait_room(made, lambda room: room["ears"]["state"] == "starting")
        back = await wait_room(made, lambda room: room["ears"]["state"] == "listening")
        assert (await publishing)[0] == 0
        await wait_room(made, lambda room: not room["publisher_connected"])
        await settled(made, events)
        last = await made.room()
        reader.cancel()
        await made.stop()

    standing = {name: data for name, data in keywords(events).items() if data["state"] == "confirmed"}
    gone_s, back_s = (each["position_s"] + room["lookahead_s"] for each in (killed, back))
    away_s = gone_s - SENTENCE_S, back_s + BEGINNING_S
    within = {name for name, at_s in SAID_S.items() if not away_s[0] <= at_s <= away_s[1]}
    missed = within - standing.keys()
    assert len(missed) <= left_out(killed, back, last), (away_s, standing)
    for name in standing.keys() & SAID_S.keys():
        assert standing[name]["start_s"] == pytest.approx(SAID_S[name], abs=0.5)
    assert file_hashes(tmp_path / "o.mp4", VIDEO)[:1100] == file_hashes(clip, VIDEO)[:1100]
    assert last["dropped_units"] == last["audio_gaps"] == last["decode_errors"] == 0
    ears = next(worker for worker in last["workers"] if worker["name"] == "ears")
    assert ears["restarts"] == 1 + ears["hangs"]

    highlights = {e["data"]["id"]: e["data"] for e in events if e["type"] == "highlight"}
    accents = [data["reasons"][0]["end_s"] for data in highlights.values() if data["accent"]]
    rung = onsets_s(decoded_sound(tmp_path / "o.stem.m4a"))
    alone = [end for end in accents if all(not 0 < end - other < RING_S for other in accents)]
    assert len(alone) >= 3 - len(missed)
    assert sum(np.abs(rung - end).min() > 0.1 for end in alone) <= late(last)
