"""What a running sidecar writes: who may read it, and that no second process writes there, too."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from livefoley.demo.sidecar import ROOM
from tests.clips import flashes, videos
from tests.live.clip_steps import over, published
from tests.support.media_files import VIDEO, file_hashes
from tests.support.ports import free_ports
from tests.support.programs import run_peer
from tests.support.sidecars import client, configured, sidecar, wait_room, worker_pid
from tests.support.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(240)]


def writing_everything(place: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is around a room that writes all that can be written, and the room."""
    around = {
        "clips": {"directory": f"{place}/out/clips", "checks": {"black": 1}},
        "render": {"enabled": True, "directory": f"{place}/out/renders"},
    }
    sinks = [{"hls": f"{place}/out/hls/{ROOM}"}, {"file": f"{place}/out/rec/%Y/o.mp4"}, {"file": f"{place}/o.mkv"}]
    room = {"sinks": sinks, "stem": True, "clips": {"enabled": True, "memory_mb": 16}, "lookahead_s": 1.0}
    return around, room


def below(place: Path) -> set[Path]:
    """Return all that is there."""
    return set(place.rglob("*"))


@pytest.mark.parametrize(
    ("files", "private", "served"), [({}, 0o077, 0o644), ({"umask": "027", "served": "640"}, 0o027, 0o640)]
)
async def test_others_may_read_what_a_web_server_hands_out_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], private: int, served: int
) -> None:
    monkeypatch.setenv("LIVEFOLEY_CACHE_DIR", f"{tmp_path}/cache")
    before = below(tmp_path)
    around, room = writing_everything(tmp_path)
    async with sidecar(tmp_path, {**around, "server": {"files": files}}, **room) as made:
        started = {tmp_path / "room.yaml", tmp_path / "sidecar.log"}  # by the test
        async with published(made.ports.publish_url, flashes.lasting()), client(made) as http:
            await wait_room(made, lambda told: told["position_s"] > 5)
            clip = (await http.post("/v1/clips", json={"room": ROOM, "last_s": 4})).json()["id"]
            assert (await over(httpx_below(http), clip))["state"] == "ready"
            await rendered(http)
            await until((tmp_path / f"out/hls/{ROOM}/index.m3u8").exists)
        await made.stop()
    written = below(tmp_path) - before - started
    handed_out = [tmp_path / "out" / "hls", tmp_path / "out" / "clips" / "published"]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in written}
    for path, mode in modes.items():
        inside = any(root in (path, *path.parents) for root in handed_out) and not path.name.startswith(".")
        around_it = any(path in root.parents for root in handed_out)
        if path.is_dir() and (inside or around_it):
            assert mode == 0o700 | served | (served & 0o444) >> 2, path
        elif inside:
            assert mode == served, path
        else:
            assert not mode & private, path
    names = {path.name for path in written}
    assert {"index.m3u8", "clip.mp4", "job.json", "record.json", "o.mp4", "o.stem.m4a", "o.mkv", "cache"} <= names
    assert any("result" in name for name in names)


def httpx_below(http: httpx.AsyncClient) -> httpx.AsyncClient:
    """Return a client of the API below ``/v1``."""
    return httpx.AsyncClient(base_url=f"{http.base_url}/v1", trust_env=False)


async def rendered(http: httpx.AsyncClient) -> None:
    """Have a render made."""
    video, _ = videos.play()
    asked = await http.post("/v1/render", files={"video": ("play.mp4", video.read_bytes())})
    assert asked.status_code == 202, asked.text

    async def is_over() -> bool:
        return (await http.get(f"/v1/render/{asked.json()['id']}")).json()["state"] in ("ready", "failed")

    await until(is_over)
    assert (await http.get(f"/v1/render/{asked.json()['id']}")).json()["state"] == "ready"


async def test_a_second_process_on_the_same_places_is_one_line_and_the_first_does_not_notice(tmp_path: Path) -> None:
    around, room = writing_everything(tmp_path)
    clip = flashes.lasting()
    async with sidecar(tmp_path, around, **room) as made:
        async with published(made.ports.publish_url, clip):
            await until((tmp_path / f"out/hls/{ROOM}/index.m3u8").exists)
            (tmp_path / "twin").mkdir()
            for places in ({"render"}, {"clips"}, {0}, {1}, {2}):
                code, said = await run_peer(*twin(tmp_path, places))
                assert code == 2, said
                *before, line = [line for line in said.splitlines() if line.strip()]
                assert not [line for line in before if "error" in line or "Traceback" in line]  # rooms' addresses alone
                assert "another livefoley (process " in line
                assert "each needs its own place" in line
            hls = tmp_path / f"out/hls/{ROOM}"
            for playlist in ("video.m3u8", "sound.m3u8", "original.m3u8"):
                named = [line for line in (hls / playlist).read_text().splitlines() if line.endswith(".m4s")]
                assert named
                assert all((hls / name).exists() for name in named)
            await wait_room(made, lambda told: told["position_s"] > 6)
        await made.stop()
    assert not [path for path in below(tmp_path) if "recovered" in path.name]
    recorded = file_hashes(tmp_path / "o.mkv", VIDEO)
    assert recorded[:100] == file_hashes(clip, VIDEO)[:100]


def twin(place: Path, shared: set[Any]) -> list[str]:
    """Return the command of a sidecar that shares some places with the first: sections by name, outputs by number."""
    around, room = writing_everything(place)
    own, others = writing_everything(place / "twin")
    around = {section: (around if section in shared else own)[section] for section in around}
    others["sinks"] = [(room if number in shared else others)["sinks"][number] for number in range(3)]
    config = configured(place / "twin", free_ports(), around, **others)
    return [sys.executable, "-m", "livefoley", "run", str(config)]


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of file sizes")
async def test_a_disk_that_refuses_is_told_until_it_takes_what_is_written_again(tmp_path: Path) -> None:
    """The kernel refuses the rooms' process every file of more than 50 kB, and then does so no more."""
    around, room = writing_everything(tmp_path)
    async with sidecar(tmp_path, around, **room) as made, client(made) as http:

        async def troubles() -> str:
            told = (await http.get("/healthz")).json()
            return "; ".join([*told["troubles"], *told["rooms"][ROOM]["troubles"]])

        async def clip() -> str:
            asked = (await http.post("/v1/clips", json={"room": ROOM, "last_s": 4})).json()
            return str((await over(httpx_below(http), asked["id"]))["state"])

        async def told(*words: str) -> bool:
            said = await troubles()
            return all(word in said for word in words)

        async with published(made.ports.publish_url, flashes.lasting()):
            await wait_room(made, lambda told: told["position_s"] > 5)
            process = psutil.Process(worker_pid("foley_worker")).parent()
            assert process is not None
            assert not await told("down")
            process.rlimit(psutil.RLIMIT_FSIZE, (50_000, psutil.RLIM_INFINITY))
            assert await clip() == "failed"
            await until(lambda: told("clips: ", "output 0 (hls) is down", "output 1 (file) is down"))
            process.rlimit(psutil.RLIMIT_FSIZE, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))
            assert await clip() == "ready"

            async def all_well() -> bool:
                return not await troubles()

            await until(all_well)
        room_now = await made.room()
        assert room_now["decode_errors"] == room_now["late_units"] == 0
