"""Clips of a running sidecar, made by `livefoley worker` as jobs of a broker."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from livefoley.demo.sidecar import ROOM, running
from tests.clips import brokers, flashes
from tests.live.clip_steps import files, in_sync, over, published
from tests.support.ports import free_ports
from tests.support.sidecars import configured, wait_room
from tests.support.waiting import LIMIT_S

pytestmark = pytest.mark.live


async def test_a_clip_is_made_by_a_worker_and_served_by_the_sidecar(tmp_path: Path) -> None:
    stream, ports = flashes.lasting(), free_ports()
    with brokers.running(brokers.Broker(tmp_path)) as broker:
        around = {"clips": {"directory": f"{tmp_path}/clips", "checks": {"black": 1}}, "jobs": {"broker": broker.url}}
        config = configured(tmp_path, ports, around, sinks=[], clips={"enabled": True})
        worker = subprocess.Popen([sys.executable, "-m", "livefoley", "worker", config])  # noqa: ASYNC220
        try:
            async with running(config, ports, tmp_path / "sidecar.log") as made:
                await made.wait_ready()
                base = f"http://127.0.0.1:{ports.http}"
                async with (
                    published(ports.publish_url, stream),
                    httpx.AsyncClient(trust_env=False, timeout=LIMIT_S) as http,
                ):
                    http.base_url = f"{base}/v1"
                    await wait_room(made, lambda room: room["position_s"] > 7)
                    body = {"room": ROOM, "last_s": 5, "priority": "batch"}
                    asked = (await http.post("/clips", json=body)).json()
                    assert asked["priority"] == "batch"
                    status = await over(http, asked["id"])
                    in_sync(files(status)[0])
                    served = await http.get(f"{base}/clips/{status['prefix']}/clip.mp4")
                    assert served.content == (Path(status["location"]) / "clip.mp4").read_bytes()
                    family = psutil.Process().children(recursive=True)
                    assert not [each for each in family if "livefoley.runtime.clips.worker" in each.cmdline()]
                await made.stop()
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(worker.wait, LIMIT_S) == 0
        finally:
            worker.kill()
            worker.wait()
