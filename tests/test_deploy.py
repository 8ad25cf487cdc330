"""What lies in deploy/: the metrics it names exist, and the programs it is for accept it."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aioice.ice
import httpx
import pytest
import yaml
from starlette.types import ASGIApp, Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from livefoley.config import parse
from livefoley.control.app import make_app
from livefoley.control.delivery.hls import hls_router
from livefoley.control.guard import Access
from livefoley.control.pages import pages_router
from livefoley.control.server import HttpServer
from livefoley.control.signalling.whep import whep_router
from livefoley.core.errors import ConfigError
from livefoley.core.notices import SceneNotice
from livefoley.media.access.proxy_protocol import TrustedProxies
from livefoley.media.access.read_access import ReadAccess
from livefoley.media.webrtc import IceSettings, WhepAudience, WhepServer
from tests.control.studio import Studio, open_to_all
from tests.support.peers import require
from tests.support.ports import free_port
from tests.support.waiting import LIMIT_S, until
from tests.webrtc.publisher import video_packets
from tests.webrtc.rooms import Room
from tests.webrtc.viewer import Viewer

DEPLOY = Path(__file__).parent.parent / "deploy"
DOCKERFILE = DEPLOY / "Dockerfile"
DEMO = DEPLOY.parent / "pipelines" / "demo.yaml"


def composed() -> tuple[dict[str, Any], dict[str, str]]:
    """Return what compose.yaml says, and the environment that livefoley has in its container."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    env = _environment(compose["services"]["livefoley"]["environment"])
    image = dict(re.findall(r"(LIVEFOLEY_\w+)=(\S+)", (DEPLOY / "Dockerfile").read_text()))
    return compose, image | env


def _environment(service: dict[str, Any]) -> dict[str, str]:
    given = {"${LIVEFOLEY_TOKEN:?set it in .env}": "a-token", "${LIVEFOLEY_PUBLIC_IP:-127.0.0.1}": "203.0.113.7"}
    values = {name: str(value) for name, value in service.items()}
    for asked, answer in given.items():
        values = {name: value.replace(asked, answer) for name, value in values.items()}
    return values


def test_the_containers_environment_is_a_configuration() -> None:
    compose, env = composed()
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    config = parse(DEMO.read_text(encoding="utf-8"), env=env)
    assert not config.server.http.listen.is_loopback
    assert config.server.http.token is not None
    assert config.server.http.allowed_hosts == ("livefoley",)
    edge = compose["services"]["edge"]["networks"]["default"]["ipv4_address"]
    assert list(map(str, config.server.http.trusted_proxies)) == [f"{edge}/32"]
    (network,) = compose["networks"]["default"]["ipam"]["config"]
    assert ipaddress.ip_address(edge) in ipaddress.ip_network(network["subnet"])
    del env["LIVEFOLEY_SERVER__HTTP__TOKEN"]
    with pytest.raises(ConfigError, match="is missing, and others reach the API"):
        parse(DEMO.read_text(encoding="utf-8"), env=env)
    env["LIVEFOLEY_SERVER__HTTP__TOKEN"] = "a-token"
    assert list(map(str, config.server.webrtc.public_ips)) == ["203.0.113.7"]
    assert config.server.webrtc.udp_port_range is not None
    ports = "-".join(map(str, config.server.webrtc.udp_port_range))
    assert f"{ports}:{ports}/udp" in compose["services"]["livefoley"]["ports"]
    assert f"{ports}/udp" in dockerfile


def test_the_units_udp_ports_are_a_configuration() -> None:
    unit = (DEPLOY / "systemd" / "livefoley.service").read_text()
    env = dict(re.findall(r"(LIVEFOLEY_SERVER__\w+)=(\S+)", unit))
    webrtc = parse(DEMO.read_text(encoding="utf-8"), env=env).server.webrtc
    assert webrtc.udp_port_range == (50000, 50199)
    assert list(map(str, webrtc.public_ips)) == ["203.0.113.7"]


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    analyze = require("systemd-analyze")
    unit = tmp_path / "livefoley.service"
    text = (DEPLOY / "systemd" / "livefoley.service").read_text()
    unit.write_text(text.replace("/opt/livefoley/bin/livefoley", "/bin/true"))
    result = subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=LIMIT_S)
    complaints = [line for line in result.stderr.splitlines() if "livefoley.service" in line]
    assert complaints == []


