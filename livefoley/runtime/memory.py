"""Gives back, while the streams go on, the memory that a rush of strangers, viewers or clips took and left.

What is freed stays with glibc's allocator: between what still is in use, and in the arenas of threads. Asking for it
takes some milliseconds, so it is done in a thread, and only when there may be something to gain.
"""

from __future__ import annotations

import asyncio

from livefoley.system.memory import give_back, resident

EVERY_S = 20.0
GROWN = 1.03
LOOKS = 15
"""After growing: what it grew by is in use for a while, and nobody tells when it is not any more."""


async def keep_small(every_s: float = EVERY_S) -> None:
    """Look every so often until cancelled; give memory back for a while after this process has grown."""
    before, left = resident(), LOOKS
    while before:
        await asyncio.sleep(every_s)
        if resident() > GROWN * before:
            left = LOOKS
        if left:
            await asyncio.to_thread(give_back)
            left -= 1
        before = resident()
