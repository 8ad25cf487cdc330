"""What end-to-end tests need from outside: other programs, and the material beside the repository.

Missing ones skip a test, unless LIVEFOLEY_REQUIRE_PEERS=1: then they fail it, so that a run that must be complete
cannot pass by skipping.
"""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def require(program: str) -> str:
    """Return where ``program`` is; skip (or fail) the test when it is not installed."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if found is None:
        missing(f"{program} is not installed")
    return str(found)


def shared(path: str) -> Path:
    """Return a file of the shared material, like ``footage/room.mp4``; skip (or fail) the test when it is not there."""
    found = SHARED / path
    if not found.exists():
        missing(f"shared/{path} is not there")
    return found


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port of 127.0.0.1 that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def missing(what: str) -> None:
    """Skip (or fail) the test for want of ``what``."""
    if os.environ.get("LIVEFOLEY_REQUIRE_PEERS") == "1":
        pytest.fail(what)
    pytest.skip(what)
