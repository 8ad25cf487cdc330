"""Other programs, run beside a test or to their end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livefoley.system.children import OWN_GROUP
from tests.support.waiting import LIMIT_S


@contextmanager
def process(*command: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block ends, then end it and whatever it started: nginx leaves its workers behind."""
    null = subprocess.DEVNULL
    child = subprocess.Popen([str(part) for part in command], stdin=null, stdout=null, stderr=null, **OWN_GROUP)
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            if OWN_GROUP:
                os.killpg(child.pid, signal.SIGKILL)
            else:
                child.kill()
        child.wait()


async def run_peer(
    *command: str | Path, timeout_s: float = LIMIT_S, env: dict[str, str] | None = None
) -> tuple[int, str]:
    """Run a program to its end; return its exit status and all it said. It is killed when it takes too long."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **(env or {})},
    )
    try:
        async with asyncio.timeout(timeout_s):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode(errors="replace")
