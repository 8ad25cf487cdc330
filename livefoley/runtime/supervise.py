"""Keeps a part running beside a stream: one that fails is begun again, later and later, and takes nothing along."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from livefoley.core.errors import LivefoleyError

log = structlog.get_logger("livefoley")

RETRY_S = (0.5, 15.0)


async def supervise(name: str, run: Callable[[], Awaitable[None]], room: str = "") -> None:
    """Run a part until it returns or this is cancelled; ``name`` and ``room`` are for the log."""
    said = log.bind(part=name, **({"room": room} if room else {}))
    pause_s = RETRY_S[0]
    while True:
        try:
            await run()
            return
        except LivefoleyError as error:
            said.warning("failed, trying again", reason=str(error))
        except Exception:
            said.exception("failed, trying again")
        await asyncio.sleep(pause_s)
        pause_s = min(RETRY_S[1], pause_s * 2)
