"""A real, headless OBS, and somebody at its controls."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from livefoley.outbound.obs_protocol import SUBPROTOCOL, Answer, identify, incoming, request
from tests.support.peers import free_port, require, shared
from tests.support.waiting import LIMIT_S

PASSWORD = "livefoley-test"


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
    async with asyncio.timeout(LIMIT_S):
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
