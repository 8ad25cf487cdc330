"""What the end-to-end benchmarks share: a sidecar, its peers, processor time of process trees, the last line.

The sidecar runs as an operator runs it; encoders and servers around it are other programs, or run in the benchmark's
own process, and their processor time is not counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import structlog
import yaml

from livefoley.clips.model import ClipMetadata, Heat
from livefoley.core.media import Disconnected, MediaKind, SourceItem, TrackInfo
from livefoley.media.rtmp import RtmpServer

ROOT = Path(__file__).resolve().parents[1]
FOOTAGE = ROOT.parent / "shared" / "footage"
CACHE = Path(tempfile.gettempdir()) / "livefoley-benchmarks"
START_S = 60.0


def quiet() -> None:
    """Keep livefoley's log out of the tables."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))


def require(*programs: str) -> None:
    """Exit with one line when a program that the benchmark compares with is missing."""
    missing = [program for program in programs if which(program) is None]
    if missing:
        sys.exit(
            f"this benchmark needs {', '.join(missing)}; on Debian: apt-get install ffmpeg nginx libnginx-mod-rtmp"
        )


def which(program: str) -> str | None:
    """Return where ``program`` is, also in the folders of system programs."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


def free_port() -> int:
    """Return a port nobody listens on, below those that systems give to outgoing connections."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def start(*command: object, log: Path | None = None) -> subprocess.Popen[bytes]:
    """Start a process; what it says goes to ``log``."""
    output: Any = log.open("wb") if log else subprocess.DEVNULL
    return subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    )


