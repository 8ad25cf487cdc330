"""Material that takes a while to make: made by the first worker of a run that needs it, and used by all of them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest

_places: list[Path] = []


def keep_below(factory: pytest.TempPathFactory) -> None:
    """Keep what is made where all workers of this run find it."""
    base = factory.getbasetemp()
    _places[:] = [(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made"]


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """Return the file ``name`` of this run, which ``make(path)`` writes unless somebody has done so."""
    path = _places[0] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    done = path.with_name(f"{path.name}.done")
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(path)
            done.touch()
    return path
