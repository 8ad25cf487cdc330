"""How a process fares for processor time, from Linux's ``/proc``; elsewhere nothing is known, and None says so.

Sources: proc(5) for ``stat``; sched-stats.rst of the kernel's documentation for ``schedstat`` (nanoseconds on a
processor, nanoseconds waiting for one); psi.rst for ``/proc/pressure``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
PRESSURES = ("cpu", "memory")
_USER, _SYSTEM = 11, 12  # fields of ``stat`` behind the name: ticks of processor time


@dataclass(frozen=True, slots=True)
class ProcessorUse:
    """Of one process, in seconds since it began: what it used in all its threads, and how long each of those that are
    there now, by its number, has waited for a processor. ``stopped`` when it is not meant to run (SIGSTOP)."""

    used_s: float
    waited_s: Mapping[int, float]
    stopped: bool = False


def processor_use(pid: int, proc: Path = PROC) -> ProcessorUse | None:
    """Return how the process ``pid`` fares; None when it is gone, or the system does not tell."""
    try:
        fields = (proc / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        used_s = (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK")
        return ProcessorUse(used_s, _waited(proc / str(pid) / "task"), fields[0] in "TtZX")
    except (OSError, ValueError, IndexError, AttributeError):  # no /proc, no sysconf, or another form
        return None


def _waited(tasks: Path) -> dict[int, float]:
    waited: dict[int, float] = {}
    for task in tasks.iterdir():
        try:
            waited[int(task.name)] = int((task / "schedstat").read_text().split()[1]) / 1e9
        except (OSError, ValueError, IndexError):  # a thread that has just ended, or a kernel that does not count
            continue
    return waited


def stalled_s(proc: Path = PROC) -> dict[str, float]:
    """Return for how many seconds since the system began somebody was kept waiting, for each of `PRESSURES`. Two of
    these, and the time between, give the pressure; what the system does not tell is left out."""
    found = {name: _total_s(proc / "pressure" / name) for name in PRESSURES}
    return {name: total for name, total in found.items() if total is not None}


def _total_s(path: Path) -> float | None:
    try:
        some = path.read_text().splitlines()[0]
        return int(some.rpartition("total=")[2]) / 1e6
    except (OSError, ValueError, IndexError):
        return None
