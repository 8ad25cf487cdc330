"""Child processes of ours, ``python -m MODULE``: what they answer goes where nothing else can print.

Libraries print to standard output, those in C past everything that Python could put in their way. So a child keeps its
standard output for itself before anything is loaded, and what is printed from then on goes to standard error.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any, BinaryIO

ENVIRONMENT = {"GGML_NO_BACKTRACE": "1", "MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"}
"""Of every child, unless the operator's own says otherwise. A library that gives up shall not start a debugger. Each
arena of glibc's allocator keeps what was freed in it to itself. Their matrices are small: shared among threads they
cost nearly twice the processor time."""

OWN_GROUP: dict[str, Any] = {} if sys.platform == "win32" else {"process_group": 0}
"""How a child is started that a terminal's Ctrl-C must not reach, not even before it could ignore it: its parent ends
it."""

_STORE = "AWS_"
_MEMORY = "which the system does when memory runs out"
_ENDS = {
    "SIGKILL": f"was killed, {_MEMORY}",
    "SIGABRT": "gave up, which libraries do when they get no memory",
    "SIGSEGV": "crashed",
    "SIGBUS": "crashed",
    "SIGXCPU": "used all the processor time it may",
}


def command(module: str, *arguments: str) -> list[str]:
    """Return what starts ``module`` as a child."""
    return [sys.executable, "-m", "livefoley.system.start_child", module, *arguments]


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a child: ours without its secrets, and ``more``."""
    return {
        **ENVIRONMENT,
        **{name: value for name, value in os.environ.items() if not _is_secret(name)},
        **(more or {}),
    }


def store_variables() -> dict[str, str]:
    """Return what a child needs that publishes to an object store."""
    return {name: value for name, value in os.environ.items() if name.startswith(_STORE)}


def _is_secret(name: str) -> bool:
    """Tell whether a variable is part of the configuration, which holds keys and tokens, or opens a store."""
    return name.startswith(_STORE) or (name.startswith("LIVEFOLEY_") and "__" in name)


def run(arguments: list[str]) -> None:
    """Run the module that is named first as ``python -m`` does; the other arguments are for it."""
    output()
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


@cache
def output() -> BinaryIO:
    """Return what was this process's standard output; from the first call on, what is printed goes elsewhere."""
    sys.stdout.flush()
    try:
        os.fstat(2)
    except OSError:  # there is no standard error; its number must not become that of the answers
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    kept = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(kept, "wb")


def how_it_ended(status: int | None) -> str:
    """Return in words how a child ended, from its exit status; negative is the signal that ended it."""
    if status is None or status >= 0:
        return f"ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"{_ENDS.get(name, 'was ended')} ({name})"
