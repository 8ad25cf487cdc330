"""Steps of tests that ask a running sidecar for clips."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from livefoley.clips.model import ClipFiles, ClipMetadata
from livefoley.demo.sidecar import Sidecar
from tests.clips import flashes
from tests.clips.sounds import RATE, read
from tests.support.peers import require
from tests.support.sidecars import sidecar
from tests.support.waiting import until

OVER = ("ready", "failed", "quarantined")


def keeping_clips(
    place: Path, clips: dict[str, Any] | None = None, **room: Any
) -> AbstractAsyncContextManager[Sidecar]:
    """A sidecar whose room keeps clips, ready; ``clips`` is how."""
    around = {"clips": {"directory": f"{place}/clips", "checks": {"black": 1}}}
    room = {"sinks": [{"file": f"{place}/o.mp4"}], "clips": {"enabled": True, **(clips or {})}, **room}
    return sidecar(place, around, **room)


@asynccontextmanager
async def published(url: str, clip: Path) -> AsyncIterator[None]:
    """Publish ``clip`` over and over while the body runs."""
    command = [
        require("ffmpeg"),
        "-v",
        "error",
        "-re",
        "-stream_loop",
        "-1",
        "-i",
        str(clip),
        "-c",
        "copy",
        "-f",
        "flv",
    ]
    process = await asyncio.create_subprocess_exec(*command, url, stdin=asyncio.subprocess.DEVNULL)
    try:
        yield
        assert process.returncode is None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def over(http: httpx.AsyncClient, clip: str) -> dict[str, Any]:
    """Wait until a clip is over."""

    async def asked() -> dict[str, Any] | None:
        answer = await http.get(f"/clips/{clip}")
        if answer.status_code == 503:  # what an earlier process left is not known yet
            return None
        status = answer.raise_for_status().json()
        return status if status["state"] in OVER else None

    found: dict[str, Any] = await until(asked)
    return found


def files(status: dict[str, Any]) -> tuple[ClipFiles, ClipMetadata]:
    assert (status["state"], status["error"]) == ("ready", "")
    made = ClipFiles(Path(status["location"]))
    return made, ClipMetadata.from_json(made.metadata.read_text())


LATE_S = 0.5  # so much of its sound a publisher that is killed may still have had to send


def in_sync(made: ClipFiles, least: int = 2) -> int:
    """Return how many flashes there are, ``least`` or more; assert that every one has its beep.

    One at an edge, of the clip or of what was published, may have been cut off from it: a publisher that is killed has
    sent its last pictures, and not yet their sound.
    """
    sound = read(made.clip)
    heard, end_s = flashes.beeps_s(sound), sound.shape[1] / RATE
    seen = [moment for moment in flashes.flashes_s(made.clip) if 0.1 < moment < end_s - LATE_S]
    if seen and end_s - seen[-1] > flashes.PERIOD_S + 0.1:  # the publisher left before the clip ended
        seen.pop()
    assert len(seen) >= least
    assert all(min(abs(moment - beep) for beep in heard) < 0.01 for moment in seen)
    return len(seen)