@contextlib.asynccontextmanager
async def _edged(app: ASGIApp, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Serve ``app`` behind a real nginx; give a client of that."""
    here = TrustedProxies([ipaddress.ip_network("127.0.0.1/32")])
    server = HttpServer(app, "127.0.0.1", 0, proxies=here)
    serving = asyncio.create_task(server.run())
    try:
        async with edge_of(server.port, tmp_path) as client:
            yield client
    finally:
        serving.cancel()
        await asyncio.wait([serving])


@contextlib.asynccontextmanager
async def edge_of(upstream: int, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Start a real nginx in front of a port; give a client of it."""
    nginx, port = require("nginx"), free_port()
    conf = tmp_path / "nginx.conf"
    conf.write_text(_edge(tmp_path, upstream, port))
    edge = await asyncio.create_subprocess_exec(nginx, "-p", str(tmp_path), "-c", str(conf), "-g", "daemon off;")
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
            await _wait(client)
            yield client
    finally:
        edge.terminate()
        await asyncio.wait_for(edge.wait(), 10)


async def test_the_nginx_edge_passes_hls_and_nothing_it_should_not(tmp_path: Path) -> None:
    """One playlist and one segment through a real nginx, to a real server of ours."""
    hls = tmp_path / "hls"
    hls.mkdir()
    (hls / "index.m3u8").write_text("#EXTM3U\n")
    (hls / "seg-1-1.m4s").write_bytes(b"moof")
    async with _edged(_app(Studio(hls)), tmp_path) as client:
        headers = {"Host": "live.example.com", "Origin": "https://player.example"}
        playlist = await client.get("/stage/hls/index.m3u8", headers=headers)
        assert (playlist.status_code, playlist.text) == (200, "#EXTM3U\n")
        assert playlist.headers["access-control-allow-origin"] == "*"
        assert (await client.get("/stage/hls/seg-1-1.m4s", headers=headers)).content == b"moof"
        hidden = ("/v1/rooms", "/v1/rooms/stage", "/v1/rooms/stage/cues", "/metrics", "/readyz", "/healthz", "/")
        for path in (*hidden, "/stage/hls/../../v1/rooms"):
            assert (await client.get(path)).status_code == 404
        assert (await client.post("/stage/hls/index.m3u8")).status_code == 403


async def test_the_nginx_edge_passes_whep_with_its_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [])
    studio, server = Studio(), WhepServer(IceSettings(loopback=True))
    feed = WhepAudience("stage")
    room = Room(feed)
    room.show(video_packets(0.5))
    room.sound(0.1)
    server.register(feed, "a-viewers-key", public=False)
    access = Access(allowed_hosts=("live.example.com",))
    app = make_app(studio, access, [whep_router(server), pages_router(studio, lambda room: False, lambda room: True)])
    page = {"Origin": "https://live.example.com", "Host": "live.example.com"}
    async with _edged(app, tmp_path) as client:
        client.headers.update(page)
        assert (await client.post("/stage/whep", content="v=0")).status_code == 401
        viewer = Viewer(client, "stage", "a-viewers-key")
        answer = await viewer.watch()
        assert (answer.status_code, answer.headers["content-type"]) == (201, "application/sdp")
        assert answer.headers["location"].startswith("/stage/whep/")
        assert answer.headers["etag"]
        assert answer.headers["access-control-allow-origin"] == "https://live.example.com"
        preflight = await client.options("/stage/whep")
        assert (preflight.status_code, preflight.headers["accept-post"]) == (204, "application/sdp")
        fragment = await client.patch(answer.headers["location"], headers={"Authorization": "Bearer a-viewers-key"})
        assert fragment.status_code == 415
        assert (await viewer.leave()).status_code == 200
        assert (await client.post("/stage/whep", content=b"x" * 200_000)).status_code == 413
        assert "<video" in (await client.get("/stage")).text
        assert (await client.get("/assets/watch.js")).status_code == 200
    await server.close()


async def test_the_nginx_edge_passes_events_as_a_websocket_to_who_has_the_token(tmp_path: Path) -> None:
    studio = Studio()
    async with _edged(make_app(studio, Access(token="a-token")), tmp_path) as client:
        url = str(client.base_url.copy_with(scheme="ws", path="/v1/rooms/stage/events"))
        with pytest.raises(InvalidStatus, match="401"):
            await connect(url, proxy=None)
        async with connect(url, proxy=None, additional_headers={"Authorization": "Bearer a-token"}) as events:
            await until(lambda: studio.feeds["stage"].statistics().listeners)
            studio.feeds["stage"].publish(SceneNotice("Main", "rain"))
            assert json.loads(await asyncio.wait_for(events.recv(), LIMIT_S))["data"]["scene"] == "Main"
        chat = {"Authorization": "Bearer a-token"}
        said = await client.post("/v1/rooms/stage/chat", json={"text": "hi", "user": "u"}, headers=chat)
        assert said.status_code == 202


