"""The link to a real, headless OBS: scenes, highlights, a restart, a wrong password."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from livefoley.core.notices import HighlightNotice
from livefoley.outbound.obs import ObsLink, ObsSettings
from livefoley.outbound.obs_protocol import SUBPROTOCOL, Answer, identify, incoming, request
from livefoley.runtime.events.event_feed import EventFeed
from tests.peers import free_port, require, shared

PASSWORD = "livefoley-test"
NO_CHAPTERS = 204  # what OBS before 30.2 answers
MOMENT = HighlightNotice("h1", 1, "confirmed", "discount", 1.5, 2.4, 1.5, 0.9, (), "sold out", "", None)

pytestmark = pytest.mark.live


@asynccontextmanager
async def obs(port: int, log: Path, script: Path | None = None, to: str = "") -> AsyncIterator[None]:
    """Run OBS with its WebSocket server on ``port``; it streams to a URL, or to where nobody is."""
    for program in ("obs", "Xvfb", "bash"):
        require(program)
    clip, script = shared("footage/bottles_by_hand.mp4"), script or shared("peers/obs/run.sh")
    server, key = (to or f"rtmp://127.0.0.1:{free_port()}/live/key").rsplit("/", 1)
    own = {name: value for name, value in os.environ.items() if not name.startswith("QT_")}  # a cv2 may bring its Qt
    process = await asyncio.create_subprocess_exec(
        *("bash", str(script), server, key, str(clip), "100"),
        env={**own, "WS_PORT": str(port), "OBS_LOG": str(log)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # the script then sees OBS and its display off
        await asyncio.wait_for(process.wait(), 20)


def with_replays(place: Path) -> Path:
    """Return a script that runs OBS with a replay buffer, to be started by hand."""
    for name in ("run.sh", "basic.ini", "global.ini", "scene.json"):
        shutil.copy(shared(f"peers/obs/{name}"), place / name)
    profile = place / "basic.ini"
    profile.write_text(profile.read_text().replace("[SimpleOutput]\n", "[SimpleOutput]\nRecRB=true\nRecRBTime=5\n"))
    return place / "run.sh"


class Operator:
    """Somebody at OBS's own controls."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def do(self, name: str, **data: Any) -> Answer:
        """Do something; return OBS's answer."""
        await self._socket.send(request(1, name, **data))
        while not isinstance(answer := incoming(await self._socket.recv()), Answer):
            pass
        return answer


@asynccontextmanager
async def operator(port: int) -> AsyncIterator[Operator]:
    """Come to OBS's controls, once it has started."""
    async with asyncio.timeout(60):
        while True:
            try:
                socket = await connect(f"ws://127.0.0.1:{port}", subprotocols=[SUBPROTOCOL], proxy=None)  # type: ignore[list-item]
                break
            except OSError:
                await asyncio.sleep(0.2)
    async with socket:
        await socket.send(identify(await socket.recv(), PASSWORD))
        await socket.recv()
        yield Operator(socket)


@asynccontextmanager
async def linked(feed: EventFeed, settings: ObsSettings) -> AsyncIterator[tuple[ObsLink, list[str]]]:
    """Run a link; give it with the scenes it reports."""
    scenes: list[str] = []

    async def on_scene(scene: str) -> None:
        scenes.append(scene)

    link = ObsLink("stage", settings, feed, on_scene)
    running = asyncio.create_task(link.run())
    try:
        yield link, scenes
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until(condition: Any, timeout_s: float = 60.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - another program's doing
            await asyncio.sleep(0.05)


async def enabled(at: Operator) -> bool:
    answer = await at.do("GetSceneItemEnabled", sceneName="Scene", sceneItemId=1)
    return bool(answer.data["sceneItemEnabled"])


@pytest.mark.timeout(240)
async def test_scenes_come_highlights_go_and_a_restart_is_survived(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, feed = free_port(), EventFeed("stage")
    settings = ObsSettings(f"ws://127.0.0.1:{port}", PASSWORD, chapter=True, source="clip", show_s=1.0)
    async with linked(feed, settings) as (link, scenes):
        async with obs(port, tmp_path / "first.log"), operator(port) as at:
            await until(lambda: scenes == ["Scene"])
            await at.do("CreateScene", sceneName="Starting Soon 马上开始")
            await at.do("SetCurrentProgramScene", sceneName="Starting Soon 马上开始")
            await until(lambda: scenes[1:] == ["Starting Soon 马上开始"])
            await at.do("SetCurrentProgramScene", sceneName="Scene")
            await until(lambda: scenes[2:] == ["Scene"])
            await at.do("SetSceneItemEnabled", sceneName="Scene", sceneItemId=1, sceneItemEnabled=False)
            await until(lambda: feed.statistics().listeners == 1)
            feed.publish(MOMENT)
            async with asyncio.timeout(20):
                while not await enabled(at):  # noqa: ASYNC110 - asked over the network
                    await asyncio.sleep(0.05)
                while await enabled(at):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            assert link.statistics().delivered >= 1
            chapter = await at.do("CreateRecordChapter", chapterName="sold out")
            dropped = link.statistics().dropped
            feed.publish(replace(MOMENT, id="h2"))
            await until(lambda: link.statistics().delivered >= 2)
            assert (dropped, link.statistics().dropped) == (1, 2)  # of chapters: OBS records nothing
        await until(lambda: not link.statistics().connected)
        async with obs(port, tmp_path / "second.log"):
            await until(lambda: link.statistics().connected and scenes[3:] == ["Scene"])
    said = capsys.readouterr().out
    assert said.count("OBS is connected") == 2
    assert said.count("chapters need OBS 30.2") == (chapter.code == NO_CHAPTERS)
    assert PASSWORD not in said


@pytest.mark.timeout(120)
async def test_a_wrong_or_missing_password_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    port, feed = free_port(), EventFeed("stage")
    async with obs(port, tmp_path / "obs.log"):
        async with operator(port):
            pass
        for password, told in (("not-the-password", "refuses the password"), (None, "asks for a password")):
            async with linked(feed, ObsSettings(f"ws://127.0.0.1:{port}", password)) as (link, scenes):
                await until(lambda link=link: link.statistics().retries >= 3)
                assert (scenes, link.statistics().connected) == ([], False)
            said = capsys.readouterr().out
            assert said.count(told) == 1
            assert "not-the-password" not in said
