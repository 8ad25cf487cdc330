"""A real, headless OBS, and somebody at its controls."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from livefoley.outbound.obs_protocol import SUBPROTOCOL, Answer, identify, incoming, request
from tests.support.made import made_once
from tests.support.media_files import make_clip
from tests.support.peers import require
from tests.support.ports import free_port
from tests.support.waiting import LIMIT_S

PASSWORD = "livefoley-test"


_PROFILE = """
[General]
Name=test
[Output]
Mode=Simple
[SimpleOutput]
StreamEncoder=x264
VBitrate=800
ABitrate=160
Preset={preset}
UseAdvanced=true
x264Settings=keyint=60
{replays}
[Video]
BaseCX=640
BaseCY=360
OutputCX=640
OutputCY=360
FPSType=1
FPSInt=30
[Audio]
SampleRate=48000
ChannelSetup=Stereo
"""
_REPLAYS = "RecRB=true\nRecRBTime=5"
_GLOBAL = """
[General]
FirstRun=true
EnableAutoUpdates=false
LastVersion=486539266
ConfirmOnExit=false
[Basic]
Profile=test
ProfileDir=test
SceneCollection=test
SceneCollectionFile=test
ConfigOnNewProfile=true
[BasicWindow]
WarnBeforeStartingStream=false
WarnBeforeStoppingStream=false
PreviewEnabled=false
[OBSWebSocket]
FirstLoad=false
ServerEnabled=true
ServerPort={port}
AlertsEnabled=false
AuthRequired=true
ServerPassword={password}
"""
_ARGUMENTS = ("--startstreaming", "--profile", "test", "--collection", "test", "--scene", "Scene", "--minimize-to-tray")
_QUIET = ("--multi", "--disable-updater", "--disable-missing-files-check")


@asynccontextmanager
async def obs(
    port: int, log: Path, to: str = "", *, replays: bool = False, preset: str = "ultrafast"
) -> AsyncIterator[None]:
    """Run OBS with its WebSocket server on ``port``; it streams to a URL, or to where nobody is.

    It shows a scene "Scene" with a looping clip as its item 1, "clip". ``replays``: with a replay buffer, to be started
    by hand. ``preset`` is x264's: OBS's own choice, "veryfast", has B-frames, "ultrafast" has none.
    """
    program, clip = require("obs"), _clip()
    with TemporaryDirectory(prefix="obs-") as home:
        _write_home(Path(home), clip, to or f"rtmp://127.0.0.1:{free_port()}/live/key", port, replays, preset)
        # a cv2 may bring its Qt
        own = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "XDG_"))}
        async with _display() as display:
            own |= {"HOME": home, "XDG_RUNTIME_DIR": home, "DISPLAY": display}
            own |= {"LIBGL_ALWAYS_SOFTWARE": "1", "QT_QPA_PLATFORM": "xcb"}
            with log.open("wb") as said:
                process = await asyncio.create_subprocess_exec(
                    program, *_ARGUMENTS, *_QUIET, env=own, stdin=DEVNULL, stdout=said, stderr=said
                )
            try:
                yield
            finally:
                await _end(process)


def _clip() -> Path:
    options = ("-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-pix_fmt", "yuv420p")
    return made_once("obs/clip.mp4", lambda path: make_clip(path, *options, seconds=10.0))


def _write_home(home: Path, clip: Path, to: str, port: int, replays: bool, preset: str) -> None:
    """Write what OBS reads at its start."""
    own = home / ".config" / "obs-studio"
    profile, scenes = own / "basic" / "profiles" / "test", own / "basic" / "scenes"
    for folder in (profile, scenes):
        folder.mkdir(parents=True)
    server, key = to.rsplit("/", 1)
    item = {"id": 1, "name": "clip", "visible": True, "pos": {"x": 0.0, "y": 0.0}, "scale": {"x": 1.0, "y": 1.0}}
    playing = {"is_local_file": True, "local_file": str(clip), "looping": True, "hw_decode": False}
    collection = {
        "name": "test",
        "current_scene": "Scene",
        "current_program_scene": "Scene",
        "current_transition": "Cut",
        "scene_order": [{"name": "Scene"}],
        "sources": [
            {"id": "scene", "name": "Scene", "settings": {"id_counter": 1, "items": [item]}},
            {"id": "ffmpeg_source", "name": "clip", "mixers": 255, "volume": 1.0, "settings": playing},
        ],
    }
    (own / "global.ini").write_text(_GLOBAL.format(port=port, password=PASSWORD).lstrip())
    (profile / "basic.ini").write_text(_PROFILE.format(replays=_REPLAYS if replays else "", preset=preset).lstrip())
    (profile / "service.json").write_text(
        json.dumps({"type": "rtmp_custom", "settings": {"server": server, "key": key}})
    )
    (scenes / "test.json").write_text(json.dumps(collection))


@asynccontextmanager
async def _display() -> AsyncIterator[str]:
    """Run an X server without a screen; it chooses its number."""
    read, write = os.pipe()
    options = ("-displayfd", str(write), "-screen", "0", "1280x800x24", "+extension", "GLX")
    process = await asyncio.create_subprocess_exec(
        require("Xvfb"), *options, pass_fds=(write,), stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
    )
    os.close(write)
    try:
        with open(read) as told:  # noqa: ASYNC230 - it comes at once
            yield f":{(await asyncio.to_thread(told.readline)).strip()}"
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask a program to end, and make it."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        await asyncio.wait_for(process.wait(), 10)
    except TimeoutError:
        process.kill()
        await process.wait()


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
