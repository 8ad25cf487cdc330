"""One process to a place on the disk: a lock that ends with the process which holds it, however that ends.

The lock is the system's on an open file (``flock``, on Windows a locked byte): there is nothing to clear away after a
crash, the file that stays means nothing. On NFS, Linux asks the server, so processes of other machines are kept out as
well, unless it is mounted with ``nolock``; a file system that knows no locks raises ``OSError``.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

NAME = ".livefoley.lock"
_BEYOND = 1 << 30  # a byte that is never written: Windows lets nobody read a locked one


class PlaceLock:
    """A lock on what ``path`` stands for. The holder's process id is in it, for people."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def take(self) -> bool:
        """Take the lock; return whether it was free. Raises ``OSError`` when that cannot be told."""
        file = os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            taken = _lock(file)
        except BaseException:
            os.close(file)
            raise
        if not taken:
            os.close(file)
            return False
        os.ftruncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        self._file = file
        return True

    def holder(self) -> str:
        """Return the process id of who has it; empty when nobody says."""
        with contextlib.suppress(OSError, ValueError):
            return str(int(self._path.read_text(encoding="ascii")))
        return ""

    def release(self) -> None:
        """Let others have it. Its file stays: another process may be about to take it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _lock(file: int) -> bool:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(file, _BEYOND, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(file, 0, os.SEEK_SET)
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
