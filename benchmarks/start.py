"""How soon eight rooms that begin at once have sound, and what a sidecar takes to start and to stand by.

A sidecar with eight rooms, all of it on, is started beside eight publishers that wait for its RTMP port, as encoders do
that were left on: they come the moment it listens. Each publishes the demo's play from its sixth second on, without its
sound: something lands 0.63 s after the first picture, and twice more within a second. An action sound can be laid only
for what has been seen to land, and in time for the look-ahead (1.5 s).

The value is the time from the first packet to the moment the first action sound was laid, in the room that waited
longest. The baseline is the same when the publishers come a second time: all workers are long awake then, so the
difference is what the start costs. Beside it: when the first packet was let in, the sounds laid and pictures lost in
the ten seconds after the publishers came, the time to the first listening port and until all workers answer, and memory
of the sidecar and its workers with nobody publishing, one room and eight.

    python benchmarks/start.py [--rooms 8]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import common
import httpx
import yaml

from livefoley.demo.clip import make_clip

DESCRIBE = "rain on a window, 敲击木桌"
BEGIN_S, LENGTH_S = 5, 16
REST_S = 12.0  # until memory at rest is read
WATCH_S = 10.0
LET_IN_S = 15.0
LOOKAHEAD_S = 1.5
POLL_S = 0.1
TARGET_S = 3.0


@dataclass
class Room:
    """What was seen of a room during one visit of its publisher. Times are of the monotonic clock."""

    before: dict[str, Any]
    came_s: float
    first_packet_s: float | None = None
    first_sound_s: float | None = None
    last: dict[str, Any] = field(default_factory=dict)

    def see(self, told: dict[str, Any], now_s: float) -> None:
        """Take a snapshot of the room."""
        self.last = told
        if self.first_packet_s is None and told["units_in"] > self.before["units_in"]:
            self.first_packet_s = now_s
        if self.first_sound_s is None and laid(told) > laid(self.before):
            self.first_sound_s = now_s

    def is_over(self, now_s: float) -> bool:
        """Say whether it has been watched for long enough."""
        began_s = self.first_packet_s if self.first_packet_s is not None else self.came_s + LET_IN_S
        return now_s > began_s + WATCH_S

    @property
    def let_in_s(self) -> float:
        """How long after its publisher was started the first packet came."""
        return (self.first_packet_s if self.first_packet_s is not None else self.came_s + LET_IN_S) - self.came_s

    @property
    def waited_s(self) -> float:
        """How long the first action sound took; all the time watched when there was none."""
        if self.first_packet_s is None or self.first_sound_s is None:
            return WATCH_S
        return self.first_sound_s - self.first_packet_s

    @property
    def sounds(self) -> int:
        """Action sounds laid."""
        return laid(self.last) - laid(self.before)

    @property
    def lost(self) -> int:
        """Pictures and pieces of sound that were not looked at or listened to."""
        return dropped(self.last) - dropped(self.before)


def laid(told: dict[str, Any]) -> int:
    """Return the action sounds a room has laid."""
    return sum(cue["count"] for cue in told["cues"] if (cue["kind"], cue["outcome"]) == ("action", "laid"))


def dropped(told: dict[str, Any]) -> int:
    """Return what a room's perception was not given."""
    return sum(worker["dropped"] for worker in told["workers"] if worker["name"] == "perception")


# ---- a sidecar ----


class Started:
    """A sidecar from its first moment on."""

    def __init__(self, place: Path, rooms: int) -> None:
        self.rtmp_port, http_port = common.free_port(), common.free_port()
        self.names = [f"room{number}" for number in range(1, rooms + 1)]
        server = {"rtmp": {"listen": f"127.0.0.1:{self.rtmp_port}"}, "http": {"listen": f"127.0.0.1:{http_port}"}}
        document = {"server": server, "rooms": {name: self._room(place, name) for name in self.names}}
        config = place / "start.yaml"
        config.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
        self.log = place / "start.log"
        self.began_s = time.monotonic()
        self.running = common.start(sys.executable, "-m", "livefoley", "run", config, log=self.log)
        self.tree = common.Tree(self.running.pid)
        self.http_port = http_port
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{http_port}", timeout=10.0, trust_env=False)

    @staticmethod
    def _room(place: Path, name: str) -> dict[str, Any]:
        return {
            "source": {"rtmp": {"key": name}},
            "describe": DESCRIBE,
            "on_drop": "audio",
            "lookahead_s": LOOKAHEAD_S,
            "sinks": [{"file": str(place / f"{name}.mp4")}],
        }

    async def wait_port(self, port: int) -> float:
        """Wait until a port listens; return how long that took from the start."""
        async with asyncio.timeout(common.START_S):
            while True:
                if self.running.poll() is not None:
                    sys.exit(f"the sidecar ended with status {self.running.returncode}:\n{self.log.read_text()}")
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    return time.monotonic() - self.began_s
                await asyncio.sleep(0.02)

    async def rooms(self) -> dict[str, dict[str, Any]]:
        """Return the snapshots of all rooms by name."""
        return {room["name"]: room for room in (await self.http.get("/v1/rooms")).raise_for_status().json()}

    async def wait_awake(self) -> float:
        """Wait until every worker answers; return how long that took from the start."""
        async with asyncio.timeout(common.START_S):
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    workers = [worker for room in (await self.rooms()).values() for worker in room["workers"]]
                    if workers and all(worker["alive"] for worker in workers):
                        return time.monotonic() - self.began_s
                await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Let it finish."""
        await self.http.aclose()
        self.running.terminate()
        try:
            await asyncio.to_thread(self.running.wait, 20)
        except subprocess.TimeoutExpired:
            self.running.kill()


@contextlib.asynccontextmanager
async def started(place: Path, rooms: int) -> Any:
    """Run a sidecar, given from its first moment on."""
    made = Started(place, rooms)
    try:
        yield made
    finally:
        await made.stop()


# ---- measuring ----


@dataclass(frozen=True)
class Standing:
    """What a sidecar with nobody to serve takes: seconds to its first port and until all workers answer, and MB."""

    port_s: float
    awake_s: float
    memory_mb: float
    parts_mb: dict[str, float]


async def stand_by(place: Path, rooms: int) -> Standing:
    """Start a sidecar and leave it alone."""
    async with started(place, rooms) as sidecar:
        port_s = min(await asyncio.gather(*(sidecar.wait_port(p) for p in (sidecar.rtmp_port, sidecar.http_port))))
        awake_s = await sidecar.wait_awake()
        await asyncio.sleep(REST_S)
        return Standing(port_s, awake_s, sidecar.tree.memory_mb(), sidecar.tree.parts_mb())


def play() -> Path:
    """Return the demo's play from its sixth second on, without sound."""
    whole = make_clip(common.CACHE / "demo.mp4")
    part = ("-ss", BEGIN_S, "-i", whole.path, "-t", LENGTH_S, "-an")
    picture = ("-c:v", "libx264", "-preset", "superfast", "-bf", 2, "-g", 60, "-crf", 23)
    return common.encode(f"play-{BEGIN_S}-{LENGTH_S}.mp4", *part, *picture)


