"""Waits, before publishers are let in, until the workers that make and see are awake; not for long, and never in vain.

A worker takes a second of processor time to start, and several when encoders and streams want the processor, too. What
a stream brings meanwhile is neither looked at nor sounded, so it is better begun when they are awake.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

log = structlog.get_logger("livefoley")

POLL_S = 0.05


class Worker(Protocol):
    """What the rooms share and do not depend on."""

    async def run(self) -> None:
        """Keep it running until cancelled."""
        ...

    def is_awake(self) -> bool:
        """Say whether it can serve the rooms, or will not be able to before somebody does something about it."""
        ...


class WarmUp:
    """``parts`` tell by name whether they are awake."""

    def __init__(self, parts: Mapping[str, Callable[[], bool]], longest_s: float) -> None:
        self._parts = parts
        self._longest_s = longest_s
        self._over = False

    def waiting_for(self) -> list[str]:
        """Return what is waited for; nothing once the wait is over."""
        return [] if self._over else [name for name, is_awake in self._parts.items() if not is_awake()]

    async def wait(self, stopping: asyncio.Event) -> None:
        """Wait until all parts are awake, until the time is over, or until this shall all be stopped."""
        began_s = time.monotonic()
        left = self.waiting_for()
        if left:
            names = ", ".join(left)
            log.info("waking the workers, publishers are let in then", workers=names, longest_s=self._longest_s)
        while left and time.monotonic() - began_s < self._longest_s and not stopping.is_set():
            await asyncio.sleep(POLL_S)
            left = self.waiting_for()
        self._over = True
        if left:
            log.warning("publishers are let in, foley follows", not_awake=", ".join(left))
