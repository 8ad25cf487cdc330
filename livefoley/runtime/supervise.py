"""Keeps a part running beside a stream: one that fails is begun again, later and later, and takes nothing along."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from livefoley.core.backoff import Backoff
from livefoley.core.errors import LivefoleyError

log = structlog.get_logger("livefoley")

RETRY_S = (0.5, 15.0)
STEADY_S = 10.0  # a part that ran this long is begun again soon


async def supervise(name: str, run: Callable[[], Awaitable[None]], room: str = "") -> None:
    """Run a part until it returns or this is cancelled; ``name`` and ``room`` are for the log."""
    said = log.bind(part=name, **({"room": room} if room else {}))
    backoff = Backoff(RETRY_S, steady_s=STEADY_S)
    now = asyncio.get_running_loop().time
    while True:
        began_s = now()
        try:
            await run()
            return
        except LivefoleyError as error:
            said.warning("failed, trying again", reason=str(error))
        except Exception:
            said.exception("failed, trying again")
        await asyncio.sleep(backoff.next_s(now() - began_s))
