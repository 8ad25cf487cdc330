"""A real worker process for the tests of the supervisor: echoes, fails, hangs and dies on demand."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from livefoley.runtime.workers.child import Reply, serve
from livefoley.runtime.workers.ipc import Header


def handle(header: Header, payload: bytes) -> Iterable[Reply]:
    match header["op"]:
        case "echo":
            print("a library that prints")  # must not break the protocol
            return [({"op": "echoed", "n": header["n"]}, payload)]
        case "fail":
            raise ValueError("no good")
        case "hang":
            time.sleep(60)
        case "die":
            os._exit(3)
    return []


if __name__ == "__main__":
    serve(handle)
