"""Memory that a process has freed and its allocator holds on to."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

ARENAS = 2
_M_ARENA_MAX = -8


def few_arenas() -> None:
    """Let glibc's allocator have no more than ``ARENAS``: each keeps what was freed in it to itself. Elsewhere nothing.

    To be called before there are threads. An operator's own ``MALLOC_ARENA_MAX`` is heeded.
    """
    if sys.platform.startswith("linux") and "MALLOC_ARENA_MAX" not in os.environ:
        with contextlib.suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)


def resident() -> int:
    """Return how many bytes of memory this process has now; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return 0


def give_back() -> None:
    """Give the system what glibc's allocator keeps for later; elsewhere nothing. Takes some milliseconds."""
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError):  # another C library
        return None
