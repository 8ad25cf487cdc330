"""The first seconds of a sidecar: ports listen at once, and a publisher who is early waits for the workers."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import httpx
import pytest

from livefoley.demo.sidecar import ROOM, Sidecar, SidecarError, running, write_config
from tests.live.rtmp_client import connect
from tests.support.ports import free_ports
from tests.support.waiting import LIMIT_S, until

pytestmark = pytest.mark.live


async def answered(sidecar: Sidecar, path: str) -> httpx.Response:
    """Return the first answer to a request of a sidecar that has just been started."""
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{sidecar.ports.http}", trust_env=False, timeout=LIMIT_S
    ) as http:

        async def ask() -> httpx.Response | None:
            sidecar.check()
            with contextlib.suppress(httpx.TransportError):
                return await http.get(path)
            return None

        return await until(ask)


async def workers(sidecar: Sidecar) -> dict[str, bool]:
    """Return which workers of the room answer."""
    with contextlib.suppress(SidecarError):
        return {worker["name"]: worker["alive"] for worker in (await sidecar.room())["workers"]}
    return {}


async def test_an_early_publisher_is_let_in_when_the_workers_are_awake(tmp_path: Path) -> None:
    ports = free_ports()
    write_config(tmp_path / "room.yaml", ports, {"sinks": [{"file": str(tmp_path / "o.mp4")}]}, warm_up_s=60)
    async with running(tmp_path / "room.yaml", ports, tmp_path / "log") as sidecar:
        assert (await answered(sidecar, "/livez")).status_code == 200
        starting = await answered(sidecar, "/readyz")
        assert starting.status_code == 503
        assert "starting: " in starting.text
        async with connect(ports.publish_url) as client:  # it listens
            publishing = asyncio.create_task(client.publish())
            seen: list[bool] = []
            while not publishing.done():
                seen.append(all((await workers(sidecar)).values()))
                await asyncio.sleep(0.02)
            await publishing
            assert not seen[0]
            assert all((await workers(sidecar)).values())
            assert (await answered(sidecar, "/readyz")).status_code == 200
        assert "waking the workers" in (tmp_path / "log").read_text()


async def test_publishers_are_let_in_at_once_where_nobody_wants_to_wait(tmp_path: Path) -> None:
    ports = free_ports()
    room: dict[str, Any] = {"sinks": [{"file": str(tmp_path / "o.mp4")}]}
    write_config(tmp_path / "room.yaml", ports, room, warm_up_s=0)
    async with running(tmp_path / "room.yaml", ports, tmp_path / "log") as sidecar:
        await answered(sidecar, "/livez")
        async with connect(ports.publish_url) as client:
            await client.publish()
        assert (await sidecar.room())["name"] == ROOM
        assert "not_awake=" in (tmp_path / "log").read_text()