async def test_the_nginx_edge_lets_watch_who_may_and_nobody_by_what_it_keeps(tmp_path: Path) -> None:
    hls = tmp_path / "hls"
    hls.mkdir()
    (hls / "index.m3u8").write_text("#EXTM3U\n")
    (hls / "seg-1-1.m4s").write_bytes(b"moof")
    readers = ReadAccess(loopback=False)
    readers.register("stage", "a-play-key")
    readers.register("lobby")
    async with _edged(_app(Studio(hls), None, readers), tmp_path) as client:
        with_key = {"Authorization": "Bearer a-play-key"}
        assert (await client.get("/stage/hls")).status_code == 401
        playlist = (await client.get("/stage/hls", headers=with_key)).json()["playlist"]
        for file, content in (("index.m3u8", b"#EXTM3U\n"), ("seg-1-1.m4s", b"moof")):
            plain, passed = f"/stage/hls/{file}", playlist.replace("index.m3u8", file)
            assert (await client.get(plain)).status_code == 401
            for url, headers in ((plain, with_key), (passed, {})):
                answer = await client.get(url, headers=headers)
                assert (answer.status_code, answer.content) == (200, content)
            for url in (plain, passed.replace("/stage/", "/lobby/"), re.sub(r"\.[^/]+/", ".wrong/", passed)):
                assert (await client.get(url)).status_code in (401, 403), url  # though it is in the cache
            assert (await client.get(plain, headers={"Authorization": "Bearer wrong"})).status_code == 401
        assert (await client.get("/access")).status_code == 404
        assert (await client.get("/stage/hls/access", headers=with_key)).status_code == 404


async def test_the_nginx_edge_tells_whom_it_speaks_for_and_no_client_does(tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope["path"], scope["client"][0]))
        await send({"type": "http.response.start", "status": 204, "headers": [(b"cache-control", b"no-store")]})
        await send({"type": "http.response.body", "body": b""})

    async with _edged(app, tmp_path) as client:
        client.headers.update({"X-Forwarded-For": "203.0.113.66", "Authorization": "Bearer x"})
        paths = ("/stage/whep", "/stage", "/stage/hls", "/stage/hls/index.m3u8", "/v1/rooms/stage/events")
        for path in paths:
            await client.get(path)
    assert {path for path, _ in seen} == {*paths, "/stage/hls/access"}
    assert {address for _, address in seen} == {"127.0.0.1"}


def _app(studio: Studio, access: Access | None = None, readers: ReadAccess | None = None) -> ASGIApp:
    return make_app(studio, access, [hls_router(studio, readers or open_to_all(studio))])


def _edge(folder: Path, upstream: int, port: int) -> str:
    text = (DEPLOY / "nginx" / "edge.conf").read_text()
    text = text.replace("livefoley:8080", f"127.0.0.1:{upstream}").replace("listen 8000", f"listen 127.0.0.1:{port}")
    owner = "user root;\n" if os.name == "posix" and os.geteuid() == 0 else ""  # pytest's folders are the owner's alone
    return owner + text.replace("/tmp/nginx-edge", str(folder / "edge"))


async def _wait(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(LIMIT_S):
        while True:
            try:
                assert (await client.get("/livez")).status_code == 200
                return
            except httpx.ConnectError:
                await asyncio.sleep(0.05)


def test_nginx_accepts_the_rtmp_edge(tmp_path: Path) -> None:
    nginx = require("nginx")
    module = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
    rtmp = (DEPLOY / "nginx" / "rtmp-edge.conf").read_text().replace("listen 19350", f"listen 127.0.0.1:{free_port()}")
    load = f"load_module {module};\n" if module.exists() else ""
    conf = tmp_path / "nginx.conf"
    conf.write_text(f"{load}pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\n{rtmp}")
    result = subprocess.run(
        [nginx, "-t", "-p", str(tmp_path), "-c", str(conf)], capture_output=True, text=True, timeout=LIMIT_S
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(("extras", "wanted"), [("ears,s3,jobs", {"faster-whisper", "obstore", "celery"}), ("", set())])
def test_the_image_installs_the_packages_of_its_extras_in_a_layer_of_their_own(extras: str, wanted: set[str]) -> None:
    text = DOCKERFILE.read_text(encoding="utf-8")
    assert "ARG EXTRAS=ears,s3,jobs" in text
    assert text.index("requirements.txt \\") < text.index("COPY livefoley") < text.index("--no-deps")
    (script,) = re.findall(r'python -c "(.*?)" "\$EXTRAS" >', text)
    listed = subprocess.run(
        [sys.executable, "-c", script, extras], cwd=DEPLOY.parent, capture_output=True, text=True, check=True
    )
    names = {re.split(r"[<>=\[]", line)[0] for line in listed.stdout.splitlines()}
    assert {"av", "numpy"} <= names
    assert names & {"faster-whisper", "obstore", "celery"} == wanted


def test_all_that_the_image_copies_is_sent_to_the_builder() -> None:
    sent = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE):
        assert {f"!{name}" for name in line.split()} <= set(sent)
