"""What end-to-end tests need from outside: other programs, and the material beside the repository.

Missing ones skip a test, unless LIVEFOLEY_REQUIRE_PEERS=1: then they fail it, so that a run that must be complete
cannot pass by skipping. What was skipped for want of what is told at the end of the run (``tests/conftest.py``).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"
MATERIAL = "shared material"
SKIPPED = "needs "
"""How the reason of a skip for want of something begins; what it is follows, and after a colon what of it."""
IMPOSSIBLE = "cannot be tried here: "
_PROVIDERS = {
    "Xvfb": "xvfb",
    "epmd": "rabbitmq-server",
    "ffprobe": "ffmpeg",
    "gst-launch-1.0": "GStreamer",
    "obs": "obs-studio",
    "systemd-analyze": "systemd",
}


def require(program: str) -> str:
    """Return where ``program`` is; skip (or fail) the test when it is not installed."""
    folders = [Path(folder) for folder in os.get_exec_path()]
    servers = [str(folder.parent / "sbin") for folder in folders if folder.name == "bin"]  # not in every user's PATH
    found = shutil.which(program) or shutil.which(program, path=os.pathsep.join(servers))
    if found is None:
        missing(_PROVIDERS.get(program, program))
    return str(found)


def require_packages(*packages: str, extra: str) -> None:
    """Skip (or fail) the test when one of the Python ``packages`` is not installed that ``extra`` brings."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            missing(f"livefoley[{extra}]", package)


def shared(path: str) -> Path:
    """Return a file of the shared material, like ``footage/room.mp4``; skip (or fail) the test when it is not there."""
    found = SHARED / path
    if not found.exists():
        missing(MATERIAL, path)
    return found


def impossible(why: str) -> NoReturn:
    """Skip the test on a machine that cannot do what it tries, whatever is installed."""
    pytest.skip(f"{IMPOSSIBLE}{why}")


def missing(what: str, detail: str = "") -> NoReturn:
    """Skip the test for want of ``what``, or fail it where every peer is required."""
    reason = f"{SKIPPED}{what}: {detail}" if detail else f"{SKIPPED}{what}"
    if os.environ.get("LIVEFOLEY_REQUIRE_PEERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
