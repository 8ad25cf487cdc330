"""A clip of a running sidecar from check to viewer: kept back, released, marked, signed, fetched by its link."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from livefoley.commands.verify import examine
from livefoley.demo.sidecar import ROOM
from livefoley.marks.carrier import ID_DIGITS
from tests.clips import flashes
from tests.clips.certificates import signing_chain
from tests.live.clip_steps import over
from tests.support.ports import free_port
from tests.support.sidecars import client, publish, sidecar, wait_room

pytestmark = pytest.mark.live

SECRET = "planted-secret-of-links"


def delivering(place: Path, edge: str) -> dict[str, Any]:
    chain, key = signing_chain(place, "Studio of the test")
    return {
        "directory": f"{place}/clips",
        "provider": "某某科技",
        "c2pa": {"cert": str(chain), "key": str(key)},
        "checks": {"black": 1},
        "delivery": {"secret": SECRET, "edges": [edge], "edge_log": f"127.0.0.1:{free_port()}"},
    }


async def test_a_clip_goes_from_quarantine_to_a_viewer_with_all_its_marks(tmp_path: Path) -> None:
    stream = flashes.lasting()
    warmed: list[bytes] = []
    edge = await asyncio.start_server(lambda r, w: _note(r, w, warmed), "127.0.0.1", 0)
    around = {"clips": delivering(tmp_path, f"http://127.0.0.1:{edge.sockets[0].getsockname()[1]}")}
    room: dict[str, Any] = {"sinks": [], "describe": "rain and a crowd", "clips": {"enabled": True}}
    async with edge, sidecar(tmp_path, around, **room) as made:
        publishing = asyncio.create_task(publish(made.ports.publish_url, stream, "-t", "15"))
        await wait_room(made, lambda room: room["units_out"] > 240)
        base = f"http://127.0.0.1:{made.ports.http}"
        async with client(made, "/v1") as http:
            asked = await http.post("/clips", json={"room": ROOM, "last_s": 6, "title": "p0rn"})
            clip = asked.json()["id"]
            status = await over(http, clip)
            assert (status["state"], status["findings"][0]["check"]) == ("quarantined", "text")
            assert (await http.get(f"/clips/{clip}/links")).status_code == 404
            assert (await http.post(f"/clips/{clip}/release")).status_code == 202
            status = await over(http, clip)
            assert (status["state"], status["error"]) == ("ready", "")
            links = (await http.get(f"/clips/{clip}/links")).json()
            answer = await http.get(base + links["clip.mp4"])
            assert answer.status_code == 200
            assert (await http.get(base + links["clip.mp4"].partition("?")[0])).status_code == 403
            metrics = (await http.get(f"{base}/metrics")).text
        await publishing
        await made.stop()
    assert 'livefoley_clip_requests_total{status="200"} 1.0' in metrics
    assert "livefoley_edge_hit_ratio 0.0" in metrics
    assert any(line.startswith(b"GET /clips/") and b"md5=" in line for line in warmed)
    assert SECRET not in (tmp_path / "sidecar.log").read_text()
    fetched = tmp_path / "fetched.mp4"
    fetched.write_bytes(answer.content)
    marks = examine(fetched)
    assert (marks.labels.provider, marks.labels.content_id) == ("某某科技", status["content_id"])
    assert marks.provenance.state == "valid"
    assert marks.provenance.mark == status["content_id"][:ID_DIGITS]
    assert marks.mark is not None
    assert marks.mark.found, marks.mark


async def _note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lines: list[bytes]) -> None:
    lines.append(await reader.readline())
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()
