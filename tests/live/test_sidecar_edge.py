"""compose.yaml as it is written, without Docker: its environment, the demo's room, and nginx with its edge in front."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from livefoley.demo.sidecar import Ports, running
from tests.support.peers import require
from tests.support.ports import free_ports
from tests.support.programs import run_peer
from tests.support.waiting import LIMIT_S, until
from tests.test_deploy import DEMO, composed, edge_of
from tests.webrtc.browser import chromium

pytestmark = pytest.mark.live

KEY = "demo-key"


@asynccontextmanager
async def deployed(
    place: Path, monkeypatch: pytest.MonkeyPatch, clip: Path, **more: str
) -> AsyncIterator[tuple[httpx.AsyncClient, Ports]]:
    """Start what compose.yaml starts, with somebody who publishes; give a client of the edge."""
    _, env = composed()
    ports = free_ports()
    env |= {
        "LIVEFOLEY_SERVER__HTTP__LISTEN": f"0.0.0.0:{ports.http}",
        "LIVEFOLEY_SERVER__RTMP__LISTEN": f"0.0.0.0:{ports.rtmp}",
        "LIVEFOLEY_SERVER__HTTP__TRUSTED_PROXIES": '["127.0.0.1"]',  # where the edge is here
        "LIVEFOLEY_SERVER__WEBRTC__PUBLIC_IPS": '["127.0.0.1"]',
        "LIVEFOLEY_ROOMS__demo__SINKS": json.dumps([{"hls": str(place / "hls")}]),
        "LIVEFOLEY_ROOMS__demo__FOLEY__ENABLED": "false",
        **more,
    }
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    config = shutil.copy(DEMO, place / "livefoley.yaml")
    async with running(Path(config), ports, place / "sidecar.log"), edge_of(ports.http, place) as edge:
        await until(lambda: _is_ready(ports))
        command = [require("ffmpeg"), "-v", "error", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy"]
        publishing = asyncio.create_task(run_peer(*command, "-f", "flv", f"rtmp://127.0.0.1:{ports.rtmp}/live/{KEY}"))
        await until((place / "hls" / "index.m3u8").exists)
        yield edge, ports
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)


async def _is_ready(ports: Ports) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(f"http://127.0.0.1:{ports.http}/readyz")).status_code == 200
        except httpx.HTTPError:
            return False


def _pictures(url: str) -> int:
    """Return how many pictures a player gets of a second of what is at ``url``."""
    ffmpeg = require("ffmpeg")
    command = [ffmpeg, "-v", "error", "-t", "1", "-i", url, "-map", "0:v", "-f", "framemd5", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    return sum(not line.startswith("#") for line in done.stdout.splitlines())


async def test_what_compose_starts_plays_on_its_page_by_hls_and_keeps_the_api_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, h264_clip: Path
) -> None:
    async with deployed(tmp_path, monkeypatch, h264_clip) as (edge, ports):
        assert (await edge.get("/demo")).status_code == 200
        assert await asyncio.to_thread(_pictures, f"{edge.base_url}/demo/hls/index.m3u8") > 10
        async with chromium(tmp_path) as browser:
            page = await browser.open(f"{edge.base_url}/demo")
            await page.until("document.getElementById('way').textContent === 'HLS'")
            await page.until("document.getElementById('video').currentTime > 1")
            assert await page.run("document.getElementById('key-form').hidden") is True
        for path in ("/v1/rooms", "/v1/clips", "/metrics", "/healthz"):
            assert (await edge.get(path)).status_code == 404
        direct, token = f"http://127.0.0.1:{ports.http}", {"Authorization": "Bearer a-token"}
        async with httpx.AsyncClient(base_url=direct, trust_env=False) as inside:
            for path in ("/v1/rooms", "/v1/rooms/demo/events", "/v1/openapi.json"):
                assert (await inside.get(path)).status_code == 401
                assert (await inside.get(path, headers=token)).status_code == 200


async def test_a_room_with_a_key_plays_behind_the_edge_for_who_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, h264_clip: Path
) -> None:
    key = {"LIVEFOLEY_ROOMS__demo__WHEP__KEY": "play-key"}
    async with deployed(tmp_path, monkeypatch, h264_clip, **key) as (edge, _):
        host = f"{edge.base_url.host}:{edge.base_url.port}"
        for url in (f"http://{host}/demo/hls/index.m3u8", f"http://viewer:wrong@{host}/demo/hls/index.m3u8"):
            assert await asyncio.to_thread(_pictures, url) == 0
        assert await asyncio.to_thread(_pictures, f"http://viewer:play-key@{host}/demo/hls/index.m3u8") > 10
        given = (await edge.get("/demo/hls", headers={"Authorization": "Bearer play-key"})).json()["playlist"]
        assert await asyncio.to_thread(_pictures, f"http://{host}{given}") > 10
        assert "play-key" not in (tmp_path / "sidecar.log").read_text()
