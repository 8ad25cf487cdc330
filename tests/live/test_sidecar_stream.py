"""The running sidecar, as an operator starts it, between real publishers and real receivers."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest

from livefoley.core.media import MediaKind
from livefoley.demo.sidecar import KEY, ROOM
from tests.live.rtmp_peers import nginx_rtmp, publish_gstreamer
from tests.support.media_files import decoded_sound, file_hashes, file_packets, make_clip, recordings
from tests.support.obs import obs
from tests.support.peers import require, shared
from tests.support.ports import free_port
from tests.support.sidecars import publish, sidecar, sounded, wait_room, worker_pid
from tests.support.waiting import LIMIT_S, until

pytestmark = pytest.mark.live

VIDEO, AUDIO = MediaKind.VIDEO, MediaKind.AUDIO


async def test_every_picture_reaches_every_output_untouched_with_foley_under_the_sound(
    tmp_path: Path, h264_clip: Path
) -> None:
    async with nginx_rtmp(tmp_path / "nginx") as (port, records):
        sinks = [
            {"rtmp": f"rtmp://127.0.0.1:{port}/live/out"},
            {"hls": f"{tmp_path}/hls"},
            {"file": f"{tmp_path}/o.mp4"},
        ]
        async with sidecar(tmp_path, describe="heavy rain", stem=True, sinks=sinks) as running_sidecar:
            assert (await publish(running_sidecar.ports.publish_url, h264_clip))[0] == 0
            await wait_room(running_sidecar, lambda room: room["hold_frames"] == 0 and room["units_out"] > 200)
            await running_sidecar.stop()
        sent = file_hashes(h264_clip, VIDEO)
        recorded = file_hashes(recordings(records, "*.flv")[0], VIDEO)
        assert file_hashes(tmp_path / "o.mp4", VIDEO)[: len(sent)] == sent
        assert recorded[: len(sent)] == sent
        assert file_hashes(tmp_path / "hls" / "index.m3u8", VIDEO)[: len(sent)] == sent
    stem = decoded_sound(tmp_path / "o.stem.m4a")
    heard = decoded_sound(tmp_path / "o.mp4")
    assert np.sqrt(np.mean(stem[:, 48_000:96_000] ** 2)) > 10 ** (-55 / 20)
    assert heard.shape[1] >= 3 * 48_000 - 2048
    assert not recordings(tmp_path, "*.partial")


async def test_obs_and_gstreamer_come_through_whole(tmp_path: Path) -> None:
    recording = tmp_path / "o.mp4"
    async with sidecar(tmp_path, sinks=[{"file": str(recording)}], on_drop="audio") as running_sidecar:
        server = f"rtmp://127.0.0.1:{running_sidecar.ports.rtmp}/live"
        async with obs(free_port(), tmp_path / "obs.log", f"{server}/{KEY}"):
            await wait_room(running_sidecar, lambda room: room["units_in"] > 600)
        told = await wait_room(running_sidecar, lambda room: not room["publisher_connected"])
        assert told["dropped_units"] == told["decode_errors"] == told["timeline_rebases"] == 0
        record = tmp_path / "gst.flv"
        await publish_gstreamer(f"{server}/{KEY}", record, frames=60)
        await wait_room(running_sidecar, lambda room: not room["publisher_connected"])
        await running_sidecar.stop()
    parts = recordings(tmp_path, "o*.mp4")
    assert len(parts) == 2  # another encoder, another file
    assert len(file_hashes(parts[0], VIDEO)) >= 150
    assert file_hashes(parts[1], VIDEO) == file_hashes(record, VIDEO)


async def test_killed_and_hung_workers_cost_foley_and_not_one_packet(tmp_path: Path) -> None:
    clip = shared("footage/room.mp4")
    async with sidecar(tmp_path, describe="heavy rain", sinks=[{"file": f"{tmp_path}/o.mp4"}]) as running_sidecar:
        publishing = asyncio.create_task(publish(running_sidecar.ports.publish_url, clip, "-t", "16"))
        await wait_room(running_sidecar, lambda room: room["units_out"] > 60)
        for number, name in ((signal.SIGKILL, "foley"), (signal.SIGKILL, "perception"), (signal.SIGSTOP, "foley")):
            before = {w["name"]: w["restarts"] for w in (await running_sidecar.room())["workers"]}
            os.kill(worker_pid(f"{name}_worker"), number)

            def is_back(room: dict[str, Any], name: str = name, count: int = before[name]) -> bool:
                return any(w["name"] == name and w["alive"] and w["restarts"] > count for w in room["workers"])

            await wait_room(running_sidecar, is_back)
        assert (await publishing)[0] == 0
        room = await wait_room(running_sidecar, lambda room: not room["publisher_connected"])
        assert room["dropped_units"] == room["foley_failures"] == room["audio_gaps"] == 0
        await running_sidecar.stop()
    sent = file_hashes(clip, VIDEO)[:470]
    assert file_hashes(tmp_path / "o.mp4", VIDEO)[: len(sent)] == sent
    sound = decoded_sound(tmp_path / "o.mp4")
    quiet = [np.abs(sound[:, at : at + 4800]).max() for at in range(9600, 14 * 48_000, 4800)]
    assert min(quiet) > 1e-4  # the room's murmur never stops


@pytest.mark.parametrize("policy", ["freeze", "slate"])
async def test_a_publisher_that_returns_with_another_picture_keeps_the_same_output(
    tmp_path: Path, h264_clip: Path, policy: str
) -> None:
    other = make_clip(tmp_path / "other.mp4", "-c:v", "libx264", "-vf", "scale=480:270", "-g", "30", seconds=2)
    async with nginx_rtmp(tmp_path / "nginx") as (port, records):
        sinks = [{"rtmp": f"rtmp://127.0.0.1:{port}/live/out"}, {"file": f"{tmp_path}/o.mp4"}]
        async with sidecar(tmp_path, sinks=sinks, on_drop=policy) as running_sidecar:
            url = running_sidecar.ports.publish_url
            await publish(url, h264_clip)
            held = await wait_room(running_sidecar, lambda room: room["hold_frames"] >= 3)
            assert held["state"] == "holding"
            await publish(url, other)
            room = await wait_room(running_sidecar, lambda room: room["epoch"] >= 1 and not room["publisher_connected"])
            assert [sink["reconnects"] for sink in room["sinks"] if sink["kind"] == "rtmp"] == [0]
            await running_sidecar.stop()
        recording = recordings(records, "*.flv")[0]
        stamps = [packet.dts for packet in file_packets(recording, VIDEO)]
        assert stamps == sorted(stamps)
        assert set(file_hashes(h264_clip, VIDEO)) | set(file_hashes(other, VIDEO)) <= set(file_hashes(recording, VIDEO))
        sound = [packet.dts for packet in file_packets(recording, AUDIO)]
        assert max(np.diff(sound)) < 60  # ms: without a break
    assert (tmp_path / "o-2.mp4").exists()


@pytest.mark.parametrize("options", [["-an"], ["-vn"], ["-c:a", "libmp3lame", "-ar", "44100", "-ac", "1"]])
async def test_without_sound_without_picture_and_with_mp3_there_is_always_aac(
    tmp_path: Path, h264_clip: Path, options: list[str]
) -> None:
    async with sidecar(tmp_path, describe="wind", sinks=[{"file": f"{tmp_path}/o.mp4"}], on_drop="audio") as made:
        assert (await publish(made.ports.publish_url, h264_clip, *options))[0] == 0
        await wait_room(made, lambda room: not room["publisher_connected"] and room["units_in"] > 20)
        await made.stop()
    assert bool(file_hashes(tmp_path / "o.mp4", VIDEO)) == ("-vn" not in options)
    assert decoded_sound(tmp_path / "o.mp4").shape[1] > 2.8 * 48_000


async def test_strangers_wedged_receivers_and_wrong_keys_leave_the_room_alone(tmp_path: Path, h264_clip: Path) -> None:
    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)  # takes the connection and never answers

    wedged = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = wedged.sockets[0].getsockname()[1]
    sinks = [{"rtmp": f"rtmp://127.0.0.1:{port}/live/secret-of-the-platform"}, {"file": f"{tmp_path}/o.mp4"}]
    async with sidecar(tmp_path, sinks=sinks) as made:
        publishing = asyncio.create_task(publish(made.ports.publish_url, h264_clip))
        await wait_room(made, lambda room: room["units_in"] > 20)
        junk = [await asyncio.open_connection("127.0.0.1", made.ports.rtmp) for _ in range(5)]
        for _, writer in junk:
            writer.write(os.urandom(5000))
        wrong = await publish(made.ports.publish_url.replace(KEY, "wrong-key"), h264_clip)
        assert wrong[0] != 0
        assert (await publishing)[0] == 0
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{made.ports.http}", trust_env=False, timeout=LIMIT_S
        ) as http:
            metrics = (await http.get("/metrics")).text
            rooms = (await http.get("/v1/rooms")).text
        room = await wait_room(made, lambda room: not room["publisher_connected"])
        assert room["timeline_rebases"] == 0
        for _, writer in junk:
            writer.close()
        await made.stop()
    wedged.close()
    assert file_hashes(tmp_path / "o.mp4", VIDEO)[: len(file_hashes(h264_clip, VIDEO))] == file_hashes(h264_clip, VIDEO)
    said = (tmp_path / "sidecar.log").read_text() + metrics + rooms
    assert "secret-of-the-platform" not in said
    assert KEY not in said
    assert "wrong-key" not in said


async def test_a_cue_and_a_new_description_take_effect_while_the_room_is_live(tmp_path: Path) -> None:
    clip = shared("footage/bottles_by_hand.mp4")
    room = {"describe": "", "stem": True, "actions": {"enabled": False}, "foley": {"bed": {"enabled": False}}}
    async with sidecar(tmp_path, sinks=[{"file": f"{tmp_path}/o.mp4"}], on_drop="audio", **room) as made:
        publishing = asyncio.create_task(publish(made.ports.publish_url, clip, "-t", "6"))
        await wait_room(made, lambda room: room["units_out"] > 60)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{made.ports.http}", trust_env=False, timeout=LIMIT_S
        ) as api:
            assert (
                await api.patch(f"/v1/rooms/{ROOM}", json={"describe": "a forest", "accent_gain_db": -6})
            ).is_success
            assert (
                await api.post(f"/v1/rooms/{ROOM}/cues", json={"effect": "BELLMisc_Ding", "delay_s": 0.5})
            ).is_success
            unknown = await api.post(f"/v1/rooms/{ROOM}/cues", json={"effect": "BELLMisc_Dong"})
        assert unknown.status_code == 422
        assert "did you mean" in unknown.json()["detail"]
        assert (await publishing)[0] == 0
        snapshot = await wait_room(made, lambda room: not room["publisher_connected"] and sounded(room) == 1)
        assert snapshot["controls"]["describe"] == "a forest"
        assert snapshot["epoch"] == 0
        await wait_room(made, lambda room: room["position_s"] > snapshot["position_s"] + 1)
        await made.stop()
    stem = np.abs(decoded_sound(tmp_path / "o.stem.m4a")).max(axis=0)
    assert stem.max() > 0.02
    assert stem[:48_000].max() < 1e-3  # nothing but the cue


async def test_a_second_signal_stops_at_once(tmp_path: Path, h264_clip: Path) -> None:
    require("ffmpeg")
    async with sidecar(tmp_path, lookahead_s=10, sinks=[{"file": f"{tmp_path}/o.mp4"}]) as made:
        publishing = asyncio.create_task(publish(made.ports.publish_url, h264_clip))
        await wait_room(made, lambda room: room["units_in"] > 20)
        process = next(p for p in psutil.Process().children() if "room.yaml" in " ".join(p.cmdline()))
        process.send_signal(signal.SIGTERM)
        await until(lambda: "outputs are being finished" in made.log.read_text("utf-8"))
        process.send_signal(signal.SIGTERM)
        await until(lambda: not made.alive)
        assert "stopped before the outputs were finished" in made.log.read_text("utf-8")
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
