"""A running sidecar watched by WHEP, published to by RTMP."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from livefoley.core.media import MediaKind
from livefoley.demo.sidecar import KEY, ROOM, Sidecar
from livefoley.formats import nal
from tests.support.made import made_once
from tests.support.media_files import file_packets
from tests.support.peers import require
from tests.support.programs import run_peer
from tests.support.sidecars import client, sidecar
from tests.support.waiting import LIMIT_S, until
from tests.webrtc.publisher import Publisher, Vp8Publisher, video_packets, vp8_packets
from tests.webrtc.viewer import Viewer

pytestmark = pytest.mark.live


@asynccontextmanager
async def watched_room(place: Path, **room: Any) -> AsyncIterator[tuple[Sidecar, httpx.AsyncClient]]:
    """A sidecar with one room, ready, and a client of its HTTP port."""
    settings = {"foley": {"enabled": False}, "sinks": [{"file": f"{place}/out.mp4"}], "on_drop": "audio"}
    room = {"lookahead_s": 0.5, **settings, **room}
    async with sidecar(place, **room) as made, client(made) as http:
        yield made, http


def publish_for_ever(made: Sidecar, clip: Path, *options: str) -> asyncio.Task[tuple[int, str]]:
    """Publish a clip over and over until cancelled."""
    command = [require("ffmpeg"), "-v", "warning", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy", *options]
    return asyncio.create_task(run_peer(*command, "-f", "flv", made.ports.publish_url))


async def answered(viewer: Viewer) -> httpx.Response:
    """Ask to watch as soon as there is something on."""
    async with asyncio.timeout(LIMIT_S):
        while (response := await viewer.watch()).status_code == 409:
            await asyncio.sleep(0.2)
            viewer.__post_init__()
    return response


async def watched(viewer: Viewer) -> None:
    """Watch as soon as there is something on."""
    response = await answered(viewer)
    assert response.status_code == 201, response.text


async def test_a_viewer_of_an_rtmp_room_gets_its_pictures_untouched_and_its_sound(
    tmp_path: Path, plain_clip: Path
) -> None:
    async with watched_room(tmp_path) as (made, client):
        publishing = publish_for_ever(made, plain_clip)
        viewer = Viewer(client, ROOM)
        await watched(viewer)
        await viewer.wait_frames("video", 90)
        await viewer.wait_frames("audio", 100)
        assert (await viewer.leave()).status_code == 200
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
    sent = {bytes(packet) for packet in file_packets(plain_clip, MediaKind.VIDEO)}
    came = [nal.split_annex_b(frame.data) for frame in viewer.frames["video"]]
    stripped = {nal.join_length_prefixed(u for u in units if nal.unit_type("h264", u) not in (7, 8)) for units in came}
    assert len(viewer.pictures()) >= 89
    assert viewer.sound().shape[1] >= 90 * 960
    assert len(stripped & sent) >= 80


async def until_refused(viewer: Viewer) -> httpx.Response:
    """Ask to watch until it is said what is wrong: B-frames show with the first of them."""
    async with asyncio.timeout(LIMIT_S):
        while (response := await answered(viewer)).status_code == 201:
            await viewer.leave()
            viewer.__post_init__()
    return response


@pytest.fixture(scope="module")
def flashes() -> Path:
    """A white frame and a 1 ms tick every half second, 12 s, no B-frames."""
    flash = "color=black:size=160x120:rate=30,drawbox=color=white:t=fill:enable='lt(mod(n,15),1)'"
    tick = "aevalsrc='0.8*sin(2*PI*2000*t)*lt(mod(t,0.5),0.001)':sample_rate=48000:channel_layout=stereo"
    inputs = ["-f", "lavfi", "-i", flash, "-f", "lavfi", "-i", tick, "-t", "12"]
    encoders = ["-c:v", "libx264", "-tune", "zerolatency", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    command = [require("ffmpeg"), "-v", "error", *inputs, *encoders]
    return made_once("webrtc/flash.mp4", lambda path: subprocess.run([*command, path], check=True, timeout=LIMIT_S))


async def test_lips_and_voice_meet_at_a_viewer(tmp_path: Path, flashes: Path) -> None:
    async with watched_room(tmp_path) as (made, client):
        publishing = publish_for_ever(made, flashes)
        viewer = Viewer(client, ROOM)
        await watched(viewer)
        await viewer.wait_frames("video", 240)
        await viewer.leave()
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
    moments = viewer.moments("video")
    flash_s = np.array([moments[p.pts] for p in viewer.pictures() if p.to_ndarray(format="gray").mean() > 128])
    sound = np.abs(viewer.sound()).max(axis=0)
    loud = np.flatnonzero(sound > 0.3)
    begins = loud[np.insert(np.diff(loud) > 4800, 0, True)]
    tick_s = viewer.moments("audio")[0] + begins / 48_000
    apart_ms = [1000 * np.abs(tick_s - at).min() for at in flash_s[1:-1]]
    assert len(apart_ms) >= 10
    assert np.percentile(apart_ms, 95) < 10, apart_ms


@pytest.mark.parametrize("codec", ["h264 with B-frames", "hevc"])
async def test_what_webrtc_cannot_carry_is_refused_with_words_or_transcoded_for_all(
    tmp_path: Path, b_frames_clip: Path, hevc_clip: Path, codec: str
) -> None:
    clip = hevc_clip if codec == "hevc" else b_frames_clip
    source = {"file": str(clip), "loop": True}
    for transcode in (False, True):
        place = tmp_path / str(transcode)
        place.mkdir()
        async with watched_room(place, source=source, whep={"transcode": transcode}) as (made, client):
            viewers = [Viewer(client, ROOM) for _ in range(2)]
            if transcode:
                for viewer in viewers:
                    await watched(viewer)
                for viewer in viewers:
                    await viewer.wait_frames("video", 60)
                audience = (await made.room())["audience"]
                assert audience["transcoding"]
                assert audience["viewers"] == 2
            else:
                refusal = await until_refused(viewers[0])
                assert refusal.status_code == 406
                assert ("B-frames" if "B" in codec else "hevc") in refusal.json()["detail"]
            for viewer in viewers:
                await viewer.peer.close()
    for viewer in viewers:
        assert len(viewer.pictures()) >= 58
        moments = viewer.moments("video")
        assert moments == sorted(moments)


async def test_vp8_by_whip_comes_out_by_whep_as_it_went_in(tmp_path: Path, sound: list[bytes]) -> None:
    frames = vp8_packets(6)
    async with watched_room(tmp_path, source={"whip": {"key": KEY}}) as (_, client):
        publisher = Vp8Publisher(client, ROOM, KEY)
        assert (await publisher.publish(itertools.cycle(frames), itertools.cycle(sound))).status_code == 201
        viewer = Viewer(client, ROOM)
        await watched(viewer)
        await viewer.wait_frames("video", 60)
        await viewer.leave()
        await publisher.leave()
    assert viewer.codecs == {"video": "vp8", "audio": "opus"}
    came = [frame.data for frame in viewer.frames["video"]]
    assert set(came) <= set(frames)
    assert len(viewer.pictures()) >= 58


def slice_of(unit: bytes) -> bytes:
    """Return the picture of an access unit, without parameter sets."""
    return nal.split_annex_b(unit)[-1]


async def test_a_new_resolution_by_whip_reaches_the_viewer(tmp_path: Path, sound: list[bytes]) -> None:
    async with watched_room(tmp_path, source={"whip": {"key": KEY}}) as (_, client):
        publisher, viewer = Publisher(client, ROOM, KEY), Viewer(client, ROOM)
        small, large = video_packets(1), video_packets(1, (640, 480))
        seen = asyncio.Event()

        def units() -> Iterator[bytes]:
            while not seen.is_set():
                yield from small
            yield from itertools.cycle(large)

        assert (await publisher.publish(units(), itertools.cycle(sound))).status_code == 201
        await watched(viewer)
        await viewer.wait_frames("video", 30)
        seen.set()
        await until(
            lambda: {slice_of(frame.data) for frame in viewer.frames["video"]} & {slice_of(unit) for unit in large}
        )
        await viewer.wait_frames("video", len(viewer.frames["video"]) + 30)
        await viewer.leave()
        await publisher.leave()
    sizes = [(picture.width, picture.height) for picture in viewer.pictures()]
    assert sizes[0] == (320, 240)
    assert sizes[-1] == (640, 480)
    assert sizes == sorted(sizes)
