"""Sound on demand from a running sidecar: uploads, URLs, refusals, clients that go away, a server that is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from livefoley.demo.measure import find_onsets_s, match_onsets
from livefoley.demo.sidecar import Sidecar, running
from livefoley.marks.labels import read_labels
from tests.clips import videos
from tests.clips.sounds import read
from tests.support.peers import require
from tests.support.ports import free_ports
from tests.support.sidecars import client, configured
from tests.support.waiting import LIMIT_S, until

pytestmark = pytest.mark.live

OVER = ("ready", "failed")
TOKEN = "t0ken"
ASKED = {"description": videos.DESCRIPTION, "output_format": "mp3"}


@pytest.fixture(scope="module")
def play() -> tuple[Path, list[float]]:
    return videos.play()


def rendering(place: Path, **render: Any) -> dict[str, Any]:
    """Return what the configuration of a sidecar holds that renders."""
    return {
        "server": {"http": {"token": TOKEN}},
        "render": {"enabled": True, "directory": f"{place}/renders", **render},
    }


@asynccontextmanager
async def rendering_sidecar(place: Path, **render: Any) -> AsyncIterator[tuple[Sidecar, httpx.AsyncClient]]:
    ports = free_ports()
    config = configured(place, ports, rendering(place, **render), sinks=[])
    async with running(config, ports, place / "sidecar.log") as made, permitted(made) as http:
        await answering(made, http)
        yield made, http


def permitted(made: Sidecar) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    return client(made, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=LIMIT_S)


async def answering(made: Sidecar, http: httpx.AsyncClient) -> None:
    async def alive() -> bool:
        made.check()
        with contextlib.suppress(httpx.HTTPError):
            return (await http.get("/livez")).status_code == 200
        return False

    await until(alive)


async def state(http: httpx.AsyncClient, render: str, *wanted: str) -> dict[str, Any]:
    """Wait until a render is in one of the states."""

    async def asked() -> dict[str, Any] | None:
        answer = await http.get(f"/v1/render/{render}")
        if answer.status_code == 503:  # what an earlier process left is not known yet
            return None
        status = answer.raise_for_status().json()
        return status if status["state"] in wanted else None

    found: dict[str, Any] = await until(asked, 250)
    return found


def upload(http: httpx.AsyncClient, video: Path, **fields: str) -> Awaitable[httpx.Response]:
    return http.post("/v1/render", data=fields, files={"video": (video.name, video.read_bytes())})


def seconds_of(sound: Path) -> float:
    command = [require("ffprobe"), "-v", "error", "-show_entries", "format=duration", "-of", "json", str(sound)]
    return float(json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["format"]["duration"])


def processes() -> list[psutil.Process]:
    """Return the processes that make renders, of whoever started them from here."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "livefoley.renders" in " ".join(process.cmdline()):
                found.append(process)
    return found


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, list[str]]]:
    """A web server of ``folder`` on this machine, and what was asked of it."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            asked.append(str(args[0]) if args else "")

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def test_an_upload_becomes_a_sound_in_sync_and_is_deleted_when_asked(
    tmp_path: Path, play: tuple[Path, list[float]]
) -> None:
    async with rendering_sidecar(tmp_path) as (made, http):
        asked = await upload(http, play[0], **ASKED)
        assert asked.status_code == 202, asked.text
        render = asked.json()["id"]
        assert asked.headers["location"] == f"/v1/render/{render}"
        early = await http.get(f"/v1/render/{render}/result")
        assert (early.status_code, early.headers["content-type"]) == (409, "application/problem+json")
        query = {"description": videos.DESCRIPTION, "mix": "true"}
        raw = await http.post("/v1/render", params=query, content=play[0].read_bytes())
        assert raw.status_code == 202, raw.text
        status = await state(http, render, *OVER)
        assert (status["state"], status["error"], status["progress"]) == ("ready", "", 1.0)
        sound = tmp_path / "sound.mp3"
        answer = await http.get(status["result"])
        sound.write_bytes(answer.content)
        assert answer.headers["content-type"] == "audio/mpeg"
        assert len(answer.content) == status["bytes"]
        assert seconds_of(sound) == pytest.approx(videos.SECONDS, abs=0.1)
        match = match_onsets(find_onsets_s(read(sound)), play[1])
        assert not match.missed_s
        assert max(map(abs, match.errors_s)) < 0.02
        labels = read_labels(sound)
        assert (labels.content_id, labels.ai_generated) == (status["content_id"], True)
        mixed = await state(http, raw.json()["id"], *OVER)
        assert mixed["state"] == "ready"
        (tmp_path / "mix.wav").write_bytes((await http.get(mixed["result"])).content)
        assert seconds_of(tmp_path / "mix.wav") == pytest.approx(videos.SECONDS, abs=0.05)
        metrics = (await http.get("/metrics")).text
        assert 'livefoley_renders_over_total{outcome="ready"} 2.0' in metrics
        assert (await http.delete(f"/v1/render/{render}")).status_code == 204
        assert (await http.get(f"/v1/render/{render}")).status_code == 404
        assert not (tmp_path / "renders" / render).exists()
        assert sorted(entry.name for entry in (tmp_path / "renders" / mixed["id"]).iterdir()) == [
            "job.json",
            "result.wav",
        ]
        await made.stop()


async def test_what_cannot_be_rendered_is_refused_in_one_line_and_leaves_nothing(
    tmp_path: Path, play: tuple[Path, list[float]]
) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video at all\n" * 1000)
    async with rendering_sidecar(tmp_path, max_mb=1, per_minute=0) as (made, http):
        with serving(tmp_path) as (port, canary):
            for url in (f"http://127.0.0.1:{port}/a.mp4", f"https://localhost:{port}/a.mp4", "https://[::1]/a.mp4"):
                refused = await http.post("/generate_audio", json={"video_url": url})
                assert refused.status_code == 422, url
                assert "\n" not in refused.json()["detail"]
            assert canary == []
        cases = [
            (await upload(http, text), 422, "no video or sound file"),
            (await upload(http, play[0], description="x" * 10_000), 422, "description"),
            (await upload(http, play[0], output_format="ogg"), 422, "output_format"),
            (await upload(http, play[0], colour="red"), 422, "unknown key"),
            (await http.post("/generate_audio", json={"description": "rain"}), 422, "video_url"),
            (await http.post("/v1/render", content=b"x" * 3_000_000), 413, "at most 1 MB"),
            (await http.post("/v1/render", content=b"{", headers={"Content-Type": "application/json"}), 422, "JSON"),
            (await http.get("/v1/render/nothing"), 404, "no such render"),
            (await http.post("/generate_audio", json={"video_url": "https://x"}, headers=_WRONG), 401, "token"),
        ]
        for answer, code, told in cases:
            assert answer.status_code == code, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert told in answer.json()["detail"]
        with contextlib.suppress(httpx.HTTPError):  # it may hang up before the answer is read
            assert (await http.post("/v1/render", content=_too_much())).status_code == 413
        bomb = (await upload(http, videos.bomb(tmp_path / "bomb.mp4"))).json()["id"]
        status = await state(http, bomb, *OVER)
        assert (status["state"], "8192x8192" in status["error"]) == ("failed", True)
        assert (await http.get(f"/v1/render/{bomb}/result")).status_code == 422
        await until(lambda: len(list((tmp_path / "renders").glob("*/*"))) <= 4)
        assert {entry.name for entry in (tmp_path / "renders").glob("*/*")} == {"job.json"}
        await made.stop()


_WRONG = {"Authorization": "Bearer wrong"}


async def _too_much() -> AsyncIterator[bytes]:
    yield b"\0\0\0\x18ftypisom"
    for _ in range(64):
        yield bytes(64 * 1024)


async def test_a_url_of_ones_own_network_is_answered_with_the_sound_when_it_is_allowed(
    tmp_path: Path, play: tuple[Path, list[float]]
) -> None:
    async with rendering_sidecar(tmp_path, allowed_hosts=["127.0.0.1"], waiting=1, wait_s=150) as (made, http):
        with serving(play[0].parent) as (port, _):
            body = {"video_url": f"http://127.0.0.1:{port}/{play[0].name}", **ASKED}
            waiting = asyncio.create_task(http.post("/generate_audio", json=body))
            left = asyncio.create_task(http.post("/generate_audio", json=body, headers={"Accept": "application/json"}))
            await until(lambda: len(list((tmp_path / "renders").glob("*/job.json"))) >= 2)
            busy = await http.post("/generate_audio", json=body)
            assert busy.status_code == 503
            assert int(busy.headers["retry-after"]) > 0
            left.cancel()  # its client goes away, the render goes on
            answer = await waiting
            assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")
            (tmp_path / "sound.mp3").write_bytes(answer.content)
            assert seconds_of(tmp_path / "sound.mp3") == pytest.approx(videos.SECONDS, abs=0.1)
            ids = {path.parent.name for path in (tmp_path / "renders").glob("*/job.json")}
            (other,) = ids - {answer.headers["x-render-id"]}
            assert (await state(http, other, *OVER))["state"] == "ready"
        await made.stop()


async def test_a_server_that_is_killed_leaves_nothing_half_done_and_goes_on_when_it_is_started_again(
    tmp_path: Path, play: tuple[Path, list[float]]
) -> None:
    long = videos.again(play[0], tmp_path / "long.mp4", 31)
    async with rendering_sidecar(tmp_path) as (made, http):
        render = (await upload(http, long, **ASKED)).json()["id"]
        await state(http, render, "rendering")
        await until(lambda: len(processes()) >= 3)
        workers = processes()
        half, others = tmp_path / "renders" / ("0" * 32), tmp_path / "renders" / "photos"
        for folder in (half, others):
            folder.mkdir()
            (folder / "input").write_bytes(b"cut off")
        made.kill()
        gone, alive = await asyncio.to_thread(psutil.wait_procs, workers, LIMIT_S)
        assert (len(gone), alive) == (3, [])
        assert not list((tmp_path / "renders").glob("*/result*"))
    async with rendering_sidecar(tmp_path) as (made, http):
        status = await state(http, render, *OVER)
        assert (status["state"], status["error"]) == ("ready", "")
        assert (half.exists(), others.exists()) == (False, True)
        await made.stop()
