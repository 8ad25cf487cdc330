"""File descriptors: as many as this process may have, and how many that is."""

from __future__ import annotations

import contextlib
import sys

WANTED = 65_536
UNBOUNDED = 1_000_000


def descriptors() -> int:
    """Return how many files and sockets this process may have open at once."""
    if sys.platform == "win32":
        return UNBOUNDED
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return UNBOUNDED if soft == resource.RLIM_INFINITY else soft


def raise_limit() -> int:
    """Allow this process as many as the system lets it have, at most ``WANTED``; return how many.

    Shells and service managers begin with 1024, for the sake of programs that use ``select``.
    """
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return descriptors()
