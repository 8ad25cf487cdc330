"""What lies in deploy/: the metrics it names exist, and the programs it is for accept it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import yaml

from livefoley.config import parse
from livefoley.control.app import make_app
from livefoley.control.server import HttpServer
from tests.control.studio import Studio, served
from tests.peers import free_port, require

DEPLOY = Path(__file__).parent.parent / "deploy"
DEMO = DEPLOY.parent / "pipelines" / "demo.yaml"


def _queries() -> list[str]:
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "livefoley.json").read_text())
    alerts = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    return alerts + [target["expr"] for panel in board["panels"] for target in panel["targets"]]


async def test_alerts_and_dashboard_name_metrics_that_exist() -> None:
    async with served(Studio()) as client:
        text = (await client.get("/metrics")).text
    there = set(re.findall(r"^(livefoley_\w+)", text, re.M)) | set(re.findall(r"^# TYPE (livefoley_\w+)", text, re.M))
    named = {name for query in _queries() for name in re.findall(r"livefoley_\w+", query)}
    assert named
    assert named <= there


def _environment(service: dict[str, Any]) -> dict[str, str]:
    return {
        name: str(value).replace("${LIVEFOLEY_TOKEN:?set it in .env}", "a-token") for name, value in service.items()
    }


def test_the_containers_environment_is_a_configuration() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    env = _environment(compose["services"]["livefoley"]["environment"])
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    env |= dict(re.findall(r"(LIVEFOLEY_\w+)=(\S+)", dockerfile))
    config = parse(DEMO.read_text(encoding="utf-8"), env=env)
    assert not config.server.http.listen.is_loopback
    assert config.server.http.token is not None
    assert config.server.http.allowed_hosts == ("livefoley",)


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    analyze = require("systemd-analyze")
    unit = tmp_path / "livefoley.service"
    text = (DEPLOY / "systemd" / "livefoley.service").read_text()
    unit.write_text(text.replace("/opt/livefoley/bin/livefoley", "/bin/true"))
    result = subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=30)
    complaints = [line for line in result.stderr.splitlines() if "livefoley.service" in line]
    assert complaints == []


async def test_the_nginx_edge_passes_hls_and_nothing_else(tmp_path: Path) -> None:
    """One playlist and one segment through a real nginx, to a real server of ours."""
    nginx = require("nginx")
    hls = tmp_path / "hls"
    hls.mkdir()
    (hls / "index.m3u8").write_text("#EXTM3U\n")
    (hls / "seg-1-1.m4s").write_bytes(b"moof")
    server, port = HttpServer(make_app(Studio(hls)), "127.0.0.1", 0), free_port()
    conf = tmp_path / "nginx.conf"
    conf.write_text(_edge(tmp_path, server.port, port))
    serving = asyncio.create_task(server.run())
    edge = await asyncio.create_subprocess_exec(nginx, "-p", str(tmp_path), "-c", str(conf), "-g", "daemon off;")
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            await _wait(client)
            headers = {"Host": "live.example.com", "Origin": "https://player.example"}
            playlist = await client.get("/stage/hls/index.m3u8", headers=headers)
            assert (playlist.status_code, playlist.text) == (200, "#EXTM3U\n")
            assert playlist.headers["access-control-allow-origin"] == "*"
            assert (await client.get("/stage/hls/seg-1-1.m4s", headers=headers)).content == b"moof"
            for path in ("/v1/rooms", "/metrics", "/readyz", "/stage/hls/../../v1/rooms", "/"):
                assert (await client.get(path)).status_code == 404
            assert (await client.post("/stage/hls/index.m3u8")).status_code == 403
    finally:
        edge.terminate()
        await asyncio.wait_for(edge.wait(), 10)
        serving.cancel()
        await asyncio.wait([serving])


def _edge(folder: Path, upstream: int, port: int) -> str:
    text = (DEPLOY / "nginx" / "edge.conf").read_text()
    text = text.replace("livefoley:8080", f"127.0.0.1:{upstream}").replace("listen 8000", f"listen 127.0.0.1:{port}")
    owner = "user root;\n" if os.name == "posix" and os.geteuid() == 0 else ""  # pytest's folders are the owner's alone
    return owner + text.replace("/tmp/nginx-edge", str(folder / "edge"))


async def _wait(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(10):
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
        [nginx, "-t", "-p", str(tmp_path), "-c", str(conf)], capture_output=True, text=True, timeout=30
    )
    assert result.returncode == 0, result.stderr
