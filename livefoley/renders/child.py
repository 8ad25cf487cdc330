"""Child processes that never outlive who started them, however that one ends: its end closes their standard input.

What they shall do comes by the same way, a line of JSON: arguments can be seen by everybody on the machine.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from livefoley.core.errors import InputError
from livefoley.system import children

ORPHANED = 4  # exit status
LONGEST = 1 << 24  # bytes of an answer
NO_MEMORY = "takes more memory than may be spent on it"
NO_ANSWER = "what makes it answered with what is no answer, and was ended; the log says more"
_ANSWERS = msgspec.json.Decoder(dict[str, Any])


def told() -> dict[str, Any]:
    """Return what this process shall do; from now on it ends when its standard input does. Call it first of all."""
    line = b""
    while not line.endswith(b"\n"):
        line += (part := os.read(sys.stdin.fileno(), 65536))
        if not part:
            os._exit(ORPHANED)
    threading.Thread(target=_wait, name="parent", daemon=True).start()
    given: dict[str, Any] = json.loads(line)
    return given


def order_line(given: Mapping[str, Any]) -> bytes:
    """Return what a child is told, as `told` reads it."""
    return json.dumps(given).encode() + b"\n"


def _wait() -> None:
    while os.read(sys.stdin.fileno(), 4096):  # not the buffered reader: its lock would be held when this process ends
        pass
    os._exit(ORPHANED)


def tell(**said: Any) -> None:
    """Say a line of JSON to who started this process."""
    output = children.output()
    output.write(json.dumps(said).encode() + b"\n")
    output.flush()


def answer(line: bytes) -> dict[str, Any]:
    """Return what a child said in a line; raises ``InputError`` for what is none of its answers."""
    try:
        return _ANSWERS.decode(line)
    except (msgspec.MsgspecError, RecursionError):
        raise InputError(NO_ANSWER) from None


def wants_memory(error: Exception) -> bool:
    """Say whether a child failed for want of memory, which not all libraries call a ``MemoryError``."""
    unmapped = isinstance(error, ImportError) and "map segment" in str(error)
    return unmapped or isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM


def said_by(module: str, given: Mapping[str, Any], timeout_s: float) -> Iterator[dict[str, Any]]:
    """Run ``MODULE`` as a program and yield the lines it says until it ends; it is killed after ``timeout_s``, or when
    nobody listens any more. Blocks. Raises ``InputError`` for what is no answer, and when it ends without any."""
    process = subprocess.Popen(
        children.command(module),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=children.environment(),
    )
    silent = True
    killer = threading.Timer(timeout_s, process.kill)
    killer.start()
    with process:
        try:
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):  # how it ended is found out below
                    process.stdin.write(order_line(given))
                    process.stdin.flush()
            while process.stdout is not None and (line := process.stdout.readline(LONGEST)):
                silent = False
                yield answer(line)
            if silent:
                how = children.how_it_ended(process.wait())
                raise InputError(f"takes more time or memory than may be spent on it, or is damaged: its process {how}")
        finally:
            killer.cancel()
            process.kill()
