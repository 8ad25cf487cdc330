"""The priority of a process that works for a live stream: below whoever started it, however low that already is."""

from __future__ import annotations

import contextlib
import os

import psutil

LOWEST = 19
WINDOWS_BELOW_NORMAL, WINDOWS_IDLE = 0x4000, 0x40  # psutil names them on Windows only


def step_behind_parent(by: int) -> None:
    """Lower this process's priority to ``by`` below its parent's, as Unix counts ``nice``; it is never raised.

    At ``LOWEST`` the work gets only the processor time that nobody else wants. Where the system refuses, all stays.
    """
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process()
        if os.name == "nt":
            process.nice(WINDOWS_IDLE if by >= LOWEST else WINDOWS_BELOW_NORMAL)
            return
        parent = process.parent()
        process.nice(min(LOWEST, max(process.nice(), (parent.nice() if parent is not None else 0) + by)))