@contextmanager
def process(*command: object, log: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process; it is killed on the way out, if it still runs."""
    running = start(*command, log=log)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def encode(name: str, *options: object) -> Path:
    """Return the clip ``name``, made by ffmpeg with ``options`` unless it is in the cache."""
    path = CACHE / name
    if not path.exists():
        print(f"encoding {name} (kept in {CACHE})", file=sys.stderr, flush=True)
        CACHE.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"partial-{name}")
        subprocess.run([str(p) for p in ("ffmpeg", "-v", "error", "-y", *options, partial)], check=True)
        partial.replace(path)
    return path


def publisher(clip: Path, url: str, *options: object) -> tuple[object, ...]:
    """Return the command of an ffmpeg that publishes ``clip`` unchanged at its own pace."""
    return ("ffmpeg", "-v", "error", *options, "-re", "-i", clip, "-c", "copy", "-f", "flv", url)


# ---- processor and memory of a process with all below it ----


class Tree:
    """A process and its descendants; what one that ended has used stays counted as it was last seen."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._used_s: dict[tuple[int, float], float] = {}

    def cpu_s(self) -> float:
        """Return the processor seconds (user and system) used so far."""
        for member in self._members():
            try:
                self._used_s[member.pid, member.create_time()] = sum(member.cpu_times()[:2])
            except psutil.Error:
                continue
        return sum(self._used_s.values())

    def parts_s(self) -> dict[str, float]:
        """Return the processor seconds of each member, by what it is (as of the last call of `cpu_s`)."""
        named = {(member.pid, member.create_time()): _role(member) for member in self._members()}
        found: dict[str, float] = {}
        for member, used_s in self._used_s.items():
            role = named.get(member, "ended")
            found[role] = found.get(role, 0.0) + used_s
        return found

    def pin(self, cores: Sequence[int]) -> None:
        """Keep all of it on these processor cores, where the system can."""
        for member in self._members():
            with contextlib.suppress(psutil.Error, AttributeError, ValueError):
                member.cpu_affinity(list(cores))

    def memory_mb(self) -> float:
        """Return the memory in use: proportional set size where the system tells it, else resident."""
        return sum(self.parts_mb().values())

    def parts_mb(self) -> dict[str, float]:
        """Return the same for the members of each kind."""
        found: dict[str, float] = {}
        for member in self._members():
            try:
                role, info = _role(member), member.memory_full_info()
            except psutil.Error:
                continue
            found[role] = found.get(role, 0.0) + (getattr(info, "pss", 0) or info.rss) / 1e6
        return found

    def _members(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.Error:
            return []


def _role(member: psutil.Process) -> str:
    """Return ``room``, ``perception`` or ``foley`` for the processes of a sidecar."""
    with contextlib.suppress(psutil.Error):
        for word in member.cmdline():
            if word.startswith("livefoley.runtime."):
                return word.split(".")[-1].removesuffix("_worker")
    return "room"


# ---- the sidecar ----


class Sidecar:
    """A sidecar that runs; ``rooms`` of its configuration by name."""

    def __init__(self, running: subprocess.Popen[bytes], rtmp_port: int, http_port: int, log: Path) -> None:
        self.pid = running.pid
        self.tree = Tree(running.pid)
        self._log = log
        self._running = running
        self._rtmp_port = rtmp_port
        self.http_url = f"http://127.0.0.1:{http_port}"
        self._http = httpx.AsyncClient(base_url=self.http_url, timeout=5.0, trust_env=False)

    def url(self, room: str) -> str:
        """Return where to publish to a room; its key is its name."""
        return f"rtmp://127.0.0.1:{self._rtmp_port}/live/{room}"

    def events_url(self, room: str) -> str:
        """Return where a room's events are read."""
        return f"{self.http_url.replace('http', 'ws', 1)}/v1/rooms/{room}/events"

    async def room(self, name: str) -> dict[str, Any]:
        """Return a room's snapshot."""
        found: dict[str, Any] = (await self._http.get(f"/v1/rooms/{name}")).raise_for_status().json()
        return found

    async def wait_ready(self) -> None:
        """Wait until every room can be served, foley included where it is on."""
        async with asyncio.timeout(START_S):
            while not await self._ready():
                if self._running.poll() is not None:
                    sys.exit(f"the sidecar ended with status {self._running.returncode}:\n{self._log.read_text()}")
                await asyncio.sleep(0.2)

    async def _ready(self) -> bool:
        try:
            rooms = (await self._http.get("/v1/rooms")).raise_for_status().json()
        except httpx.HTTPError:
            return False
        return all(not room["foley_bypassed"] or "off" in room["bypass_reason"] for room in rooms)

    async def stop(self) -> None:
        """Let it finish its outputs."""
        await self._http.aclose()
        self._running.terminate()
        await asyncio.to_thread(self._running.wait, 20)


@asynccontextmanager
async def sidecar(
    place: Path, rooms: dict[str, dict[str, Any]], sections: dict[str, Any] | None = None
) -> AsyncIterator[Sidecar]:
    """Run a sidecar with ``rooms`` (each without its source: it is published to), ready when given.

    ``sections`` are those of the configuration beside ``server`` and ``rooms``.
    """
    rtmp, http = free_port(), free_port()
    server = {"rtmp": {"listen": f"127.0.0.1:{rtmp}"}, "http": {"listen": f"127.0.0.1:{http}"}}
    published = {name: {"source": {"rtmp": {"key": name}}, **room} for name, room in rooms.items()}
    config = place / "sidecar.yaml"
    document = {"server": server, **(sections or {}), "rooms": published}
    config.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    with process(sys.executable, "-m", "livefoley", "run", config, log=place / "sidecar.log") as running:
        made = Sidecar(running, rtmp, http, place / "sidecar.log")
        await made.wait_ready()
        yield made
        if running.poll() is None:
            await made.stop()


# ---- servers that receive ----


class Drain:
    """An RTMP server in this process that counts what each key receives, and keeps none of it."""

    def __init__(self, server: RtmpServer) -> None:
        self._server = server
        self.bytes: dict[str, int] = {}
        self.pictures: dict[str, int] = {}

    def url(self, key: str) -> str:
        """Return where to publish to."""
        return f"rtmp://127.0.0.1:{self._server.port}/live/{key}"

    def count(self, key: str, item: SourceItem) -> None:
        """Count an item of ``key``."""
        if not isinstance(item, (TrackInfo, Disconnected)):
            self.bytes[key] = self.bytes.get(key, 0) + len(item.data)
            self.pictures[key] = self.pictures.get(key, 0) + (item.kind is MediaKind.VIDEO)


@asynccontextmanager
async def drain(*keys: str) -> AsyncIterator[Drain]:
    """Run a `Drain` for ``keys``."""
    server = RtmpServer("127.0.0.1", 0)
    await server.start()
    made = Drain(server)

    def receive(key: str) -> asyncio.Task[None]:
        return asyncio.create_task(server.register(key).run(lambda item: made.count(key, item)))

    tasks = [receive(key) for key in keys]
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.close()


@asynccontextmanager
async def nginx(place: Path) -> AsyncIterator[tuple[int, Path]]:
    """Run nginx-rtmp; give its port and the folder in which it records every stream of ``/live`` as FLV."""
    port, records = free_port(), place / "records"
    records.mkdir(parents=True, exist_ok=True)
    (place / "nginx.conf").write_text(f"""
        load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
        daemon off; master_process off; pid {place}/nginx.pid; error_log {place}/nginx.log info;
        user root; events {{}}
        rtmp {{ access_log off; server {{ listen 127.0.0.1:{port};
            application live {{ live on; record all; record_path {records}; record_suffix .flv; }} }} }}
    """)
    with process(which("nginx"), "-p", place, "-c", place / "nginx.conf", "-e", place / "nginx.log") as running:
        await listening(port)
        yield port, records
        running.terminate()
        await asyncio.to_thread(running.wait, 10)


async def listening(port: int) -> None:
    """Wait until somebody listens on ``port``."""
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


# ---- what is printed ----


def print_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print columns: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    for row in (headings, *rows):
        first, *others = (
            text.ljust(width) if not index else text.rjust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join((first, *others)))


def print_result(
    name: str, value: float, unit: str, baseline: float | None, target: float | None, passed: bool
) -> None:
    """Print the last line, for machines; ``target`` is None for what nothing was promised of."""
    figure = {"name": name, "value": value, "unit": unit, "baseline": baseline, "target": target, "pass": passed}
    print("\n" + json.dumps(figure), flush=True)


async def until(moment_s: float) -> None:
    """Sleep until the monotonic clock shows ``moment_s``."""
    await asyncio.sleep(max(0.0, moment_s - time.monotonic()))


def clip_metadata(content_id: str, title: str = "") -> ClipMetadata:
    """Return what there is to tell of a clip of 15 s that nobody has made."""
    return ClipMetadata(
        content_id=content_id,
        room="stage",
        title=title,
        tags=(),
        heat=Heat.HOT,
        created_at="2026-11-21T12:00:00.000Z",
        start_at="2026-11-21T12:00:00.000Z",
        duration_s=15.0,
        peak_s=7.0,
        stream_start_s=0.0,
        stream_end_s=15.0,
    )
