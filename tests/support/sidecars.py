"""The sidecar as an operator starts it, and what one asks it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import yaml

from livefoley.demo.sidecar import Ports, Sidecar, running, write_config
from tests.support.peers import require
from tests.support.ports import free_ports
from tests.support.programs import run_peer
from tests.support.waiting import LIMIT_S, until


@asynccontextmanager
async def sidecar(place: Path, around: Mapping[str, Any] | None = None, **room: Any) -> AsyncIterator[Sidecar]:
    """A sidecar with one room, ready; ``around`` is laid over what its configuration holds beside the room.

    The room takes RTMP unless it has a ``source``.
    """
    ports = free_ports()
    async with running(configured(place, ports, around, **room), ports, place / "sidecar.log") as made:
        await made.wait_ready()
        yield made


def configured(place: Path, ports: Ports, around: Mapping[str, Any] | None = None, **room: Any) -> Path:
    """Write the configuration of a sidecar with one room."""
    config = place / "room.yaml"
    write_config(config, ports, room)
    document = laid_over(yaml.safe_load(config.read_text("utf-8")), around or {})
    config.write_text(yaml.safe_dump(document, allow_unicode=True), "utf-8")
    return config


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``below`` with the keys of ``above``, all the way down."""
    both = {**below, **above}
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(below.get(key), Mapping):
            both[key] = laid_over(below[key], value)
    return both


def sounded(room: dict[str, Any], kind: str = "accent") -> int:
    """Return how many cues of a kind were laid: on their moment or, on a busy machine, as soon as they came."""
    return sum(
        each["count"] for each in room["cues"] if each["kind"] == kind and each["outcome"] in ("laid", "shifted")
    )


@asynccontextmanager
async def client(made: Sidecar, path: str = "", **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a sidecar's HTTP port, of what is below ``path``."""
    base = f"http://127.0.0.1:{made.ports.http}{path}"
    async with httpx.AsyncClient(base_url=base, trust_env=False, **{"timeout": LIMIT_S, **options}) as http:
        yield http


async def wait_room(sidecar: Sidecar, ready: Any, timeout_s: float = LIMIT_S) -> dict[str, Any]:
    """Wait until the room's snapshot satisfies ``ready``; return it."""

    async def asked() -> dict[str, Any] | None:
        snapshot = await sidecar.room()
        return snapshot if ready(snapshot) else None

    found: dict[str, Any] = await until(asked, timeout_s)
    return found


async def publish(url: str, clip: Path, *options: str) -> tuple[int, str]:
    """Publish ``clip`` with Debian's ffmpeg at its own pace, streams copied unless ``options`` say otherwise."""
    command = [require("ffmpeg"), "-v", "warning", "-re", "-i", clip, "-map", "0:v?", "-map", "0:a?", "-c", "copy"]
    return await run_peer(*command, *options, "-f", "flv", url)


def worker_pid(name: str) -> int:
    """Return the process of a worker of this test's sidecar, like ``foley_worker`` or ``clips.worker``."""
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if any(part.startswith("livefoley.") and part.endswith(f".{name}") for part in process.cmdline()):
                return process.pid
    raise AssertionError(f"no {name}")
