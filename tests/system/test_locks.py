"""Locks on places: one process at a time, and nothing to clear away when it dies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from livefoley.system.locks import PlaceLock

_HOLD = """
import sys, time
from pathlib import Path
from livefoley.system.locks import PlaceLock
lock = PlaceLock(Path(sys.argv[1]))
print(lock.take(), flush=True)
time.sleep(100)
"""


def holding(path: Path) -> subprocess.Popen[str]:
    """Start a process that takes the lock; return it when it says so."""
    process = subprocess.Popen([sys.executable, "-c", _HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_a_place_belongs_to_one_process_until_that_dies(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holding(path) as process:
        mine = PlaceLock(path)
        assert not mine.take()
        assert mine.holder() == str(process.pid)
        process.kill()
        process.wait()
    assert mine.take()
    assert path.stat().st_mode & 0o777 == 0o600
    mine.release()


def test_whoever_gave_it_back_lets_the_next_one_have_it(tmp_path: Path) -> None:
    first, second = PlaceLock(tmp_path / "lock"), PlaceLock(tmp_path / "lock")
    assert first.take()
    assert not second.take()
    first.release()
    assert second.take()
    second.release()
    second.release()


def test_a_file_that_says_nothing_of_its_holder_is_a_lock_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b"\xff\xfe what is this")
    lock = PlaceLock(tmp_path / "lock")
    assert lock.holder() == ""
    assert lock.take()
    lock.release()
