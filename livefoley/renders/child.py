"""Child processes that never outlive who started them, however that one ends: its end closes their standard input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

ORPHANED = 4  # exit status


def end_with_parent() -> None:
    """End this process when its standard input does. To be called first of all."""
    threading.Thread(target=_wait, name="parent", daemon=True).start()


def _wait() -> None:
    while os.read(sys.stdin.fileno(), 4096):  # not the buffered reader: its lock would be held when this process ends
        pass
    os._exit(ORPHANED)


def tell(**said: Any) -> None:
    """Say a line of JSON to who started this process."""
    print(json.dumps(said), flush=True)


def said_by(module: str, given: Mapping[str, Any], timeout_s: float) -> Iterator[dict[str, Any]]:
    """Run ``python -m MODULE`` and yield the lines it says until it ends; it is killed after ``timeout_s``, or when
    nobody listens any more. Blocks."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, json.dumps(given)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    killer = threading.Timer(timeout_s, process.kill)
    killer.start()
    with process:
        try:
            for line in process.stdout or ():
                yield json.loads(line)
        finally:
            killer.cancel()
            process.kill()
