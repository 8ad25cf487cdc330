"""Waiting for what another task, thread or program does; a test's own time limit is only the last resort."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any

LIMIT_S = 100.0
"""Long enough for a busy machine: what comes at all comes sooner, and what never comes fails."""
_STEP_S = 0.01


async def until(condition: Callable[[], Any], timeout_s: float = LIMIT_S) -> Any:
    """Wait until ``condition()``, which may be a coroutine, is true and return it; raises ``TimeoutError``."""
    async with asyncio.timeout(timeout_s):
        while not (found := await _asked(condition)):  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(_STEP_S)
    return found


def wait_until(condition: Callable[[], Any], timeout_s: float = LIMIT_S) -> Any:
    """Do the same where there is no event loop."""
    end_s = time.monotonic() + timeout_s
    while not (found := condition()):
        if time.monotonic() > end_s:
            raise TimeoutError
        time.sleep(_STEP_S)
    return found


async def _asked(condition: Callable[[], Any]) -> Any:
    found = condition()
    return await found if inspect.isawaitable(found) else found
