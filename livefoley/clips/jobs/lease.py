"""Who works on a job's directory: one worker at a time, found out by a file in it that its owner keeps touching.

A queue may deliver a job twice: after an outage, or because a job took longer than the queue's patience. The lease
makes the second worker step back. One whose owner is dead, or has not touched it for ``STALE_S``, is taken over.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from livefoley.core.errors import OutputError, reason

NAME = "lease"
TOUCH_S = 5.0
STALE_S = 30.0


@contextmanager
def leased(directory: Path) -> Iterator[bool]:
    """Give whether the directory is ours until the end of the block. Raises ``OutputError`` when it cannot be told."""
    path = directory / NAME
    if not _take(path):
        yield False
        return
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(path, done), name="lease", daemon=True)
    keeper.start()
    try:
        yield True
    finally:
        done.set()
        keeper.join()
        with suppress(OSError):
            path.unlink(missing_ok=True)


def is_leased(directory: Path) -> bool:
    """Say whether somebody works on a job, or did when he died."""
    return (directory / NAME).exists()


def is_abandoned(directory: Path) -> bool:
    """Say whether somebody worked on a job and died over it."""
    return is_leased(directory) and _is_stale(directory / NAME)


def _take(path: Path) -> bool:
    for _ in range(3):
        try:
            with path.open("x", encoding="utf-8") as file:
                json.dump({"host": socket.gethostname(), "pid": os.getpid()}, file)
            return True
        except FileExistsError:
            if not _is_stale(path):
                return False
            with suppress(OSError):  # of several that find it stale, one moves it away
                os.replace(path, path.with_name(f"{NAME}.{secrets.token_hex(4)}.old"))
        except OSError as error:
            raise OutputError(f"{path.parent}: the clip's job cannot be taken ({reason(error)})") from None
    return False


def _is_stale(path: Path) -> bool:
    try:
        if time.time() - path.stat().st_mtime > STALE_S:
            return True
        owner = json.loads(path.read_text(encoding="utf-8"))
        return bool(owner["host"] == socket.gethostname()) and not psutil.pid_exists(int(owner["pid"]))
    except FileNotFoundError:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False  # it is being written


def _keep(path: Path, done: threading.Event) -> None:
    while not done.wait(TOUCH_S):
        with suppress(OSError):
            os.utime(path)
