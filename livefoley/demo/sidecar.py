"""The sidecar as a child process, just as an operator runs it: ``python -m livefoley run CONFIG``."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml

from livefoley.core.errors import LivefoleyError, OutputError, reason

START_S = 90.0
STOP_S = 60.0  # the look-ahead runs out, then outputs have ten seconds, and clips theirs; a busy machine needs more
LOG_LINES = 6  # of its log, shown when it failed
ROOM = "demo"
KEY = "demo-key"


class SidecarError(LivefoleyError):
    """The sidecar did not start, or died; the message ends with what it said last."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of a sidecar on 127.0.0.1."""

    rtmp: int
    http: int

    @property
    def publish_url(self) -> str:
        """Where the demo's publisher publishes to."""
        return f"rtmp://127.0.0.1:{self.rtmp}/live/{KEY}"

    @property
    def playback_url(self) -> str:
        """Where a player finds the HLS output."""
        return f"http://127.0.0.1:{self.http}/{ROOM}/hls/index.m3u8"


def free_ports() -> Ports:
    """Return two ports nobody uses now, below those that systems give to outgoing connections."""
    first = _free_port()
    return Ports(first, next(port for port in iter(_free_port, 0) if port != first))


def _free_port() -> int:
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def write_config(path: Path, ports: Ports, room: dict[str, Any], **server: Any) -> None:
    """Write a configuration with one room, and what else ``server`` shall have; raises ``OutputError``."""
    server |= {"rtmp": {"listen": f"127.0.0.1:{ports.rtmp}"}, "http": {"listen": f"127.0.0.1:{ports.http}"}}
    document = {"server": server, "rooms": {ROOM: {"source": {"rtmp": {"key": KEY}}, **room}}}
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=100)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# Written by `livefoley demo`; it is written again each time.\n" + text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({reason(error)})") from None


class Sidecar:
    """A running sidecar. Its log is ``log``."""

    def __init__(self, process: subprocess.Popen[bytes], ports: Ports, log: Path) -> None:
        self.ports = ports
        self.log = log
        self._process = process
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports.http}", timeout=20.0, trust_env=False)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    async def wait_ready(self) -> None:
        """Wait until publishers and foley can be served; raises ``SidecarError``."""
        try:
            async with asyncio.timeout(START_S):
                while not (self.alive and await self._is_ready()):
                    self.check()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise SidecarError(f"the sidecar was not ready within {START_S:.0f} s{self._said()}") from None

    def check(self) -> None:
        """Raise ``SidecarError`` when the process is gone."""
        if not self.alive:
            raise SidecarError(f"the sidecar ended with status {self._process.returncode}{self._said()}")

    async def room(self) -> dict[str, Any]:
        """Return the room's snapshot as ``/v1/rooms`` tells it."""
        try:
            answer = await self._http.get(f"/v1/rooms/{ROOM}")
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            self.check()
            raise SidecarError(f"the sidecar's API does not answer ({type(error).__name__}){self._said()}") from None
        return found

    async def accent(self, prompt: str, delay_s: float) -> None:
        """Ask for an accent of these words, in ``delay_s``. Where the room takes none, the demo goes on without."""
        with contextlib.suppress(httpx.HTTPError):
            await self._http.post(f"/v1/rooms/{ROOM}/cues", json={"prompt": prompt, "delay_s": delay_s})

    def cpu_s(self) -> float:
        """Return the processor seconds used so far by the process and its workers."""
        try:
            process = psutil.Process(self._process.pid)
            family = [process, *process.children(recursive=True)]
            return sum(sum(member.cpu_times()[:2]) for member in family)
        except psutil.Error:
            return 0.0

    async def stop(self) -> None:
        """Let it finish its outputs; kill it when it does not. Raises ``SidecarError`` when it ended badly."""
        await self._http.aclose()
        if self.alive:
            self._process.send_signal(_STOP)
        try:
            code = await asyncio.to_thread(self._process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise SidecarError(f"the sidecar did not finish within {STOP_S:.0f} s and was killed") from None
        if code:
            raise SidecarError(f"the sidecar ended with status {code}{self._said()}")

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self.alive:
            self._process.kill()
            self._process.wait()

    async def _is_ready(self) -> bool:
        try:
            ready = (await self._http.get("/readyz")).status_code == 200
            return ready and not (await self._http.get(f"/v1/rooms/{ROOM}")).json()["foley_bypassed"]
        except (httpx.HTTPError, KeyError, ValueError):
            return False

    def _said(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return "".join(f"\n  {line}" for line in lines[-LOG_LINES:]) + f"\n  the whole log: {self.log}"


@asynccontextmanager
async def running(config: Path, ports: Ports, log: Path) -> AsyncIterator[Sidecar]:
    """Run a sidecar; it is killed on the way out unless it was stopped."""
    sidecar = Sidecar(_start(config, log), ports, log)
    try:
        yield sidecar
    finally:
        sidecar.kill()


def _start(config: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "livefoley", "run", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            creationflags=_GROUP,
            start_new_session=not _GROUP,  # a Ctrl-C is for the demo, which then stops it in order
        )


# On Windows a child in a group of its own can be asked to end by CTRL_BREAK; elsewhere by SIGTERM.
_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
_STOP: int = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM)
