"""A real shared worker for tests: counts what each room sent, works long, and dies on demand."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable

from livefoley.runtime.workers.child import Reply
from livefoley.runtime.workers.ipc import Header
from livefoley.runtime.workers.shared_child import serve_rooms


class Counter:
    """One room's."""

    def __init__(self) -> None:
        self._count = 0

    def handle(self, header: Header, payload: bytes) -> Iterable[Reply]:
        self._count += 1
        match header["op"]:
            case "work":
                time.sleep(header["seconds"])
            case "fail":
                raise ValueError("no good")
            case "die":
                os._exit(3)
        return [({"op": "done", "n": header.get("n"), "count": self._count, "pid": os.getpid()}, payload)]


if __name__ == "__main__":
    serve_rooms(lambda: Counter().handle)
