"""The running sidecar between an OBS-like publisher and real receivers: WHIP in, RTMP, HLS and a file out."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import md5
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest

from livefoley.core.media import MediaKind
from livefoley.demo.sidecar import KEY, ROOM, Sidecar
from livefoley.formats import nal
from tests.live.rtmp_peers import nginx_rtmp
from tests.support.media_files import decoded_sound, file_hashes, recordings
from tests.support.ports import free_port
from tests.support.sidecars import sidecar, wait_room
from tests.support.waiting import LIMIT_S
from tests.webrtc import flashes, obs_like
from tests.webrtc.publisher import Vp8Publisher, vp8_packets
from tests.webrtc.relay import Relay

pytestmark = pytest.mark.live

SECONDS = 8.0
SILENT: dict[str, Any] = {"lookahead_s": 0.5, "foley": {"enabled": False}}


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    return flashes.pictures(SECONDS)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, pictures: list[bytes]) -> Path:
    return obs_like.record(tmp_path_factory.mktemp("flashes") / "stream", pictures, flashes.ticks(SECONDS))


@asynccontextmanager
async def taking_whip(place: Path, udp_port: int, **room: Any) -> AsyncIterator[tuple[Sidecar, str]]:
    """A sidecar whose room takes WHIP, ready; and the URL to publish to."""
    around = {"server": {"webrtc": {"udp_port_range": [udp_port, udp_port]}}}
    room = {"source": {"whip": {"key": KEY}}, "on_drop": "audio", **room}
    async with sidecar(place, around, **room) as made:
        yield made, f"http://127.0.0.1:{made.ports.http}/{ROOM}/whip"


def sent_hashes(units: list[bytes]) -> list[str]:
    """Return the hashes of access units as containers hold them."""
    return [md5(nal.join_length_prefixed(nal.split_annex_b(unit))).hexdigest() for unit in units]


LIPS_MS = 45
"""What nobody notices (EBU R37). A busy machine makes the publisher's clock reports late by tens of milliseconds; how
near the tracks come where they are not is in `test_lossy_network`, in virtual time."""


async def test_every_picture_reaches_every_output_untouched_and_in_step_with_the_sound(
    tmp_path: Path, program: Path, recording: Path, pictures: list[bytes]
) -> None:
    async with nginx_rtmp(tmp_path / "nginx") as (port, records):
        rtmp, hls, file = f"rtmp://127.0.0.1:{port}/live/out", f"{tmp_path}/hls", f"{tmp_path}/o.mp4"
        sinks = [{"rtmp": rtmp}, {"hls": hls}, {"file": file}]
        udp_port = free_port(socket.SOCK_DGRAM)
        room = {"describe": "heavy rain", "stem": True, "actions": {"enabled": False}, "sinks": sinks}
        async with taking_whip(tmp_path, udp_port, **room) as (made, url):
            async with obs_like.publishing(program, url, KEY, recording) as obs:
                await obs.wait("deleted")
            told = await wait_room(made, lambda room: not room["publisher_connected"] and room["units_out"] > 400)
            assert told["timeline_rebases"] == told["decode_errors"] == told["dropped_units"] == 0
            await made.stop()
        sent = sent_hashes(pictures)
        recorded = recordings(records, "*.flv")[0]
        for output in (recorded, tmp_path / "o.mp4", tmp_path / "hls" / "index.m3u8"):
            assert file_hashes(output, MediaKind.VIDEO)[: len(sent)] == sent
        offsets = flashes.offsets_ms(recorded)
    assert len(offsets) >= 5
    assert np.abs(offsets).max() <= LIPS_MS
    stem = decoded_sound(tmp_path / "o.stem.m4a")
    assert np.sqrt(np.mean(stem[:, 48_000:96_000] ** 2)) > 10 ** (-55 / 20)
    said = (tmp_path / "sidecar.log").read_text()
    assert KEY not in said


async def test_vp8_goes_where_it_can_and_rtmp_says_that_it_cannot(tmp_path: Path, sound: list[bytes]) -> None:
    frames = vp8_packets(4)
    async with nginx_rtmp(tmp_path / "nginx") as (port, _):
        sinks = [{"rtmp": f"rtmp://127.0.0.1:{port}/live/out"}, {"file": f"{tmp_path}/o.mkv"}]
        async with (
            taking_whip(tmp_path, free_port(socket.SOCK_DGRAM), lookahead_s=0.5, sinks=sinks) as (made, url),
            httpx.AsyncClient(base_url=url.removesuffix(f"/{ROOM}/whip"), trust_env=False, timeout=LIMIT_S) as client,
        ):
            publisher = Vp8Publisher(client, ROOM, KEY)
            assert (await publisher.publish(frames, sound * 2)).status_code == 201
            await asyncio.gather(*(track.done.wait() for track in publisher.tracks))
            assert (await publisher.leave()).status_code == 200
            await wait_room(made, lambda room: not room["publisher_connected"] and room["units_out"] > 100)
            await wait_room(made, lambda room: "RTMP does not carry vp8" in room["sinks"][0]["problem"])
            await made.stop()
    assert file_hashes(tmp_path / "o.mkv", MediaKind.VIDEO) == [md5(frame).hexdigest() for frame in frames]
    assert "RTMP does not carry vp8 video" in (tmp_path / "sidecar.log").read_text()


async def test_a_new_resolution_reaches_rtmp_with_its_own_sequence_header(
    tmp_path: Path, program: Path, sound: list[bytes]
) -> None:
    units = flashes.pictures(2.0) + flashes.pictures(2.0, size=(320, 180))
    recording = obs_like.record(tmp_path / "stream", units, sound * 2)
    async with nginx_rtmp(tmp_path / "nginx") as (port, records):
        sinks = [{"rtmp": f"rtmp://127.0.0.1:{port}/live/out"}]
        async with taking_whip(tmp_path, free_port(socket.SOCK_DGRAM), lookahead_s=0.5, sinks=sinks) as (made, url):
            async with obs_like.publishing(program, url, KEY, recording) as obs:
                await obs.wait("deleted")
            told = await wait_room(made, lambda room: not room["publisher_connected"] and room["units_out"] > 200)
            assert [sink["reconnects"] for sink in told["sinks"]] == [0]
            await made.stop()
        with av.open(str(recordings(records, "*.flv")[0])) as container:
            sizes = [(frame.width, frame.height) for frame in container.decode(video=0)]
    assert sizes == [(640, 360)] * 60 + [(320, 180)] * 60


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.10])
async def test_a_bad_network_costs_pictures_and_never_the_stream(
    tmp_path: Path, program: Path, recording: Path, pictures: list[bytes], loss: float
) -> None:
    udp_port = free_port(socket.SOCK_DGRAM)
    async with (
        Relay(("127.0.0.1", udp_port), loss=loss, jitter_s=0.03) as relay,
        taking_whip(tmp_path, udp_port, **SILENT, sinks=[{"file": f"{tmp_path}/o.mp4"}]) as (made, url),
    ):
        async with obs_like.publishing(program, url, KEY, recording, "--via", str(relay.port)) as obs:
            await obs.wait("deleted")
        told = await wait_room(made, lambda room: not room["publisher_connected"] and room["units_out"] > 200)
        await made.stop()
    came, sent = file_hashes(tmp_path / "o.mp4", MediaKind.VIDEO), sent_hashes(pictures)
    assert set(came) <= set(sent)
    assert came == [one for one in sent if one in set(came)]  # in order; how many: see `test_lossy_network`
    assert came
    offsets = flashes.offsets_ms(tmp_path / "o.mp4")
    assert all(abs(offset) <= LIPS_MS for offset in offsets[2:])  # the first clock reports may be lost
    assert told["timeline_rebases"] == told["audio_gaps"] == 0
    assert relay.lost > 0
