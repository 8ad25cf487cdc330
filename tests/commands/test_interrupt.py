"""Ctrl-C while the workers still begin: nobody says a word of it but livefoley itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.support.peers import impossible
from tests.support.ports import free_port
from tests.support.waiting import LIMIT_S
from tests.test_cli import CONFIG


def started(pid: int) -> list[psutil.Process]:
    """Return the workers of a livefoley; imports of its own start other children, before it listens to signals."""
    found = []
    for child in psutil.Process(pid).children():
        with contextlib.suppress(psutil.NoSuchProcess):
            found += [child] if "livefoley.system.start_child" in child.cmdline() else []
    return found


def test_ctrl_c_in_the_first_moments_is_quiet(tmp_path: Path) -> None:
    if sys.platform == "win32":
        impossible("a terminal's signal to a group of processes is POSIX")
    place = tmp_path / "live.yaml"
    place.write_text(CONFIG.format(rtmp=free_port(), http=free_port(), place=tmp_path))
    command = [sys.executable, "-m", "livefoley", "run", str(place)]
    with (tmp_path / "said").open("wb") as said:
        child = subprocess.Popen(command, cwd=tmp_path, stdout=said, stderr=said, start_new_session=True)
        try:
            deadline = time.monotonic() + LIMIT_S
            while not started(child.pid):  # just now: none of them can ignore a signal yet
                assert time.monotonic() < deadline
                assert child.poll() is None
                time.sleep(0.01)
            os.killpg(child.pid, signal.SIGINT)
            assert child.wait(LIMIT_S) == 0
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
    text = (tmp_path / "said").read_text(encoding="utf-8")
    assert "stopping" in text
    assert "Traceback" not in text
    assert "KeyboardInterrupt" not in text