async def visit(sidecar: Started, clip: Path) -> list[Room]:
    """Let the publishers of all rooms come at once, and watch."""
    rooms = {name: Room(told, time.monotonic()) for name, told in (await sidecar.rooms()).items()}
    publishers = [
        common.start(*common.publisher(clip, f"rtmp://127.0.0.1:{sidecar.rtmp_port}/live/{name}")) for name in rooms
    ]
    try:
        while not all(room.is_over(time.monotonic()) for room in rooms.values()):
            with contextlib.suppress(httpx.HTTPError):
                for name, told in (await sidecar.rooms()).items():
                    rooms[name].see(told, time.monotonic())
            await asyncio.sleep(POLL_S)
    finally:
        for publisher in publishers:
            publisher.kill()
            publisher.wait()
    return list(rooms.values())


async def measure(place: Path, rooms: int, clip: Path) -> tuple[float, list[Room], list[Room]]:
    """Return when the port for publishers opened, and what two visits saw: at the start, and when all is awake."""
    async with started(place, rooms) as sidecar:
        open_s = await sidecar.wait_port(sidecar.rtmp_port)
        await sidecar.wait_port(sidecar.http_port)
        first = await visit(sidecar, clip)
        await sidecar.wait_awake()
        await asyncio.sleep(LOOKAHEAD_S + 2.0)  # what the first left behind has gone out
        return open_s, first, await visit(sidecar, clip)


async def main(rooms: int) -> None:
    """Measure everything and print it."""
    clip = play()
    with tempfile.TemporaryDirectory() as folder:
        standing = {count: await stand_by(Path(folder), count) for count in (1, rooms)}
        open_s, first, again = await measure(Path(folder), rooms, clip)
    print("a sidecar with nobody to serve\n")
    common.print_table(
        ("rooms", "first port, s", "all awake, s", "memory, MB", ""),
        [
            (str(count), f"{it.port_s:.1f}", f"{it.awake_s:.1f}", f"{it.memory_mb:.0f}", parts(it.parts_mb))
            for count, it in standing.items()
        ],
    )
    print(f"\n{rooms} publishers at once, from the moment that RTMP listens ({open_s:.1f} s after the start)\n")
    common.print_table(
        ("", "let in after, s", "first sound after, s", "longest", "sounds", "not looked at"),
        [line("at the start", first), line("a second time", again)],
    )
    value, baseline = (round(max(room.waited_s for room in seen), 2) for seen in (first, again))
    common.print_result(
        "start", value, "s to the first action sound, all at once", baseline, TARGET_S, value <= TARGET_S
    )


def parts(memory_mb: dict[str, float]) -> str:
    """Return the memory of each kind of process."""
    return ", ".join(f"{role} {used:.0f}" for role, used in memory_mb.items())


def line(name: str, rooms: list[Room]) -> tuple[str, ...]:
    """Return a line of the table."""
    waited = sorted(room.waited_s for room in rooms)
    let_in = max(room.let_in_s for room in rooms)
    sounds, lost = sum(room.sounds for room in rooms), sum(room.lost for room in rooms)
    return (name, f"{let_in:.1f}", f"{waited[len(waited) // 2]:.2f}", f"{waited[-1]:.2f}", str(sounds), str(lost))


if __name__ == "__main__":
    common.quiet()
    common.require("ffmpeg")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=8)
    asyncio.run(main(parser.parse_args().rooms))
