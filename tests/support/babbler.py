"""A child process that prints by every way there is, and answers as it is told."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time

os.write(1, b"printed while it was imported\n")

from livefoley.renders.child import tell, told  # noqa: E402
from livefoley.system import children  # noqa: E402


def main(what: str) -> None:
    """Print, and then do ``what``."""
    print("printed by Python", flush=True)
    os.write(1, b"printed by the system\n")
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        library.puts(b"printed by a C library")
        library.fflush(None)
    tell(progress=0.5)
    if what == "junk":
        children.output().write(b"GGML_ASSERT(buf) failed\n")
    elif what == "endless":
        children.output().write(b"x" * 1_000_000)
    elif what == "abort":
        os.kill(os.getpid(), signal.SIGABRT)
    elif what == "figures":
        children.output().write(json.dumps({"rendered": {"duration_s": "long"}}).encode() + b"\n")
    elif what == "sleep":
        time.sleep(100)
    else:
        tell(refused=f"told to do {what!r}")


if __name__ == "__main__":
    given = told()
    main(str(given.get("what") or given.get("request", {}).get("description")))
