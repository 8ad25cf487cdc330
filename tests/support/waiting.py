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
_MOST_STEP_S = 1.0
"""The most that counts between two looks: a machine that stood still meanwhile says nothing of what is waited for."""


class _Limit:
    """Counts the time in which somebody looked."""

    def __init__(self, limit_s: float) -> None:
        self._left_s = limit_s
        self._looked_s = time.monotonic()

    def look(self) -> None:
        now = time.monotonic()
        self._left_s -= min(now - self._looked_s, _MOST_STEP_S)
        self._looked_s = now
        if self._left_s < 0.0:
            raise TimeoutError("what is waited for does not come")


async def until(condition: Callable[[], Any], timeout_s: float = LIMIT_S) -> Any:
    """Wait until ``condition()``, which may be a coroutine, is true and return it; raises ``TimeoutError``."""
    limit = _Limit(timeout_s)
    while not (found := await _asked(condition, timeout_s)):
        limit.look()
        await asyncio.sleep(_STEP_S)
    return found


def wait_until(condition: Callable[[], Any], timeout_s: float = LIMIT_S) -> Any:
    """Do the same where there is no event loop."""
    limit = _Limit(timeout_s)
    while not (found := condition()):
        limit.look()
        time.sleep(_STEP_S)
    return found


async def _asked(condition: Callable[[], Any], timeout_s: float) -> Any:
    found = condition()
    if not inspect.isawaitable(found):
        return found
    async with asyncio.timeout(timeout_s):
        return await found
