"""Runs the OBS-like publisher (`obs/publisher.mjs`): npm's node-datachannel, which is OBS's own WebRTC library."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import shutil
import struct
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.peers import missing, require
from tests.support.waiting import LIMIT_S

HERE = Path(__file__).parent / "obs"
INSTALL_S = 180.0


def install(cache: Path) -> Path:
    """Install the library below ``cache`` unless it is there; return the program to run. One installs at a time."""
    program = cache / "publisher.mjs"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_installed(cache):
            _install(cache)
        if not program.is_file() or program.read_bytes() != (HERE / program.name).read_bytes():
            shutil.copyfile(HERE / program.name, program)
    return program


def _is_installed(cache: Path) -> bool:
    package = cache / "package.json"
    wanted = (HERE / "package.json").read_bytes()
    return (cache / "node_modules").is_dir() and package.is_file() and package.read_bytes() == wanted


def _install(cache: Path) -> None:
    npm = require("npm")
    shutil.copyfile(HERE / "package.json", cache / "package.json")
    command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--no-progress"]
    done = subprocess.run(command, cwd=cache, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        shutil.rmtree(cache / "node_modules", ignore_errors=True)
        missing("node-datachannel", f"npm could not install it: {done.stderr.strip()[-200:]}")


def record(path: Path, video: list[bytes], sound: list[bytes], *, fps: float = 30.0) -> Path:
    """Write a recording of access units and of Opus packets of 20 ms, in order of time."""
    frames = [(round(index * 1e6 / fps), b"V", data) for index, data in enumerate(video)]
    frames += [(index * 20_000, b"A", data) for index, data in enumerate(sound)]
    frames.sort(key=lambda frame: frame[0])
    path.write_bytes(b"".join(kind + struct.pack("<QI", at_us, len(data)) + data for at_us, kind, data in frames))
    return path


@dataclass
class ObsLike:
    """A publisher that runs; ``events`` is what it told so far."""

    process: asyncio.subprocess.Process
    events: list[dict[str, Any]] = field(default_factory=list)

    async def wait(self, event: str) -> dict[str, Any]:
        """Return the first ``event``; fails when the publisher ends without it."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                found = next((told for told in self.events if told["event"] == event), None)
                if found is not None:
                    return found
                assert self.process.stdout is not None
                line = await self.process.stdout.readline()
                assert line, f"the publisher ended without {event!r}: {self.events}"
                self.events.append(json.loads(line))

    def count(self, event: str) -> int:
        return sum(told["event"] == event for told in self.events)


@contextlib.asynccontextmanager
async def publishing(program: Path, url: str, key: str, recording: Path, *options: str) -> AsyncIterator[ObsLike]:
    """Run a publisher; it is killed on the way out."""
    command = [require("node"), str(program), url, key, str(recording), *options]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, limit=1 << 20)
    try:
        yield ObsLike(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
